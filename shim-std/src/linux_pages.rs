//! Pages from Linux, by system calls of our own.
//!
//! `runs.rs` says how zones come to have theirs.

#![allow(unsafe_code, reason = "maps and unmaps memory")]

use core::ffi::c_int;
use core::num::NonZeroU32;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering};

use hakmem_core::pages::{KEY_WORDS, Refused, Relax, Users, touch};
use hakmem_core::{PageProvider, Purged};
use rustix::io::Errno;
use rustix::mm::{self, Advice, MprotectFlags, MremapFlags};
use rustix::thread::futex::{self, Flags, Timespec};

use crate::runs::Runs;
use crate::{advice, caller, mapping, seed, valgrind, witness, world};

const CLOCK_MONOTONIC_COARSE: c_int = 6;

// The C library reads it without a system call; it neither allocates nor sets errno here.
unsafe extern "C" {
    fn clock_gettime(clock: c_int, time: *mut [i64; 2]) -> c_int;
}

/// Every x86-64 has pages of 4 KiB.
#[cfg(target_arch = "x86_64")]
mod page {
    use core::sync::atomic::AtomicUsize;

    pub(super) fn bytes(_known: &AtomicUsize) -> usize {
        4096
    }
}

/// Elsewhere the kernel says at start what a page is.
#[cfg(not(target_arch = "x86_64"))]
mod page {
    use core::ffi::c_ulong;
    use core::sync::atomic::{AtomicUsize, Ordering};

    const AT_PAGESZ: c_ulong = 6;

    unsafe extern "C" {
        fn getauxval(kind: c_ulong) -> c_ulong;
    }

    pub(super) fn bytes(known: &AtomicUsize) -> usize {
        match known.load(Ordering::Relaxed) {
            0 => {
                // SAFETY: getauxval only reads what the kernel left on the stack.
                let bytes = (unsafe { getauxval(AT_PAGESZ) } as usize).max(4096);
                known.store(bytes, Ordering::Relaxed);
                bytes
            }
            bytes => bytes,
        }
    }
}

/// See the file's head.
#[derive(Debug)]
pub struct LinuxPages {
    page_bytes: AtomicUsize,
    runs: Runs,
    /// What was found out of [`Advice::LinuxDontNeed`]: 0 for nothing yet.
    purges: AtomicU8,
}

/// It clears, as Linux does.
const CLEARS: u8 = 1;
/// It says so and does not, as some emulators and sandboxes do.
const KEEPS: u8 = 2;

impl LinuxPages {
    /// The provider; asks nothing of the system yet.
    pub const fn new() -> Self {
        Self { page_bytes: AtomicUsize::new(0), runs: Runs::new(false), purges: AtomicU8::new(0) }
    }

    /// The same, on a system that maps nothing where it is told to.
    pub const fn holding() -> Self {
        Self { runs: Runs::new(true), ..Self::new() }
    }

    /// True if pages that were given back read as zero: found out once, by a page of ours.
    fn clears(&self) -> bool {
        match self.purges.load(Ordering::Relaxed) {
            0 => self.find_out(),
            known => known == CLEARS,
        }
    }

    #[cold]
    fn find_out(&self) -> bool {
        let bytes = self.page_bytes();
        let Some(page) = mapping::map_anywhere(bytes) else {
            // Next time.
            return false;
        };
        // SAFETY: mapped just now, for this.
        unsafe { page.write_volatile(1) };
        // SAFETY: as above.
        let said = unsafe { mm::madvise(page.cast(), bytes, Advice::LinuxDontNeed) };
        // SAFETY: as above.
        let clears = unsafe { page.read_volatile() } == 0;
        // SAFETY: as above.
        let _ = unsafe { mm::munmap(page.cast(), bytes) };
        // Of a page that is locked the advice is refused: then it is not known yet.
        if said.is_ok() {
            self.purges.store(if clears { CLEARS } else { KEEPS }, Ordering::Relaxed);
        }
        clears
    }
}

impl Default for LinuxPages {
    fn default() -> Self {
        Self::new()
    }
}

/// Rounds of waiting that all threads make together between two in which one sleeps.
const ROUNDS_A_SLEEP: u32 = 16;
/// A sleep's length, which the system rounds up to some 50,000.
const SLEEP_NS: i64 = 1000;

impl Relax for LinuxPages {
    /// Waits a little; now and then sleeps, so that whoever holds the lock gets a processor. Nobody wakes the sleeper:
    /// of all calls that wait, this alone is one that every allocator makes, and a sandbox lets pass.
    fn relax() {
        static ROUNDS: AtomicU32 = AtomicU32::new(0);
        static NOTHING: AtomicU32 = AtomicU32::new(0);
        for _ in 0..32 {
            core::hint::spin_loop();
        }
        if ROUNDS.fetch_add(1, Ordering::Relaxed).is_multiple_of(ROUNDS_A_SLEEP) {
            let time = Timespec { tv_sec: 0, tv_nsec: SLEEP_NS };
            let _ = futex::wait(&NOTHING, Flags::PRIVATE, 0, Some(&time));
        }
    }
}

// SAFETY: the kernel hands out disjoint mappings; anonymous memory is zero until it is written and after
// MADV_DONTNEED; mremap keeps contents; none of these calls reaches an allocator.
unsafe impl PageProvider for LinuxPages {
    fn page_bytes(&self) -> usize {
        page::bytes(&self.page_bytes)
    }

    fn reserve(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        self.runs.reserve(bytes, align, self.page_bytes())
    }

    unsafe fn reserve_with(&self, bytes: usize, align: usize, parts: &[(usize, usize)]) -> Option<NonNull<u8>> {
        // SAFETY: the caller's promise.
        unsafe { self.runs.reserve_with(bytes, align, self.page_bytes(), parts) }
    }

    unsafe fn release_with(&self, start: NonNull<u8>, bytes: usize, parts: &[(usize, usize)]) {
        // SAFETY: the caller's promise.
        unsafe { self.runs.release(start, bytes, parts) };
    }

    unsafe fn commit(&self, start: NonNull<u8>, bytes: usize) -> Result<(), Refused> {
        // SAFETY: the caller's promise.
        unsafe { self.runs.commit(start, bytes) }
    }

    fn dedicate(&self, start: NonNull<u8>, bytes: usize, users: Users) {
        if witness::is_on() {
            match users {
                Users::All => valgrind::untrack(start.as_ptr(), bytes),
                Users::SlowPaths => valgrind::hide(start.as_ptr(), bytes),
            }
        }
    }

    unsafe fn prefer_huge_pages(&self, start: NonNull<u8>, bytes: usize) {
        // SAFETY: ours, by the caller's promise. Where it is refused, the pages stay small.
        let _ = unsafe { advice::give(start, bytes, Advice::LinuxHugepage) };
    }

    unsafe fn prefer_small_pages(&self, start: NonNull<u8>, bytes: usize) {
        // SAFETY: as above. Where it is refused, the system may make huge pages of what is half used.
        let _ = unsafe { advice::give(start, bytes, Advice::LinuxNoHugepage) };
    }

    unsafe fn populate(&self, start: NonNull<u8>, bytes: usize) -> bool {
        // SAFETY: ours, by the caller's promise; what the pages hold stays.
        let done = unsafe { advice::give(start, bytes, Advice::LinuxPopulateWrite) };
        if matches!(done, Err(Errno::INVAL | Errno::PERM | Errno::NOSYS | Errno::ACCESS)) {
            // Linux before 5.14 does not know it, and a sandbox may not want it.
            // SAFETY: the caller's promise.
            unsafe { touch(start, bytes, self.page_bytes()) };
            return true;
        }
        done.is_ok()
    }

    unsafe fn purge(&self, start: NonNull<u8>, bytes: usize) -> Purged {
        // SAFETY: nobody needs the contents, by the caller's promise.
        match unsafe { advice::give(start, bytes, Advice::LinuxDontNeed) } {
            Ok(()) if self.clears() => Purged::Zeroed,
            _ => Purged::Kept,
        }
    }

    unsafe fn guard(&self, start: NonNull<u8>, bytes: usize) -> bool {
        // SAFETY: ours, and nobody uses them, by the caller's promise. It is refused where mappings are too many.
        unsafe { mm::mprotect(start.as_ptr().cast(), bytes, MprotectFlags::empty()) }.is_ok()
    }

    unsafe fn unguard(&self, start: NonNull<u8>, bytes: usize) -> bool {
        // SAFETY: ours, by the caller's promise.
        unsafe { mapping::open(start, bytes) }
    }

    unsafe fn release(&self, start: NonNull<u8>, bytes: usize) {
        // SAFETY: a whole run of ours that nobody uses.
        unsafe { mapping::unmap(start, bytes) };
    }

    fn map(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        let run = mapping::map_aligned(bytes, align, self.page_bytes())?;
        if witness::is_on() {
            valgrind::hide(run.as_ptr(), bytes);
        }
        Some(run)
    }

    unsafe fn remap(&self, start: NonNull<u8>, old_bytes: usize, new_bytes: usize) -> Option<NonNull<u8>> {
        // SAFETY: a whole mapping of ours.
        let moved = unsafe { mm::mremap(start.as_ptr().cast(), old_bytes, new_bytes, MremapFlags::MAYMOVE) };
        NonNull::new(moved.ok()?.cast())
    }

    fn key(&self) -> [u32; KEY_WORDS] {
        seed::key()
    }

    fn caller(&self, frames: &mut [usize]) -> (u64, usize) {
        caller::tell(frames)
    }

    fn now_ms(&self) -> u64 {
        let mut now = [0i64; 2];
        // SAFETY: a timespec is two words on every 64-bit Linux; on failure both stay 0.
        unsafe { clock_gettime(CLOCK_MONOTONIC_COARSE, &raw mut now) };
        now[0] as u64 * 1000 + now[1] as u64 / 1_000_000
    }

    fn memory_bytes(&self) -> usize {
        world::memory_bytes()
    }

    fn processors(&self) -> NonZeroU32 {
        world::processors()
    }

    fn zone_bytes(&self) -> usize {
        self.runs.zone_bytes()
    }
}
