//! Measures against misuse, each alone and all together: made-up programs are served the same, threads and forks
//! too, and what each measure is for is found.

#![allow(unsafe_code, reason = "sets a hook")]

mod faults;
mod guards;
mod programs;
mod scattered;
mod sizes;
#[path = "../properties/strategies.rs"]
mod strategies;
mod threads;

use hakmem_core::{Allocator, Fault, Finder, Front, Harden, PageProvider, Settings};

/// Every measure alone, some that meet each other, and all.
pub(crate) fn sets() -> impl Iterator<Item = Harden> {
    let alone = Harden::all().iter().filter(|one| one.bits().is_power_of_two());
    let pairs = [Harden::ZERO | Harden::QUARANTINE, Harden::JUNK | Harden::QUARANTINE | Harden::RANDOM];
    alone.chain(pairs).chain([Harden::all()])
}

/// Settings with measures; the quarantine is small, so that blocks leave it.
pub(crate) fn settings(harden: Harden) -> Settings {
    Settings::new().with(|settings| {
        settings.harden = harden;
        settings.quarantine_bytes = 200 << 10;
    })
}

fn no_write(fault: &Fault, finder: Finder) {
    panic!("{fault}, said {finder:?}, and nobody wrote");
}

/// Takes the measures up; a write after free that is found is one too many.
pub(crate) fn harden<P: PageProvider>(allocator: &Allocator<P>, front: &Front, harden: Harden) {
    // SAFETY: it ends the test.
    unsafe { allocator.on_written(no_write) };
    allocator.configure(front, &settings(harden));
}
