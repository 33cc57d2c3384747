//! Keys that nobody can foretell, made without a system call: from the bytes that the kernel gave the process at its
//! start, from the kernel's own numbers where a shim asked for them ahead, from the thread, the clock and a count. The
//! kernel's bytes also guard the C library's stacks: what is made of them goes one way, through a cipher.

#![allow(unsafe_code, reason = "reads what the kernel left on the stack")]

use core::ffi::{c_int, c_ulong};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use hakmem_core::pages::KEY_WORDS;
use hakmem_core::seam::Dice;
use rustix::rand::{GetRandomFlags, getrandom};

use crate::caller;

const AT_RANDOM: c_ulong = 25;
const CLOCK_MONOTONIC: c_int = 1;
/// Words behind [`AT_RANDOM`].
const STARTED_WITH: usize = 4;

/// From the kernel, if it was asked.
static FETCHED: [AtomicU32; KEY_WORDS] = [const { AtomicU32::new(0) }; KEY_WORDS];
static MADE: AtomicU64 = AtomicU64::new(0);

unsafe extern "C" {
    fn getauxval(kind: c_ulong) -> c_ulong;
    fn clock_gettime(clock: c_int, time: *mut [i64; 2]) -> c_int;
}

/// Asks the kernel ahead, for all keys that follow; where it refuses, they are made without. Never amid a call.
pub(crate) fn fetch() {
    let mut bytes = [0; 4 * KEY_WORDS];
    if getrandom(&mut bytes, GetRandomFlags::NONBLOCK) == Ok(bytes.len()) {
        let words = bytes.as_chunks::<4>().0;
        FETCHED.iter().zip(words).for_each(|(place, &word)| place.store(u32::from_ne_bytes(word), Ordering::Relaxed));
    }
}

/// What the process was started with.
fn started_with() -> [u32; STARTED_WITH] {
    // SAFETY: getauxval only reads what the kernel left on the stack.
    let bytes = core::ptr::with_exposed_provenance::<[u32; STARTED_WITH]>(unsafe { getauxval(AT_RANDOM) } as usize);
    // SAFETY: null, or 16 bytes that stay.
    if bytes.is_null() { [0; STARTED_WITH] } else { unsafe { bytes.read_unaligned() } }
}

/// The next key.
pub(crate) fn key() -> [u32; KEY_WORDS] {
    let mut now = [0i64; 2];
    // SAFETY: a timespec is two words on every 64-bit Linux; the C library asks no system call for it.
    unsafe { clock_gettime(CLOCK_MONOTONIC, &raw mut now) };
    let [a, b, c, d] = started_with();
    let made = MADE.fetch_add(1, Ordering::Relaxed);
    let first = Dice::new([a, b, c, d, made as u32, caller::thread() as u32, now[0] as u32, now[1] as u32]);
    let second = Dice::new(FETCHED.each_ref().map(|word| word.load(Ordering::Relaxed) ^ first.draw()));
    [(); KEY_WORDS].map(|()| second.draw())
}
