use super::*;

#[test]
fn every_block_lies_in_its_pages_and_ends_at_a_guard_or_starts_at_one() {
    for page in [4096, 16384, 65536] {
        let plan = Plan::new(3, page);
        for bytes in (0..=plan.slot).step_by(7).chain([1, 8, 9, 4096, plan.slot]) {
            for align in [1, 16, 64, page] {
                for at_end in [false, true] {
                    let place = plan.place(bytes, align, at_end).expect("it fits");
                    let end = place.pages + place.pages_bytes;
                    assert!(place.pages <= place.block && place.block + bytes <= end && end <= plan.slot);
                    assert!((place.pages % page, place.pages_bytes % page, place.block % align) == (0, 0, 0));
                    assert!(if at_end { end - (place.block + bytes) < align.max(16) + 1 } else { place.block == 0 });
                }
            }
        }
        assert_eq!(plan.place(plan.slot + 1, 1, true), None);
        assert_eq!(plan.place(1, page * 2, true), None);
        assert_eq!(plan.place(usize::MAX, 1, true), None);
    }
}

#[test]
fn every_offset_is_of_one_slot_or_guard() {
    let plan = Plan::new(2, 4096);
    assert_eq!(plan.bytes(), Some(2 * 5 * 4096 + 4096));
    assert_eq!(plan.spot(0), Spot::Guard(0, 0));
    assert_eq!(plan.spot(plan.start(0) - 1), Spot::Guard(0, 4095));
    assert_eq!(plan.spot(plan.start(0)), Spot::Slot(0, 0));
    assert_eq!(plan.spot(plan.start(0) + plan.slot - 1), Spot::Slot(0, plan.slot - 1));
    assert_eq!(plan.spot(plan.start(0) + plan.slot), Spot::Guard(1, 0));
    assert_eq!(plan.spot(plan.start(1)), Spot::Slot(1, 0));
    assert_eq!(plan.spot(plan.start(1) + plan.slot), Spot::Guard(2, 0));
    assert_eq!(Plan::new(usize::MAX / 4096, 4096).bytes(), None);
}
