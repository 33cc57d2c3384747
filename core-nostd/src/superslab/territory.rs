//! All that lies below the heaps, shared by them: the provider, the zones, the pool and the store.

#![allow(unsafe_code, reason = "turns claimed slabs into spans")]

use core::ptr::{self, NonNull};

use super::pool::{Claim, Pool};
use super::zone::Zones;
use crate::base::sync::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Lock, Ordering, Passage};
use crate::config::flags::{Harden, Off};
use crate::config::geometry::{GRANULE_SHIFT, SLAB_BYTES, SUPERSLAB_BYTES, SUPERSLAB_SLABS};
use crate::harden::{Finder, Measures};
use crate::pages::PageProvider;
use crate::pages::store::Store;
use crate::slab::descriptor::FULL;
use crate::slab::{Mailbox, SizeClass, Slab};

/// See the file's head.
pub struct Territory<P: PageProvider> {
    /// Which addresses are ours.
    pub zones: Zones,
    /// Where pages come from.
    pub provider: P,
    /// Free slabs.
    pub pool: Lock<Pool, P>,
    /// Room for heaps and magazines.
    pub store: Store<P>,
    /// True if the pool had a slab that was used before when it was last asked: a hint.
    reusable: AtomicBool,
    /// True if the pool kept more than it is allowed when slabs last came back: a hint.
    pub(super) surplus: AtomicBool,
    /// The clock's last reading.
    clock_ms: AtomicU64,
    /// Milliseconds that free memory is kept.
    pub purge_delay_ms: AtomicU32,
    /// The clock when superslabs were last added.
    pub(super) grown_ms: AtomicU64,
    /// What is near the limit of memory, in bytes; 0 before it was asked for.
    pub(super) near_limit: AtomicUsize,
    /// True if large heaps may have huge pages.
    pub huge_pages: AtomicBool,
    /// What is switched off.
    pub off: AtomicU8,
    /// Measures against misuse.
    pub measures: Measures,
}

impl<P: PageProvider> Territory<P> {
    /// Nothing reserved yet.
    pub const fn new(provider: P, purge_delay_ms: u32) -> Self {
        Self {
            zones: Zones::new(),
            provider,
            pool: Lock::new(Pool::new()),
            store: Store::new(),
            reusable: AtomicBool::new(false),
            surplus: AtomicBool::new(false),
            clock_ms: AtomicU64::new(0),
            purge_delay_ms: AtomicU32::new(purge_delay_ms),
            grown_ms: AtomicU64::new(0),
            near_limit: AtomicUsize::new(0),
            huge_pages: AtomicBool::new(true),
            off: AtomicU8::new(0),
            measures: Measures::new(),
        }
    }

    /// True if the mechanism is switched off.
    pub fn is_off(&self, mechanism: Off) -> bool {
        Off::from_bits_retain(self.off.load(Ordering::Relaxed)).intersects(mechanism)
    }

    /// The clock as it was last read.
    pub fn recent_ms(&self) -> u64 {
        self.clock_ms.load(Ordering::Relaxed)
    }

    /// Reads the clock.
    pub fn read_clock(&self) -> u64 {
        let now = self.provider.now_ms();
        self.clock_ms.store(now, Ordering::Relaxed);
        now
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

    /// A run of `slabs` slabs whose first one's number is a multiple of `align`: it belongs to no heap.
    pub fn claim_run(&self, slabs: usize, align: usize) -> Option<&Slab> {
        if self.measures.has(Harden::GUARD_SLABS) {
            return self.claim_guarded(SizeClass::RUN, slabs, align, ptr::null(), true);
        }
        let claim = self.claim_by(true, |pool, now| pool.claim(slabs, align, now))?;
        Some(self.open(claim, SizeClass::RUN, ptr::null()))
    }

    /// Claims from the pool; where it has not enough, grows it first, if that is allowed.
    pub(super) fn claim_by<T>(&self, grow: bool, claim: impl Fn(&mut Pool, u64) -> Option<T>) -> Option<T> {
        let claim = |pool: &mut Pool| {
            let claimed = claim(pool, self.recent_ms());
            self.reusable.store(pool.has_reusable(), Ordering::Relaxed);
            claimed
        };
        if grow { self.grow_until(claim) } else { claim(&mut self.pool.lock()) }
    }

    /// Makes claimed slabs a span.
    pub fn open(&self, claim: Claim, class: SizeClass, owner: *const Mailbox) -> &Slab {
        let zone = self.zones.get(claim.zone);
        let first = claim.mask.trailing_zeros() as usize;
        let slabs = claim.mask.count_ones() as usize;
        // SAFETY: the pool hands out committed superslabs only.
        let records = unsafe { zone.records(claim.superslab) };
        let slab = &records[first % SUPERSLAB_SLABS];
        let base = zone.base().wrapping_add(claim.superslab * SUPERSLAB_BYTES + first * SLAB_BYTES);
        slab.base.store(base, Ordering::Relaxed);
        slab.used.set(0);
        slab.capacity.set(class.capacity_of(slabs));
        slab.place.set(FULL);
        slab.slabs.store(slabs as u8, Ordering::Relaxed);
        slab.fresh.set(claim.fresh);
        slab.guarded.set(false);
        slab.next.set(ptr::null());
        slab.prev.set(ptr::null());
        slab.owner.store(owner.cast_mut(), Ordering::Release);
        // Last: who frees what was here before, a second time and this late, finds all of the new span or none of it.
        slab.name(class, 0, slabs);
        slab
    }

    /// The records of a claim's superslab, and where it starts.
    pub fn whole_of(&self, claim: Claim) -> (*const Slab, *mut u8) {
        let zone = self.zones.get(claim.zone);
        // SAFETY: the pool hands out committed superslabs only.
        let records = unsafe { zone.records(claim.superslab) };
        (records.as_ptr(), zone.base().wrapping_add(claim.superslab * SUPERSLAB_BYTES))
    }

    /// A run and up to `extra` more slabs of its superslab, and which of all are dirty. With `grow` the
    /// provider may be called.
    pub fn claim_with_extra(&self, slabs: usize, extra: usize, grow: bool) -> Option<(Claim, u64)> {
        self.claim_by(grow, |pool, now| pool.claim_with_extra(slabs, extra, now))
    }

    /// Gives slabs that are in no span back to the pool.
    pub fn return_slabs(&self, zone: usize, superslab: usize, mask: u64, dirty: u64) {
        self.return_slabs_used(zone, superslab, mask, dirty, self.recent_ms());
    }

    /// The same, as if they had last been used at `used_ms`.
    pub(super) fn return_slabs_used(&self, zone: usize, superslab: usize, mask: u64, dirty: u64, used_ms: u64) {
        let mut pool = self.pool.lock();
        pool.release(zone, superslab, mask, dirty, used_ms);
        self.surplus.store(pool.surplus() > 0, Ordering::Relaxed);
        self.reusable.store(pool.has_reusable(), Ordering::Relaxed);
    }

    /// True if the pool would keep more than it is allowed, were so many more slabs free.
    pub fn would_be_surplus(&self, slabs: usize) -> bool {
        self.pool.lock().would_be_surplus(slabs)
    }

    /// True if the pool probably has slabs that were used before.
    pub fn has_reusable(&self) -> bool {
        self.reusable.load(Ordering::Relaxed)
    }

    /// Which zone, superslab and slabs a span is.
    fn whereabouts(&self, slab: &Slab) -> Option<(usize, usize, u64)> {
        let base = slab.base.load(Ordering::Relaxed);
        let number = (0..self.zones.count()).find(|&number| self.zones.get(number).covers(base))?;
        let superslab = (base.addr() - self.zones.get(number).base().addr()) / SUPERSLAB_BYTES;
        let mask = crate::base::bits::low(slab.slabs.load(Ordering::Relaxed) as usize) << slab.index();
        Some((number, superslab, mask))
    }

    /// Gives a span's slabs back. None of its blocks is out.
    pub fn release_span(&self, slab: &Slab) {
        let Some((zone, superslab, mask)) = self.whereabouts(slab) else {
            return;
        };
        self.forget_freed(slab);
        slab.close();
        if slab.guarded.replace(false) {
            self.spare_guard(zone, superslab, mask);
        }
        self.return_slabs(zone, superslab, mask, mask);
    }

    /// Before a span ends: its blocks are looked at for the last time.
    #[inline]
    pub fn forget_freed(&self, slab: &Slab) {
        if self.measures.has(Harden::HOLDS) && slab.class().has_freed_marks() {
            self.look_at_freed(slab);
        }
    }

    #[cold]
    fn look_at_freed(&self, slab: &Slab) {
        let (class, base) = (slab.class(), slab.base.load(Ordering::Relaxed));
        let step = class.shape().bytes as usize;
        for block in
            (0..slab.span_bytes()).step_by(step.max(1 << GRANULE_SHIFT)).map(|offset| base.wrapping_add(offset))
        {
            let Some(zone) = self.zones.find(block) else { return };
            let Some(live) = zone.live_place(block) else { return };
            if live.load(Ordering::Relaxed) == SizeClass::FREED.0 {
                live.store(0, Ordering::Relaxed);
                let bytes = zone.bytes_in_use(class, block);
                // SAFETY: free, and of a span that the caller has to itself; the mark says that it was filled.
                unsafe { self.measures.look_at(block, bytes, Finder::Give) };
            }
        }
    }

    /// Makes a run `slabs` long where it stands; false if what follows is taken.
    pub fn resize_run(&self, slab: &Slab, slabs: usize) -> bool {
        let Some((zone, superslab, mask)) = self.whereabouts(slab) else {
            return false;
        };
        let old = slab.slabs.load(Ordering::Relaxed) as usize;
        let first = slab.index();
        if slab.guarded.get() {
            // The guard stays where it is.
            return slabs == old;
        }
        if slabs < old {
            slab.forget(slabs);
            slab.slabs.store(slabs as u8, Ordering::Relaxed);
            let tail = mask & !(crate::base::bits::low(slabs) << first);
            self.return_slabs(zone, superslab, tail, tail);
            return true;
        }
        if first + slabs > 64 {
            return false;
        }
        let more = crate::base::bits::low(slabs - old) << (first + old);
        if slabs > old && self.pool.lock().claim_exactly(zone, superslab, more, self.recent_ms()).is_none() {
            return false;
        }
        slab.slabs.store(slabs as u8, Ordering::Relaxed);
        slab.name(slab.class(), old, slabs);
        true
    }

    /// The locks that a fork holds.
    pub fn hold(&self, passage: &mut Passage) {
        passage.pass(&self.pool);
        self.store.hold(passage);
    }
}
