//! What a thread has: its front, and beside it the slots behind the magazines, its heap once it is warm, and the
//! counters of a watched thread.

#![allow(unsafe_code, reason = "magazine slots stand in raw memory")]

use core::ptr::{self, NonNull};

use super::magazine::{END, Magazines, Slot};
use super::slabs::Heap;
use crate::base::millis::Millis;
use crate::base::sync::{AtomicPtr, AtomicU32, AtomicU64, Cell, Ordering};
use crate::config::flags::{Off, Watch};
use crate::harden::quarantine::Quarantine;
use crate::harden::random::Dice;
use crate::pages::PageProvider;
use crate::policy::front::{self, look_below_peak};
use crate::slab::SizeClass;
use crate::slab::size_class::MAGAZINE_CLASSES;
use crate::superslab::Territory;

/// Calls of a watched thread, counted by itself and read by anybody.
#[derive(Debug)]
pub struct Calls {
    /// Blocks handed out.
    pub taken: AtomicU64,
    /// Bytes asked for.
    pub bytes: AtomicU64,
    /// Blocks given back.
    pub given: AtomicU64,
    /// Blocks handed out by a magazine that was not empty.
    pub hits: AtomicU64,
}

/// A thread's front: what the shim keeps in thread-local storage.
#[derive(Debug)]
#[repr(C)]
pub struct Front {
    /// The magazines of the hot paths.
    pub(crate) magazines: Magazines,
    /// The thread's slabs: null while it is cold, watched or gone.
    pub(crate) heap: core::cell::Cell<*const Heap>,
    /// The rest of what the thread has: null before its first call, [`ThreadHeap::gone`] after its last.
    pub thread: core::cell::Cell<*const ThreadHeap>,
    /// Forks of the thread that are under way.
    pub forks: AtomicU32,
    /// How deep the thread is behind the gate without a thread heap.
    pub passing: AtomicU32,
}

/// See the file's head. All zero when new; never unmapped, reused by later threads.
#[derive(Debug)]
#[repr(C)]
pub struct ThreadHeap {
    /// Its slabs; null while the thread is cold and takes from the common heap.
    pub heap: Cell<*const Heap>,
    /// The front of the thread that it belongs to now; null if none.
    pub front: AtomicPtr<Front>,
    first: [Cell<*mut Slot>; MAGAZINE_CLASSES],
    slots: [Cell<u8>; MAGAZINE_CLASSES],
    /// Slots that each magazine had before it was taken away: when the thread takes again, it has them at once.
    had: [Cell<u8>; MAGAZINE_CLASSES],
    /// Blocks in each magazine while the thread is watched.
    watched: [Cell<u8>; MAGAZINE_CLASSES],
    /// A bit for each class that has a magazine.
    fitted: Cell<u64>,
    /// A bit for each class whose magazine overflowed since it last ran empty.
    flushed: Cell<u64>,
    /// Refills so far.
    pub refills: Cell<u32>,
    /// Classes of which it has had blocks.
    pub classes: Cell<u32>,
    /// True once it gave back more than it had taken: of a class that it never took, or until a magazine
    /// overflowed.
    pub gives: Cell<bool>,
    /// Blocks that its magazines took from slabs and did not give back: with clients or in the magazines. What other
    /// threads give back counts too.
    pub out: Cell<usize>,
    /// The most that `out` was since the thread last fell.
    pub peak: Cell<usize>,
    /// When `out` is below that, the thread may have fallen.
    pub look_below: Cell<usize>,
    /// True from a fall until it takes again: what comes back goes to its slab.
    pub falls: Cell<bool>,
    /// When the thread, one of many, last fell.
    pub fell: Cell<Millis>,
    /// Slow-path events since the clock was last looked at.
    pub events: Cell<u32>,
    /// Takes of slow paths until one is guarded; 0 if none was drawn yet.
    pub guard_in: Cell<u32>,
    /// What is watched: then the front has no magazines, and `watched` counts what is in them.
    pub watch: Cell<u8>,
    /// Its calls, if they are counted.
    pub calls: Calls,
    /// Says which block is next, if that is not to be foretold.
    pub dice: Cell<*const Dice>,
    /// Freed blocks that wait.
    pub quarantine: Cell<*const Quarantine>,
    /// 1 if the thread is behind the gate.
    pub inside: AtomicU32,
    /// Every thread heap there is; written once.
    pub next_thread: AtomicPtr<ThreadHeap>,
    /// Next of the unused ones; under the common lock.
    pub next_unused: Cell<*const ThreadHeap>,
}

const _: () = assert!(size_of::<ThreadHeap>() <= 1024, "the store gives powers of two");
const _: () = assert!(MAGAZINE_CLASSES <= 64 && front::MOST_SLOTS <= 255, "a bit and a byte a class");

const SLOT_BYTES: usize = size_of::<Slot>();

/// Bytes of a magazine's slots, of the null below the first and of the end behind the last.
const fn room_bytes(slots: usize) -> usize {
    (slots + 2) * SLOT_BYTES
}

/// [`front::first_slots`] of every class, of warm threads and of cold ones.
static FIRST_SLOTS: [[u8; MAGAZINE_CLASSES]; 2] = {
    let mut slots = [[0; MAGAZINE_CLASSES]; 2];
    let mut class = 0;
    while class < MAGAZINE_CLASSES {
        let bytes = SizeClass::numbered(class).shape().bytes as usize;
        slots[0][class] = front::first_slots(bytes, false) as u8;
        slots[1][class] = front::first_slots(bytes, true) as u8;
        class += 1;
    }
    slots
};

impl ThreadHeap {
    /// What a front points to after its thread has ended.
    pub const fn gone() -> *const Self {
        ptr::without_provenance(align_of::<Self>())
    }

    /// What is watched.
    pub fn watch(&self) -> Watch {
        Watch::from_bits_retain(self.watch.get())
    }

    /// Its slabs, if it is warm.
    pub fn heap(&self) -> Option<&Heap> {
        // SAFETY: heaps are never unmapped, and this thread is the owner.
        unsafe { self.heap.get().as_ref() }
    }

    /// Slots of a class's magazine.
    pub fn slots(&self, class: SizeClass) -> usize {
        self.slots[class.magazine_index()].get() as usize
    }

    /// Slots of all magazines.
    pub fn all_slots(&self) -> usize {
        self.slots.iter().map(|slots| usize::from(slots.get())).sum()
    }

    /// Bytes of the blocks in all magazines.
    pub fn cached_bytes(&self, front: &Front) -> usize {
        self.fitted().map(|class| self.len(front, class) * class.shape().bytes as usize).sum()
    }

    fn first_slot(&self, class: SizeClass) -> *mut Slot {
        self.first[class.magazine_index()].get()
    }

    /// Blocks in a class's magazine.
    fn len(&self, front: &Front, class: SizeClass) -> usize {
        if self.watch.get() != 0 {
            return self.watched[class.magazine_index()].get().into();
        }
        let first = self.first_slot(class);
        if first.is_null() { 0 } else { (front.magazines.cursor(class).addr() - first.addr()) / SLOT_BYTES }
    }

    /// The first `len` slots of a class's magazine hold its blocks now.
    fn set_len(&self, front: &Front, class: SizeClass, len: usize) {
        if self.watch.get() == 0 {
            front.magazines.set_cursor(class, self.first_slot(class).wrapping_add(len));
        } else {
            self.watched[class.magazine_index()].set(len as u8);
        }
    }

    /// Takes the newest block of a class; null if there is none.
    pub fn pop(&self, front: &Front, class: SizeClass) -> *mut u8 {
        if self.watch.get() == 0 {
            return front.magazines.pop(class);
        }
        let blocks = self.blocks(front, class);
        let Some(&newest) = blocks.last() else { return ptr::null_mut() };
        let (last, first) = (blocks.len() - 1, self.first_slot(class));
        self.set_len(front, class, last);
        let Some(dice) = self.dice() else { return newest };
        // SAFETY: `magazine`: the first `last` slots hold blocks, and the one behind them held the newest.
        unsafe { first.add(dice.below(last + 1)).replace(newest) }
    }

    /// Its dice, if it has some.
    pub fn dice(&self) -> Option<&Dice> {
        // SAFETY: written once, to room that is never given back.
        unsafe { self.dice.get().as_ref() }
    }

    /// Its quarantine, if it has one.
    pub fn quarantine(&self) -> Option<&Quarantine> {
        // SAFETY: as above.
        unsafe { self.quarantine.get().as_ref() }
    }

    /// Puts a block in; false if the magazine is full.
    pub fn push(&self, front: &Front, class: SizeClass, block: *mut u8) -> bool {
        if self.watch.get() == 0 {
            return front.magazines.push(class, block);
        }
        let len = self.len(front, class);
        if len == self.slots(class) {
            return false;
        }
        // SAFETY: `magazine`: it has more than `len` slots.
        unsafe { *self.first_slot(class).wrapping_add(len) = block };
        self.set_len(front, class, len + 1);
        true
    }

    /// Watches the thread: its magazines are out of the front's reach from now on.
    pub fn close(&self, front: &Front, watch: Watch) {
        if self.watch.get() == 0 {
            for class in SizeClass::all_with_magazines() {
                self.watched[class.magazine_index()].set(self.len(front, class) as u8);
                front.magazines.clear(class);
            }
        }
        front.heap.set(ptr::null());
        self.watch.set(self.watch.get() | watch.bits());
    }

    /// Blocks in a class's magazine, oldest first.
    pub fn blocks(&self, front: &Front, class: SizeClass) -> &[Slot] {
        let first = self.first_slot(class);
        if first.is_null() {
            return &[];
        }
        // SAFETY: `magazine`: its first `len` slots hold blocks and are this thread's.
        unsafe { core::slice::from_raw_parts(first, self.len(front, class)) }
    }

    /// The first `most` slots of a class's magazine, which is empty.
    pub fn room(&self, front: &Front, class: SizeClass, most: usize) -> &[Cell<Slot>] {
        debug_assert!(self.blocks(front, class).is_empty() && most <= self.slots(class), "an empty magazine");
        // SAFETY: `magazine`: it has that many slots, and this thread alone uses them.
        unsafe { core::slice::from_raw_parts(self.first_slot(class).cast(), most) }
    }

    /// The magazine has `count` blocks now, in the slots behind the first `skipped`.
    pub fn add_newest(&self, front: &Front, class: SizeClass, skipped: usize, count: usize) {
        let first = self.first_slot(class);
        if skipped > 0 {
            // SAFETY: `magazine`: it has `skipped + count` slots, as `room` gave them out.
            unsafe { first.copy_from(first.wrapping_add(skipped), count) };
        }
        self.set_len(front, class, count);
    }

    /// Drops the oldest `count` blocks of a class's magazine; whoever calls has them in hand.
    pub fn drop_oldest(&self, front: &Front, class: SizeClass, count: usize) {
        let (kept, first) = (self.len(front, class) - count, self.first_slot(class));
        // SAFETY: `magazine`: there are `count + kept` blocks from the first slot on.
        unsafe { first.copy_from(first.wrapping_add(count), kept) };
        self.set_len(front, class, kept);
    }

    /// Notes that a class's magazine overflowed.
    pub fn note_flush(&self, class: SizeClass) {
        self.flushed.set(self.flushed.get() | 1 << class.magazine_index());
    }

    /// The classes that have a magazine.
    pub fn fitted(&self) -> impl Iterator<Item = SizeClass> + use<> {
        let bits = core::iter::successors(Some(self.fitted.get()), |bits| Some(bits & bits.wrapping_sub(1)));
        bits.take_while(|&bits| bits != 0).map(|bits| SizeClass::numbered(bits.trailing_zeros() as usize))
    }

    /// True if a class's magazine overflowed since it last ran empty.
    pub fn has_flushed(&self, class: SizeClass) -> bool {
        self.flushed.get() & 1 << class.magazine_index() != 0
    }

    /// So many blocks came out of slabs.
    pub fn note_taken(&self, blocks: usize) {
        let out = self.out.get() + blocks;
        self.out.set(out);
        self.peak.set(self.peak.get().max(out));
        self.look_below.set(self.look_below.get().max(look_below_peak(out)));
        self.falls.set(false);
    }

    /// So many went back.
    pub fn note_given(&self, blocks: usize) {
        self.out.set(self.out.get().saturating_sub(blocks));
    }

    /// Makes sure that a class has a magazine, and a larger one if it overflowed since it last ran
    /// empty, or, if the thread `takes`, had one; the larger the `crowd`, the less it grows. The magazine must be
    /// empty. False if memory is out and there is none.
    pub fn fit<P: PageProvider>(
        &self,
        territory: &Territory<P>,
        front: &Front,
        class: SizeClass,
        takes: bool,
        crowd: u32,
    ) -> bool {
        let index = class.magazine_index();
        let slots = self.slots(class);
        let bytes = class.shape().bytes as usize;
        let is_cold = slots == 0 && self.heap.get().is_null() && !self.gives.get();
        let least = usize::from(FIRST_SLOTS[usize::from(is_cold)][index]);
        let had = if takes { self.had[index].replace(0).into() } else { 0 };
        let wanted = if slots < had.max(least) {
            had.max(least)
        } else if self.has_flushed(class) {
            front::grown_slots(slots, bytes, crowd)
        } else {
            slots
        };
        self.flushed.set(self.flushed.get() & !(1 << index));
        if wanted == slots || (slots >= least && territory.is_off(Off::GROWTH)) {
            return true;
        }
        let Some(room) = territory.store.take(&territory.provider, room_bytes(wanted)) else {
            return slots > 0;
        };
        if let Some(old) = NonNull::new(self.first[index].get()) {
            // SAFETY: taken with this size below; the magazine is empty.
            unsafe { territory.store.give(&territory.provider, old.sub(1).cast(), room_bytes(slots)) };
        }
        let room = room.cast::<Slot>().as_ptr();
        // SAFETY: the room has `wanted + 2` slots. Those between may hold anything but an end.
        unsafe {
            room.write_bytes(0, wanted + 1);
            room.add(wanted + 1).write(END);
        }
        self.first[index].set(room.wrapping_add(1));
        self.slots[index].set(wanted as u8);
        self.fitted.set(self.fitted.get() | 1 << index);
        self.classes.set(self.classes.get() + u32::from(slots == 0));
        if !takes {
            // More slots may hold more of what is out; but who has half of what it had has not fallen.
            self.look_below.set(look_below_peak(self.peak.get()).min(self.out.get() + 1));
        }
        self.set_len(front, class, 0);
        true
    }

    /// Takes the magazines away, emptied before, and returns their room.
    pub fn unfit<P: PageProvider>(&self, territory: &Territory<P>, front: &Front) {
        for class in self.fitted() {
            let index = class.magazine_index();
            front.magazines.clear(class);
            self.watched[index].set(0);
            let slots = self.slots[index].replace(0) as usize;
            self.had[index].set(self.had[index].get().max(slots as u8));
            if let Some(first) = NonNull::new(self.first[index].replace(ptr::null_mut())) {
                // SAFETY: taken with this size by `fit`; the magazine is empty and closed.
                unsafe { territory.store.give(&territory.provider, first.sub(1).cast(), room_bytes(slots)) };
            }
        }
        self.fitted.set(0);
        self.flushed.set(0);
        self.refills.set(0);
        self.classes.set(0);
    }

    /// Forgets what was learned of a thread that has ended.
    pub fn forget(&self) {
        self.had.iter().for_each(|had| had.set(0));
        self.out.set(0);
        self.peak.set(0);
        self.look_below.set(0);
        self.falls.set(false);
        self.fell.set(Millis::ZERO);
        self.gives.set(false);
    }
}

impl Calls {
    /// Counts one more: this thread is the only writer.
    pub fn count(counter: &AtomicU64, by: u64) {
        counter.store(counter.load(Ordering::Relaxed) + by, Ordering::Relaxed);
    }
}
