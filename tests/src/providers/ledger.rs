//! Every run that a provider handed out: what an auditor of the `PageProvider` contract writes down.

#![allow(unsafe_code, reason = "its pointers are only names")]

use std::collections::BTreeMap;
use std::ptr::NonNull;

struct Run {
    start: NonNull<u8>,
    bytes: usize,
    /// Committed parts, by their start; neighbours are joined.
    committed: BTreeMap<usize, usize>,
    /// Shut parts, by their start.
    shut: BTreeMap<usize, usize>,
}

/// A run, its length, and offset and length of what is committed of it.
pub type Named = (NonNull<u8>, usize, Vec<(usize, usize)>);

/// See the file's head. Each method panics if the call breaks the contract.
#[derive(Default)]
pub struct Ledger {
    runs: BTreeMap<usize, Run>,
}

// SAFETY: the pointers are names of runs here, never followed.
unsafe impl Send for Ledger {}

impl Ledger {
    /// No run yet.
    pub const fn new() -> Self {
        Self { runs: BTreeMap::new() }
    }

    /// Bytes of all runs.
    pub fn reserved(&self) -> usize {
        self.runs.values().map(|run| run.bytes).sum()
    }

    /// A run was handed out.
    pub fn reserve(&mut self, start: NonNull<u8>, bytes: usize, align: usize) {
        let at = start.addr().get();
        assert_eq!(at % align, 0, "a run at {at:#x} is not at a multiple of {align}");
        let before = self.runs.range(..at + bytes).next_back();
        let free = before.is_none_or(|(&other, run)| other + run.bytes <= at);
        assert!(free, "a run of {bytes} bytes at {at:#x} overlaps another");
        self.runs.insert(at, Run { start, bytes, committed: BTreeMap::new(), shut: BTreeMap::new() });
    }

    fn run_of(&mut self, start: NonNull<u8>, bytes: usize) -> &mut Run {
        let at = start.addr().get();
        let run = self.runs.range_mut(..=at).next_back().filter(|(base, run)| at + bytes <= **base + run.bytes);
        run.map(|(_, run)| run).unwrap_or_else(|| panic!("{bytes} bytes at {at:#x} lie in no run"))
    }

    /// Part of a run is committed.
    pub fn commit(&mut self, start: NonNull<u8>, bytes: usize) {
        let committed = &mut self.run_of(start, bytes).committed;
        let (mut from, mut to) = (start.addr().get(), start.addr().get() + bytes);
        while let Some((&other, &end)) = committed.range(..=to).next_back().filter(|(_, end)| **end >= from) {
            committed.remove(&other);
            (from, to) = (from.min(other), to.max(end));
        }
        committed.insert(from, to);
    }

    /// Part of a run is not committed any more.
    fn withdraw(&mut self, start: NonNull<u8>, bytes: usize) {
        let (from, to) = (start.addr().get(), start.addr().get() + bytes);
        let committed = &mut self.run_of(start, bytes).committed;
        if let Some((other, end)) = committed.range(..=from).next_back().map(|(&other, &end)| (other, end)) {
            committed.remove(&other);
            for (from, to) in [(other, from), (to, end)] {
                if from < to {
                    committed.insert(from, to);
                }
            }
        }
    }

    /// Part of a run is purged or populated: it must be committed.
    pub fn check_committed(&mut self, start: NonNull<u8>, bytes: usize) {
        let at = start.addr().get();
        let within = self.run_of(start, bytes).committed.range(..=at).next_back();
        assert!(within.is_some_and(|(_, &end)| at + bytes <= end), "{bytes} bytes at {at:#x} are not committed");
    }

    /// Part of a run is shut: it must be committed, and no part of it shut yet.
    pub fn guard(&mut self, start: NonNull<u8>, bytes: usize) {
        self.check_committed(start, bytes);
        let at = start.addr().get();
        let shut = &mut self.run_of(start, bytes).shut;
        let before = shut.range(..at + bytes).next_back();
        assert!(before.is_none_or(|(_, &end)| end <= at), "{bytes} bytes at {at:#x} are shut already");
        shut.insert(at, at + bytes);
    }

    /// Part of a run is opened: it must be committed; what was refused before may have left it open.
    pub fn unguard(&mut self, start: NonNull<u8>, bytes: usize) {
        self.check_committed(start, bytes);
        let (from, to) = (start.addr().get(), start.addr().get() + bytes);
        let shut = &mut self.run_of(start, bytes).shut;
        while let Some((&other, &end)) = shut.range(..to).next_back().filter(|(_, end)| **end > from) {
            shut.remove(&other);
            for (from, to) in [(other, from), (to, end)] {
                if from < to {
                    shut.insert(from, to);
                }
            }
        }
    }

    /// A run ends, whole; or part of one that was committed does, which another thread was faster to do without.
    pub fn release(&mut self, start: NonNull<u8>, bytes: usize) {
        let at = start.addr().get();
        let Some(run) = self.runs.remove(&at) else {
            self.check_committed(start, bytes);
            return self.withdraw(start, bytes);
        };
        assert_eq!(run.bytes, bytes, "the run at {at:#x} ends in part");
    }

    /// Forgets all runs, and names them.
    pub fn drain(&mut self) -> Vec<Named> {
        let named = |run: Run| {
            let at = run.start.addr().get();
            let parts = run.committed.into_iter().map(|(from, to)| (from - at, to - from)).collect();
            (run.start, run.bytes, parts)
        };
        core::mem::take(&mut self.runs).into_values().map(named).collect()
    }
}
