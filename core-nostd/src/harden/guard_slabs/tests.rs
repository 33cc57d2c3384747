use super::{Guards, MOST_GUARDS};

#[test]
fn there_are_no_more_than_the_bound() {
    let guards = Guards::new();
    assert_eq!((0..2 * MOST_GUARDS).filter(|_| guards.add()).count(), MOST_GUARDS);
    guards.remove();
    assert!(guards.add() && !guards.add());
}

#[test]
fn after_a_refusal_there_are_fewer() {
    let guards = Guards::new();
    assert_eq!((0..801).filter(|_| guards.add()).count(), 801);
    guards.refused();
    assert!(!guards.add(), "there are 800, of which 100 are too many");
    (0..101).for_each(|_| guards.remove());
    assert!(guards.add() && !guards.add());
}
