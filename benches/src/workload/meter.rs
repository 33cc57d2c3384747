//! Reads clocks and the kernel's counters without allocating.

#![allow(unsafe_code, reason = "std has no clock for a process's CPU time")]

use std::ffi::c_int;
use std::fs::File;
use std::io::Read;
use std::time::Instant;

use crate::sample::Sample;
use crate::workload::block::malloc_origin;

const CLOCK_PROCESS_CPUTIME_ID: c_int = 2;

unsafe extern "C" {
    fn clock_gettime(clock: c_int, time: *mut [i64; 2]) -> c_int;
}

/// The counters at the start of the timed section.
pub(crate) struct Meter {
    faults: u64,
    cpu_ns: u64,
    wall: Instant,
}

/// What the timed section took.
pub(crate) struct Reading {
    wall_ns: u64,
    cpu_ns: u64,
    faults: u64,
}

impl Meter {
    /// The clock is read last.
    pub(crate) fn start() -> Self {
        Self { faults: minor_faults(), cpu_ns: process_cpu_ns(), wall: Instant::now() }
    }

    /// The clock is read first.
    pub(crate) fn stop(self) -> Reading {
        let wall_ns = self.wall.elapsed().as_nanos() as u64;
        let cpu_ns = process_cpu_ns() - self.cpu_ns;
        Reading { wall_ns, cpu_ns, faults: minor_faults() - self.faults }
    }
}

impl Reading {
    /// Adds what is read at the end, after the workload has freed all it had.
    ///
    /// The kernel keeps VmRSS as an estimate; `resident_kb` counts.
    pub(crate) fn finish(self, steps: u64) -> Sample {
        Sample {
            steps,
            wall_ns: self.wall_ns,
            cpu_ns: self.cpu_ns,
            faults: self.faults,
            peak_kb: peak_kb(),
            end_kb: Some(resident_kb()),
            later_kb: None,
            per_thread_kb: None,
            malloc_in: malloc_origin(),
        }
    }
}

/// The most memory that this process ever had.
pub(crate) fn peak_kb() -> u64 {
    let mut text = [0; 4096];
    kilobytes(read_whole("/proc/self/status", &mut text), "VmHWM:")
}

/// The resident memory of this process, counted page by page.
pub(crate) fn resident_kb() -> u64 {
    let mut text = [0; 4096];
    kilobytes(read_whole("/proc/self/smaps_rollup", &mut text), "Rss:")
}

/// The number behind a label at the start of a line.
fn kilobytes(text: &str, label: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(label));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).expect("the kernel's own format")
}

fn process_cpu_ns() -> u64 {
    let mut time = [0i64; 2];
    // SAFETY: a timespec is two words on every 64-bit Linux.
    unsafe { clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    time[0] as u64 * 1_000_000_000 + time[1] as u64
}

/// Field 10 of /proc/self/stat; counted from behind the name, which may hold spaces.
fn minor_faults() -> u64 {
    let mut text = [0; 1024];
    let stat = read_whole("/proc/self/stat", &mut text);
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let field = behind_name.split_whitespace().nth(7);
    field.and_then(|field| field.parse().ok()).expect("the kernel's own format")
}

fn read_whole<'text>(path: &str, text: &'text mut [u8]) -> &'text str {
    let mut file = File::open(path).expect("Linux has /proc");
    let length = file.read(text).expect("readable by ourselves");
    std::str::from_utf8(&text[..length]).expect("the kernel writes ASCII")
}
