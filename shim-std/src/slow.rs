//! The slow paths of the process's allocator, each compiled once and out of line: what every door calls
//! when a hot path says no. The first one that a thread takes has its end noticed.

use hakmem_core::config::settings::Settings;
use hakmem_core::{Fault, Front, Stats};

use crate::process::ALLOCATOR;
use crate::{current_front, thread_exit};

fn enter<T>(path: impl FnOnce(&Front) -> T) -> T {
    let front = current_front::own();
    let first = front.thread.get().is_null();
    let result = path(front);
    if first {
        thread_exit::arm();
    }
    result
}

/// See [`hakmem_core::Allocator::take_medium`] and [`hakmem_core::Allocator::take_slow`].
#[cold]
#[inline(never)]
pub fn take(bytes: usize) -> *mut u8 {
    let block = ALLOCATOR.take_medium(current_front::get(), bytes);
    if !block.is_null() {
        return block;
    }
    take_rest(bytes)
}

#[cold]
#[inline(never)]
fn take_rest(bytes: usize) -> *mut u8 {
    enter(|front| ALLOCATOR.take_slow(front, bytes))
}

/// See [`hakmem_core::Allocator::take_zeroed`].
#[cold]
#[inline(never)]
pub fn take_zeroed(bytes: usize) -> *mut u8 {
    enter(|front| ALLOCATOR.take_zeroed(front, bytes))
}

/// See [`hakmem_core::Allocator::take_aligned`].
#[cold]
#[inline(never)]
pub fn take_aligned(bytes: usize, align: usize) -> *mut u8 {
    enter(|front| ALLOCATOR.take_aligned(front, bytes, align))
}

/// See [`hakmem_core::Allocator::take_aligned_zeroed`].
#[cold]
#[inline(never)]
pub fn take_aligned_zeroed(bytes: usize, align: usize) -> *mut u8 {
    enter(|front| ALLOCATOR.take_aligned_zeroed(front, bytes, align))
}

/// See [`hakmem_core::Allocator::give_medium`] and [`hakmem_core::Allocator::give_slow`].
#[cold]
#[inline(never)]
pub fn give(pointer: *mut u8) -> Result<(), Fault> {
    if ALLOCATOR.give_medium(current_front::get(), pointer) {
        return Ok(());
    }
    give_rest(pointer)
}

#[cold]
#[inline(never)]
fn give_rest(pointer: *mut u8) -> Result<(), Fault> {
    enter(|front| ALLOCATOR.give_slow(front, pointer))
}

/// See [`hakmem_core::Allocator::resize`].
#[inline(never)]
pub fn resize(pointer: *mut u8, bytes: usize) -> Result<*mut u8, Fault> {
    enter(|front| ALLOCATOR.resize(front, pointer, bytes))
}

/// See [`hakmem_core::Allocator::usable`].
#[inline(never)]
pub fn usable(pointer: *mut u8) -> Result<usize, Fault> {
    ALLOCATOR.usable(pointer)
}

/// See [`hakmem_core::Allocator::trim`].
#[cold]
#[inline(never)]
pub fn trim() -> usize {
    enter(|front| ALLOCATOR.trim(front))
}

/// See [`hakmem_core::Allocator::configure`].
#[cold]
#[inline(never)]
pub fn configure(settings: &Settings) {
    enter(|front| ALLOCATOR.configure(front, settings));
}

/// See [`hakmem_core::Allocator::stats`].
#[cold]
#[inline(never)]
pub fn stats() -> Stats {
    ALLOCATOR.stats()
}

/// See [`hakmem_core::Allocator::before_fork`].
#[cold]
#[inline(never)]
pub fn before_fork() {
    ALLOCATOR.before_fork();
}

/// See [`hakmem_core::Allocator::after_fork`].
#[cold]
#[inline(never)]
pub fn after_fork(in_child: bool) {
    ALLOCATOR.after_fork(in_child);
}
