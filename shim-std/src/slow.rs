//! The slow paths of the process's allocator, each compiled once and out of line: what every door calls
//! when a hot path says no. The first one that a thread takes has its end noticed. Where somebody is told of every
//! block, all of them lead there.

#![allow(unsafe_code, reason = "passes promises on")]

use core::sync::atomic::Ordering;

use hakmem_core::seam::SizeClass;
use hakmem_core::{Fault, Harden, Settings, Stats};

use crate::entry::{enter, enter_untold, is_told, ours};
use crate::process::{ALLOCATOR, SURVIVE_FAULTS};
use crate::{fork, front, process, purge_thread, seed, thread_exit, told, witness};

/// See [`hakmem_core::Allocator::take_medium`].
#[inline(never)]
pub(crate) fn take_medium(bytes: usize) -> *mut u8 {
    ALLOCATOR.take_medium(front::get(), bytes)
}

/// See [`hakmem_core::Allocator::take_slow`].
#[cold]
#[inline(never)]
pub fn take(bytes: usize) -> *mut u8 {
    if is_told() {
        return told::take(bytes, 1);
    }
    enter_untold(|front| ALLOCATOR.take_slow(front, bytes))
}

/// See [`hakmem_core::Allocator::take_zeroed`].
#[cold]
#[inline(never)]
pub fn take_zeroed(bytes: usize) -> *mut u8 {
    if is_told() {
        return told::take_zeroed(bytes, 1);
    }
    enter_untold(|front| ALLOCATOR.take_zeroed(front, bytes))
}

/// See [`hakmem_core::Allocator::take_aligned`].
#[cold]
#[inline(never)]
pub fn take_aligned(bytes: usize, align: usize) -> *mut u8 {
    if is_told() {
        return told::take(bytes, align);
    }
    enter_untold(|front| ALLOCATOR.take_aligned(front, bytes, align))
}

/// See [`hakmem_core::Allocator::take_aligned_zeroed`].
#[cold]
#[inline(never)]
pub fn take_aligned_zeroed(bytes: usize, align: usize) -> *mut u8 {
    if is_told() {
        return told::take_zeroed(bytes, align);
    }
    enter_untold(|front| ALLOCATOR.take_aligned_zeroed(front, bytes, align))
}

/// See [`hakmem_core::Allocator::take_sized`].
///
/// # Safety
///
/// As there.
#[cold]
#[inline(never)]
pub(crate) unsafe fn take_sized(class: SizeClass) -> *mut u8 {
    if is_told() {
        return told::take(class.shape().bytes as usize, 1);
    }
    // SAFETY: the caller's promise.
    enter_untold(|front| unsafe { ALLOCATOR.take_sized(front, class) })
}

/// See [`hakmem_core::Allocator::give_sized`].
///
/// # Safety
///
/// As there.
#[cold]
#[inline(never)]
pub(crate) unsafe fn give_sized(class: SizeClass, pointer: *mut u8) -> Result<(), Fault> {
    if is_told() {
        // SAFETY: the caller's promise.
        return unsafe { told::give(pointer) };
    }
    // SAFETY: the caller's promise.
    enter_untold(|front| unsafe { ALLOCATOR.give_sized(front, class, pointer) })
}

/// See [`hakmem_core::Allocator::give_packed`].
///
/// # Safety
///
/// As there.
#[inline(never)]
pub(crate) unsafe fn give_packed(pointer: *mut u8) -> bool {
    // SAFETY: the caller's promise.
    unsafe { front::give_packed(pointer) }
}

/// See [`hakmem_core::Allocator::check_size`].
#[cold]
#[inline(never)]
pub fn check_size(pointer: *mut u8, bytes: usize, align: usize) -> Result<(), Fault> {
    if is_told() { Ok(()) } else { ALLOCATOR.check_size(pointer, bytes, align) }
}

/// See [`hakmem_core::Allocator::give_slow`].
///
/// # Safety
///
/// As there.
#[cold]
#[inline(never)]
pub unsafe fn give(pointer: *mut u8) -> Result<(), Fault> {
    if is_told() {
        // SAFETY: the caller's promise.
        return unsafe { told::give(pointer) };
    }
    // SAFETY: as above.
    enter_untold(|front| unsafe { ALLOCATOR.give_slow(front, pointer) })
}

/// See [`hakmem_core::Allocator::resize`].
///
/// # Safety
///
/// As there.
#[inline(never)]
pub unsafe fn resize(pointer: *mut u8, bytes: usize) -> Result<*mut u8, Fault> {
    if is_told() {
        // SAFETY: the caller's promise.
        return unsafe { told::resize(pointer, bytes) };
    }
    // SAFETY: as above.
    enter_untold(|front| unsafe { ALLOCATOR.resize(front, pointer, bytes) })
}

/// See [`hakmem_core::Allocator::usable`].
///
/// # Safety
///
/// If a block starts there, nobody gives it back meanwhile: where somebody is told of blocks, its length stands in it.
#[inline(never)]
pub unsafe fn usable(pointer: *mut u8) -> Result<usize, Fault> {
    if is_told() {
        // SAFETY: the caller's promise.
        return unsafe { told::usable(pointer) };
    }
    ALLOCATOR.usable(pointer)
}

/// See [`hakmem_core::Allocator::trim`].
#[cold]
#[inline(never)]
pub fn trim() -> usize {
    enter(|front| ALLOCATOR.trim(front))
}

/// Has so many bytes more of free memory be there, for blocks up to 1 MiB: their first use costs no page faults
/// then. Returns the bytes that are there now, which are fewer where memory is out.
#[cold]
#[inline(never)]
pub fn prewarm(bytes: usize) -> usize {
    enter(|front| ALLOCATOR.prewarm(front, bytes))
}

/// The calling thread takes `blocks` blocks of every class up to 1 KiB and gives them back, so that later
/// calls find them at hand. Returns the bytes of all blocks; none is at hand where somebody is told of each.
#[cold]
#[inline(never)]
pub fn prewarm_classes(blocks: usize) -> usize {
    if is_told() {
        return 0;
    }
    enter(|front| ALLOCATOR.prewarm_classes(front, blocks))
}

/// Applies settings; for the calling thread and all later ones. Those that are the preload library's alone (`verbose`,
/// `pass_through`, `crash_message`, `oom_report`) do nothing.
#[cold]
pub fn configure(settings: &Settings) {
    SURVIVE_FAULTS.store(settings.survive_faults, Ordering::Relaxed);
    apply(&settings.with(|settings| settings.pass_through = false));
}

/// See [`hakmem_core::Allocator::configure`].
#[cold]
#[inline(never)]
pub fn apply(settings: &Settings) {
    // SAFETY: it says a line and ends the process, or not.
    unsafe { ALLOCATOR.on_written(process::written_after_free) };
    let mut settings = *settings;
    if settings.guard_rate > 0 || settings.harden.contains(Harden::RANDOM) {
        seed::fetch();
    }
    if is_told() {
        (settings.prewarm_blocks, settings.off) = (0, settings.off.union(witness::OFF));
    }
    enter(|front| ALLOCATOR.configure(front, &settings));
    if purge_thread::want(settings.purge_thread) {
        // The end of the first thread matters now, and there will be a lock that a fork could find held.
        thread_exit::arm();
        fork::arm();
    }
}

/// See [`hakmem_core::Allocator::stats`].
#[cold]
#[inline(never)]
pub fn stats() -> Stats {
    ours(|| ALLOCATOR.stats())
}
