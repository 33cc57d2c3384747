//! A heap: the slabs of one owner, by class and by how full they are.
//!
//! `owner-only`: one thread at a time uses a heap: the thread that it belongs to, or, for a heap of the
//! common list, who holds its lock.
//!
//! `heap-lists`: each slab of a heap is the current one of its class, in one bucket, or full; the mask of
//! a class has a bucket's bit iff the bucket has a slab.

#![allow(unsafe_code, reason = "follows links between slab records")]

use core::ptr;

use super::first_blocks::FirstBlocks;
use super::reach::Reach;
use super::reserve::Reserve;
use crate::base::sync::{AtomicPtr, AtomicU64, Cell, Ordering};
use crate::config::flags::Harden;
use crate::pages::PageProvider;
use crate::slab::listing::{BUCKETS, CURRENT, FULL};
use crate::slab::size_class::{CLASSES, CROWDED_CLASSES};
use crate::slab::{Mailbox, Refill, SizeClass, Slab};
use crate::superslab::Territory;

/// One class's slabs; those in the first bucket.
#[derive(Debug)]
#[repr(C)]
pub(super) struct ClassSlabs {
    pub(super) current: Cell<*const Slab>,
    pub(super) fullest: Cell<*const Slab>,
    pub(super) spans: Cell<u32>,
    pub(super) mask: Cell<u8>,
}

/// The further buckets, which only classes with many blocks a slab use.
type Emptier = [Cell<*const Slab>; BUCKETS - 1];

/// See the file's head. All zero when new.
#[derive(Debug)]
#[repr(C)]
pub struct Heap {
    /// Where others' frees arrive; first, so that a slab's owner leads to the heap.
    pub mailbox: Mailbox,
    classes: [ClassSlabs; CLASSES],
    emptier: [Emptier; CROWDED_CLASSES],
    /// Slabs held in advance.
    pub reserve: Reserve,
    /// The first blocks of many classes.
    pub(crate) first_blocks: FirstBlocks,
    /// Packed classes, from the first on, that may have spans of which no block is out.
    pub(super) idle: Cell<u32>,
    /// Every heap there is; written once.
    pub next_heap: AtomicPtr<Heap>,
    /// Next in the common list; under its lock.
    pub next_common: Cell<*const Heap>,
    /// Spans taken from the pool.
    pub spans_taken: AtomicU64,
    /// Spans given back to it.
    pub spans_given: AtomicU64,
    /// Blocks that others freed and that were taken in.
    pub harvested: AtomicU64,
}

#[inline]
pub(super) fn slab<'a>(pointer: *const Slab) -> Option<&'a Slab> {
    // SAFETY: links lead to slab records, which are never unmapped.
    unsafe { pointer.as_ref() }
}

fn add(counter: &AtomicU64, by: u64) {
    // One writer at a time (`owner-only`): no read-modify-write is needed.
    counter.store(counter.load(Ordering::Relaxed) + by, Ordering::Relaxed);
}

impl Heap {
    #[inline]
    pub(super) fn class(&self, class: SizeClass) -> &ClassSlabs {
        &self.classes[class.index()]
    }

    /// The head of a class's bucket; classes with few blocks a slab have only the first.
    fn bucket(&self, class: SizeClass, bucket: usize) -> &Cell<*const Slab> {
        let emptier = self.emptier.get(class.index()).and_then(|buckets| buckets.get(bucket.wrapping_sub(1)));
        emptier.unwrap_or(&self.class(class).fullest)
    }

    /// The head of a class's first bucket.
    pub(super) fn first_of(&self, class: SizeClass) -> *const Slab {
        self.class(class).fullest.get()
    }

    /// True if the heap can hand out a block of the class at once.
    pub fn has(&self, class: SizeClass) -> bool {
        let of = self.class(class);
        of.mask.get() != 0 || slab(of.current.get()).is_some_and(|current| current.free_blocks() > 0)
    }

    /// Spans of a class.
    pub fn spans_of(&self, class: SizeClass) -> u32 {
        self.class(class).spans.get()
    }

    /// True if the slab is this heap's.
    #[inline]
    pub fn owns(&self, slab: &Slab) -> bool {
        ptr::eq(slab.owner.load(Ordering::Relaxed), &self.mailbox)
    }

    /// Takes one block; true beside it if it reads as zero.
    #[inline]
    pub fn take_one<P: PageProvider>(&self, territory: &Territory<P>, class: SizeClass) -> Option<(*mut u8, bool)> {
        if class.is_packed() {
            let block = self.take_packed(class);
            return if block.is_null() {
                self.take_packed_slow(territory, class, Reach::Provider)
            } else {
                Some((block, false))
            };
        }
        if let Some(current) = slab(self.class(class).current.get())
            && let Some(block) = current.take_one()
        {
            return Some(block);
        }
        self.next_slab(territory, class, Reach::Provider)?.take_one()
    }

    /// Takes blocks until `into` is full, at least one if there is one within reach; a fresh slab is claimed
    /// only if nothing else was found.
    pub fn take_many<P: PageProvider>(
        &self,
        territory: &Territory<P>,
        class: SizeClass,
        reach: Reach,
        into: &mut Refill<'_>,
    ) {
        let further = |into: &Refill<'_>| if into.is_empty() { reach } else { Reach::Spans };
        if class.is_packed() {
            while !into.is_full()
                && let Some((block, _)) = self.take_packed_slow(territory, class, further(into))
            {
                into.put(block);
            }
            return;
        }
        if let Some(current) = slab(self.class(class).current.get()) {
            current.take_many(into);
        }
        if further(into) != Reach::Spans && !self.has(class) {
            self.harvest(territory);
            if !self.has(class) && self.take_first(territory, class, reach, into) {
                return;
            }
        }
        while !into.is_full()
            && let Some(next) = self.next_slab(territory, class, further(into))
        {
            next.take_many(into);
        }
    }

    /// Makes a slab with free blocks the current one.
    #[cold]
    fn next_slab<P: PageProvider>(&self, territory: &Territory<P>, class: SizeClass, reach: Reach) -> Option<&Slab> {
        let of = self.class(class);
        if let Some(current) = slab(of.current.replace(ptr::null())) {
            current.set_listing(FULL);
            self.relist(current);
        }
        if of.mask.get() == 0 {
            self.harvest(territory);
        }
        let next = if of.mask.get() != 0 {
            let fullest = of.mask.get().trailing_zeros() as usize;
            let next = slab(self.bucket(class, fullest).get())?;
            self.unlist(next);
            next
        } else if reach > Reach::Starters {
            let claimed = self.claim(territory, class, class.shape().slabs.into(), reach)?;
            self.count_taken(of);
            claimed
        } else {
            return None;
        };
        next.set_listing(CURRENT);
        of.current.set(next);
        Some(next)
    }

    /// A span of the reserve or the pool; idle ones make room first.
    pub(super) fn claim<P: PageProvider>(
        &self,
        territory: &Territory<P>,
        class: SizeClass,
        slabs: usize,
        reach: Reach,
    ) -> Option<&Slab> {
        if !self.reserve.has_used(slabs) {
            self.release_idle_packed(territory);
            self.release_idle_starters(territory);
        }
        let (spans, grow) = (self.spans() as usize, reach == Reach::Provider);
        if territory.measures.has(Harden::GUARD_SLABS) {
            self.reserve.give_up(territory);
            return territory.claim_guarded(class, slabs, 1, &self.mailbox, grow).and_then(|claimed| slab(claimed));
        }
        let claimed = self.reserve.claim(territory, class, slabs, spans, &self.mailbox, grow)?;
        slab(claimed)
    }

    /// A class has one span more.
    pub(super) fn count_taken(&self, of: &ClassSlabs) {
        of.spans.set(of.spans.get() + 1);
        add(&self.spans_taken, 1);
    }

    /// A class has one span less.
    pub(super) fn count_given(&self, of: &ClassSlabs) {
        of.spans.set(of.spans.get() - 1);
        add(&self.spans_given, 1);
    }

    /// Takes blocks back: `bits` of word `word` of one of this heap's slabs. Returns those that were free
    /// already.
    #[inline]
    pub fn put<P: PageProvider>(&self, territory: &Territory<P>, slab: &Slab, word: usize, bits: u64) -> u64 {
        let twice = slab.put(word, bits);
        self.look_after(territory, slab);
        twice
    }

    /// The same, where it is known where the word is.
    #[inline(always)]
    pub fn put_at<P: PageProvider>(
        &self,
        territory: &Territory<P>,
        slab: &Slab,
        place: &AtomicU64,
        word: usize,
        bits: u64,
    ) -> u64 {
        let twice = slab.put_at(place, word, bits);
        self.look_after(territory, slab);
        twice
    }

    /// Blocks of a slab came back.
    #[inline(always)]
    fn look_after<P: PageProvider>(&self, territory: &Territory<P>, slab: &Slab) {
        if slab.is_misplaced() {
            self.settle(territory, slab);
        }
    }

    /// Lists a slab that is not current where it now belongs, or gives it back.
    pub(super) fn settle<P: PageProvider>(&self, territory: &Territory<P>, slab: &Slab) {
        if slab.used.get() == 0 && slab.class() != SizeClass::STARTER {
            if slab.listing() != FULL {
                self.unlist(slab);
            }
            self.release(territory, slab);
        } else if slab.listing() != slab.bucket() {
            if slab.listing() != FULL {
                self.unlist(slab);
            }
            self.relist(slab);
        }
    }

    pub(super) fn relist(&self, slab: &Slab) {
        if slab.free_blocks() == 0 {
            slab.set_listing(FULL);
            return;
        }
        let bucket = slab.bucket();
        let of = self.class(slab.class());
        let first = self.bucket(slab.class(), bucket as usize).replace(slab);
        slab.next.set(first);
        slab.prev.set(ptr::null());
        if let Some(first) = self::slab(first) {
            first.prev.set(slab);
        }
        slab.set_listing(bucket);
        of.mask.set(of.mask.get() | 1 << bucket);
    }

    pub(super) fn unlist(&self, slab: &Slab) {
        let of = self.class(slab.class());
        let bucket = slab.listing();
        let (next, prev) = (slab.next.get(), slab.prev.get());
        if let Some(next) = self::slab(next) {
            next.prev.set(prev);
        }
        match self::slab(prev) {
            Some(prev) => prev.next.set(next),
            None => {
                self.bucket(slab.class(), bucket as usize).set(next);
                if next.is_null() {
                    of.mask.set(of.mask.get() & !(1 << bucket));
                }
            }
        }
        slab.set_listing(FULL);
    }

    /// Takes in what others freed.
    pub fn harvest<P: PageProvider>(&self, territory: &Territory<P>) {
        if self.mailbox.is_empty() {
            return;
        }
        self.mailbox.drain(|slab| {
            let came = slab.harvest();
            add(&self.harvested, came as u64);
            if slab.listing() != CURRENT {
                self.settle(territory, slab);
            }
        });
    }

    /// Takes in what others freed, and gives what is idle to the pool.
    pub fn tidy<P: PageProvider>(&self, territory: &Territory<P>) {
        self.harvest(territory);
        self.release_idle(territory);
    }

    /// Gives back the current slabs of which no block is out.
    fn release_idle<P: PageProvider>(&self, territory: &Territory<P>) {
        self.release_idle_packed(territory);
        self.release_idle_starters(territory);
        for of in &self.classes {
            let Some(current) = slab(of.current.get()) else {
                continue;
            };
            if current.used.get() == 0 {
                of.current.set(ptr::null());
                self.release(territory, current);
            }
        }
        self.reserve.give_up(territory);
    }

    /// No slab is current: each goes back when its last block does.
    pub fn retire(&self) {
        for of in &self.classes {
            if let Some(current) = slab(of.current.replace(ptr::null())) {
                current.set_listing(FULL);
                self.relist(current);
            }
        }
    }

    pub(super) fn release<P: PageProvider>(&self, territory: &Territory<P>, slab: &Slab) {
        self.count_given(self.class(slab.class()));
        self.reserve.release(territory, slab);
    }

    /// Spans that it ever took.
    pub fn spans_ever(&self) -> u64 {
        self.spans_taken.load(Ordering::Relaxed)
    }

    /// Spans that it has.
    pub fn spans(&self) -> u64 {
        self.spans_taken.load(Ordering::Relaxed) - self.spans_given.load(Ordering::Relaxed)
    }

    /// Calls `each` with every listed or current slab: full ones are in no list.
    pub fn for_each_slab(&self, mut each: impl FnMut(&Slab)) {
        for class in SizeClass::all() {
            if let Some(current) = slab(self.class(class).current.get()) {
                each(current);
            }
            for bucket in 0..if class.index() < CROWDED_CLASSES { BUCKETS } else { 1 } {
                let mut at = self.bucket(class, bucket).get();
                while let Some(listed) = slab(at) {
                    at = listed.next.get();
                    each(listed);
                }
            }
        }
    }
}
