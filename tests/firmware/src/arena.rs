//! Static memory of which the checks take regions in turn. What is not lent must stay as it is.

#![allow(unsafe_code, reason = "writes the memory around what it lends")]

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::board::sizes::ARENA_BYTES;

/// Offset and bytes.
pub type Part = (usize, usize);

#[repr(align(64))]
struct Arena(UnsafeCell<MaybeUninit<[u8; ARENA_BYTES]>>);

// SAFETY: `lend` hands it out once at a time.
unsafe impl Sync for Arena {}

static ARENA: Arena = Arena(UnsafeCell::new(MaybeUninit::uninit()));
static IS_LENT: AtomicBool = AtomicBool::new(false);

const GUARD: u8 = 0xA5;

/// Lends some parts of the arena, and panics if a byte around them has changed afterwards. Not for interrupts.
pub fn lend<T, const N: usize>(parts: [Part; N], closure: impl FnOnce([*mut u8; N]) -> T) -> T {
    assert!(!IS_LENT.load(Ordering::Relaxed), "one at a time");
    assert!(parts.iter().all(|&(offset, bytes)| offset + bytes <= ARENA_BYTES), "within the arena");
    IS_LENT.store(true, Ordering::Relaxed);
    let arena: *mut u8 = ARENA.0.get().cast();
    // SAFETY: not lent.
    unsafe { arena.write_bytes(GUARD, ARENA_BYTES) };
    let answer = closure(parts.map(|(offset, _)| arena.wrapping_add(offset)));
    let is_lent = |&at: &usize| parts.iter().any(|&(offset, bytes)| (offset..offset + bytes).contains(&at));
    for at in (0..ARENA_BYTES).filter(|at| !is_lent(at)) {
        // SAFETY: written above.
        let found = unsafe { arena.add(at).read() };
        assert_eq!(found, GUARD, "byte {at} of the arena, which is nobody's, was written: {parts:?}");
    }
    IS_LENT.store(false, Ordering::Relaxed);
    answer
}
