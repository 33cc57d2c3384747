//! All that lies below the heaps, shared by them: the provider, the zones, the pool and the store.

#![allow(unsafe_code, reason = "turns claimed slabs into spans")]

use core::ptr::{self, NonNull};

use super::extents::{Extents, SHARES};
use super::pool::{Claim, Claimed, Pool, Wish};
use super::zone::Zone;
use super::zones::Zones;
use crate::base::millis::Millis;
use crate::base::place::Place;
use crate::base::slab_mask::SlabMask;
use crate::base::sync::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Lock, Ordering, Passage};
use crate::config::flags::{Harden, Off};
use crate::config::geometry::{GRANULE_SHIFT, SLAB_BYTES, SUPERSLAB_SLABS};
use crate::config::map::Map;
use crate::harden::{Finder, Measures};
use crate::pages::PageProvider;
use crate::pages::store::Store;
use crate::refuge::Refuge;
use crate::slab::listing::FULL;
use crate::slab::{Live, Mailbox, SizeClass, Slab, starter};

/// What is decided of blocks of 8 bytes.
const UNDECIDED: u8 = 0;
const SERVED: u8 = 1;
const UNSERVED: u8 = 2;

/// See the file's head.
pub struct Territory<P: PageProvider> {
    /// Which addresses are ours.
    pub zones: Zones,
    /// Where pages come from.
    pub provider: P,
    /// Free slabs.
    pub pool: Lock<Pool, P>,
    /// Blocks above a room.
    pub(super) extents: [Lock<Extents, P>; SHARES],
    /// Free frames of areas, and those of them whose pages are there: see `extents`.
    pub(super) free_frames: AtomicUsize,
    /// See `free_frames`.
    pub(super) kept_frames: AtomicUsize,
    /// Room for heaps and magazines.
    pub store: Store<P>,
    /// Blocks for calls that come amid a fork.
    pub refuge: Refuge,
    /// Free slabs that were used before, as the pool had them when it was last asked: a hint.
    reusable: AtomicUsize,
    /// True if the pool kept more than it is allowed when slabs last came back: a hint.
    pub(super) surplus: AtomicBool,
    /// The clock's last reading.
    clock_ms: AtomicU64,
    /// Milliseconds that free memory is kept.
    pub purge_delay_ms: AtomicU32,
    /// What is near the limit of memory, in bytes; 0 before it was asked for.
    pub(super) near_limit: AtomicUsize,
    /// Slabs that went, untouched, to blocks that leave pages untouched behind them, since the pool grew last.
    pub(super) tailed: AtomicUsize,
    /// True if large heaps may have huge pages.
    pub huge_pages: AtomicBool,
    /// Whether blocks of 8 bytes have their live map, in every superslab that is available; changed under the pool's lock.
    tiny: AtomicU8,
    /// What is switched off.
    pub off: AtomicU8,
    /// Measures against misuse.
    pub measures: Measures,
}

impl<P: PageProvider> Territory<P> {
    /// Nothing reserved yet.
    ///
    /// # Safety
    ///
    /// What is reached through it is used as this crate's own layers use it: they trust each other.
    pub const unsafe fn new(provider: P, purge_delay_ms: u32) -> Self {
        Self {
            zones: Zones::new(),
            provider,
            pool: Lock::new(Pool::new()),
            extents: [const { Lock::new(Extents::new()) }; SHARES],
            free_frames: AtomicUsize::new(0),
            kept_frames: AtomicUsize::new(0),
            // SAFETY: this is the layer.
            store: unsafe { Store::new() },
            refuge: Refuge::new(),
            reusable: AtomicUsize::new(0),
            surplus: AtomicBool::new(false),
            clock_ms: AtomicU64::new(0),
            purge_delay_ms: AtomicU32::new(purge_delay_ms),
            near_limit: AtomicUsize::new(0),
            tailed: AtomicUsize::new(0),
            huge_pages: AtomicBool::new(true),
            tiny: AtomicU8::new(UNDECIDED),
            off: AtomicU8::new(0),
            measures: Measures::new(),
        }
    }

    /// True if the mechanism is switched off.
    pub fn is_off(&self, mechanism: Off) -> bool {
        Off::from_bits_retain(self.off.load(Ordering::Relaxed)).intersects(mechanism)
    }

    /// True if blocks of 8 bytes have their live map.
    #[inline]
    pub fn has_tiny(&self) -> bool {
        self.tiny.load(Ordering::Relaxed) == SERVED
    }

    /// True if blocks of 8 bytes can be had; from the first question on their live map is there, if it can be.
    #[inline]
    pub fn serves_tiny(&self) -> bool {
        match self.tiny.load(Ordering::Relaxed) {
            UNDECIDED => self.begin_tiny(),
            decided => decided == SERVED,
        }
    }

    /// Whether they are served, unless that was decided; what it is then.
    pub(super) fn decide_tiny(&self, served: bool) -> bool {
        let to = if served { SERVED } else { UNSERVED };
        match self.tiny.compare_exchange(UNDECIDED, to, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => {
                if served {
                    self.zones.serve_tiny();
                }
                served
            }
            Err(decided) => decided == SERVED,
        }
    }

    /// The live maps that there are.
    pub fn live_maps(&self) -> impl Iterator<Item = Map> + use<P> {
        let tiny = self.has_tiny();
        Map::LIVE.into_iter().filter(move |&map| tiny || map != Map::Tiny)
    }

    /// The clock as it was last read.
    pub fn recent(&self) -> Millis {
        Millis::new(self.clock_ms.load(Ordering::Relaxed))
    }

    /// How long free memory is kept.
    pub fn purge_delay(&self) -> Millis {
        Millis::new(self.purge_delay_ms.load(Ordering::Relaxed).into())
    }

    /// Reads the clock.
    pub fn read_clock(&self) -> Millis {
        let now = self.provider.now_ms();
        self.clock_ms.store(now, Ordering::Relaxed);
        Millis::new(now)
    }

    /// The zone that an address lies in, and no gap of it.
    #[inline]
    pub fn zone_of(&self, pointer: *const u8) -> Option<&Zone> {
        let zone = self.zones.find(pointer)?;
        (!zone.has_gaps() || !self.is_in_gap(zone, pointer)).then_some(zone)
    }

    /// True if somebody else lies at an address that a zone covers.
    #[cold]
    pub fn is_in_gap(&self, zone: &Zone, pointer: *const u8) -> bool {
        let superslab = zone.superslab_of(pointer.addr());
        let number = self.zones.numbers().find(|&number| ptr::eq(self.zones.get(number), zone));
        number.is_some_and(|zone| self.pool.lock().is_absent(Place { zone, superslab }))
    }

    /// Zeroed memory for one of our own structures, which is never given back. The store's first room comes with
    /// the first zone.
    pub fn allot<T>(&self) -> Option<NonNull<T>> {
        if self.zones.count() == 0 {
            self.provide(1);
        }
        let room = self.store.keep(&self.provider, size_of::<T>())?;
        // SAFETY: the room is at least that long and ours.
        unsafe { room.as_ptr().write_bytes(0, size_of::<T>()) };
        Some(room.cast())
    }

    /// Claims from the pool; where it has not enough, grows it first, if that is allowed.
    /// What is claimed comes with which of its slabs are dirty, where that matters.
    #[inline(never)]
    pub(super) fn claim_by(&self, grow: bool, wish: Wish) -> Option<Claimed> {
        let now = self.read_clock();
        let mut claimed = None;
        let mut claim = |pool: &mut Pool| {
            claimed = pool.claim_as(wish, now);
            self.note_reusable(pool);
            claimed.is_some()
        };
        if !claim(&mut self.pool.lock()) && grow {
            self.release_spare_areas(now, Millis::ZERO);
            self.grow_until(&mut claim);
        }
        claimed
    }

    /// Makes claimed slabs a span.
    pub fn open(&self, claim: Claim, class: SizeClass, owner: *const Mailbox) -> &Slab {
        let Place { zone, superslab } = claim.place;
        let zone = self.zones.get(zone);
        let (first, slabs) = (claim.mask.first(), claim.mask.count());
        // SAFETY: the pool hands out committed superslabs only.
        let records = unsafe { zone.records(superslab) };
        let slab = &records[first % SUPERSLAB_SLABS];
        let base = zone.base().wrapping_add(superslab.offset() + first * SLAB_BYTES);
        slab.base.store(base, Ordering::Relaxed);
        slab.used.set(0);
        slab.capacity.set(class.capacity_of(slabs));
        slab.set_listing(FULL);
        slab.slabs.store(slabs as u8, Ordering::Relaxed);
        slab.fresh.set(claim.fresh);
        slab.guarded.set(false);
        slab.next.set(ptr::null());
        slab.prev.set(ptr::null());
        slab.owner.store(owner.cast_mut(), Ordering::Release);
        if class.has_magazine() {
            zone.set_kinds(base, slabs, class);
        }
        if claim.fresh && class.leaves_tails() {
            self.tailed.fetch_add(slabs, Ordering::Relaxed);
        }
        // Last: who frees what was here before, a second time and this late, finds all of the new span or none of it.
        slab.name(class, slabs);
        slab
    }

    /// The records of a claim's superslab, and where it starts.
    pub fn whole_of(&self, claim: Claim) -> (*const Slab, *mut u8) {
        let Place { zone, superslab } = claim.place;
        let zone = self.zones.get(zone);
        // SAFETY: the pool hands out committed superslabs only.
        let records = unsafe { zone.records(superslab) };
        (records.as_ptr(), zone.base().wrapping_add(superslab.offset()))
    }

    /// A run and up to `extra` more slabs of its superslab, and which of all are dirty. With `grow` the
    /// provider may be called.
    pub fn claim_with_extra(&self, slabs: usize, extra: usize, grow: bool) -> Option<(Claim, SlabMask)> {
        self.claim_by(grow, Wish::RunAndMore(slabs, extra))
    }

    /// Gives slabs that are in no span back to the pool.
    pub fn return_slabs(&self, place: Place, mask: SlabMask, dirty: SlabMask) {
        self.return_slabs_used(place, mask, dirty, self.recent());
    }

    /// The same, as if they had last been used then.
    pub(super) fn return_slabs_used(&self, place: Place, mask: SlabMask, dirty: SlabMask, used: Millis) {
        let mut pool = self.informed_pool();
        pool.release(place, mask, dirty, used);
        self.surplus.store(pool.surplus() > 0, Ordering::Relaxed);
        self.note_reusable(&pool);
    }

    /// True if the pool would keep more than it is allowed, were so many more slabs free.
    pub fn would_be_surplus(&self, slabs: usize) -> bool {
        self.informed_pool().would_be_surplus(slabs)
    }

    /// What the pool has of them now.
    pub(super) fn note_reusable(&self, pool: &Pool) {
        self.reusable.store(pool.kept(), Ordering::Relaxed);
    }

    /// Free slabs that were used before, probably.
    pub fn reusable(&self) -> usize {
        self.reusable.load(Ordering::Relaxed)
    }

    /// Free frames of areas, and those of them whose pages are there.
    pub fn frames(&self) -> (usize, usize) {
        // Who takes frames may have counted them before who gave them did.
        [&self.free_frames, &self.kept_frames]
            .map(|frames| (frames.load(Ordering::Relaxed) as isize).max(0) as usize)
            .into()
    }

    /// Where a span is, and which slabs it is.
    fn whereabouts(&self, slab: &Slab) -> Option<(Place, SlabMask)> {
        let base = slab.base.load(Ordering::Relaxed);
        let zone = self.zones.numbers().find(|&number| self.zones.get(number).covers(base))?;
        let superslab = self.zones.get(zone).superslab_of(base.addr());
        Some((Place { zone, superslab }, slab.mask()))
    }

    /// Gives a span's slabs back. None of its blocks is out.
    pub fn release_span(&self, slab: &Slab) {
        self.release_span_used(slab, slab.mask(), self.recent());
    }

    /// The same, where only some slabs are dirty, as if they had last been used then.
    pub(super) fn release_span_used(&self, slab: &Slab, dirty: SlabMask, used: Millis) {
        let Some((place, mask)) = self.whereabouts(slab) else {
            return;
        };
        self.end_span(slab);
        slab.close();
        if slab.guarded.replace(false) {
            self.spare_guard(place, mask);
        }
        self.return_slabs_used(place, mask, dirty, used);
    }

    /// Before a span ends: its slabs have no kind any more, and its blocks are looked at for the last time.
    #[inline]
    pub fn end_span(&self, slab: &Slab) {
        let base = slab.base.load(Ordering::Relaxed);
        if slab.class().has_magazine()
            && let Some(zone) = self.zones.find(base)
        {
            zone.set_kinds(base, slab.slabs.load(Ordering::Relaxed).into(), SizeClass::NONE);
        }
        if self.measures.has(Harden::HOLDS) && slab.class().has_freed_marks() {
            self.look_at_freed(slab);
        }
    }

    #[cold]
    fn look_at_freed(&self, slab: &Slab) {
        let base = slab.base.load(Ordering::Relaxed);
        let Some(zone) = self.zones.find(base) else { return };
        let look = |class: SizeClass, block: *mut u8| {
            let Some(live) = zone.live_place(class, block) else { return };
            if Live::at(live) == Live::FREED {
                Live::NOTHING.put(live);
                let bytes = zone.bytes_in_use(class, block);
                // SAFETY: free, and of a span that the caller has to itself; the mark says that it was filled.
                unsafe { self.measures.look_at(block, bytes, Finder::Give) };
            }
        };
        if slab.class() == SizeClass::STARTER {
            starter::for_each_block(slab, |granule, class| look(class, base.wrapping_add(granule << GRANULE_SHIFT)));
        } else {
            let (class, bytes) = (slab.class(), slab.class().shape().bytes as usize);
            (0..slab.capacity.get().into()).for_each(|block: usize| look(class, base.wrapping_add(block * bytes)));
        }
    }

    /// Past the locks.
    pub fn pass(&self, passage: &mut Passage) {
        self.extents.iter().for_each(|share| passage.pass(share));
        passage.pass(&self.pool);
        self.store.pass(passage);
    }
}
