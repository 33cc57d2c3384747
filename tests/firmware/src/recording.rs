//! A program whose allocator records all that is done with it, for a desk to replay: `hakmem-replay`.

#![allow(unsafe_code, reason = "gives a heap its region")]

use alloc::vec;
use alloc::vec::Vec;

use hakmem_core::region::{CriticalSection, Profile};
use hakmem_replay::Recorder;

use crate::report::Check;
use crate::{arena, board, misuse, report, ticks};

/// Of the heap, in bytes. At an odd place: the trace says where.
const REGION: arena::Part = (24, 4096);
/// Blocks that are out at most: the program's, and the interrupt's.
const BLOCKS: usize = 24;
/// How long it lasts at least.
const TICKS: u32 = 50;
/// How much it does at least.
const STEPS: u32 = 500;

/// The allocator; see the file's head.
pub type Recording<P> = Recorder<P, CriticalSection, 96>;

/// What is recorded.
pub struct Session<P: Profile + 'static> {
    /// The program's allocator.
    pub recorder: &'static Recording<P>,
    /// The profile's name in the trace.
    pub profile: &'static str,
    /// What the program does now and then.
    pub besides: fn(u32),
}

impl<P: Profile> Clone for Session<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: Profile> Copy for Session<P> {}

/// Runs the program while the timer strikes: no two runs are alike.
pub fn main<P: Profile + 'static>(session: Session<P>) -> ! {
    board::start();
    session.recorder.on_fault(misuse::tell);
    report::run(session, const { &[Check { name: "a recorded session", run: record::<P> }] })
}

fn record<P: Profile + 'static>(session: Session<P>) {
    arena::lend([REGION], |[start]| {
        let recorder = session.recorder;
        // SAFETY: the arena is static, and nothing is left of this program when it is lent again.
        unsafe { recorder.begin(session.profile, start, REGION.1, board::write) }.expect("the region is a good one");
        work(session.besides);
        let summary = recorder.end();
        assert!(summary.placed > STEPS / 2, "{summary}");
    });
}

fn work(besides: fn(u32)) {
    let mut blocks: [Vec<u8>; BLOCKS] = [const { Vec::new() }; BLOCKS];
    board::start_ticks();
    let end = ticks::count() + TICKS;
    let mut steps = 0u32;
    while ticks::count() < end || steps < STEPS {
        steps += 1;
        let (slot, length) = (steps as usize * 7 % BLOCKS, steps.wrapping_mul(0x9E37_79B1) >> 26);
        let block = &mut blocks[slot];
        assert!(block.iter().all(|&byte| usize::from(byte) == slot), "the contents of block {slot} have changed");
        if steps.is_multiple_of(5) && block.len() < 80 {
            block.resize(block.len() + length as usize, slot as u8);
        } else {
            *block = vec![slot as u8; length as usize];
        }
        if steps.is_multiple_of(64) {
            blocks.fill(Vec::new());
            besides(steps);
        }
    }
    board::stop_ticks();
    ticks::finish();
}
