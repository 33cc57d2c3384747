//! The one unsafe trait between the core and the world.

#![allow(unsafe_code, reason = "the trait's promises are the core's foundation")]

use core::num::NonZeroU32;
use core::ptr::NonNull;

use crate::base::sync::{AtomicU8, Ordering, Relax};
use crate::harden::random::KEY_WORDS;

/// What a purged run holds afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purged {
    /// Reads as zero; costs no memory until it is touched.
    Zeroed,
    /// Unchanged: the provider could not take the pages back.
    Kept,
}

/// Why part of a run was not committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Memory, or addresses, are out.
    Memory,
    /// Something lies there: another part of the program came first, or what was committed by another thread.
    Occupied,
}

/// Who uses a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Users {
    /// Every path: it is the live map.
    All,
    /// Slow paths: it holds structures of theirs, or blocks, and each of these is a client's as long as it is live.
    SlowPaths,
}

/// Writes to each page of a run what it holds already, unless that shows that somebody has written to it.
///
/// # Safety
///
/// The run is committed, and others use it by atomics alone.
pub unsafe fn touch(start: NonNull<u8>, bytes: usize, page_bytes: usize) {
    for offset in (0..bytes).step_by(page_bytes.max(1)) {
        // SAFETY: within the run; a 0 in the place of a 0 changes nothing. Adding nothing would be compiled to nothing.
        let byte = unsafe { AtomicU8::from_ptr(start.as_ptr().wrapping_add(offset)) };
        let _ = byte.compare_exchange(0, 0, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// A source of page runs. Sizes and addresses are multiples of [`PageProvider::page_bytes`].
///
/// A run's states, and who may move it:
///
/// | state | readable | costs memory | left by |
/// |---|---|---|---|
/// | reserved | no | no | `commit` → committed, `release_with` → gone |
/// | committed, untouched | yes, zero | no | a write, `populate` → touched |
/// | touched | yes | yes | `purge` → committed, untouched (`Zeroed`) or touched (`Kept`) |
/// | guarded: committed, then shut | no | as before | `unguard` → committed; `purge`, `release` as there |
/// | gone | – | – | – |
///
/// # Safety
///
/// A reserved run overlaps no other live run. Nothing else of the program lies in what is committed of it, which can be
/// read and written until it is released. Untouched memory reads as zero. `remap` keeps the contents.
/// No method may call the allocator that uses the provider. Every method but `dedicate` is called without a lock held.
pub unsafe trait PageProvider: Relax + Sync {
    /// Bytes of a page, a power of two.
    fn page_bytes(&self) -> usize;

    /// Finds `bytes` of address space whose start is a multiple of `align`. A provider need not hold them: where it
    /// shares its addresses with the rest of the program, it may name a hole, and somebody may lie there later.
    fn reserve(&self, bytes: usize, align: usize) -> Option<NonNull<u8>>;

    /// Makes part of a reserved run readable and writable. What is committed already stays as it is, whether that is
    /// said to be [`Refused::Occupied`] or not: threads that grow at the same time commit the same part, some of it
    /// in use.
    ///
    /// # Safety
    ///
    /// The run lies within one reserved by this provider and not released.
    unsafe fn commit(&self, start: NonNull<u8>, bytes: usize) -> Result<(), Refused>;

    /// True if addresses are memory, used or not, as in a static region: then none are spent that may not be needed.
    fn addresses_are_memory(&self) -> bool {
        false
    }

    /// Reserves and commits parts, each an offset and a length, lengths of 0 for none. All of it, or nothing.
    ///
    /// # Safety
    ///
    /// The parts lie in ascending order, and the last one ends at the run's end at most.
    unsafe fn reserve_with(&self, bytes: usize, align: usize, parts: &[(usize, usize)]) -> Option<NonNull<u8>> {
        let run = self.reserve(bytes, align)?;
        for (done, &(offset, length)) in parts.iter().enumerate() {
            let start = NonNull::new(run.as_ptr().wrapping_add(offset))?;
            // SAFETY: part of the run that was reserved just now, by the caller's promise.
            if length > 0 && unsafe { self.commit(start, length) }.is_err() {
                // SAFETY: as above, and nobody has seen it.
                unsafe { self.release_with(run, bytes, parts.get(..done).unwrap_or_default()) };
                return None;
            }
        }
        Some(run)
    }

    /// Ends a reserved run of which those parts were committed, and no others.
    ///
    /// # Safety
    ///
    /// The run was reserved by this provider, and nobody uses it.
    unsafe fn release_with(&self, start: NonNull<u8>, bytes: usize, parts: &[(usize, usize)]) {
        let _ = parts;
        // SAFETY: the caller's promise.
        unsafe { self.release(start, bytes) };
    }

    /// Says who will use a committed run, before anybody does: for those who watch the process. A lock may be held.
    fn dedicate(&self, start: NonNull<u8>, bytes: usize, users: Users) {
        let _ = (start, bytes, users);
    }

    /// Says that a committed run will be touched whole: it may come in huge pages, if the system has them.
    ///
    /// # Safety
    ///
    /// The run is committed.
    unsafe fn prefer_huge_pages(&self, start: NonNull<u8>, bytes: usize) {
        let _ = (start, bytes);
    }

    /// Takes that back: a part of the run was given back, and is to be gone.
    ///
    /// # Safety
    ///
    /// The run is committed.
    unsafe fn prefer_small_pages(&self, start: NonNull<u8>, bytes: usize) {
        let _ = (start, bytes);
    }

    /// Has a committed run's pages be there before they are used; what they hold stays. False where memory was
    /// refused. A provider that knows no better way touches each.
    ///
    /// # Safety
    ///
    /// The run is committed, and others use it by atomics alone.
    unsafe fn populate(&self, start: NonNull<u8>, bytes: usize) -> bool {
        // SAFETY: the caller's promise.
        unsafe { touch(start, bytes, self.page_bytes()) };
        true
    }

    /// Gives the memory of a committed run back, the addresses stay.
    ///
    /// # Safety
    ///
    /// The run is committed, and nobody needs its contents.
    unsafe fn purge(&self, start: NonNull<u8>, bytes: usize) -> Purged;

    /// Shuts pages of a committed run: whoever touches them gets the system's fault, until `unguard`. What they hold
    /// stays. False where the provider cannot; then nothing has changed, or part of it is shut.
    ///
    /// # Safety
    ///
    /// The pages are committed, and nobody uses them.
    unsafe fn guard(&self, start: NonNull<u8>, bytes: usize) -> bool {
        let _ = (start, bytes);
        false
    }

    /// Opens them again; false where that was refused: then they may still be shut.
    ///
    /// # Safety
    ///
    /// The pages are committed, shut or not.
    unsafe fn unguard(&self, start: NonNull<u8>, bytes: usize) -> bool {
        let _ = (start, bytes);
        false
    }

    /// Ends a run that is committed throughout, or that the provider holds; or part of one that does not hold its runs,
    /// which was committed just now.
    ///
    /// # Safety
    ///
    /// The run was reserved (or mapped) whole by this provider, and nobody uses it, or nobody has seen the part.
    unsafe fn release(&self, start: NonNull<u8>, bytes: usize);

    /// Reserves and commits in one step.
    fn map(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        let run = self.reserve(bytes, align)?;
        // SAFETY: the run was reserved just now.
        if unsafe { self.commit(run, bytes) }.is_ok() {
            return Some(run);
        }
        // SAFETY: as above, and nobody has seen it.
        unsafe { self.release_with(run, bytes, &[]) };
        None
    }

    /// Grows or shrinks a mapped run, moving it if it must; `None` where the provider cannot.
    ///
    /// # Safety
    ///
    /// The run was mapped whole by this provider; on success the old address is gone.
    unsafe fn remap(&self, start: NonNull<u8>, old_bytes: usize, new_bytes: usize) -> Option<NonNull<u8>> {
        let _ = (start, old_bytes, new_bytes);
        None
    }

    /// A key that nobody can foretell, another with each call. A provider without one leaves placement the same in
    /// every run.
    fn key(&self) -> [u32; KEY_WORDS] {
        [0; KEY_WORDS]
    }

    /// Who calls: the thread's number, and how many of the frames it has written, which are addresses of calls,
    /// innermost first. A provider may not know.
    fn caller(&self, frames: &mut [usize]) -> (u64, usize) {
        let _ = frames;
        (0, 0)
    }

    /// Milliseconds of a clock that never runs backwards; a provider without one may count calls.
    fn now_ms(&self) -> u64;

    /// Bytes of memory that the process may have; asked once, of processes that have much.
    fn memory_bytes(&self) -> usize {
        usize::MAX
    }

    /// Processors that the process may use; asked once, of processes that have several threads. One that does not
    /// know says 1: then few threads have heaps of their own.
    fn processors(&self) -> NonZeroU32 {
        NonZeroU32::MIN
    }

    /// How many bytes of blocks the first zone should have room for.
    fn zone_bytes(&self) -> usize;
}
