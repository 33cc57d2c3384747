//! The slow paths of the process's allocator, each compiled once and out of line: what every door calls
//! when a hot path says no. The first one that a thread takes has its end noticed. Where somebody is told of every
//! block, all of them lead there.

use hakmem_core::config::settings::Settings;
use hakmem_core::slab::SizeClass;
use hakmem_core::{Fault, Front, Stats};

use crate::first::First;
use crate::process::ALLOCATOR;
use crate::{current_front, fork, process, purge_thread, thread_exit, told, valgrind};

/// The first thread to come ends with the process: nothing of its need be handed over, and a program with
/// one thread calls no pthread function.
fn is_first_thread() -> bool {
    static THREAD: First = First::new();
    THREAD.is_first()
}

/// What a slow path does, between what every slow path does first and last.
pub(crate) fn enter<T>(path: impl FnOnce(&Front) -> T) -> T {
    let front = told::ours(current_front::own);
    let was_new = front.thread.get().is_null();
    if was_new && told::is_on() {
        // Another thread that has ended had it here, too.
        valgrind::untrack(core::ptr::from_ref(front).cast(), size_of_val(front));
    }
    let result = told::ours(|| path(front));
    // Not every path makes it a thread of ours.
    if was_new && !front.thread.get().is_null() && !is_first_thread() {
        thread_exit::arm();
        // With one thread there is no lock that a fork could find held.
        fork::arm();
    }
    purge_thread::attend();
    result
}

/// See [`hakmem_core::Allocator::take_medium`].
#[inline(never)]
pub fn take_medium(bytes: usize) -> *mut u8 {
    ALLOCATOR.take_medium(current_front::get(), bytes)
}

/// See [`hakmem_core::Allocator::take_slow`].
#[cold]
#[inline(never)]
pub fn take(bytes: usize) -> *mut u8 {
    if told::is_on() {
        return told::take(bytes, 1);
    }
    enter(|front| ALLOCATOR.take_slow(front, bytes))
}

/// See [`hakmem_core::Allocator::take_zeroed`].
#[cold]
#[inline(never)]
pub fn take_zeroed(bytes: usize) -> *mut u8 {
    if told::is_on() {
        return told::take_zeroed(bytes, 1);
    }
    enter(|front| ALLOCATOR.take_zeroed(front, bytes))
}

/// See [`hakmem_core::Allocator::take_aligned`].
#[cold]
#[inline(never)]
pub fn take_aligned(bytes: usize, align: usize) -> *mut u8 {
    if told::is_on() {
        return told::take(bytes, align);
    }
    enter(|front| ALLOCATOR.take_aligned(front, bytes, align))
}

/// See [`hakmem_core::Allocator::take_aligned_zeroed`].
#[cold]
#[inline(never)]
pub fn take_aligned_zeroed(bytes: usize, align: usize) -> *mut u8 {
    if told::is_on() {
        return told::take_zeroed(bytes, align);
    }
    enter(|front| ALLOCATOR.take_aligned_zeroed(front, bytes, align))
}

/// See [`hakmem_core::Allocator::take_sized`].
#[cold]
#[inline(never)]
pub fn take_sized(class: SizeClass) -> *mut u8 {
    if told::is_on() {
        return told::take(class.shape().bytes as usize, 1);
    }
    enter(|front| ALLOCATOR.take_sized(front, class))
}

/// See [`hakmem_core::Allocator::give_sized`].
///
/// # Safety
///
/// As there.
#[cold]
#[inline(never)]
#[allow(unsafe_code, reason = "passes a promise on")]
pub unsafe fn give_sized(class: SizeClass, pointer: *mut u8) -> Result<(), Fault> {
    if told::is_on() {
        return told::give(pointer);
    }
    // SAFETY: the caller's promise.
    enter(|front| unsafe { ALLOCATOR.give_sized(front, class, pointer) })
}

/// See [`hakmem_core::Allocator::give_packed`].
#[inline(never)]
pub fn give_packed(pointer: *mut u8) -> bool {
    ALLOCATOR.give_packed(current_front::get(), pointer)
}

/// See [`hakmem_core::Allocator::give_slow`].
#[cold]
#[inline(never)]
pub fn give(pointer: *mut u8) -> Result<(), Fault> {
    if told::is_on() {
        return told::give(pointer);
    }
    enter(|front| ALLOCATOR.give_slow(front, pointer))
}

/// See [`hakmem_core::Allocator::resize`].
#[inline(never)]
pub fn resize(pointer: *mut u8, bytes: usize) -> Result<*mut u8, Fault> {
    if told::is_on() {
        return told::resize(pointer, bytes);
    }
    enter(|front| ALLOCATOR.resize(front, pointer, bytes))
}

/// See [`hakmem_core::Allocator::usable`].
#[inline(never)]
pub fn usable(pointer: *mut u8) -> Result<usize, Fault> {
    if told::is_on() {
        return told::usable(pointer);
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
    told::ours(|| ALLOCATOR.prewarm(bytes))
}

/// The calling thread takes `blocks` blocks of every class up to 1 KiB and gives them back, so that later
/// calls find them at hand. Returns the bytes of all blocks; none is at hand where somebody is told of each.
#[cold]
#[inline(never)]
pub fn prewarm_classes(blocks: usize) -> usize {
    if told::is_on() {
        return 0;
    }
    enter(|front| ALLOCATOR.prewarm_classes(front, blocks))
}

/// See [`hakmem_core::Allocator::configure`].
#[cold]
#[inline(never)]
pub fn configure(settings: &Settings) {
    ALLOCATOR.on_written(process::written_after_free);
    let mut settings = *settings;
    if told::is_on() {
        (settings.prewarm_blocks, settings.off) = (0, settings.off.union(told::OFF));
    }
    enter(|front| ALLOCATOR.configure(front, &settings));
    purge_thread::want(settings.purge_thread);
}

/// See [`hakmem_core::Allocator::stats`].
#[cold]
#[inline(never)]
pub fn stats() -> Stats {
    told::ours(|| ALLOCATOR.stats())
}

/// See [`hakmem_core::Allocator::reserved`]; a block is taken and given back first, so that there are zones.
#[cold]
#[inline(never)]
pub fn reserved() -> usize {
    // What was just taken is no fault to give back.
    let _ = give(take(1));
    told::ours(|| ALLOCATOR.reserved())
}

/// See [`hakmem_core::Allocator::before_fork`].
#[cold]
#[inline(never)]
pub fn before_fork(alone: bool) -> u32 {
    told::ours(|| ALLOCATOR.before_fork(alone))
}

/// See [`hakmem_core::Allocator::after_fork`].
#[cold]
#[inline(never)]
pub fn after_fork(held: u32, alone: bool, in_child: bool) {
    told::ours(|| ALLOCATOR.after_fork(held, alone, in_child));
}
