use std::vec::Vec;

use super::{FrameMask, MASK_FRAMES};

#[test]
fn a_run_has_its_frames_and_no_others() {
    for (first, count) in [(0, 0), (0, 1), (63, 2), (64, 64), (100, 300), (0, 512), (511, 1), (512, 0)] {
        let run = FrameMask::run(first, count);
        assert_eq!(run.count(), count);
        let frames: Vec<_> = (0..MASK_FRAMES).filter(|&frame| run.contains(frame)).collect();
        assert_eq!(frames, (first..first + count).collect::<Vec<_>>());
        assert_eq!(run.is_empty(), count == 0);
    }
}

#[test]
fn runs_are_found_in_order() {
    let mask = FrameMask::run(3, 2) | FrameMask::run(60, 100) | FrameMask::run(500, 12);
    assert_eq!(mask.runs().collect::<Vec<_>>(), [(3, 2), (60, 100), (500, 12)]);
    assert_eq!((!mask).runs().collect::<Vec<_>>(), [(0, 3), (5, 55), (160, 340)]);
    assert_eq!(FrameMask::NONE.runs().count(), 0);
}

#[test]
fn the_next_one_is_found() {
    let mask = FrameMask::run(70, 2) | FrameMask::run(200, 1);
    assert_eq!([0, 70, 71, 72, 200, 201, 511, 512].map(|at| mask.next(at)), [70, 70, 71, 200, 200, 512, 512, 512]);
}
