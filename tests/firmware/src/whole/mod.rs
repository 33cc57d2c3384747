//! The whole core as a kernel's allocator: blocks from pages that are mapped when they are touched, and unmapped when
//! they are idle.

#![allow(unsafe_code, reason = "audits")]

mod kernel;
mod memory;
mod pages;
mod subject;

use hakmem_core::Allocator;
use hakmem_replay::driver::Driver;
use hakmem_replay::stream::{SEEDS, Stream};

pub use kernel::Kernel;
use subject::{Subject, used};

use crate::board::pages::Pages;
use crate::board::{self, paging};
use crate::checks::{interrupts, program};
use crate::misuse;
use crate::report::{self, Check};

/// Largest block of the streams: one with a mapping of its own.
const MOST_BYTES: u32 = 1_200_000;
/// Actions of each stream.
const ACTIONS: usize = 1500;
/// Frames that stay when all blocks are back: for the allocator's own structures and the tables,
const KEPT: usize = 32;
/// and for what it knows of a superslab.
const KEPT_EACH: usize = 4;

static CHECKS: &[Check<Subject>] = &[
    Check { name: "pages: mapped when touched, unmapped when purged", run: |_| pages::states() },
    Check { name: "pages: no more are promised than there are", run: |_| pages::refusals() },
    Check { name: "streams of actions", run: |_| streams() },
    Check { name: "a program through alloc", run: through_alloc },
    Check { name: "out of memory", run: memory::full },
    Check { name: "interrupts that allocate", run: |kernel| interrupts::check(|| used(kernel)) },
    Check { name: "frames come back", run: memory::comes_back },
];

/// What a program does whose allocator the kernel's is: as its last word says, a misuse, or else all the checks.
pub fn main(kernel: Subject) -> ! {
    board::start();
    board::with_last_word(misuse::commit);
    report::run(kernel, CHECKS)
}

fn through_alloc(kernel: Subject) {
    let before = used(kernel);
    for seed in 0..100 {
        program::run(seed);
        assert_eq!(used(kernel), before, "bytes in use after round {seed}");
    }
}

/// The host's programs, through the host's driver.
fn streams() {
    static CORE: Allocator<Pages> = Allocator::new(Pages);
    let before = paging::with(|paging| paging.frames_out());
    for seed in SEEDS {
        let mut driver = Driver::new(&CORE);
        driver.may_refuse = true;
        Stream::new(seed, MOST_BYTES).take(ACTIONS).for_each(|action| driver.step(action));
        driver.finish();
        let (frames, superslabs) = (paging::with(|paging| paging.frames_out()), CORE.stats().superslabs as usize);
        let most = before + KEPT + KEPT_EACH * superslabs;
        assert!(frames <= most, "{frames} frames are out, {most} at most for {superslabs} superslabs");
    }
}
