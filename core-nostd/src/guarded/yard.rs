//! All slots: one run of pages, most of them shut, and which slot is used next: of those that were used, the one
//! whose block was freed first, so that it stays shut as long as it can.

#![allow(unsafe_code, reason = "slots stand in raw memory")]

use core::ptr;

use super::place::{Plan, Spot};
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
    /// Bytes of the pages of blocks in use.
    pub(super) live_bytes: AtomicUsize,
    queue: Lock<Queue, P>,
}

impl<P: PageProvider> Yard<P> {
    /// `count` slots; `None` if memory is out, or the provider cannot shut pages.
    pub(super) fn build(territory: &Territory<P>, count: usize) -> Option<&Self> {
        let provider = &territory.provider;
        let plan = Plan::new(count, provider.page_bytes());
        let (bytes, records) = (plan.bytes()?, count.checked_mul(size_of::<Slot>())?);
        let start = provider.reserve(bytes, plan.page)?;
        // SAFETY: reserved just now.
        let ready = unsafe { provider.commit(start, bytes) && provider.guard(start, bytes) };
        let room = || Some((territory.store.keep(provider, records)?.cast::<Slot>(), territory.allot::<Self>()?));
        let Some((slots, yard)) = ready.then(room).flatten() else {
            // SAFETY: reserved just now, seen by nobody.
            unsafe { provider.release(start, bytes) };
            return None;
        };
        let queue = Lock::new(Queue { first: NOBODY, last: NOBODY, waiting: 0, opened: 0 });
        let (start, live_bytes) = (start.as_ptr(), AtomicUsize::new(0));
        // SAFETY: the rooms are ours, that long, and never unmapped; zeroed memory is a valid slot.
        unsafe {
            slots.as_ptr().cast::<u8>().write_bytes(0, records);
            yard.write(Self { start, plan, bytes, slots: slots.as_ptr(), live_bytes, queue });
            Some(&*yard.as_ptr())
        }
    }

    pub(super) fn slot(&self, number: usize) -> &Slot {
        // SAFETY: there are `count` slots, and no number of ours is larger.
        unsafe { &*self.slots.add(number.min(self.plan.count - 1)) }
    }

    /// What lies at an address, if it lies here.
    pub(super) fn spot(&self, address: usize) -> Option<Spot> {
        let offset = address.wrapping_sub(self.start.addr());
        (offset < self.bytes).then(|| self.plan.spot(offset))
    }

    /// The address so many bytes behind a slot's start.
    pub(super) fn at(&self, number: usize, offset: usize) -> *mut u8 {
        self.start.wrapping_add(self.plan.start(number) + offset)
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
        let (mut blocks, mut bytes, mut pages, mut rest) = (0u64, 0u64, 0usize, 0usize);
        for slot in (0..self.plan.count).map(|number| self.slot(number)) {
            match slot.state() {
                LIVE => {
                    blocks += 1;
                    bytes += slot.bytes() as u64;
                    pages += slot.place().pages_bytes;
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
        Ok((blocks, bytes))
    }

    /// The lock that a fork holds.
    pub(super) fn hold(&self, passage: &mut Passage) {
        passage.pass(&self.queue);
    }

    /// Takes it down again, if nobody saw it: only its pages are worth that.
    pub(super) fn abandon(&self, provider: &P) {
        if let Some(start) = ptr::NonNull::new(self.start) {
            // SAFETY: reserved whole by `build`, and no block was ever there.
            unsafe { provider.release(start, self.bytes) };
        }
    }
}
