//! What measures against misuse do with large blocks: a guard behind each, and a quarantine that costs addresses only.

#![allow(unsafe_code, reason = "forbids mappings")]

use core::ptr::NonNull;

use super::Large;
use super::mapping::Mapping;
use crate::base::sync::Ordering;
use crate::config::flags::Harden;
use crate::harden::quarantine::LARGE_SHARE;
use crate::pages::PageProvider;
use crate::superslab::Territory;

impl<P: PageProvider> Large<P> {
    /// A freed block waits, or goes back at once; it is out of the table, its bytes are still live ones.
    pub(super) fn set_aside(&self, territory: &Territory<P>, mapping: Mapping) {
        let most = territory.measures.quarantine_bytes.load(Ordering::Relaxed).saturating_mul(LARGE_SHARE);
        if !territory.measures.has(Harden::QUARANTINE) || mapping.bytes > most {
            return self.let_go(territory, mapping);
        }
        if let Some(start) = NonNull::new(mapping.start) {
            // SAFETY: mapped by the provider, and in nobody's hands. Who refuses leaves it as it was.
            unsafe {
                territory.provider.purge(start, mapping.bytes);
                territory.provider.guard(start, mapping.bytes);
            }
        }
        loop {
            let mut table = self.table.lock();
            if table.waiting.push(mapping, most) {
                return;
            }
            let Some(oldest) = table.waiting.pop() else { break };
            drop(table);
            self.let_go(territory, oldest);
        }
        self.let_go(territory, mapping);
    }

    fn let_go(&self, territory: &Territory<P>, mapping: Mapping) {
        self.live_bytes.fetch_sub(mapping.bytes, Ordering::Relaxed);
        self.unmap(territory, mapping);
    }

    /// Lets all go that wait; true if there was one.
    pub fn free_waiting(&self, territory: &Territory<P>) -> bool {
        let mut any = false;
        loop {
            let Some(oldest) = self.table.lock().waiting.pop() else { return any };
            self.let_go(territory, oldest);
            any = true;
        }
    }

    /// The mapping with its last `guard` bytes forbidden, if they can be.
    pub(super) fn guarded(territory: &Territory<P>, mapping: Mapping, guard: usize) -> Mapping {
        if guard == 0 || mapping.bytes <= guard || !territory.measures.guards.add() {
            return mapping;
        }
        let bytes = mapping.bytes - guard;
        let end = NonNull::new(mapping.start.wrapping_add(bytes));
        // SAFETY: the last page of a mapping of ours that nobody has seen, or knows to be longer.
        if end.is_some_and(|end| unsafe { territory.provider.guard(end, guard) }) {
            return Mapping { bytes, guard, ..mapping };
        }
        territory.measures.guards.refused();
        mapping
    }

    /// The same mapping without a guard; `None` if it cannot be permitted.
    pub(super) fn unguarded(territory: &Territory<P>, mapping: Mapping) -> Option<Mapping> {
        if mapping.guard == 0 {
            return Some(mapping);
        }
        let end = NonNull::new(mapping.start.wrapping_add(mapping.bytes))?;
        // SAFETY: forbidden whole by `guarded`.
        if !unsafe { territory.provider.unguard(end, mapping.guard) } {
            return None;
        }
        territory.measures.guards.remove();
        Some(Mapping { bytes: mapping.bytes + mapping.guard, guard: 0, ..mapping })
    }
}
