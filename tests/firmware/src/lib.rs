//! Firmware that tries HAKMEM's heaps on a device.
//!
//! ```text
//! bin/tiny, bounded, slabs  a heap over a region is the program's allocator    main ─ checks, misuse
//! bin/recorded, flawed      the same behind a recorder                         recording
//! bin/whole (x86_64)        the whole core over page tables                    whole
//!                           report ─ arena ─ ticks ─ console ─ board           on what all of them stand
//! ```

#![no_std]

extern crate alloc;

pub mod arena;
pub mod board;
pub mod checks;
pub mod console;
pub mod misuse;
pub mod recording;
pub mod report;
pub mod ticks;
#[cfg(target_arch = "x86_64")]
pub mod whole;

use hakmem_core::region::{Heap, Profile, RegionError};

/// What a program with a heap of this profile does: as its last word says, a misuse, or else all the checks.
pub fn main<P: Profile>(heap: &'static Heap<P>, set_up: Result<(), RegionError>) -> ! {
    board::start();
    set_up.expect("the region is a good one");
    heap.on_fault(misuse::tell);
    board::with_last_word(misuse::commit);
    report::run(heap, checks::of_regions())
}
