//! Runs of zones. Nothing is held that is not used: a run is a place where nobody lies (`place.rs`), and what is
//! committed of it is mapped there, unless somebody came first. On a system that maps nothing where it is told to, runs
//! are held without access from the start, where the system puts them.

#![allow(unsafe_code, reason = "ends mappings")]

use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, Ordering};

use hakmem_core::pages::Refused;
use rustix::process::{Resource, getrlimit};

use crate::{mapping, place};

/// The beginning of a run that fits no huge page need not be told that it gets none.
const HUGE_BYTES: usize = 2 << 20;
/// Places that are tried for a run before one is held.
const PLACES: usize = 64;
/// A run that is held has room for so many times the machine's memory, within bounds, and for a share of the addresses
/// where those are limited.
const HELD_TIMES: usize = 4;
const HELD_LEAST: usize = 16 << 30;
const HELD_MOST: usize = 1 << 40;
const HELD_SHARE: usize = 8;

/// Offsets and lengths of what is committed of a run; lengths of 0 for none.
type Parts<'a> = &'a [(usize, usize)];

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Runs {
    /// True once runs are held: they lie where no place of ours is.
    holds: AtomicBool,
}

impl Runs {
    /// No run yet; `holds`: all are to be held.
    pub(crate) const fn new(holds: bool) -> Self {
        Self { holds: AtomicBool::new(holds) }
    }

    fn holds(&self) -> bool {
        self.holds.load(Ordering::Relaxed)
    }

    /// True for what lies in a run that is held.
    fn is_held(&self, start: NonNull<u8>) -> bool {
        self.holds() && !place::is_ours(start.addr().get())
    }

    /// Bytes of blocks that a run has room for.
    pub(crate) fn zone_bytes(&self) -> usize {
        if self.holds() { held_most() } else { place::zone_bytes() }
    }

    /// A run of which nothing is committed.
    pub(crate) fn reserve(&self, bytes: usize, align: usize, page: usize) -> Option<NonNull<u8>> {
        if !align.is_power_of_two() {
            return None;
        }
        if !self.holds() {
            return NonNull::new(place::next(bytes, align)?);
        }
        // What is known of blocks takes an eighth as much as they do.
        if bytes / 2 > held_most() {
            return None;
        }
        let run = mapping::hold(bytes, align, page)?;
        if self.is_held(run) {
            return Some(run);
        }
        // SAFETY: mapped just now.
        unsafe { mapping::unmap(run, bytes) };
        None
    }

    /// A run of which these parts are committed.
    ///
    /// # Safety
    ///
    /// They lie within it.
    pub(crate) unsafe fn reserve_with(
        &self,
        bytes: usize,
        align: usize,
        page: usize,
        parts: Parts<'_>,
    ) -> Option<NonNull<u8>> {
        for _ in 0..PLACES {
            if self.holds() {
                break;
            }
            let run = self.reserve(bytes, align, page)?;
            // SAFETY: the caller's promise.
            match unsafe { self.commit_all(run, parts) } {
                Ok(()) => return Some(run),
                Err(Refused::Memory) => return None,
                Err(Refused::Occupied) => {}
            }
        }
        self.holds.store(true, Ordering::Relaxed);
        let run = self.reserve(bytes, align, page)?;
        // SAFETY: as above.
        if unsafe { self.commit_all(run, parts) }.is_ok() {
            return Some(run);
        }
        // SAFETY: held just now, and nobody has seen it.
        unsafe { mapping::unmap(run, bytes) };
        None
    }

    /// Makes part of a run readable and writable.
    ///
    /// # Safety
    ///
    /// The run is of [`Runs::reserve`].
    pub(crate) unsafe fn commit(&self, start: NonNull<u8>, bytes: usize) -> Result<(), Refused> {
        if !self.is_held(start) {
            return claim(start, bytes, 0);
        }
        // SAFETY: held by us.
        unsafe { open(start, bytes) }
    }

    /// All of them, or none.
    ///
    /// # Safety
    ///
    /// They lie within the run, which was reserved just now.
    unsafe fn commit_all(&self, run: NonNull<u8>, parts: Parts<'_>) -> Result<(), Refused> {
        for (done, &(offset, length)) in parts.iter().enumerate() {
            let Some(start) = NonNull::new(run.as_ptr().wrapping_add(offset)).filter(|_| length > 0) else { continue };
            let answer = if self.is_held(run) {
                // SAFETY: a part of a run that was reserved just now.
                unsafe { open(start, length) }
            } else {
                claim(start, length, HUGE_BYTES)
            };
            if let Err(refused) = answer {
                // SAFETY: as above, and nobody has seen it.
                unsafe { self.unmap_parts(run, parts.get(..done).unwrap_or_default()) };
                return Err(refused);
            }
        }
        Ok(())
    }

    /// Ends a run.
    ///
    /// # Safety
    ///
    /// These parts are committed, and nobody uses them.
    pub(crate) unsafe fn release(&self, run: NonNull<u8>, bytes: usize, parts: Parts<'_>) {
        if self.is_held(run) {
            // SAFETY: all of it is ours.
            unsafe { mapping::unmap(run, bytes) };
        } else {
            // SAFETY: the caller's promise.
            unsafe { self.unmap_parts(run, parts) };
        }
    }

    /// # Safety
    ///
    /// As above. A run that is held stays whole.
    unsafe fn unmap_parts(&self, run: NonNull<u8>, parts: Parts<'_>) {
        for &(offset, length) in parts.iter().filter(|part| part.1 > 0 && !self.is_held(run)) {
            if let Some(start) = NonNull::new(run.as_ptr().wrapping_add(offset)) {
                // SAFETY: the caller's promise.
                unsafe { mapping::unmap(start, length) };
            }
        }
    }
}

/// Claims part of a run; from `told_from` bytes on it is told that it gets no huge page.
fn claim(start: NonNull<u8>, bytes: usize, told_from: usize) -> Result<(), Refused> {
    mapping::claim(start, bytes)?;
    if bytes >= told_from {
        mapping::refuse_huge_pages(start, bytes);
    }
    Ok(())
}

/// Opens part of a run that is held.
///
/// # Safety
///
/// It is ours.
unsafe fn open(start: NonNull<u8>, bytes: usize) -> Result<(), Refused> {
    // SAFETY: the caller's promise.
    if unsafe { mapping::open(start, bytes) } { Ok(()) } else { Err(Refused::Memory) }
}

/// Bytes of blocks for which a run is held.
#[cold]
fn held_most() -> usize {
    let machine = rustix::system::sysinfo();
    let memory = (machine.totalram as usize).saturating_mul(machine.mem_unit as usize);
    let wanted = memory.saturating_mul(HELD_TIMES).clamp(HELD_LEAST, HELD_MOST).next_power_of_two();
    match getrlimit(Resource::As).current {
        Some(limit) => wanted.min(limit as usize / HELD_SHARE),
        None => wanted,
    }
}
