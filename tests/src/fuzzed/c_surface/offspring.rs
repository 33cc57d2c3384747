//! Programs that other threads and processes run.

#![allow(unsafe_code, reason = "forks")]

use core::ffi::c_int;
use std::io::{self, Write, stderr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use super::Budget;
use super::table::{Block, Table, free};
use crate::fuzzed::folding::Folding;

/// How a child ends in which all was right.
const ALL_RIGHT: c_int = 7;
/// Seconds that a child may take.
const PATIENCE: u32 = 30;
/// Of so many blocks one is handed to the threads beside us.
const SHARE: usize = 3;

unsafe extern "C" {
    fn fork() -> c_int;
    fn waitpid(process: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn _exit(code: c_int) -> !;
    fn alarm(seconds: u32) -> u32;
}

/// Blocks on their way to another thread.
struct Handed(Vec<Block>);

// SAFETY: they are the receiver's from now on.
unsafe impl Send for Handed {}

impl Table {
    /// A new thread goes on with the blocks; ours waits.
    pub(super) fn in_a_thread(&mut self, program: &[u8], folding: &mut Folding, budget: Budget) {
        self.reuses += 1;
        let budget = Budget { depth: budget.depth - 1, ..budget };
        thread::scope(|scope| {
            scope.spawn(|| self.play(program, folding, budget)).join().expect("the thread's program is right");
        });
        self.reuses += 1;
    }

    /// Two threads at once, with blocks of their own, and some of ours to free.
    pub(super) fn beside_each_other(&mut self, programs: [&[u8]; 2], folding: &mut Folding) {
        let mut handed = [Handed(Vec::new()), Handed(Vec::new())];
        for slot in (0..=255u8).step_by(SHARE) {
            if let Some(block) = self.dismiss(slot) {
                handed[usize::from(slot) % 2].0.push(block);
            }
        }
        let (surface, turn, share) =
            (self.surface, self.turn, Folding { left_bytes: folding.left_bytes / 4, ..*folding });
        let was_beside_others = core::mem::replace(&mut self.is_beside_others, true);
        thread::scope(|scope| {
            let both = programs.into_iter().zip(handed).map(|(program, handed)| {
                scope.spawn(move || {
                    let mut table = Table::new(surface);
                    table.is_beside_others = true;
                    let (first, second) = program.split_at(program.len() / 2);
                    let (mut folding, budget) = (share, Budget { depth: 0, threads: 0, forks: 0 });
                    table.play(first, &mut folding, budget);
                    { handed }.0.into_iter().zip(turn..).for_each(|(block, turn)| free(surface, block, turn));
                    table.play(second, &mut folding, budget);
                    table.finish();
                })
            });
            // The scope's end alone waits for what they do, not for their own end, and AddressSanitizer hangs in the
            // child of a fork that came amid that.
            for thread in both.collect::<Vec<_>>() {
                thread.join().expect("the thread's program is right");
            }
        });
        self.is_beside_others = was_beside_others;
        folding.left_bytes /= 2;
        self.reuses += 1;
    }

    /// A child goes on with copies of the blocks; the parent waits, and has its own as they were.
    pub(super) fn in_a_child(&mut self, program: &[u8], folding: &mut Folding, budget: Budget) {
        if self.is_beside_others {
            return;
        }
        let budget = Budget { depth: budget.depth - 1, ..budget };
        // SAFETY: the child calls what this thread could have called, and ends.
        let child = unsafe { fork() };
        assert!(child >= 0, "the system makes no process");
        if child == 0 {
            // SAFETY: as above.
            unsafe { alarm(PATIENCE) };
            let right = catch_unwind(AssertUnwindSafe(|| {
                self.check_all();
                self.play(program, folding, budget);
                self.finish();
            }));
            if let Err(panic) = &right {
                let words = panic.downcast_ref::<String>().map_or("a panic without words", String::as_str);
                // Who captures what tests print does not hear of a child's.
                let _ = writeln!(stderr(), "in the child: {words}");
            }
            // SAFETY: as above.
            unsafe { _exit(if right.is_ok() { ALL_RIGHT } else { 1 }) };
        }
        let status = wait_for(child).expect("a child of ours can be waited for");
        assert_eq!(status, ALL_RIGHT << 8, "how the child ended");
        self.check_all();
    }
}

/// How a child ended. A signal may come before: the fuzzer's clock strikes twice a minute.
fn wait_for(child: c_int) -> io::Result<c_int> {
    let mut status = 0;
    loop {
        // SAFETY: a place for the answer.
        if unsafe { waitpid(child, &raw mut status, 0) } == child {
            return Ok(status);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}
