//! Mappings: what the system is asked for them, by calls of our own.

#![allow(unsafe_code, reason = "maps and unmaps memory")]

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use hakmem_core::pages::Refused;
use hakmem_core::seam::align_up;
use rustix::io::Errno;
use rustix::mm::{self, Advice, MapFlags, MprotectFlags, ProtFlags};

use crate::{advice, valgrind, witness};

/// Maps pages to read and write, wherever they come to lie.
pub(crate) fn map_anywhere(bytes: usize) -> Option<*mut u8> {
    map(bytes, ProtFlags::READ | ProtFlags::WRITE, MapFlags::empty())
}

fn map(bytes: usize, protection: ProtFlags, flags: MapFlags) -> Option<*mut u8> {
    // SAFETY: a new private mapping overlaps nothing.
    let start = unsafe { mm::mmap_anonymous(ptr::null_mut(), bytes, protection, MapFlags::PRIVATE | flags) };
    start.ok().map(<*mut c_void>::cast)
}

/// Maps `bytes` at a multiple of `align`: maps more, and cuts both ends off.
pub(crate) fn map_aligned(bytes: usize, align: usize, page: usize) -> Option<NonNull<u8>> {
    cut_to(bytes, align, page, map_anywhere)
}

/// Maps `bytes` at a multiple of `align` that nobody can use yet, and that cost no memory.
pub(crate) fn hold(bytes: usize, align: usize, page: usize) -> Option<NonNull<u8>> {
    let run = cut_to(bytes, align, page, |bytes| map(bytes, ProtFlags::empty(), MapFlags::NORESERVE))?;
    refuse_huge_pages(run, bytes);
    Some(run)
}

fn cut_to(bytes: usize, align: usize, page: usize, map: impl Fn(usize) -> Option<*mut u8>) -> Option<NonNull<u8>> {
    if !align.is_power_of_two() {
        return None;
    }
    if align <= page {
        return NonNull::new(map(bytes)?);
    }
    let whole = bytes.checked_add(align - page)?;
    let start = map(whole)?;
    let aligned = align_up(start, align);
    let before = aligned.addr() - start.addr();
    for (cut, length) in [(start, before), (aligned.wrapping_add(bytes), whole - before - bytes)] {
        if length > 0 {
            // SAFETY: both ends are ours, mapped just now. A cut that fails costs addresses only.
            let _ = unsafe { mm::munmap(cut.cast(), length) };
        }
    }
    NonNull::new(aligned)
}

/// Maps pages where they are to be, small or huge as the system likes; what is there already stays.
pub(crate) fn claim(start: NonNull<u8>, bytes: usize) -> Result<(), Refused> {
    let (at, access) = (start.as_ptr().cast(), ProtFlags::READ | ProtFlags::WRITE);
    // SAFETY: a new private mapping, which replaces nothing.
    match unsafe { mm::mmap_anonymous(at, bytes, access, MapFlags::PRIVATE | MapFlags::FIXED_NOREPLACE) } {
        Ok(mapped) if mapped == at => Ok(()),
        // Linux before 4.17, and some emulators, take the address for a wish.
        Ok(elsewhere) => {
            // SAFETY: mapped just now.
            let _ = unsafe { mm::munmap(elsewhere, bytes) };
            Err(Refused::Occupied)
        }
        Err(Errno::NOMEM | Errno::AGAIN) => Err(Refused::Memory),
        Err(_) => Err(Refused::Occupied),
    }
}

/// Where the system gives huge pages unasked, the first block of each superslab would cost 2 MiB.
pub(crate) fn refuse_huge_pages(start: NonNull<u8>, bytes: usize) {
    // SAFETY: ours, mapped just now. Where it is refused, memory is wasted.
    let _ = unsafe { advice::give(start, bytes, Advice::LinuxNoHugepage) };
}

/// Makes pages readable and writable; false where that is refused.
///
/// # Safety
///
/// They are ours.
pub(crate) unsafe fn open(start: NonNull<u8>, bytes: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe { mm::mprotect(start.as_ptr().cast(), bytes, MprotectFlags::READ | MprotectFlags::WRITE) }.is_ok()
}

/// Ends a mapping.
///
/// # Safety
///
/// It is ours, and nobody uses it.
pub(crate) unsafe fn unmap(start: NonNull<u8>, bytes: usize) {
    if witness::is_on() {
        valgrind::forget(start.as_ptr(), bytes);
    }
    // SAFETY: the caller's promise.
    if unsafe { mm::munmap(start.as_ptr().cast(), bytes) }.is_err() {
        // The process may have no mapping more, and this would cut one in two: addresses are lost, memory is not.
        // SAFETY: as above.
        let _ = unsafe { mm::madvise(start.as_ptr().cast(), bytes, Advice::LinuxDontNeed) };
    }
}
