use super::*;

const PAGES: [usize; 3] = [4096, 16384, 65536];

#[test]
fn every_block_lies_in_its_pages_and_ends_at_a_guard_or_starts_at_one() {
    for page in PAGES {
        let plan = Plan::new(3, page);
        for bytes in (1..=plan.slot).step_by(7).chain([1, 8, 9, 4096, plan.slot]) {
            for align in [1, 16, 64, page] {
                for at_end in [false, true] {
                    let place = plan.place(bytes, align, at_end).expect("it fits");
                    let (block, end) = (place.pages + place.block, place.pages + place.pages_bytes);
                    assert!(place.pages <= block && block + bytes <= end && end <= plan.slot);
                    assert!((place.pages % page, place.pages_bytes % page, block % align) == (0, 0, 0));
                    assert!(if at_end { end - (block + bytes) < align.max(16) + 1 } else { block == 0 });
                }
            }
        }
        assert_eq!(plan.place(plan.slot + 1, 1, true), None);
        assert_eq!(plan.place(1, page * 2, true), None);
        assert_eq!(plan.place(usize::MAX, 1, true), None);
    }
}

#[test]
fn a_plot_has_any_size_and_alignment_between_two_guards() {
    for page in PAGES {
        let plan = Plan::new(3, page);
        let sizes = [1, 8, 9, 16 << 10, (16 << 10) + 1, 100_000, 1 << 20, (5 << 20) + 44, 1 << 40];
        for bytes in sizes {
            for align in [1, 8, 16, 64, page / 2, page, page * 2, 1 << 20, 1 << 30] {
                for at_end in [false, true] {
                    let plot = plan.plot(bytes, align, at_end).expect("there are so many addresses");
                    let place = plot.place;
                    let (block, end) = (place.pages + place.block, place.pages + place.pages_bytes);
                    assert!(place.pages >= page && end + page == plot.bytes && block + bytes <= end);
                    assert!(
                        block % align == 0
                            && plot.align.is_multiple_of(align.min(page))
                            && plot.align.is_multiple_of(page)
                    );
                    assert!((place.pages % page, place.pages_bytes % page, plot.bytes % page) == (0, 0, 0));
                    assert!(end - (block + bytes) < if at_end { align.max(16).min(page) } else { page });
                    assert!(at_end || place.block == 0);
                }
            }
        }
        for (bytes, align) in [(usize::MAX, 1), (isize::MAX as usize, 1), (1, 1 << 63), (1 << 62, 1 << 62)] {
            assert_eq!(plan.plot(bytes, align, true), None);
        }
    }
}

#[test]
fn a_block_of_no_bytes_has_no_page_and_shut_ones_on_both_sides() {
    for page in PAGES {
        let plan = Plan::new(3, page);
        for (align, at_end) in [(1, true), (64, false), (page, true)] {
            let place = plan.place(0, align, at_end).expect("it fits");
            assert_eq!((place.pages_bytes, place.block, place.pages % page), (0, 0, 0));
            assert!(place.pages < plan.slot);
        }
        let plot = plan.plot(0, page * 4, true).expect("it fits");
        assert_eq!((plot.place.pages, plot.place.pages_bytes, plot.bytes), (page * 4, 0, page * 5));
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
