//! Pages from Linux, by system calls of our own.
//!
//! Reserved address space is `PROT_NONE`, not counted by the kernel as memory, and left out of core dumps
//! until it is committed: the kernel would not write it in any case, but gdb's `gcore` would.

#![allow(unsafe_code, reason = "maps and unmaps memory")]

use core::ffi::{c_int, c_void};
use core::num::NonZeroU32;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicUsize, Ordering};

use hakmem_core::base::address::align_up;
use hakmem_core::base::sync::Relax;
use hakmem_core::harden::random::KEY_WORDS;
use hakmem_core::pages::{Users, touch};
use hakmem_core::{PageProvider, Purged};
use rustix::io::Errno;
use rustix::mm::{self, Advice, MapFlags, MprotectFlags, MremapFlags, ProtFlags};
use rustix::process::{Resource, getrlimit};
use rustix::rand::{GetRandomFlags, getrandom};

use crate::{caller, memory_limit, told, valgrind};

/// Room for blocks in the first zone: at most this much address space.
const ZONE_MOST: usize = 1 << 40;
/// And at least so much where the process may use all it wants.
const ZONE_LEAST: usize = 16 << 30;

/// Reserves of so many bytes keep the addresses around them that their alignment cost.
const SLACK_FROM: usize = 1 << 30;

const CLOCK_MONOTONIC: c_int = 1;
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
    /// The newest reserve.
    reserve: AtomicPtr<u8>,
    reserve_bytes: AtomicUsize,
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
        Self {
            page_bytes: AtomicUsize::new(0),
            reserve: AtomicPtr::new(ptr::null_mut()),
            reserve_bytes: AtomicUsize::new(0),
            purges: AtomicU8::new(0),
        }
    }

    fn map_anywhere(bytes: usize, protection: ProtFlags, flags: MapFlags) -> Option<*mut u8> {
        // SAFETY: a new private mapping overlaps nothing.
        let start = unsafe { mm::mmap_anonymous(ptr::null_mut(), bytes, protection, MapFlags::PRIVATE | flags) };
        start.ok().map(<*mut c_void>::cast)
    }

    /// Makes pages readable and writable.
    ///
    /// # Safety
    ///
    /// They are ours.
    unsafe fn open(pages: *mut c_void, bytes: usize) -> bool {
        // SAFETY: the caller's promise.
        unsafe { mm::mprotect(pages, bytes, MprotectFlags::READ | MprotectFlags::WRITE) }.is_ok()
    }

    /// The process may have no mapping more: where the reserve is to be in core dumps like what is committed of it,
    /// committing only moves the border between two mappings. True if that is worth another try.
    fn join_reserve(&self, start: NonNull<u8>) -> bool {
        let (reserve, bytes) = (self.reserve.load(Ordering::Relaxed), self.reserve_bytes.load(Ordering::Relaxed));
        if start.addr().get().wrapping_sub(reserve.addr()) >= bytes {
            return false;
        }
        // SAFETY: ours, and never given back. It changes what a core dump holds, which is nothing of such pages.
        unsafe { mm::madvise(reserve.cast(), bytes, Advice::LinuxDoDump) }.is_ok()
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
        let Some(page) = Self::map_anywhere(bytes, ProtFlags::READ | ProtFlags::WRITE, MapFlags::empty()) else {
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

    /// Maps `bytes` at a multiple of `align`: maps more, and cuts both ends off where that is not little.
    fn map_aligned(&self, bytes: usize, align: usize, protection: ProtFlags, flags: MapFlags) -> Option<NonNull<u8>> {
        let page = self.page_bytes();
        if align <= page {
            return NonNull::new(Self::map_anywhere(bytes, protection, flags)?);
        }
        let whole = bytes.checked_add(align - page)?;
        let start = Self::map_anywhere(whole, protection, flags)?;
        let aligned = align_up(start, align);
        if protection.is_empty() && bytes >= SLACK_FROM {
            return NonNull::new(aligned);
        }
        let before = aligned.addr() - start.addr();
        let after = whole - before - bytes;
        for (cut, length) in [(start, before), (aligned.wrapping_add(bytes), after)] {
            if length > 0 {
                // SAFETY: both ends are ours, mapped just now. A cut that fails costs addresses only.
                let _ = unsafe { mm::munmap(cut.cast(), length) };
            }
        }
        NonNull::new(aligned)
    }
}

impl Default for LinuxPages {
    fn default() -> Self {
        Self::new()
    }
}

impl Relax for LinuxPages {
    fn relax() {
        for _ in 0..32 {
            core::hint::spin_loop();
        }
        rustix::thread::sched_yield();
    }
}

// SAFETY: the kernel hands out disjoint mappings; anonymous memory is zero until it is written and after
// MADV_DONTNEED; mremap keeps contents; none of these calls reaches an allocator.
unsafe impl PageProvider for LinuxPages {
    fn page_bytes(&self) -> usize {
        page::bytes(&self.page_bytes)
    }

    fn reserve(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        self.reserve_with(bytes, align, &[])
    }

    fn reserve_with(&self, bytes: usize, align: usize, parts: &[(usize, usize)]) -> Option<NonNull<u8>> {
        let run = self.map_aligned(bytes, align, ProtFlags::empty(), MapFlags::NORESERVE)?;
        let at = |offset| run.as_ptr().wrapping_add(offset).cast();
        // Where the system gives huge pages unasked, the first block of each superslab would cost 2 MiB.
        // SAFETY: ours, just mapped. Where it is refused, memory is wasted.
        let _ = unsafe { mm::madvise(at(0), bytes, Advice::LinuxNoHugepage) };
        let mut done = 0;
        for &(offset, length) in parts.iter().chain([&(bytes, 0)]) {
            if offset > done {
                // SAFETY: as above. Where it is refused, a dump by others than the kernel has a hole more.
                let _ = unsafe { mm::madvise(at(done), offset - done, Advice::LinuxDontDump) };
            }
            // SAFETY: as above.
            if length > 0 && !unsafe { Self::open(at(offset), length) } {
                // SAFETY: as above, and nobody has seen it.
                unsafe { self.release(run, bytes) };
                return None;
            }
            done = offset + length;
        }
        self.reserve.store(run.as_ptr(), Ordering::Relaxed);
        self.reserve_bytes.store(bytes, Ordering::Relaxed);
        Some(run)
    }

    unsafe fn commit(&self, start: NonNull<u8>, bytes: usize) -> bool {
        let pages = start.as_ptr().cast();
        // SAFETY: the run is ours, by the caller's promise.
        let open = || unsafe { Self::open(pages, bytes) };
        if !(open() || self.join_reserve(start) && open()) {
            return false;
        }
        // SAFETY: as above. Where the advice is refused, a core dump lacks these pages.
        let _ = unsafe { mm::madvise(pages, bytes, Advice::LinuxDoDump) };
        true
    }

    fn dedicate(&self, start: NonNull<u8>, bytes: usize, users: Users) {
        if told::is_on() {
            match users {
                Users::All => valgrind::untrack(start.as_ptr(), bytes),
                Users::SlowPaths => valgrind::hide(start.as_ptr(), bytes),
            }
        }
    }

    unsafe fn prefer_huge_pages(&self, start: NonNull<u8>, bytes: usize) {
        // SAFETY: ours, by the caller's promise. Where it is refused, the pages stay small.
        let _ = unsafe { mm::madvise(start.as_ptr().cast(), bytes, Advice::LinuxHugepage) };
    }

    unsafe fn prefer_small_pages(&self, start: NonNull<u8>, bytes: usize) {
        // SAFETY: as above. Where it is refused, the system may make huge pages of what is half used.
        let _ = unsafe { mm::madvise(start.as_ptr().cast(), bytes, Advice::LinuxNoHugepage) };
    }

    unsafe fn populate(&self, start: NonNull<u8>, bytes: usize) -> bool {
        // SAFETY: ours, by the caller's promise; what the pages hold stays.
        let done = unsafe { mm::madvise(start.as_ptr().cast(), bytes, Advice::LinuxPopulateWrite) };
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
        match unsafe { mm::madvise(start.as_ptr().cast(), bytes, Advice::LinuxDontNeed) } {
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
        unsafe { Self::open(start.as_ptr().cast(), bytes) }
    }

    unsafe fn release(&self, start: NonNull<u8>, bytes: usize) {
        if told::is_on() {
            valgrind::forget(start.as_ptr(), bytes);
        }
        // SAFETY: a whole run of ours that nobody uses.
        if unsafe { mm::munmap(start.as_ptr().cast(), bytes) }.is_err() {
            // The process may have no mapping more, and this would cut one in two: addresses are lost, memory is not.
            // SAFETY: as above.
            let _ = unsafe { mm::madvise(start.as_ptr().cast(), bytes, Advice::LinuxDontNeed) };
        }
    }

    fn map(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        let run = self.map_aligned(bytes, align, ProtFlags::READ | ProtFlags::WRITE, MapFlags::empty())?;
        if told::is_on() {
            valgrind::hide(run.as_ptr(), bytes);
        }
        Some(run)
    }

    unsafe fn remap(&self, start: NonNull<u8>, old_bytes: usize, new_bytes: usize) -> Option<NonNull<u8>> {
        // SAFETY: a whole mapping of ours.
        let moved = unsafe { mm::mremap(start.as_ptr().cast(), old_bytes, new_bytes, MremapFlags::MAYMOVE) };
        NonNull::new(moved.ok()?.cast())
    }

    /// From the kernel; where it is refused, from the clock and from where we lie, which is little.
    fn key(&self) -> [u32; KEY_WORDS] {
        let mut bytes = [0; 4 * KEY_WORDS];
        if getrandom(&mut bytes, GetRandomFlags::NONBLOCK) == Ok(bytes.len()) {
            let words = bytes.as_chunks::<4>().0;
            let mut key = [0; KEY_WORDS];
            key.iter_mut().zip(words).for_each(|(place, &word)| *place = u32::from_ne_bytes(word));
            return key;
        }
        let mut now = [0i64; 2];
        // SAFETY: as in `now_ms`.
        unsafe { clock_gettime(CLOCK_MONOTONIC, &raw mut now) };
        let (here, there) = (ptr::from_ref(self).addr(), ptr::from_ref(&now).addr());
        [now[0] as u32, now[1] as u32, here as u32, (here >> 32) as u32, there as u32, (there >> 32) as u32, 0, 0]
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
        memory_limit::bytes()
    }

    fn processors(&self) -> NonZeroU32 {
        let usable = rustix::thread::sched_getaffinity(None).map_or(0, |processors| processors.count());
        NonZeroU32::new(usable).unwrap_or(NonZeroU32::MIN)
    }

    /// Four times the machine's memory, so that blocks never need a second zone; an eighth of the address
    /// space where that is limited.
    fn zone_bytes(&self) -> usize {
        let machine = rustix::system::sysinfo();
        let memory = (machine.totalram as usize).saturating_mul(machine.mem_unit as usize);
        let wanted = memory.saturating_mul(4).clamp(ZONE_LEAST, ZONE_MOST).next_power_of_two();
        match getrlimit(Resource::As).current {
            Some(limit) => wanted.min(limit as usize / 8),
            None => wanted,
        }
    }
}
