//! The programs that every firmware target replays (tests/firmware), on the host, and the way of a trace from a device
//! to a desk.

#![allow(unsafe_code, reason = "gives heaps their regions, and uses one as an allocator")]

use std::alloc::{GlobalAlloc, Layout};
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::sync::Mutex;

use hakmem_core::Allocator;
use hakmem_core::region::{Bounded, Capabilities, Heap, Profile, Several, Spin, Tiny};
use hakmem_replay::stream::{SEEDS, Stream};
use hakmem_replay::trace::Line;
use hakmem_replay::{Action, Flawed, Recorder, Session, Summary};
use hakmem_tests::driver::Driver;
use hakmem_tests::ground::replay;
use hakmem_tests::providers::{LinuxPages, Narrow, Region};

const ACTIONS: usize = 4000;

/// Memory at a chosen offset from a multiple of 4 KiB.
fn with_region<T>(offset: usize, bytes: usize, closure: impl FnOnce(*mut u8) -> T) -> T {
    let mut memory = vec![MaybeUninit::<u8>::uninit(); offset + bytes + 4096];
    let start: *mut u8 = memory.as_mut_ptr().cast();
    closure(start.wrapping_add(start.align_offset(4096) + offset))
}

/// A session over a region of its own.
fn over<P: Profile, T>((offset, bytes): (usize, usize), closure: impl FnOnce(Session<'_, P, Spin, 256>) -> T) -> T {
    with_region(offset, bytes, |start| {
        let heap = Heap::<P, Spin>::empty();
        // SAFETY: ours until the closure ends, and the heap goes with it.
        unsafe { heap.init(start, bytes) }.expect("a good region");
        closure(Session::new(&heap, start, bytes))
    })
}

fn every_stream<P: Profile>() {
    for seed in SEEDS {
        for (offset, bytes) in [(0, 32 << 10), (8, 32 << 10), (0, 4096), (8, 4096 + 8), (0, 500), (24, 64)] {
            let stream = Stream::new(seed, bytes as u32 / 3).take(ACTIONS);
            let summary = replay::<P>(bytes, offset, stream).expect("a good region");
            let region = format!("{bytes} bytes at {offset}");
            assert!(summary.placed > 0 && summary.refused > 0, "seed {seed:#x}, {region}: {summary}");
        }
    }
}

#[test]
fn a_tiny_heap_serves_every_stream() {
    every_stream::<Tiny>();
}

#[test]
fn a_bounded_heap_serves_every_stream() {
    every_stream::<Bounded>();
}

fn every_stream_over_three<P: Profile>() {
    for seed in SEEDS {
        with_region(0, 32 << 10, |start| {
            let heap = Heap::<Several<3, P>, Spin>::empty();
            for (offset, bytes) in [(20 << 10, 12_000), (8, 6 << 10), (10 << 10, 8 << 10)] {
                let capabilities = Capabilities::INTERNAL;
                // SAFETY: parts of what is ours until the closure ends.
                unsafe { heap.add_region(start.wrapping_add(offset), bytes, capabilities) }.expect("a good region");
            }
            let mut session = Session::<_, _, 256>::new(&heap, start, 32 << 10);
            Stream::new(seed, 4096).take(ACTIONS).for_each(|action| session.step(action));
            session.finish();
        });
    }
}

#[test]
fn several_regions_serve_every_stream() {
    every_stream_over_three::<Tiny>();
    every_stream_over_three::<Bounded>();
}

#[test]
fn the_whole_core_serves_every_stream() {
    for seed in SEEDS {
        let actions: Vec<_> = Stream::new(seed, 2 << 20).take(ACTIONS).collect();
        let linux = Allocator::new(Narrow::new(LinuxPages::new(), 8 << 20, usize::MAX));
        let mut driver = Driver::new(&linux);
        driver.run(&actions);
        driver.finish();
        let region = Allocator::new(Region::new(48, 8 << 20));
        let mut driver = Driver::new(&region);
        driver.may_refuse = true;
        driver.run(&actions);
        driver.finish();
    }
}

static TEXT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

fn keep(text: &[u8]) {
    TEXT.lock().expect("one thread at a time").extend(text);
}

const RECORDED: (usize, usize) = (16, 4096);

/// What a program with up to 40 blocks out has recorded, and its summary.
fn record<P: Profile>() -> (Vec<Action>, Summary) {
    TEXT.lock().expect("one thread at a time").clear();
    let recorder = Recorder::<P, Spin, 64>::new();
    let summary = with_region(RECORDED.0, RECORDED.1, |start| {
        // SAFETY: ours until the closure ends, and nobody uses the recorder any more then.
        unsafe { recorder.begin("some", start, RECORDED.1, keep) }.expect("a good region");
        work(&recorder);
        recorder.end()
    });
    let text = String::from_utf8(TEXT.lock().expect("one thread at a time").clone()).expect("letters");
    let mut lines = text.lines().map(Line::read);
    assert!(matches!(lines.next(), Some(Line::Begin(head)) if (head.profile, head.bytes) == ("some", RECORDED.1)));
    assert!(text.ends_with(&format!("END {summary}\n")), "{text}");
    let actions = lines.filter_map(|line| if let Line::Action(action) = line { Some(action) } else { None });
    (actions.collect(), summary)
}

fn work(heap: &impl GlobalAlloc) {
    let mut blocks = [(null_mut::<u8>(), Layout::new::<u8>()); 40];
    for step in 0..2000 {
        let (block, layout) = &mut blocks[step * 7 % 40];
        let wanted = Layout::from_size_align(step * 31 % 97 + 1, 1 << (step % 6)).expect("a small one");
        let resized = Layout::from_size_align(wanted.size(), layout.align()).expect("a small one");
        // SAFETY: a block is given back once, with its layout.
        unsafe {
            if !block.is_null() && step % 3 == 0 {
                let grown = heap.realloc(*block, *layout, resized.size());
                if !grown.is_null() {
                    (*block, *layout) = (grown, resized);
                }
                continue;
            }
            if !block.is_null() {
                heap.dealloc(*block, *layout);
            }
            (*block, *layout) = (heap.alloc(wanted), wanted);
        }
    }
}

fn replay_record<P: Profile>() {
    let (actions, there) = record::<P>();
    assert!(there.placed > 1500 && actions.len() == there.actions as usize, "{there}");
    let here = over(RECORDED, |mut session: Session<'_, P, _, _>| {
        for &action in &actions {
            session.step(action);
            session.audit();
        }
        session.summary()
    });
    assert_eq!(here, there);
}

#[test]
fn a_trace_is_replayed_to_the_same_placement() {
    replay_record::<Tiny>();
    replay_record::<Bounded>();
}

#[test]
#[should_panic(expected = "bytes are out")]
fn a_bug_of_the_heap_is_found_by_its_trace() {
    over((0, 4096), |mut session: Session<'_, Flawed<Tiny>, _, _>| {
        for action in Stream::new(SEEDS[0], 300).take(ACTIONS) {
            session.step(action);
            session.audit();
        }
    });
}
