//! What is done now and then: memory goes back, threads end.

use super::Allocator;
use crate::base::millis::Millis;
use crate::base::sync::Ordering;
use crate::config::flags::{Harden, Off, Watch};
use crate::config::geometry::{FRAME_SHIFT, SLAB_BYTES, SLAB_FRAMES, SUPERSLAB_BYTES, SUPERSLAB_SLABS};
use crate::config::settings::Settings;
use crate::harden::Fault;
use crate::heap::heaps::Visitor;
use crate::heap::{Front, ThreadHeap};
use crate::pages::PageProvider;
use crate::policy::retention::{EVENTS_PER_LOOK, ROUND, rest};

/// Part of a large block's growth that the superslabs with free memory may come to, for it to go back.
const GROWTH_SHARE: usize = 8;

impl<P: PageProvider> Allocator<P> {
    /// Applies settings; for the calling thread and all later ones.
    pub fn configure(&self, front: &Front, settings: &Settings) {
        // A fork is soon over, and who is configured holds nothing.
        let _inside = self.gate.wait(front);
        self.territory.purge_delay_ms.store(settings.purge_delay_ms, Ordering::Relaxed);
        self.large.cache_ceiling.store(settings.large_cache_bytes, Ordering::Relaxed);
        self.territory.huge_pages.store(settings.huge_pages, Ordering::Relaxed);
        self.harden(settings.harden, settings.quarantine_bytes);
        let off = settings.off | self.territory.measures.rules_out();
        self.territory.off.store(off.bits(), Ordering::Relaxed);
        let slots = settings.guard_slots as usize;
        self.guarded.configure(&self.territory, settings.guard_rate, slots, settings.guard_side);
        // Before the watch, which would count these calls.
        if settings.prewarm_bytes > 0 {
            self.territory.prewarm(settings.prewarm_bytes);
        }
        if settings.prewarm_blocks > 0 {
            self.prewarm_classes(front, settings.prewarm_blocks as usize);
        }
        let mut watch = Watch::empty();
        watch.set(Watch::COUNT, settings.stats);
        watch.set(Watch::DOUBLE_FREE, settings.harden.intersects(Harden::WATCHES));
        watch.set(Watch::DOOR, settings.pass_through);
        watch.set(Watch::GUARD, settings.guard_rate == 1 && self.guarded.is_on());
        self.heaps.set_watch(&self.territory, front, watch);
    }

    /// No fast path opens from now on: the door sees every call of the threads to come. Some mechanisms are off.
    #[doc(hidden)]
    pub fn watch_the_door(&self, off: Off) {
        let off = off | self.territory.measures.rules_out();
        self.territory.off.store(off.bits(), Ordering::Relaxed);
        self.heaps.watch_the_door();
    }

    /// One slow-path event of a thread; every so often the clock is read and what is idle goes back.
    pub(super) fn tick(&self, thread: &ThreadHeap) {
        self.look_for_surplus();
        let events = thread.events.get() + 1;
        thread.events.set(events % EVENTS_PER_LOOK);
        if events < EVENTS_PER_LOOK {
            return;
        }
        if self.look_at_clock() {
            if let Some(heap) = thread.heap() {
                heap.tidy(&self.territory);
            }
            self.heaps.each_common(|common| common.tidy(&self.territory));
        } else if self.heaps.has_common() {
            // Nobody else may come by who takes in what the last threads had and this one frees.
            self.heaps.each_common(|common| common.harvest(&self.territory));
        }
    }

    /// Reads the clock; true if a round was due, which then has given idle memory back.
    pub(super) fn look_at_clock(&self) -> bool {
        let now = self.territory.read_clock();
        let last = self.last_round_ms.load(Ordering::Relaxed);
        if now.since(Millis::new(last)) < ROUND
            || self.last_round_ms.compare_exchange(last, now.get(), Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            return false;
        }
        self.territory.permit_spares();
        self.give_idle(self.territory.purge_delay());
        true
    }

    /// Gives back what the shared parts have kept for so long; returns the bytes.
    fn give_idle(&self, delay: Millis) -> usize {
        self.territory.purge(delay) + self.large.trim(&self.territory, delay)
    }

    /// A large block is to grow by so many bytes: what lies free in the pool goes back first, where the superslabs it
    /// lies in are little beside that. To touch it again then costs little too.
    pub(super) fn give_way(&self, growth: usize) {
        let most = growth / GROWTH_SHARE / SUPERSLAB_BYTES;
        let kept = self.territory.frames().1.div_ceil(SUPERSLAB_SLABS * SLAB_FRAMES);
        if most > 0 && (1..=most).contains(&(self.territory.pool.lock().reusable() + kept)) {
            // What is warm was never used, and stays.
            self.territory.purge(self.territory.purge_delay().min(Millis::new(1)));
        }
    }

    /// Gives back what is due of the parts that threads share, for a thread that does nothing else; false if
    /// nothing is left that will be due. Heaps of other threads stay as they are.
    pub fn round(&self, front: &Front) -> bool {
        let Some(_inside) = self.gate.enter(front) else { return true };
        self.territory.read_clock();
        let held = !self.heaps.each_common(|common| common.tidy(&self.territory));
        self.territory.permit_spares();
        self.give_idle(self.territory.purge_delay());
        held || self.territory.pool.lock().kept() > 0
            || self.territory.frames().1 > 0
            || self.large.cached_bytes.load(Ordering::Relaxed) != 0
    }

    /// Milliseconds to let pass between two rounds.
    pub fn round_ms(&self) -> u64 {
        rest(self.territory.purge_delay()).get()
    }

    /// Bytes that rounds may give back, now or later: a hint.
    pub fn idle_bytes(&self) -> usize {
        let kept = self.territory.frames().1 << FRAME_SHIFT;
        self.territory.reusable() * SLAB_BYTES + kept + self.large.cached_bytes.load(Ordering::Relaxed)
    }

    /// Threads that came and have not ended.
    #[doc(hidden)]
    pub fn threads(&self) -> u32 {
        self.heaps.threads.load(Ordering::Relaxed)
    }

    /// Gives back at once all that the calling thread and the shared parts keep; returns the bytes.
    pub fn trim(&self, front: &Front) -> usize {
        let Some(_inside) = self.gate.enter(front) else { return 0 };
        let visitor = self.heaps.visitor(&self.territory, front);
        self.relieve(&visitor, front) + self.territory.purge(Millis::ZERO)
    }

    /// A thread ends: its blocks go back to their slabs, its heap to the common list. Calls that it still
    /// makes are served block by block.
    pub fn end_thread(&self, front: &Front) -> Result<(), Fault> {
        if front.thread.get().is_null() {
            front.thread.set(ThreadHeap::gone());
        }
        let Visitor::Thread(thread) = self.heaps.visitor(&self.territory, front) else {
            return Ok(());
        };
        // Its thread heap is another's before this is over.
        let Some(_inside) = self.gate.enter_passing(front) else { return self.end_later(front, thread) };
        self.release_waiting(front, thread);
        let result = self.heaps.flush_all(&self.territory, front, thread);
        thread.unfit(&self.territory, front);
        thread.forget();
        front.heap.set(core::ptr::null());
        front.thread.set(ThreadHeap::gone());
        thread.front.store(core::ptr::null_mut(), Ordering::Relaxed);
        if let Some(heap) = thread.heap() {
            heap.tidy(&self.territory);
        }
        let heap = thread.heap();
        thread.heap.set(core::ptr::null());
        self.heaps.take_over(heap, thread);
        self.heaps.threads.fetch_sub(1, Ordering::Relaxed);
        result
    }
}
