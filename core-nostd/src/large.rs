//! Blocks too large for a superslab: a mapping each, found by address in a hash table, kept for a while
//! when they are freed. Stands on the superslab layer.
//!
//! `large-table`: a mapping is in the table iff a client owns it; in the cache iff it was freed and kept; it waits
//! iff it was freed and is in quarantine.
//! No lock is held while the provider works.

#![allow(unsafe_code, reason = "mappings are the provider's, and the table's room the store's")]

mod cache;
mod hardened;
mod mapping;
mod table;
mod waiting;

use core::ptr::NonNull;

use mapping::Mapping;
use table::{FIRST_SLOTS, Table};

use crate::base::address::round_up;
use crate::base::millis::Millis;
use crate::base::sync::{AtomicUsize, Guard, Lock, Ordering, Passage};
use crate::config::flags::Harden;
use crate::pages::PageProvider;
use crate::policy::retention;
use crate::superslab::Territory;

/// What a free of an address that no slab covers came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LargeFree {
    /// It was a large block; it is free now.
    Freed,
    /// It was one, and was freed before.
    Twice,
    /// It never was one, as far as we remember.
    Unknown,
}

/// See the file's head.
pub struct Large<P: PageProvider> {
    table: Lock<Table, P>,
    /// Bytes of the clients' mappings.
    pub live_bytes: AtomicUsize,
    /// Bytes of kept mappings.
    pub cached_bytes: AtomicUsize,
    /// Bytes that may be kept whatever is live.
    pub cache_ceiling: AtomicUsize,
}

impl<P: PageProvider> Large<P> {
    /// No block yet; freed ones are kept up to `cache_ceiling` bytes.
    ///
    /// # Safety
    ///
    /// What is reached through it is used as this crate's own layers use it: they trust each other.
    pub const unsafe fn new(cache_ceiling: usize) -> Self {
        Self {
            table: Lock::new(Table::new()),
            live_bytes: AtomicUsize::new(0),
            cached_bytes: AtomicUsize::new(0),
            cache_ceiling: AtomicUsize::new(cache_ceiling),
        }
    }

    /// A block of at least `bytes` at a multiple of `align`; true beside it if it reads as zero.
    pub fn allocate(&self, territory: &Territory<P>, bytes: usize, align: usize) -> Option<(NonNull<u8>, bool)> {
        let page = territory.provider.page_bytes();
        let bytes = round_up(bytes, page)?;
        let kept = {
            let mut table = self.table_with_room(territory)?;
            let kept = table.cache.take(bytes, align);
            if let Some(mapping) = kept {
                table.place(mapping);
                table.count += 1;
            }
            kept
        };
        if let Some(mapping) = kept {
            self.cached_bytes.fetch_sub(mapping.bytes, Ordering::Relaxed);
            self.live_bytes.fetch_add(mapping.bytes, Ordering::Relaxed);
            return Some((NonNull::new(mapping.start)?, false));
        }
        let guard = if territory.measures.has(Harden::GUARD_SLABS) { page } else { 0 };
        let whole = bytes.checked_add(guard)?;
        let start = match territory.provider.map(whole, align.max(page)) {
            Some(start) => start,
            None => {
                self.trim(territory, Millis::ZERO);
                self.free_waiting(territory);
                territory.provider.map(whole, align.max(page))?
            }
        };
        let mapping = Mapping { start: start.as_ptr(), bytes: whole, guard: 0 };
        self.adopt(territory, Self::guarded(territory, mapping, guard)).then_some((start, true))
    }

    /// Enters a mapping; where the table cannot grow, unmaps it and says false.
    fn adopt(&self, territory: &Territory<P>, mapping: Mapping) -> bool {
        if let Some(mut table) = self.table_with_room(territory) {
            table.place(mapping);
            table.count += 1;
            self.live_bytes.fetch_add(mapping.bytes, Ordering::Relaxed);
            return true;
        }
        self.unmap(territory, mapping);
        false
    }

    /// The table, which has room for one more; `None` when memory is out.
    fn table_with_room(&self, territory: &Territory<P>) -> Option<Guard<'_, Table, P>> {
        loop {
            let table = self.table.lock();
            if table.has_room() {
                return Some(table);
            }
            let capacity = (table.capacity * 2).max(FIRST_SLOTS);
            drop(table);
            let bytes = capacity * size_of::<Mapping>();
            let Some(room) = territory.store.take(&territory.provider, bytes) else {
                return Some(self.table.lock()).filter(|table| table.has_room());
            };
            // SAFETY: the room is that long and ours.
            unsafe { room.as_ptr().write_bytes(0, bytes) };
            let room = room.as_ptr().cast();
            let mut table = self.table.lock();
            // Somebody may have been faster.
            let (spare, slots) =
                if table.capacity < capacity { table.move_to(room, capacity) } else { (room, capacity) };
            drop(table);
            if let Some(spare) = NonNull::new(spare.cast()) {
                // SAFETY: taken from the store with this size; nobody uses it any more.
                unsafe { territory.store.give(&territory.provider, spare, slots * size_of::<Mapping>()) };
            }
        }
    }

    fn unmap(&self, territory: &Territory<P>, mapping: Mapping) {
        if let Some(start) = NonNull::new(mapping.start) {
            if mapping.guard > 0 {
                territory.measures.guards.remove();
            }
            // SAFETY: mapped whole by the provider, and in nobody's hands.
            unsafe { territory.provider.release(start, mapping.bytes + mapping.guard) };
        }
    }

    /// Bytes of the large block that starts there.
    pub fn bytes_of(&self, start: *mut u8) -> Option<usize> {
        self.table.lock().get(start).map(|mapping| mapping.bytes)
    }

    /// True if the address lies in a large block, wherever in it. Looks at all of them, if it lies near them.
    pub fn covers(&self, address: usize) -> bool {
        let mut table = self.table.lock();
        let near = (table.lowest..table.highest).contains(&address);
        near && (0..table.capacity).any(|at| {
            let mapping = *table.slot(at);
            address.wrapping_sub(mapping.start.addr()) < mapping.bytes
        })
    }

    /// True if a large block started there that was freed not long ago.
    pub fn was_freed(&self, start: *mut u8) -> bool {
        let table = self.table.lock();
        table.waiting.holds(start) || table.history.contains(&start.addr())
    }

    /// Frees the large block that starts there.
    pub fn free(&self, territory: &Territory<P>, start: *mut u8) -> LargeFree {
        let now = territory.recent();
        let (goes, room) = {
            let mut table = self.table.lock();
            let Some(mapping) = table.remove(start) else {
                let twice = table.waiting.holds(start) || table.history.contains(&start.addr());
                return if twice { LargeFree::Twice } else { LargeFree::Unknown };
            };
            table.remember(start);
            if territory.measures.has(Harden::HOLDS) {
                // It stays nobody's until it waits.
                drop(table);
                self.set_aside(territory, mapping);
                return LargeFree::Freed;
            }
            let live = self.live_bytes.fetch_sub(mapping.bytes, Ordering::Relaxed);
            let room = retention::large_cache_bytes(self.cache_ceiling.load(Ordering::Relaxed), live);
            self.cached_bytes.fetch_add(mapping.bytes, Ordering::Relaxed);
            (table.cache.keep(mapping, now, room), room)
        };
        if let Some(mapping) = goes {
            self.drop_kept(territory, mapping);
        }
        self.trim_to(territory, room);
        LargeFree::Freed
    }

    /// Changes a block's size in place, or moves it without copying; `None` where neither can be.
    pub fn resize(&self, territory: &Territory<P>, start: *mut u8, bytes: usize) -> Option<NonNull<u8>> {
        let bytes = round_up(bytes, territory.provider.page_bytes())?;
        let old = {
            let mut table = self.table.lock();
            let old = table.get(start)?;
            if old.bytes == bytes {
                return NonNull::new(start);
            }
            table.lift(start)?
        };
        let bare = Self::unguarded(territory, old);
        let whole = bytes + old.guard;
        // SAFETY: out of the table, the mapping is ours alone.
        let moved = bare.and_then(|bare| unsafe { territory.provider.remap(NonNull::new(start)?, bare.bytes, whole) });
        let mapping = match (moved, bare) {
            (Some(start), _) => Mapping { start: start.as_ptr(), bytes: whole, guard: 0 },
            (None, Some(bare)) => bare,
            (None, None) => old,
        };
        let mapping = if mapping.guard == 0 { Self::guarded(territory, mapping, old.guard) } else { mapping };
        if let Some(start) = moved
            && retention::has_grown_into_huge_pages(old.bytes, bytes)
            && territory.huge_pages.load(Ordering::Relaxed)
        {
            // SAFETY: mapped whole by the provider, in nobody's hands while it is out of the table.
            unsafe { territory.provider.prefer_huge_pages(start, bytes) };
        }
        let mut table = self.table.lock();
        if mapping.start != start {
            table.remember(start);
        }
        table.place(mapping);
        drop(table);
        self.live_bytes.fetch_add(mapping.bytes, Ordering::Relaxed);
        self.live_bytes.fetch_sub(old.bytes, Ordering::Relaxed);
        moved
    }

    /// Gives kept blocks back that have been idle for `delay`; returns the bytes.
    pub fn trim(&self, territory: &Territory<P>, delay: Millis) -> usize {
        let now = territory.recent();
        let mut bytes = 0;
        loop {
            let Some(mapping) = self.table.lock().cache.take_due(now, delay) else {
                return bytes;
            };
            bytes += mapping.bytes;
            self.drop_kept(territory, mapping);
        }
    }

    /// Gives kept blocks back, the oldest first, until all have no more than `room`.
    pub fn trim_to(&self, territory: &Territory<P>, room: usize) {
        while self.cached_bytes.load(Ordering::Relaxed) > room
            && let Some(mapping) = self.table.lock().cache.take_beyond(room)
        {
            self.drop_kept(territory, mapping);
        }
    }

    /// What was kept is not any more.
    fn drop_kept(&self, territory: &Territory<P>, mapping: Mapping) {
        self.cached_bytes.fetch_sub(mapping.bytes, Ordering::Relaxed);
        self.unmap(territory, mapping);
    }

    /// Blocks and bytes in the table, bytes in the cache and of those that wait, as the audit counts them.
    pub fn count(&self) -> (usize, usize, usize, usize) {
        let mut table = self.table.lock();
        let (mut blocks, mut bytes) = (0, 0);
        for at in 0..table.capacity {
            let mapping = *table.slot(at);
            if !mapping.start.is_null() {
                (blocks, bytes) = (blocks + 1, bytes + mapping.bytes);
            }
        }
        debug_assert!(blocks == table.count, "the table counts its blocks");
        (blocks, bytes, table.cache.bytes(), table.waiting.bytes())
    }

    /// Past the lock.
    pub fn pass(&self, passage: &mut Passage) {
        passage.pass(&self.table);
    }
}
