//! A zone: one stretch of address space with its live map and metadata. Zones are never given back, so a
//! thread may look an address up at any time without a lock.
//!
//! The first zone is large (see [`crate::pages::PageProvider::zone_bytes`]) and is the only one that the
//! fast paths know. Where addresses are few, or somebody lies in the way of the first, there are further ones: their
//! blocks are served as well, through the slow path.
//!
//! `kind-map`: the byte of a slab holds class c iff the slab belongs to a span of magazine class c, else 0. So one byte
//! says whether a pointer is ours and which class it is; slabs change class far less often than blocks are freed.
//!
//! `live-map`: of magazine class c the byte of a granule of c's map says that a block which starts there is the client's
//! iff one is ([`crate::slab::Live`]). It holds where in the granule it starts, so that a pointer into a block differs,
//! and is only compared: what `free` needs next is found by the kind.
//!
//! `freed-mark`: it holds [`crate::slab::Live::FREED`] iff a block of a magazine class that starts there was freed under
//! a measure that fills freed blocks or keeps them back, and was not handed out since; so it is as it was left.
//!
//! `map-word`: a live map is known by its place for address 0, whose last eight bits are the map's shift: a map starts
//! as many bytes into its first page. So one load says both, and a shift by it needs no mask.
//!
//! `meta-committed`: below `bytes` the maps and the metadata can be read and written.

#![allow(unsafe_code, reason = "finds records and bytes of maps by address")]

use core::mem::offset_of;
use core::ops::Range;
use core::ptr;

use crate::base::address::prefetch;
use crate::base::place::SuperSlabNumber;
use crate::base::sync::{AtomicBool, AtomicPtr, AtomicU8, AtomicUsize, Ordering};
use crate::config::geometry::{
    HEADER_GROUP, META_FORMERS, META_RECORDS, META_SHIFT, META_WORDS, NEAR_BYTES, SLAB_BYTES, SLAB_SHIFT,
    SUPERSLAB_SHIFT, SUPERSLAB_SLABS,
};
use crate::config::map::{MAPS, Map};
use crate::slab::{Live, SizeClass, Slab};

/// One zone; all zero until it is published.
#[derive(Debug)]
#[repr(C)]
pub struct Zone {
    base: AtomicPtr<u8>,
    /// Of the superslabs that are committed.
    bytes: AtomicUsize,
    /// The maps, indexed by the granule's number within the zone.
    maps: [AtomicPtr<u8>; MAPS],
    meta_end: AtomicPtr<u8>,
    /// True if some of its superslabs are absent.
    has_gaps: AtomicBool,
}

impl Zone {
    /// Bytes to where its start is kept.
    pub const BASE_AT: usize = offset_of!(Self, base);
    /// Bytes to where the kinds are.
    pub const KINDS_AT: usize = offset_of!(Self, maps) + Map::Kinds as usize * size_of::<AtomicPtr<u8>>();

    /// None yet.
    pub const fn new() -> Self {
        Self {
            base: AtomicPtr::new(ptr::null_mut()),
            bytes: AtomicUsize::new(0),
            maps: [const { AtomicPtr::new(ptr::null_mut()) }; MAPS],
            meta_end: AtomicPtr::new(ptr::null_mut()),
            has_gaps: AtomicBool::new(false),
        }
    }

    /// Where it is; superslabs come later.
    pub(super) fn set(&self, base: *mut u8, maps: [*mut u8; MAPS], meta_end: *mut u8) {
        for (place, map) in self.maps.iter().zip(maps) {
            place.store(map, Ordering::Relaxed);
        }
        self.base.store(base, Ordering::Relaxed);
        self.meta_end.store(meta_end, Ordering::Relaxed);
    }

    /// Where the zone starts.
    #[inline]
    pub fn base(&self) -> *mut u8 {
        self.base.load(Ordering::Relaxed)
    }

    /// Where a map starts.
    #[inline(always)]
    pub fn map(&self, map: Map) -> *mut u8 {
        self.maps[map as usize].load(Ordering::Relaxed)
    }

    /// Where a superslab's metadata starts: it stands below that of the superslab before.
    #[inline(always)]
    pub fn meta(&self, superslab: SuperSlabNumber) -> *mut u8 {
        meta(self.meta_end.load(Ordering::Relaxed), superslab)
    }

    /// The place in the kinds of the slab at an offset; `None` out of the zone.
    #[inline(always)]
    fn kind_place(&self, offset: usize) -> Option<&AtomicU8> {
        if offset >= self.bytes() {
            return None;
        }
        let place = self.map(Map::Kinds).wrapping_add(offset >> SLAB_SHIFT);
        // SAFETY: below `bytes` a zone is published, so the place is not null.
        unsafe { core::hint::assert_unchecked(!place.is_null()) };
        // SAFETY: `meta-committed`: below `bytes` the kinds can be read and written.
        Some(unsafe { AtomicU8::from_ptr(place) })
    }

    /// The magazine class of the slab that an address lies in; [`SizeClass::NONE`] for another slab. `None` out of the
    /// zone.
    #[inline(always)]
    pub fn kind_of(&self, pointer: *mut u8) -> Option<SizeClass> {
        self.kind_at(self.offset_of(pointer))
    }

    #[inline(always)]
    fn kind_at(&self, offset: usize) -> Option<SizeClass> {
        // SAFETY: `kind-map`.
        self.kind_place(offset).map(|kind| unsafe { SizeClass::recorded(kind.load(Ordering::Relaxed)) })
    }

    /// `slabs` slabs, of which one starts there, belong to a span of the magazine class from now on, or to none.
    pub fn set_kinds(&self, base: *mut u8, slabs: usize, class: SizeClass) {
        for slab in 0..slabs {
            if let Some(place) = self.kind_place(self.offset_of(base) + (slab << SLAB_SHIFT)) {
                place.store(class.number(), Ordering::Relaxed);
            }
        }
    }

    /// The place in its live map of a block of a magazine class of this zone.
    ///
    /// # Safety
    ///
    /// [`Zone::covers`] the block.
    #[inline]
    unsafe fn live_place_of(&self, class: SizeClass, block: *mut u8) -> &AtomicU8 {
        let map = class.map();
        let place = self.map(map).wrapping_add((block.addr() - self.base().addr()) >> map.shift());
        // SAFETY: `meta-committed`, and the caller's promise.
        unsafe { AtomicU8::from_ptr(place) }
    }

    /// The place in its live map of a block of a magazine class; `None` if it is not in this zone.
    #[inline]
    pub fn live_place(&self, class: SizeClass, block: *mut u8) -> Option<&AtomicU8> {
        // SAFETY: just checked.
        self.covers(block).then(|| unsafe { self.live_place_of(class, block) })
    }

    /// True if a block of a magazine class that starts there is the client's.
    pub fn is_live(&self, class: SizeClass, block: *mut u8) -> bool {
        self.live_place(class, block).is_some_and(|place| Live::at(place) == Live::block(block))
    }

    /// The place that says how much of a room its block is.
    pub fn mark_place(&self, room: SizeClass, block: *mut u8) -> Option<&AtomicU8> {
        self.live_place(room, block.wrapping_add(1 << room.map().shift()))
    }

    /// Bytes that are the client's of a block of a magazine class, as it was last handed out; of a starter's, 0.
    pub fn bytes_in_use(&self, class: SizeClass, block: *mut u8) -> usize {
        if !class.is_room() {
            return if class == SizeClass::STARTER { 0 } else { class.shape().bytes as usize };
        }
        class.bytes_to(self.mark_place(class, block).and_then(|mark| Live::at(mark).eighth()))
    }

    /// Bytes of the superslabs that are committed.
    #[inline(always)]
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How far behind the zone's start an address is; a huge number before it.
    #[inline(always)]
    fn offset_of(&self, pointer: *const u8) -> usize {
        pointer.addr().wrapping_sub(self.base().addr())
    }

    /// True if the address lies in a committed superslab of this zone.
    #[inline]
    pub fn covers(&self, pointer: *const u8) -> bool {
        self.offset_of(pointer) < self.bytes()
    }

    /// The record of superslab `superslab`'s slab 0.
    ///
    /// # Safety
    ///
    /// The superslab is committed.
    #[inline]
    pub unsafe fn records(&self, superslab: SuperSlabNumber) -> &[Slab; SUPERSLAB_SLABS] {
        let meta = self.meta(superslab);
        // SAFETY: a committed superslab's metadata is not at null.
        unsafe { core::hint::assert_unchecked(!meta.is_null()) };
        // SAFETY: `meta-committed`; zeroed memory is a valid record.
        unsafe { &*meta.cast() }
    }

    /// The class of each slab's last span, as it was when the superslab's records were given back.
    fn formers(&self, superslab: SuperSlabNumber) -> &[AtomicU8; SUPERSLAB_SLABS] {
        let superslab = superslab.index();
        let group = self.meta(SuperSlabNumber::new(superslab / HEADER_GROUP * HEADER_GROUP)).wrapping_add(META_FORMERS);
        // SAFETY: `meta-committed`: the group's first superslab is committed if this one is.
        unsafe { &*group.cast::<[AtomicU8; SUPERSLAB_SLABS]>().add(superslab % HEADER_GROUP) }
    }

    /// Keeps what its records say of late faults.
    ///
    /// # Safety
    ///
    /// The superslab is committed.
    pub unsafe fn keep_formers(&self, superslab: SuperSlabNumber) {
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
            self.formers(SuperSlabNumber::new((below >> META_SHIFT).saturating_sub(1)))[slab.index() % SUPERSLAB_SLABS]
                .load(Ordering::Relaxed)
        };
        SizeClass::numbered(if former == 0 { kept() } else { former }.into())
    }

    /// The record of the span that an address lies in, and the offset into it.
    ///
    /// # Safety
    ///
    /// [`Zone::covers`] the address.
    #[inline]
    pub unsafe fn span_of(&self, address: usize) -> (&Slab, usize) {
        let offset = address - self.base().addr();
        // SAFETY: the caller's promise.
        unsafe { span_from(self.record_at(offset), offset) }
    }

    /// The span that a block lies in, and the offset into it, if it is one of the magazine class, each of whose spans
    /// is one slab or, without `ARE_SINGLE`, more.
    #[inline(always)]
    pub fn span_of_class<const ARE_SINGLE: bool>(&self, class: SizeClass, block: *mut u8) -> Option<(&Slab, usize)> {
        let offset = self.offset_of(block);
        if self.kind_at(offset) != Some(class) {
            return None;
        }
        // SAFETY: it has a kind, so the zone covers it.
        let record = unsafe { self.record_at(offset) };
        // SAFETY: as above.
        Some(if ARE_SINGLE { (record, offset % SLAB_BYTES) } else { unsafe { span_from(record, offset) } })
    }

    /// The record of the slab at an offset.
    ///
    /// # Safety
    ///
    /// The offset is below [`Zone::bytes`].
    #[inline(always)]
    unsafe fn record_at(&self, offset: usize) -> &Slab {
        // SAFETY: the caller's promise.
        unsafe { &self.records(SuperSlabNumber::at(offset))[(offset >> SLAB_SHIFT) % SUPERSLAB_SLABS] }
    }

    /// Brings in what [`Zone::span_of`] and a change of the span's bitmap will read, if its span is one slab.
    #[inline(always)]
    pub fn prefetch_span_of(&self, block: *mut u8) {
        let offset = self.offset_of(block);
        let slab = (offset >> SLAB_SHIFT) % SUPERSLAB_SLABS;
        let meta = self.meta(SuperSlabNumber::at(offset));
        prefetch(meta.wrapping_add(META_RECORDS + slab * size_of::<Slab>()));
        prefetch(meta.wrapping_add(META_WORDS + slab * NEAR_BYTES));
    }

    /// Raises the number of committed bytes to those of all superslabs below the new ones' end. Who has a block there
    /// has it by way of the pool's lock.
    pub fn set_committed(&self, new: &Range<usize>) {
        if new.start > self.superslabs() {
            self.has_gaps.store(true, Ordering::Relaxed);
        }
        self.bytes.store(new.end << SUPERSLAB_SHIFT, Ordering::Relaxed);
    }

    /// True if somebody else may lie at an address of its committed part.
    pub fn has_gaps(&self) -> bool {
        self.has_gaps.load(Ordering::Relaxed)
    }

    /// The superslab that an address lies in, if the zone covers it.
    pub fn superslab_of(&self, address: usize) -> SuperSlabNumber {
        SuperSlabNumber::at(address.wrapping_sub(self.base().addr()))
    }

    /// Committed superslabs.
    pub fn superslabs(&self) -> usize {
        self.bytes() >> SUPERSLAB_SHIFT
    }
}

/// The span of the slab at an offset, whose record is that, and the offset into it.
///
/// # Safety
///
/// [`Zone::record_at`] the offset is that record.
#[inline(always)]
unsafe fn span_from(record: &Slab, offset: usize) -> (&Slab, usize) {
    let back = record.tag.back().min((offset >> SLAB_SHIFT) % SUPERSLAB_SLABS);
    // SAFETY: a slab has as many before it in its superslab as its number says.
    (unsafe { record.before(back) }, offset % SLAB_BYTES + (back << SLAB_SHIFT))
}

/// Where the metadata of a superslab starts, if that of the zone ends there.
#[inline(always)]
pub(super) fn meta(end: *mut u8, superslab: SuperSlabNumber) -> *mut u8 {
    end.wrapping_sub(superslab.behind().index() << META_SHIFT)
}
