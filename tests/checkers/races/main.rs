//! Races: the core's threads as ThreadSanitizer can judge them. Everything that orders two threads here is the
//! allocator's own atomics, or the C library's locks and joins.
//!
//! `tests/checkers/run tsan` builds and runs it under ThreadSanitizer, which ends it with 66 if it sees a race;
//! `cargo test` runs it plainly. The environment's `RACES_SCALE` multiplies the work.

#![allow(unsafe_code, reason = "threads, locks, fork and raw blocks")]

mod caller;
mod posix;

use std::env;
use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

use caller::{Caller, Sent};
use hakmem_core::{Allocator, Harden, Settings};
use hakmem_tests::scene::{after_fork, new_front};
use posix::{Locked, Pages, pause, together};

unsafe extern "C" {
    fn fork() -> c_int;
    fn waitpid(process: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn _exit(code: c_int) -> !;
}

type Scene = fn(&Allocator<Pages>, usize);

/// How a scene's settings differ from the defaults.
type Change = fn(&mut Settings);

const SCENES: [(&str, Change, Scene); 8] = [
    ("blocks are handed over", |_| {}, handed_over),
    ("the same, watched", |settings| (settings.stats, settings.harden) = (true, Harden::DOUBLE_FREE), handed_over),
    ("threads end while others free their blocks", |_| {}, ends_amid_frees),
    ("threads come, swap, resize, trim and go", |_| {}, come_and_go),
    ("memory goes back at once", |settings| settings.purge_delay_ms = 0, come_and_go),
    ("others look on", |_| {}, looked_at),
    ("two free one block", |settings| settings.harden = Harden::DOUBLE_FREE, freed_by_two),
    ("forks", |_| {}, forks),
];

fn main() {
    let scale = env::var("RACES_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    for (name, change, scene) in SCENES {
        let allocator = Allocator::new(Pages::new());
        let first = Caller::new(&allocator, 0);
        allocator.configure(&first.front, &Settings::new().with(change));
        first.end();
        scene(&allocator, scale);
        nothing_is_left(&allocator);
        println!("{name}: ok");
    }
    println!("{} scenes at scale {scale}", SCENES.len());
}

fn nothing_is_left(allocator: &Allocator<Pages>) {
    let caller = Caller::new(allocator, 0);
    allocator.trim(&caller.front);
    caller.end();
    // SAFETY: every other thread was joined.
    let audit = unsafe { allocator.audit() }.expect("every invariant holds");
    assert_eq!((audit.live_blocks, audit.magazine_blocks, audit.remote_blocks, audit.spans), (0, 0, 0, 0), "{audit:?}");
}

/// Threads with an even number take, the others give back.
fn handed_over(allocator: &Allocator<Pages>, scale: usize) {
    let blocks = 3_000 * scale;
    let queues: [Locked<Vec<Sent>>; 2] = [const { Locked::new(Vec::new()) }; 2];
    let body = |number: usize| {
        let (mut caller, queue) = (Caller::new(allocator, number as u64), &queues[number / 2]);
        let mut done = 0;
        while done < blocks {
            if number.is_multiple_of(2) {
                let sent = caller.take();
                queue.with(|queue| queue.push(sent));
                done += 1;
            } else {
                let came = queue.with(std::mem::take);
                done += came.len();
                came.into_iter().for_each(|sent| caller.give(sent));
                pause();
            }
        }
        caller.end();
    };
    together(4, &body, || {});
}

fn ends_amid_frees(allocator: &Allocator<Pages>, scale: usize) {
    for round in 0..15 * scale {
        let queue = Locked::new(Vec::new());
        let ended = AtomicBool::new(false);
        let body = |_| {
            let mut caller = Caller::new(allocator, round as u64);
            for _ in 0..600 {
                let sent = caller.take();
                queue.with(|queue| queue.push(sent));
            }
            caller.end();
            ended.store(true, Ordering::Release);
        };
        together(1, &body, || {
            let caller = Caller::new(allocator, 1_000 + round as u64);
            loop {
                let last = ended.load(Ordering::Acquire);
                queue.with(std::mem::take).into_iter().for_each(|sent| caller.give(sent));
                if last {
                    break;
                }
            }
            caller.end();
        });
    }
}

/// Blocks change hands through slots that are exchanged by one atomic instruction, as programs do it.
fn come_and_go(allocator: &Allocator<Pages>, scale: usize) {
    let slots: [AtomicPtr<Sent>; 64] = [const { AtomicPtr::new(std::ptr::null_mut()) }; 64];
    let body = |number: usize| {
        for life in 0..8 * scale {
            let mut caller = Caller::new(allocator, (number * 1_000 + life) as u64);
            for _ in 0..400 {
                let mut sent = caller.take();
                if caller.draw().is_multiple_of(4) {
                    sent = caller.resize(sent);
                }
                let slot = &slots[caller.draw() % slots.len()];
                let other = slot.swap(Box::into_raw(Box::new(sent)), Ordering::AcqRel);
                if !other.is_null() {
                    // SAFETY: made by `into_raw` above, taken out by one thread.
                    caller.give(*unsafe { Box::from_raw(other) });
                }
            }
            if life % 3 == 0 {
                allocator.trim(&caller.front);
            }
            caller.end();
        }
    };
    together(4, &body, || {});
    let caller = Caller::new(allocator, 7);
    for slot in slots {
        let left = slot.into_inner();
        if !left.is_null() {
            // SAFETY: as above.
            caller.give(*unsafe { Box::from_raw(left) });
        }
    }
    caller.end();
}

/// Figures are read, and idle memory is given back, by a thread that allocates nothing.
fn looked_at(allocator: &Allocator<Pages>, scale: usize) {
    let ended = AtomicUsize::new(0);
    let body = |number: usize| {
        let mut caller = Caller::new(allocator, number as u64);
        for _ in 0..20 * scale {
            let kept: Vec<_> = (0..150).map(|_| caller.take()).collect();
            kept.into_iter().for_each(|sent| caller.give(sent));
        }
        caller.end();
        ended.fetch_add(1, Ordering::Release);
    };
    together(3, &body, || {
        let front = new_front();
        while ended.load(Ordering::Acquire) < 3 {
            allocator.round(&front);
            assert!(allocator.stats().adds_up() || ended.load(Ordering::Acquire) < 3);
            pause();
        }
    });
}

fn freed_by_two(allocator: &Allocator<Pages>, scale: usize) {
    let owner = Caller::new(allocator, 0);
    let blocks: Vec<AtomicPtr<u8>> =
        (0..1_000 * scale).map(|number| AtomicPtr::new(owner.take_bytes([16, 100, 1_000][number % 3]))).collect();
    let (won, lost) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let body = |number: usize| {
        let caller = Caller::new(allocator, number as u64);
        for block in &blocks {
            let freed = caller.try_give(block.load(Ordering::Relaxed)).is_ok();
            if freed { &won } else { &lost }.fetch_add(1, Ordering::Relaxed);
        }
        caller.end();
    };
    together(2, &body, || {});
    assert_eq!((won.into_inner(), lost.into_inner()), (blocks.len(), blocks.len()));
    owner.end();
}

fn forks(allocator: &Allocator<Pages>, scale: usize) {
    let stop = AtomicBool::new(false);
    let body = |number: usize| {
        let mut caller = Caller::new(allocator, number as u64);
        while !stop.load(Ordering::Relaxed) {
            let kept: Vec<_> = (0..20).map(|_| caller.take()).collect();
            kept.into_iter().for_each(|sent| caller.give(sent));
        }
        caller.end();
    };
    together(2, &body, || {
        let mut caller = Caller::new(allocator, 9);
        for _ in 0..10 * scale {
            let sent = caller.take();
            allocator.before_fork(&caller.front);
            // SAFETY: nobody else changes what is shared; the child calls nothing else.
            let process = unsafe { fork() };
            after_fork(allocator, &caller.front, process == 0).expect("live blocks are taken back");
            caller.give(sent);
            if process == 0 {
                let kept: [_; 60] = std::array::from_fn(|_| caller.take());
                kept.into_iter().for_each(|sent| caller.give(sent));
                // SAFETY: ends the child at once.
                unsafe { _exit(0) };
            }
            assert!(process > 0, "the machine has a process");
            let mut status = -1;
            // SAFETY: a child of ours, and a place for its end.
            unsafe { waitpid(process, &raw mut status, 0) };
            assert_eq!(status, 0, "the child's end");
        }
        stop.store(true, Ordering::Relaxed);
        caller.end();
    });
}
