//! All slots: one run of pages, most of them shut, and which slot is used next: of those that were used, the one
//! whose block was freed first, so that it stays shut as long as it can. A block that no slot has room for gets a plot,
//! and a slot that knows of it.

#![allow(unsafe_code, reason = "slots stand in raw memory")]

use core::ptr::NonNull;

use super::place::{Place, Plan, Spot};
use super::plots::{KEPT_MOST, Plot, Plots};
use super::slot::{BUSY, EMPTY, LIVE, Slot};
use crate::base::sync::{AtomicUsize, Lock, Ordering, Passage};
use crate::inspect::{Broken, check};
use crate::pages::PageProvider;
use crate::superslab::Territory;

const NOBODY: u32 = u32::MAX;

/// Slots that wait for their next block, and how many were ever used.
#[derive(Debug)]
struct Queue {
    first: u32,
    last: u32,
    waiting: usize,
    opened: usize,
}

/// See the file's head.
pub(super) struct Yard<P: PageProvider> {
    start: *mut u8,
    pub(super) plan: Plan,
    bytes: usize,
    slots: *const Slot,
    plots: Plots,
    /// Bytes of the pages of blocks in use.
    pub(super) live_bytes: AtomicUsize,
    queue: Lock<Queue, P>,
}

impl<P: PageProvider> Yard<P> {
    /// `count` slots; `None` if memory is out, or the provider cannot shut pages.
    pub(super) fn build(territory: &Territory<P>, count: usize) -> Option<&Self> {
        let provider = &territory.provider;
        let plan = Plan::new(count, provider.page_bytes());
        let (bytes, records) = (plan.bytes()?, count.checked_mul(size_of::<Slot>() + size_of::<Plot>())?);
        let start = provider.map(bytes, plan.page)?;
        // SAFETY: mapped just now.
        let ready = unsafe { provider.guard(start, bytes) };
        let room = || Some((territory.store.keep(provider, records)?.cast::<Slot>(), territory.allot::<Self>()?));
        let Some((slots, yard)) = ready.then(room).flatten() else {
            // SAFETY: mapped just now, seen by nobody.
            unsafe { provider.release(start, bytes) };
            return None;
        };
        let queue = Lock::new(Queue { first: NOBODY, last: NOBODY, waiting: 0, opened: 0 });
        let (start, slots, live_bytes) = (start.as_ptr(), slots.as_ptr(), AtomicUsize::new(0));
        // SAFETY: the rooms are ours, that long, and never unmapped; zeroed memory is valid slots and plots.
        unsafe {
            slots.cast::<u8>().write_bytes(0, records);
            let plots = Plots::new(slots.wrapping_add(count).cast(), count);
            yard.write(Self { start, plan, bytes, slots, plots, live_bytes, queue });
            Some(&*yard.as_ptr())
        }
    }

    pub(super) fn slot(&self, number: usize) -> &Slot {
        // SAFETY: there are `count` slots, and no number of ours is larger.
        unsafe { &*self.slots.add(number.min(self.plan.count - 1)) }
    }

    /// All slots, used or not.
    pub(super) fn slots(&self) -> impl Iterator<Item = &Slot> {
        (0..self.plan.count).map(|number| self.slot(number))
    }

    /// What lies at an address of the yard.
    pub(super) fn spot(&self, address: usize) -> Option<Spot> {
        let offset = address.wrapping_sub(self.start.addr());
        (offset < self.bytes).then(|| self.plan.spot(offset))
    }

    /// True if the slot was used, the last time for a block in the yard.
    pub(super) fn is_home(&self, number: usize) -> bool {
        let slot = self.slot(number);
        slot.state() != EMPTY && self.spot(slot.pages().0.addr()).is_some()
    }

    /// The slot whose plot an address lies in; a thread that frees a live block finds it.
    pub(super) fn plot_of(&self, address: usize) -> Option<usize> {
        if !self.plots.is_used() {
            return None;
        }
        let _held = self.queue.lock();
        self.plots.find(address)
    }

    /// The same for who may not wait: what changes meanwhile may not be seen.
    pub(super) fn plot_seen(&self, address: usize) -> Option<usize> {
        self.plots.find(address)
    }

    /// Opens the pages of a block for a slot that the caller has busy; `None` where that is refused.
    pub(super) fn open(
        &self,
        provider: &P,
        number: usize,
        bytes: usize,
        align: usize,
        at_end: bool,
    ) -> Option<(NonNull<u8>, Place)> {
        self.clear(provider, number);
        let Some(place) = self.plan.place(bytes, align, at_end) else {
            return self.open_plot(provider, number, bytes, align, at_end);
        };
        let pages = NonNull::new(self.start.wrapping_add(self.plan.start(number) + place.pages))?;
        // SAFETY: pages of the slot, mapped by `build`; it is this thread's while it is busy.
        let opened = place.pages_bytes == 0 || unsafe { provider.unguard(pages, place.pages_bytes) };
        opened.then_some((pages, place))
    }

    fn open_plot(
        &self,
        provider: &P,
        number: usize,
        bytes: usize,
        align: usize,
        at_end: bool,
    ) -> Option<(NonNull<u8>, Place)> {
        let plot = self.plan.plot(bytes, align, at_end)?;
        let start = provider.map(plot.bytes, plot.align)?;
        let (pages, behind) = (plot.place.pages, plot.place.pages + plot.place.pages_bytes);
        let at = |offset| NonNull::new(start.as_ptr().wrapping_add(offset));
        // SAFETY: both ends of what was mapped just now.
        let shut = unsafe { provider.guard(start, pages) && provider.guard(at(behind)?, plot.bytes - behind) };
        if !shut {
            // SAFETY: mapped whole just now, seen by nobody.
            unsafe { provider.release(start, plot.bytes) };
            return None;
        }
        let _held = self.queue.lock();
        self.plots.set(number, start, plot.bytes);
        Some((at(pages)?, plot.place))
    }

    /// A slot whose block is freed and shut: what plot it has is kept, within bounds.
    pub(super) fn keep(&self, provider: &P, number: usize) {
        let bytes = self.plots.bytes(number);
        let kept = self.plots.kept_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.wait(number);
        if bytes > 0 && kept > KEPT_MOST {
            self.let_plots_go(provider, KEPT_MOST);
        }
    }

    /// Plots that wait go, the oldest first, until at most so many bytes are kept; returns the bytes.
    pub(super) fn let_plots_go(&self, provider: &P, most: usize) -> usize {
        let mut gone = 0;
        while self.plots.kept_bytes.load(Ordering::Relaxed) > most {
            let Some(plot) = self.oldest_plot() else { break };
            gone += plot.1;
            self.release(provider, plot);
        }
        gone
    }

    /// The plot of the slot that waits longest of those that have one; it is the caller's now.
    fn oldest_plot(&self) -> Option<(NonNull<u8>, usize)> {
        let queue = self.queue.lock();
        let mut next = queue.first;
        while next != NOBODY {
            if let Some(plot) = self.plots.take(next as usize) {
                return Some(plot);
            }
            next = self.slot(next as usize).next.load(Ordering::Relaxed);
        }
        None
    }

    /// A slot that is used again gives up its plot.
    fn clear(&self, provider: &P, number: usize) {
        if self.plots.bytes(number) == 0 {
            return;
        }
        let plot = {
            let _held = self.queue.lock();
            self.plots.take(number)
        };
        if let Some(plot) = plot {
            self.release(provider, plot);
        }
    }

    /// Releases a plot that was kept.
    fn release(&self, provider: &P, (start, bytes): (NonNull<u8>, usize)) {
        self.plots.kept_bytes.fetch_sub(bytes, Ordering::Relaxed);
        // SAFETY: mapped whole by `open_plot`; its block was freed, and no slot has it any more.
        unsafe { provider.release(start, bytes) };
    }

    /// A slot for a block: one never used, or the one that waits longest. It is busy now.
    pub(super) fn next(&self) -> Option<usize> {
        let mut queue = self.queue.lock();
        let number = if queue.opened < self.plan.count {
            queue.opened += 1;
            queue.opened - 1
        } else if queue.first != NOBODY {
            let number = queue.first as usize;
            queue.first = self.slot(number).next.load(Ordering::Relaxed);
            queue.waiting -= 1;
            number
        } else {
            return None;
        };
        drop(queue);
        Some(number)
    }

    /// A slot waits for its next block.
    pub(super) fn wait(&self, number: usize) {
        self.slot(number).next.store(NOBODY, Ordering::Relaxed);
        let mut queue = self.queue.lock();
        let own = number as u32;
        if queue.first == NOBODY {
            queue.first = own;
        } else {
            self.slot(queue.last as usize).next.store(own, Ordering::Relaxed);
        }
        queue.last = own;
        queue.waiting += 1;
    }

    /// Blocks in use and their bytes; every slot is in use, waits, or was never used.
    pub(super) fn audit(&self) -> Result<(u64, u64), Broken> {
        let queue = self.queue.lock();
        let (mut blocks, mut bytes, mut pages, mut rest, mut kept) = (0u64, 0u64, 0usize, 0usize, 0usize);
        for number in 0..self.plan.count {
            let slot = self.slot(number);
            kept += if slot.is_live() { 0 } else { self.plots.bytes(number) };
            match slot.state() {
                LIVE => {
                    blocks += 1;
                    bytes += slot.bytes() as u64;
                    pages += slot.pages().1;
                }
                BUSY => rest += 1,
                _ => {}
            }
        }
        let untouched = (queue.opened..self.plan.count).filter(|&number| self.slot(number).state() == EMPTY).count();
        check("guarded-slots", 0, untouched as u64, (self.plan.count - queue.opened) as u64)?;
        let (mut next, mut waiting) = (queue.first, 0);
        while next != NOBODY && waiting <= queue.waiting {
            let slot = self.slot(next as usize);
            check("guarded-slots", next as usize, u64::from(slot.is_live()), 0)?;
            waiting += 1;
            next = slot.next.load(Ordering::Relaxed);
        }
        check("guarded-slots", 1, waiting as u64, queue.waiting as u64)?;
        check("guarded-slots", 2, blocks + (rest + waiting) as u64, queue.opened as u64)?;
        check("guarded-slots", 3, pages as u64, self.live_bytes.load(Ordering::Relaxed) as u64)?;
        check("guarded-slots", 4, kept as u64, self.plots.kept_bytes.load(Ordering::Relaxed) as u64)?;
        Ok((blocks, bytes))
    }

    /// Past the lock.
    pub(super) fn pass(&self, passage: &mut Passage) {
        passage.pass(&self.queue);
    }

    /// Takes it down again, if nobody saw it: only its pages are worth that.
    pub(super) fn abandon(&self, provider: &P) {
        if let Some(start) = NonNull::new(self.start) {
            // SAFETY: mapped whole by `build`, and no block was ever there.
            unsafe { provider.release(start, self.bytes) };
        }
    }
}
