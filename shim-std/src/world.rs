//! The world outside, asked once, when we are loaded: what memory the process may have and on how many processors it
//! may run. A sandbox that the process enters later sees no call for these. By system calls of our own: they are no
//! points of cancellation, and errno stays as it is.
//!
//! Four calls at most in a container with a limit, five without one, three elsewhere. Limits of groups within the
//! machine cost as many calls as the group lies deep, and three more; a process that keeps no more than it was seen to
//! need (`policy::retention`) does without.

#![allow(unsafe_code, reason = "has the loader call a function")]

use core::ffi::{CStr, c_char, c_int};
use core::num::NonZeroU32;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use crate::kernel::File;

/// The limit of the container's own group, where groups are one hierarchy.
const LIMIT: &CStr = c"/sys/fs/cgroup/memory.max";

static MEMORY_BYTES: AtomicUsize = AtomicUsize::new(0);
static PROCESSORS: AtomicU32 = AtomicU32::new(0);

/// Run by the loader.
#[used]
#[unsafe(link_section = ".init_array")]
static START: extern "C" fn(c_int, *const *const c_char, *const *const c_char) = start;

extern "C" fn start(_: c_int, _: *const *const c_char, _: *const *const c_char) {
    memory_bytes();
    processors();
}

/// Bytes of memory that the process may have.
pub(crate) fn memory_bytes() -> usize {
    match MEMORY_BYTES.load(Ordering::Relaxed) {
        0 => {
            let bytes = machine_bytes().min(number_in(LIMIT).unwrap_or(usize::MAX)).max(1);
            MEMORY_BYTES.store(bytes, Ordering::Relaxed);
            bytes
        }
        known => known,
    }
}

fn machine_bytes() -> usize {
    let machine = rustix::system::sysinfo();
    (machine.totalram as usize).saturating_mul(machine.mem_unit as usize)
}

/// Processors that the process may use.
pub(crate) fn processors() -> NonZeroU32 {
    NonZeroU32::new(PROCESSORS.load(Ordering::Relaxed)).unwrap_or_else(|| {
        let usable = rustix::thread::sched_getaffinity(None).map_or(0, |processors| processors.count());
        let usable = NonZeroU32::new(usable).unwrap_or(NonZeroU32::MIN);
        PROCESSORS.store(usable.get(), Ordering::Relaxed);
        usable
    })
}

/// The number that a file begins with; `None` where it is a word, or there is no such file.
fn number_in(path: &CStr) -> Option<usize> {
    let mut text = [0; 32];
    let length = File::open(path)?.read(&mut text);
    number(text.get(..length)?)
}

fn number(text: &[u8]) -> Option<usize> {
    text.first().filter(|byte| byte.is_ascii_digit())?;
    let mut digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.try_fold(0usize, |number, &digit| number.checked_mul(10)?.checked_add(usize::from(digit - b'0')))
}
