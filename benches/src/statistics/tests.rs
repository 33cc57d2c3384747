use super::{Spread, geometric_mean, median};

#[test]
fn median_of_odd_even_and_no_numbers() {
    assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
    assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
    assert_eq!(median(&[7.0]), Some(7.0));
    assert_eq!(median(&[]), None);
}

#[test]
fn one_wild_run_moves_the_mean_and_not_the_median() {
    let spread = Spread::of(&[10.0, 11.0, 9.0, 10.0, 100.0]).unwrap();
    assert_eq!(spread.median, 10.0);
    assert_eq!(spread.mean, 28.0);
    assert_eq!(spread.mad_percent, 10.0);
}

#[test]
fn deviation_is_that_of_a_sample() {
    // Distances to the mean of 5: -3, -1, -1, -1, 0, 0, 2, 4; squares 32; 32 / 7.
    let spread = Spread::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
    let expected = 100.0 * (32.0_f64 / 7.0).sqrt() / 5.0;
    assert!((spread.deviation_percent - expected).abs() < 1e-9);
}

#[test]
fn equal_values_and_zeros_do_not_deviate() {
    for value in [0.0, 5.0] {
        let spread = Spread::of(&[value, value, value]).unwrap();
        assert_eq!((spread.mad_percent, spread.deviation_percent), (0.0, 0.0));
    }
    assert_eq!(Spread::of(&[5.0]).unwrap().deviation_percent, 0.0);
    assert_eq!(Spread::of(&[]), None);
}

#[test]
fn geometric_means() {
    assert_eq!(geometric_mean([].into_iter()), None);
    let mean = geometric_mean([2.0, 8.0].into_iter()).expect("two values");
    assert!((mean - 4.0).abs() < 1e-12, "{mean}");
}
