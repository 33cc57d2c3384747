use std::vec::Vec;

use super::*;
use crate::base::frame_mask::MASK_FRAMES;
use crate::config::geometry::AREA_SLABS;
use crate::slab::SizeClass;
use crate::slab::words::tests::with_records;

/// An area of so many slabs, the first of them with that number.
fn with_area(first: usize, slabs: usize, test: impl FnOnce(Area<'_>)) {
    with_records(|records, _| {
        let slab = &records[first];
        slab.slabs.store(slabs as u8, Ordering::Relaxed);
        slab.name(SizeClass::EXTENT, slabs);
        let area = Area::of(slab);
        area.open(FrameMask::NONE, 2);
        test(area);
        assert_eq!(area.share(), 2);
    });
}

fn numbers(mut seed: u64) -> impl FnMut(usize) -> usize {
    move |below| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    }
}

fn start(place: Option<Place>) -> Option<usize> {
    place.map(|place| place.start)
}

/// What is known of an area is what was done to it, whatever that was: a mask a frame at a time says the same.
#[test]
fn blocks_come_and_go_as_in_an_array_of_frames() {
    for (first, slabs) in [(0, 64), (5, AREA_SLABS), (40, 16)] {
        with_area(first, slabs, |area| {
            let mut next = numbers(slabs as u64);
            let mut frames = std::vec![None; area.frames()];
            let (mut dirty, mut former) = (std::vec![false; area.frames()], std::vec![false; area.frames()]);
            let mut blocks: Vec<(usize, usize)> = Vec::new();
            for step in 0..20_000 {
                let length = 1 + next(40);
                if next(2) == 0 || blocks.is_empty() {
                    let best = area.best_fit(length, 1);
                    let fits = frames.windows(length).any(|run| run.iter().all(Option::is_none));
                    assert_eq!(best.is_some(), fits, "{length} frames");
                    assert_eq!(area.longest() >= length, fits);
                    let Some(place) = best else { continue };
                    let start = place.start;
                    let clean = dirty[start..start + length].iter().filter(|&&dirty| !dirty).count();
                    assert_eq!(area.take(place, length), clean);
                    frames[start..start + length].fill(Some(step));
                    dirty[start..start + length].fill(true);
                    former[start] = true;
                    blocks.push((start, length));
                } else {
                    let (start, length) = blocks.swap_remove(next(blocks.len()));
                    assert_eq!(area.at(start + next(length)), Frame::Block(start, length));
                    if next(3) == 0 {
                        assert_eq!(area.wait(start), length);
                        assert_eq!((area.wait(start), area.give(start)), (0, 0), "it is no client's any more");
                        assert_eq!(area.at(start + next(length)), Frame::Waiting(start, length));
                        assert_eq!(area.give_waiting(start), length);
                    } else {
                        assert_eq!(area.give(start), length);
                    }
                    assert_eq!((area.give(start), area.give_waiting(start)), (0, 0), "given once");
                    frames[start..start + length].fill(None);
                }
                let longest = frames.split(Option::is_some).map(<[_]>::len).max();
                assert_eq!(Some(area.longest()), longest);
                let free = frames.iter().filter(|frame| frame.is_none()).count();
                assert_eq!(area.free().count(), free);
            }
            for frame in 0..MASK_FRAMES.min(area.frames()) {
                let is_free = frames[frame].is_none();
                assert_eq!(matches!(area.at(frame), Frame::Free(started) if started == former[frame]), is_free);
            }
        });
    }
}

#[test]
fn a_block_fits_best_into_the_shortest_run() {
    with_area(0, 16, |area| {
        area.take(Place::at(0), 128);
        for (start, length) in [(10, 20), (50, 5), (70, 6), (100, 8)] {
            area.shorten(start, length);
        }
        assert_eq!([5, 6, 7, 9, 20, 21].map(|frames| start(area.best_fit(frames, 1))), {
            [Some(50), Some(70), Some(100), Some(10), Some(10), None]
        });
        assert_eq!(area.longest(), 20);
        assert_eq!([(4, 8), (1, 16), (1, 32)].map(|(frames, align)| start(area.best_fit(frames, align))), {
            [Some(72), Some(16), None]
        });
    });
}

#[test]
fn alignment_counts_from_the_superslab() {
    with_area(3, 16, |area| {
        let start = start(area.best_fit(1, 64)).expect("room");
        assert_eq!((3 * SLAB_FRAMES + start) % 64, 0);
    });
}

#[test]
fn what_is_given_back_is_nobodys_meanwhile() {
    with_area(0, 16, |area| {
        area.take(Place::at(0), 10);
        area.take(Place::at(10), 10);
        assert_eq!(area.give(10), 10);
        assert_eq!(area.kept().count(), 10);
        let kept = area.kept();
        area.take_out(kept);
        assert_eq!(area.at(0), Frame::Block(0, 10), "it ends where they begin");
        assert!(area.kept().is_empty() && area.best_fit(118, 1).is_none());
        assert_eq!(area.give(10), 0);
        area.put_back(kept, FrameMask::run(10, 4));
        assert_eq!((area.kept().count(), area.longest()), (6, 118));
        assert_eq!(area.take(Place::at(10), 10), 4, "of them four were clean");
    });
}

#[test]
fn blocks_grow_and_shrink_where_they_stand() {
    with_area(0, 16, |area| {
        area.take(Place::at(0), 4);
        area.take(Place::at(8), 4);
        assert_eq!(area.lengthen(4, 4), 4);
        assert_eq!(area.at(7), Frame::Block(0, 8));
        area.shorten(2, 6);
        assert_eq!((area.at(1), area.at(2)), (Frame::Block(0, 2), Frame::Free(false)));
        assert_eq!(area.lengthen(2, 6), 0, "they were used before");
    });
}
