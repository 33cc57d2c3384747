//! Wrong frees: each is told as what it is, by whichever thread, and changes nothing.

#![allow(unsafe_code, reason = "frees what is no live block")]

use hakmem_core::{Fault, FaultKind, PageProvider};

use super::{Driver, THREADS};
use crate::action::Wrong;

/// Of so many wrong frees every one is audited, later ones now and then.
const EACH: usize = 8;
const NOW_AND_THEN: usize = 16;

/// The shortest page that there is.
const PAGE: usize = 4096;

/// What must be said of a pointer: this, or any fault where what was there is used anew.
type Verdict = Option<(FaultKind, usize)>;

impl<P: PageProvider> Driver<'_, P> {
    pub(super) fn misuse(&mut self, slot: u8, wrong: Wrong, offset: u32) {
        let (live, former) = (self.slots[usize::from(slot)], self.former[usize::from(slot)]);
        let from = if live.is_null() { former.block } else { live };
        let local = [0u64; 2];
        let pointer = match wrong {
            Wrong::Twice => former.block,
            Wrong::Inside if live.is_null() => return,
            Wrong::Inside => live.wrapping_add(1 + offset as usize % self.usable(live)),
            Wrong::Astray => from.wrapping_add(offset as usize),
            Wrong::Foreign => self.foreign(&local, offset),
        };
        if from.is_null() && wrong != Wrong::Foreign || pointer.is_null() {
            return;
        }
        let verdict = match self.oracle.covering(pointer.addr()) {
            // It looks right.
            Some((start, _)) if start == pointer => return,
            Some((start, usable)) => self.inside(start, usable, pointer),
            None if wrong == Wrong::Foreign => Some((FaultKind::Foreign, 0)),
            None if wrong == Wrong::Twice && former.reuses == self.reuses => Some((FaultKind::DoubleFree, usize::MAX)),
            None => None,
        };
        self.expect(pointer, verdict);
    }

    /// Memory of others: the stack, a boxed value, a static one, and where nothing is.
    fn foreign(&self, local: &[u64; 2], which: u32) -> *mut u8 {
        static WORDS: [u64; 2] = [0; 2];
        let address = match which % 8 {
            0 => local.as_ptr().addr(),
            1 => WORDS.as_ptr().addr(),
            2 => (&raw const *self.fronts[0]).addr(),
            3 => 1 + which as usize % 4096,
            4 => usize::MAX - which as usize,
            5 => isize::MAX as usize & !(which as usize),
            6 => 1 << 63 | which as usize,
            _ => (&raw const *self).addr(),
        };
        core::ptr::without_provenance_mut(address)
    }

    /// What is wrong with a pointer into a live block behind its start.
    fn inside(&self, start: *mut u8, usable: usize, pointer: *mut u8) -> Verdict {
        let offset = pointer.addr() - start.addr();
        Some(match self.allocator.class_of(start) {
            // A page of a large block may be remembered as the start of one that was freed or moved.
            None if pointer.addr().is_multiple_of(PAGE) => return None,
            None => (FaultKind::Foreign, 0),
            Some(class) if !offset.is_multiple_of(class.alignment()) => (FaultKind::Misaligned, usable),
            Some(_) => (FaultKind::InnerPointer, usable),
        })
    }

    /// Two threads free the pointer, in vain.
    fn expect(&mut self, pointer: *mut u8, verdict: Verdict) {
        self.misuses += 1;
        let audited = self.misuses <= EACH || self.misuses.is_multiple_of(NOW_AND_THEN);
        let before = audited.then(|| self.audit());
        for thread in [self.current, (self.current + 1) % THREADS] {
            let front = &self.fronts[thread];
            let fault = self.give_to(front, pointer).expect_err("a misuse is a fault");
            check(fault, pointer, verdict);
        }
        assert!(self.allocator.usable(pointer).is_err(), "{pointer:p} has no size");
        // SAFETY: no live block starts there.
        let resized = unsafe { self.allocator.resize(self.front(), pointer, 100) };
        assert!(resized.is_err(), "{pointer:p} cannot be resized");
        if let Some(before) = before {
            assert_eq!(self.audit(), before, "a fault changes nothing");
        }
    }
}

fn check(fault: Fault, pointer: *mut u8, verdict: Verdict) {
    assert_eq!(fault.address, pointer.addr(), "{fault}");
    if let Some((kind, bytes)) = verdict {
        assert_eq!(fault.kind, kind, "{fault}");
        assert!(bytes == usize::MAX || fault.block_bytes == bytes, "not {bytes} bytes: {fault}");
    }
}
