//! The core, over a region of its own.

use std::thread;

use hakmem_core::seam::{SizeClass, TABLE};
use hakmem_core::{Allocator, Fault, FaultKind, Front, Off, PageProvider, Settings, Stats, Thread};
use hakmem_tests::providers::{LinuxPages, Region};

use crate::arguments::{ALIGNS, Canaries, SIZES, WORDS, addresses, settings};

const MIB: usize = 1 << 20;

fn allocator() -> Allocator<Region> {
    Allocator::new(Region::new(24, 4 * MIB))
}

/// Blocks that can be taken now lie apart.
fn still_serves(thread: &Thread<'_, Region>) {
    let sizes = [8usize, 16, 100, 1_000, 5_000, 20_000];
    let mut blocks: Vec<_> = sizes.iter().cycle().take(60).map(|&bytes| (thread.take(bytes).addr(), bytes)).collect();
    blocks.retain(|block| block.0 != 0);
    blocks.sort_unstable();
    for pair in blocks.windows(2) {
        assert!(pair[0].0 + pair[0].1 <= pair[1].0, "{pair:x?} overlap");
    }
}

/// Every safe function that takes no front.
fn look_around(allocator: &Allocator<Region>, block: *mut u8) {
    for pointer in addresses(block) {
        let usable = allocator.usable(pointer);
        if pointer == block {
            assert!(usable.is_ok(), "a live block has a size");
        }
        for bytes in SIZES {
            assert!(allocator.check_size(pointer, bytes, bytes).is_ok() || allocator.usable(pointer).is_ok());
        }
        let address = pointer.addr();
        let _ = (allocator.class_of(pointer), allocator.ground(address), allocator.sight(address).is_some());
    }
    let stats: Stats = allocator.stats();
    let _ = (stats.adds_up(), allocator.slabs_by_class(), allocator.provider().free_bytes());
    let _ = (allocator.round(&Front::passing()), allocator.round_ms(), allocator.idle_bytes(), allocator.threads());
}

#[test]
fn a_thread_takes_whatever_it_asks_for() {
    let canaries = Canaries::new();
    let allocator = allocator();
    let thread = allocator.enter().expect("there is memory");
    for bytes in SIZES {
        look_around(&allocator, thread.take(bytes));
        thread.take_zeroed(bytes);
        for align in ALIGNS {
            for block in [thread.take_aligned(bytes, align), thread.take_aligned_zeroed(bytes, align)] {
                let fits = align.is_power_of_two() && block.addr().is_multiple_of(align);
                assert!(block.is_null() || fits, "{bytes} at {align}: {block:p}");
            }
            thread.trim();
        }
    }
    still_serves(&thread);
    thread.end().expect("nothing was freed twice");
    canaries.are_whole();
}

#[test]
fn settings_are_what_they_like() {
    for settings in settings(usize::MAX) {
        let canaries = Canaries::new();
        let allocator = allocator();
        let thread = allocator.enter().expect("there is memory");
        let early = thread.take(100);
        thread.configure(&settings);
        look_around(&allocator, early);
        look_around(&allocator, thread.take(100));
        thread.trim();
        still_serves(&thread);
        canaries.are_whole();
    }
}

#[test]
fn settings_follow_one_another() {
    let canaries = Canaries::new();
    let allocator = allocator();
    for settings in settings(MIB) {
        let thread = allocator.enter().expect("there is memory");
        let block = thread.take(100);
        thread.configure(&settings);
        allocator.watch_the_door(Off::from_bits_retain(u8::MAX));
        allocator.watch_the_door(Off::empty());
        look_around(&allocator, block);
        still_serves(&thread);
    }
    canaries.are_whole();
}

#[test]
fn words_are_what_they_like() {
    for word in WORDS {
        let mut settings = Settings::new();
        settings.set_all(word, |name, value, why| println!("{name:?} {value:?} {why:?}"));
        for other in WORDS {
            let _ = settings.set(word, other);
            for row in TABLE {
                let _ = settings.set(row.name.as_bytes(), other);
            }
        }
    }
    let fault = Fault::at(FaultKind::Foreign, usize::MAX).in_block(usize::MAX);
    assert!(!fault.to_string().is_empty() && !fault.kind.words().is_empty());
}

#[test]
fn all_is_warmed_up_until_memory_is_out() {
    for bytes in SIZES {
        let allocator = allocator();
        allocator.prewarm(&Front::passing(), bytes);
        let thread = allocator.enter().expect("there is memory");
        thread.prewarm_classes(bytes);
        thread.trim();
        thread.round();
        thread.prewarm(bytes);
        still_serves(&thread);
    }
}

/// A front that a program may have without a promise is nobody's: it may come to two allocators at once.
#[test]
fn a_front_of_nobody_comes_to_everybody() {
    let canaries = Canaries::new();
    let (one, other) = (allocator(), allocator());
    let front = Front::passing();
    assert!(!front.is_new() && !front.is_warm());
    for bytes in SIZES {
        for allocator in [&one, &other] {
            let paths = [Allocator::take, Allocator::take_medium, Allocator::take_slow, Allocator::take_zeroed];
            paths.iter().for_each(|path| look_around(allocator, path(allocator, &front, bytes)));
            for align in ALIGNS {
                allocator.take_aligned(&front, bytes, align);
                allocator.take_aligned_zeroed(&front, bytes, align);
            }
            allocator.trim(&front);
        }
    }
    for settings in settings(MIB) {
        one.configure(&front, &settings);
        other.configure(&front, &settings);
        one.prewarm_classes(&front, usize::MAX);
        one.end_thread(&front).expect("nothing was freed");
    }
    canaries.are_whole();
}

#[test]
fn threads_come_and_go_and_are_forgotten() {
    let canaries = Canaries::new();
    let allocator = allocator();
    for _ in 0..50 {
        thread::scope(|scope| {
            for number in 0..4 {
                let allocator = &allocator;
                scope.spawn(move || {
                    let (one, two) = (allocator.enter(), allocator.enter());
                    let (Some(one), Some(two)) = (one, two) else { return };
                    let blocks: Vec<_> = (0..20).map(|at| one.take(at * 50)).collect();
                    two.take(100);
                    blocks.into_iter().for_each(|block| look_around(allocator, block));
                    if number == 0 {
                        std::mem::forget(one);
                    }
                });
            }
        });
    }
    let moved = allocator;
    still_serves(&moved.enter().expect("there is memory"));
    canaries.are_whole();
}

/// The gate stays shut: who comes is served all the same.
#[test]
fn a_fork_that_never_was_takes_nothing_away() {
    let canaries = Canaries::new();
    let (one, other) = (allocator(), allocator());
    let thread = one.enter().expect("there is memory");
    let block = thread.take(100);
    let front = Front::passing();
    for allocator in [&one, &other, &one] {
        allocator.before_fork(&front);
    }
    for bytes in SIZES {
        look_around(&one, thread.take(bytes));
        look_around(&one, one.take_slow(&front, bytes));
        for align in ALIGNS {
            thread.take_aligned_zeroed(bytes, align);
        }
        let _ = (thread.trim(), thread.prewarm(bytes), thread.prewarm_classes(3), thread.round());
    }
    assert!(one.usable(block).is_ok());
    still_serves(&thread);
    thread.end().expect("nothing was freed twice");
    assert_eq!(one.held_locks(), 0);
    canaries.are_whole();
}

/// What a provider gives to whoever asks is his: nothing else is touched.
#[test]
fn providers_are_asked_for_anything() {
    let canaries = Canaries::new();
    let (linux, region) = (LinuxPages::new(), Region::new(24, 4 * MIB));
    for bytes in SIZES {
        for align in ALIGNS {
            for run in [linux.map(bytes, align), region.map(bytes, align)].into_iter().flatten() {
                assert!(!align.is_power_of_two() || run.addr().get().is_multiple_of(align), "{bytes} at {align}");
            }
            let _ = (linux.reserve(bytes, align), region.reserve(bytes, align));
        }
    }
    let mut frames = [0; 3];
    let _ = (linux.key(), linux.caller(&mut frames), linux.caller(&mut []), linux.now_ms(), linux.zone_bytes());
    let _ = (linux.memory_bytes(), linux.processors(), linux.page_bytes(), region.free_bytes());
    canaries.are_whole();
}

#[test]
fn classes_are_those_that_there_are() {
    for bytes in SIZES {
        let classes = SIZES.iter().filter_map(|&align| SizeClass::aligned(bytes, align));
        for class in classes.chain([SizeClass::of(bytes)]) {
            let _ = (class.index(), class.shape(), class.is_room(), class.has_magazine(), class.is_packed());
        }
        let _ = SizeClass::words(bytes);
    }
}
