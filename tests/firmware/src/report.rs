//! Runs checks one by one, and tells of each. The first one that panics is the last one.

#![allow(unsafe_code, reason = "keeps a pointer to the name of the check that runs")]

use core::panic::PanicInfo;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use crate::{board, say};

/// A check of a subject: `ok NAME`, or it panics, `FAILED NAME: why`.
pub struct Check<S> {
    /// What it is about.
    pub name: &'static str,
    /// Panics if that is not so.
    pub run: fn(S),
}

static NOW: AtomicPtr<&'static str> = AtomicPtr::new(null_mut());
static PASSED: AtomicUsize = AtomicUsize::new(0);

/// Runs them all, and ends.
pub fn run<S: Copy>(subject: S, checks: &'static [Check<S>]) -> ! {
    for (number, check) in checks.iter().enumerate() {
        NOW.store((&raw const check.name).cast_mut(), Ordering::Relaxed);
        (check.run)(subject);
        PASSED.store(number + 1, Ordering::Relaxed);
        say!("ok {}", check.name);
    }
    say!("{} passed, 0 failed", checks.len());
    board::exit(true)
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    board::stop_ticks();
    // SAFETY: null, or a name of a check, which is static.
    let name = unsafe { NOW.load(Ordering::Relaxed).as_ref() }.unwrap_or(&"the program");
    match info.location() {
        Some(place) => say!("FAILED {name}: {} ({}:{})", info.message(), place.file(), place.line()),
        None => say!("FAILED {name}: {}", info.message()),
    }
    say!("{} passed, 1 failed", PASSED.load(Ordering::Relaxed));
    board::exit(false)
}
