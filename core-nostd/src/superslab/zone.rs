//! A zone: one stretch of address space with its live map and metadata. Zones are never given back, so a
//! thread may look an address up at any time without a lock.
//!
//! The first zone is large (see [`crate::pages::PageProvider::zone_bytes`]) and is the only one that the
//! fast paths know. Where the address space is small there are further, smaller ones: their blocks are
//! served as well, through the slow path.
//!
//! `live-map`: the byte of a granule holds class c iff a block of magazine class c that starts there is
//! the client's. So one byte answers what free needs to know: ours or not, which class, start of a block
//! or not, free already or not.
//!
//! `freed-mark`: it holds [`SizeClass::FREED`] iff a block of a magazine class that starts there was freed under a
//! measure that fills freed blocks or keeps them back, and was not handed out since; so it is as it was left.
//!
//! `meta-committed`: below `granules` the live map and the metadata can be read and written.

#![allow(unsafe_code, reason = "finds records and live-map bytes by address")]

use core::ptr;

use crate::base::address::prefetch;
use crate::base::sync::{AtomicPtr, AtomicU8, AtomicUsize, Ordering};
use crate::config::geometry::{
    GRANULE_SHIFT, HEADER_GROUP, META_FORMERS, META_RECORDS, META_SHIFT, META_WORDS, SLAB_BYTES, SLAB_SHIFT,
    SUPERSLAB_SHIFT, SUPERSLAB_SLABS, WORDS_BYTES, ZONES,
};
use crate::slab::{SizeClass, Slab};

/// One zone; all zero until it is published.
#[derive(Debug)]
#[repr(C)]
pub struct Zone {
    /// Number of the first granule: the zone's address divided by 16.
    first_granule: AtomicUsize,
    /// Granules whose superslab is committed.
    granules: AtomicUsize,
    /// Live map, indexed by the granule's number within the zone.
    live: AtomicPtr<u8>,
    /// The same, indexed by address divided by 16.
    live_by_address: AtomicPtr<u8>,
    base: AtomicPtr<u8>,
    meta_end: AtomicPtr<u8>,
}

impl Zone {
    const fn new() -> Self {
        Self {
            first_granule: AtomicUsize::new(0),
            granules: AtomicUsize::new(0),
            live: AtomicPtr::new(ptr::null_mut()),
            live_by_address: AtomicPtr::new(ptr::null_mut()),
            base: AtomicPtr::new(ptr::null_mut()),
            meta_end: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Where the zone starts.
    #[inline]
    pub fn base(&self) -> *mut u8 {
        self.base.load(Ordering::Relaxed)
    }

    /// Where its live map starts.
    pub fn live_base(&self) -> *mut u8 {
        self.live.load(Ordering::Relaxed)
    }

    /// Where a superslab's metadata starts: it stands below that of the superslab before.
    #[inline(always)]
    pub fn meta(&self, superslab: usize) -> *mut u8 {
        meta(self.meta_end.load(Ordering::Relaxed), superslab)
    }

    /// The place of an address in the live map if a block of a magazine class can start there: one
    /// rotation turns alignment, range and null into one comparison.
    #[inline(always)]
    pub fn live_place(&self, pointer: *mut u8) -> Option<&AtomicU8> {
        let granule =
            pointer.addr().rotate_right(GRANULE_SHIFT).wrapping_sub(self.first_granule.load(Ordering::Relaxed));
        if granule >= self.granules.load(Ordering::Relaxed) {
            return None;
        }
        let place = self.live.load(Ordering::Relaxed).wrapping_add(granule);
        // SAFETY: below `granules` a zone is published, so the place is not null.
        unsafe { core::hint::assert_unchecked(!place.is_null()) };
        // SAFETY: `meta-committed`: below `granules` the live map can be read and written.
        Some(unsafe { AtomicU8::from_ptr(place) })
    }

    /// The place in the live map of a block that is known to be this zone's.
    #[inline(always)]
    pub fn live_place_of_block(&self, block: *mut u8) -> *mut u8 {
        self.live_by_address.load(Ordering::Relaxed).wrapping_add(block.addr() >> GRANULE_SHIFT)
    }

    /// Bytes that are the client's of a block of a magazine class, as it was last handed out; of a starter's, 0.
    pub fn bytes_in_use(&self, class: SizeClass, block: *mut u8) -> usize {
        if !class.is_room() {
            return if class == SizeClass::STARTER { 0 } else { class.shape().bytes as usize };
        }
        let mark = self.live_place(block.wrapping_add(1 << GRANULE_SHIFT));
        class.marked_bytes(SizeClass(mark.map_or(0, |mark| mark.load(Ordering::Relaxed))))
    }

    /// True if the address lies in a committed superslab of this zone.
    #[inline]
    pub fn covers(&self, pointer: *const u8) -> bool {
        let granule = (pointer.addr() >> GRANULE_SHIFT).wrapping_sub(self.first_granule.load(Ordering::Relaxed));
        granule < self.granules.load(Ordering::Relaxed)
    }

    /// The record of superslab `superslab`'s slab 0.
    ///
    /// # Safety
    ///
    /// The superslab is committed.
    #[inline]
    pub unsafe fn records(&self, superslab: usize) -> &[Slab; SUPERSLAB_SLABS] {
        // SAFETY: `meta-committed`; zeroed memory is a valid record.
        unsafe { &*self.meta(superslab).cast() }
    }

    /// The class of each slab's last span, as it was when the superslab's records were given back.
    fn formers(&self, superslab: usize) -> &[AtomicU8; SUPERSLAB_SLABS] {
        let group = self.meta(superslab / HEADER_GROUP * HEADER_GROUP).wrapping_add(META_FORMERS);
        // SAFETY: `meta-committed`: the group's first superslab is committed if this one is.
        unsafe { &*group.cast::<[AtomicU8; SUPERSLAB_SLABS]>().add(superslab % HEADER_GROUP) }
    }

    /// Keeps what its records say of late faults.
    ///
    /// # Safety
    ///
    /// The superslab is committed.
    pub unsafe fn keep_formers(&self, superslab: usize) {
        // SAFETY: the caller's promise.
        for (record, kept) in unsafe { self.records(superslab) }.iter().zip(self.formers(superslab)) {
            match record.former.load(Ordering::Relaxed) {
                0 => {}
                former => kept.store(former, Ordering::Relaxed),
            }
        }
    }

    /// The class of the last span that began at a slab that is in none; `NONE` if there was none.
    pub fn former_of(&self, slab: &Slab) -> SizeClass {
        let former = slab.former.load(Ordering::Relaxed);
        let below = self.meta_end.load(Ordering::Relaxed).addr().wrapping_sub(slab.first_of_superslab().addr());
        let kept = || {
            self.formers((below >> META_SHIFT).saturating_sub(1))[slab.index() % SUPERSLAB_SLABS]
                .load(Ordering::Relaxed)
        };
        SizeClass(if former == 0 { kept() } else { former })
    }

    /// The record of the span that an address lies in, and the offset into it.
    ///
    /// # Safety
    ///
    /// [`Zone::covers`] the address.
    #[inline]
    pub unsafe fn span_of(&self, address: usize) -> (&Slab, usize) {
        let offset = address - self.base().addr();
        let slab = (offset >> SLAB_SHIFT) % SUPERSLAB_SLABS;
        // SAFETY: the caller's promise.
        let record = unsafe { &self.records(offset >> SUPERSLAB_SHIFT)[slab] };
        let back = record.tag.back().min(slab);
        // SAFETY: just bounded.
        (unsafe { record.before(back) }, offset % SLAB_BYTES + (back << SLAB_SHIFT))
    }

    /// The record of the slab that an address lies in, and the offset into it: what [`Zone::span_of`] says where
    /// spans are of one slab.
    ///
    /// # Safety
    ///
    /// As there.
    #[inline(always)]
    pub unsafe fn slab_of(&self, address: usize) -> (&Slab, usize) {
        let offset = address - self.base().addr();
        // SAFETY: the caller's promise.
        let records = unsafe { self.records(offset >> SUPERSLAB_SHIFT) };
        (&records[(offset >> SLAB_SHIFT) % SUPERSLAB_SLABS], offset % SLAB_BYTES)
    }

    /// Brings in what [`Zone::span_of`] and a change of the span's bitmap will read, if its span is one slab.
    #[inline(always)]
    pub fn prefetch_span_of(&self, block: *mut u8) {
        let offset = block.addr().wrapping_sub(self.base().addr());
        let slab = (offset >> SLAB_SHIFT) % SUPERSLAB_SLABS;
        let meta = self.meta(offset >> SUPERSLAB_SHIFT);
        prefetch(meta.wrapping_add(META_RECORDS + slab * size_of::<Slab>()));
        prefetch(meta.wrapping_add(META_WORDS + slab * WORDS_BYTES));
    }

    /// Raises the number of committed granules. Who has a block there has it by way of the pool's lock.
    pub fn set_committed(&self, superslabs: usize) {
        self.granules.store(superslabs << (SUPERSLAB_SHIFT - GRANULE_SHIFT), Ordering::Relaxed);
    }

    /// Committed superslabs.
    pub fn superslabs(&self) -> usize {
        self.granules.load(Ordering::Relaxed) >> (SUPERSLAB_SHIFT - GRANULE_SHIFT)
    }
}

/// Where the metadata of a superslab starts, if that of the zone ends there.
#[inline(always)]
pub(super) fn meta(end: *mut u8, superslab: usize) -> *mut u8 {
    end.wrapping_sub((superslab + 1) << META_SHIFT)
}

/// All zones of an allocator.
#[derive(Debug)]
pub struct Zones {
    first: Zone,
    rest: [Zone; ZONES - 1],
    count: AtomicUsize,
}

impl Zones {
    /// None yet: every address is foreign.
    pub const fn new() -> Self {
        Self { first: Zone::new(), rest: [const { Zone::new() }; ZONES - 1], count: AtomicUsize::new(0) }
    }

    /// The zone that the fast paths know.
    #[inline(always)]
    pub fn first(&self) -> &Zone {
        &self.first
    }

    /// Zone `number`, which need not be published.
    pub fn get(&self, number: usize) -> &Zone {
        number.checked_sub(1).and_then(|number| self.rest.get(number)).unwrap_or(&self.first)
    }

    /// Published zones.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// The zone whose committed part an address lies in.
    pub fn find(&self, pointer: *const u8) -> Option<&Zone> {
        (0..self.count()).map(|number| self.get(number)).find(|zone| zone.covers(pointer))
    }

    /// The place in the live map of a block that starts at an address of ours.
    pub fn live_place(&self, block: *mut u8) -> Option<&AtomicU8> {
        let zone = if self.first.covers(block) { &self.first } else { self.find(block)? };
        zone.live_place(block)
    }

    /// Forgets that a free block was freed under a measure that holds on to it.
    pub fn unmark_freed(&self, block: *mut u8) {
        if let Some(live) = self.live_place(block)
            && live.load(Ordering::Relaxed) == SizeClass::FREED.0
        {
            live.store(0, Ordering::Relaxed);
        }
    }

    /// Publishes the next zone; the caller holds the pool's lock.
    pub fn publish(&self, base: *mut u8, live: *mut u8, meta_end: *mut u8) {
        let number = self.count();
        let zone = self.get(number);
        let first_granule = base.addr() >> GRANULE_SHIFT;
        zone.first_granule.store(first_granule, Ordering::Relaxed);
        zone.live.store(live, Ordering::Relaxed);
        zone.live_by_address.store(live.wrapping_sub(first_granule), Ordering::Relaxed);
        zone.base.store(base, Ordering::Relaxed);
        zone.meta_end.store(meta_end, Ordering::Relaxed);
        self.count.store(number + 1, Ordering::Release);
    }
}

impl Default for Zones {
    fn default() -> Self {
        Self::new()
    }
}
