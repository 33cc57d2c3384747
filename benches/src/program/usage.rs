//! What a child process used, as the kernel tells who waits for it.
#![allow(unsafe_code, reason = "wait4: std waits without asking what the child used")]

use std::ffi::c_int;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

unsafe extern "C" {
    fn wait4(process: c_int, status: *mut c_int, options: c_int, usage: *mut [i64; 18]) -> c_int;
}

/// Of the process and of those of its children that it waited for: times and faults together, the memory of
/// the largest.
///
/// The kernel counts the memory that the child had before its `exec` as well, which is the parent's: no peak
/// is below the parent's own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    pub(super) status: ExitStatus,
    pub(super) cpu_ns: u64,
    pub(super) peak_kb: u64,
    /// Minor ones.
    pub(super) faults: u64,
}

impl Usage {
    /// Waits for the end of a child.
    pub(super) fn of(process: u32) -> io::Result<Self> {
        let (mut status, mut usage) = (0, [0; 18]);
        // SAFETY: both places are valid; a `struct rusage` is two pairs of words and 14 words on every 64-bit Linux.
        while unsafe { wait4(process as c_int, &raw mut status, 0, &raw mut usage) } == -1 {
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
        let [user_s, user_us, system_s, system_us, peak_kb, _, _, _, faults, ..] = usage;
        let cpu_us = (user_s + system_s) * 1_000_000 + user_us + system_us;
        Ok(Self {
            status: ExitStatus::from_raw(status),
            cpu_ns: cpu_us as u64 * 1_000,
            peak_kb: peak_kb as u64,
            faults: faults as u64,
        })
    }
}
