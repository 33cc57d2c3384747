//! The walk over every hole of the bounded profile.

#![allow(unsafe_code, reason = "reads the holes")]

use super::bins::Bin;
use super::{Bounded, Links};
use crate::inspect::{Broken, check};

impl Bounded {
    /// Looks at each list, each hole in it, and the marks in and beside the hole.
    pub(super) fn walk(&self) -> Result<(), Broken> {
        let mut holes = 0;
        for (bin, head, is_filled) in self.bins.all() {
            expect("bins", bin.number(), usize::from(is_filled), usize::from(head != 0))?;
            let (mut before, mut at) = (0, usize::from(head));
            while at != 0 {
                holes += 1;
                if at > self.last || holes > self.last {
                    let (found, expected) = (at as u64, self.last as u64);
                    return Err(Broken { invariant: "bins", at: bin.number(), found, expected });
                }
                self.look_at(bin, at)?;
                // SAFETY: in the region, and nobody else's if the list is right.
                let links: Links = unsafe { (*self.edge(at)).links };
                expect("bins", at, usize::from(links.before), before)?;
                (before, at) = (at, usize::from(links.next));
            }
        }
        // Without a region there are no marks at its ends.
        if self.last == 0 {
            return Ok(());
        }
        expect("marks", 0, self.bit(0), 1)?;
        expect("marks", self.last + 1, self.bit(self.last + 1), 1)
    }

    fn look_at(&self, bin: Bin, at: usize) -> Result<(), Broken> {
        // SAFETY: in the region, and nobody else's if the list is right.
        let (size, number) = unsafe { (usize::from((*self.edge(at)).size), usize::from((*self.edge(at)).bin)) };
        if size == 0 || size > self.last + 1 - at {
            return expect("bins", at, size, self.last + 1 - at);
        }
        expect("bins", at, number, bin.number())?;
        expect("bins", at, Bin::of(size).number(), bin.number())?;
        // SAFETY: the last two bytes of the hole.
        expect("bins", at, usize::from(unsafe { (*self.edge(at + size)).size_before }), size)?;
        for granule in at..at + size {
            expect("marks", granule, self.bit(granule), 0)?;
        }
        expect("marks", at - 1, self.bit(at - 1), 1)?;
        expect("marks", at + size, self.bit(at + size), 1)
    }

    fn bit(&self, at: usize) -> usize {
        // SAFETY: in the region, or at one of its ends.
        usize::from(unsafe { self.marks.is_set(at) })
    }
}

fn expect(invariant: &'static str, at: usize, found: usize, expected: usize) -> Result<(), Broken> {
    check(invariant, at, found as u64, expected as u64)
}
