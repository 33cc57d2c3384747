//! What a thread has beside its front: the slots behind the magazines, its heap once it is warm, and the
//! counters of a watched thread.

#![allow(unsafe_code, reason = "magazine slots stand in raw memory")]

use core::cell::Cell;
use core::ptr::{self, NonNull};

use super::magazine::{END, Front, Magazines, Slot};
use super::slabs::Heap;
use crate::base::sync::{AtomicPtr, AtomicU64, Ordering};
use crate::config::flags::Watch;
use crate::pages::PageProvider;
use crate::policy::front;
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

/// See the file's head. All zero but `watched` when new; never unmapped, reused by later threads.
#[derive(Debug)]
#[repr(C)]
pub struct ThreadHeap {
    /// Its slabs; null while the thread is cold and takes from the common heap.
    pub heap: Cell<*const Heap>,
    /// The front of the thread that it belongs to now; null if none.
    pub front: AtomicPtr<Front>,
    first: [Cell<*mut Slot>; MAGAZINE_CLASSES],
    slots: [Cell<u16>; MAGAZINE_CLASSES],
    flushed: [Cell<bool>; MAGAZINE_CLASSES],
    /// Refills so far.
    pub refills: Cell<u32>,
    /// Slow-path events since the clock was last looked at.
    pub events: Cell<u32>,
    /// What is watched: then the magazines are `watched`, not the front's.
    pub watch: Cell<u8>,
    /// The magazines of a watched thread.
    pub watched: Magazines,
    /// Its calls, if they are counted.
    pub calls: Calls,
    /// Every thread heap there is; written once.
    pub next_thread: AtomicPtr<ThreadHeap>,
    /// Next of the unused ones; under the common lock.
    pub next_unused: Cell<*const ThreadHeap>,
}

const SLOT_BYTES: usize = size_of::<Slot>();

/// Bytes of a magazine's slots, of the null below the first and of the end behind the last.
const fn room_bytes(slots: usize) -> usize {
    (slots + 2) * SLOT_BYTES
}

impl ThreadHeap {
    /// What a front points to after its thread has ended.
    pub const fn gone() -> *const Self {
        ptr::without_provenance(align_of::<Self>())
    }

    /// Writes a new one.
    pub fn init(room: NonNull<Self>) {
        // SAFETY: the room is ours and zeroed; every field but the magazines is valid as zero.
        unsafe { (&raw mut (*room.as_ptr()).watched).write(Magazines::new()) };
    }

    /// What is watched.
    pub fn watch(&self) -> Watch {
        Watch::from_bits_retain(self.watch.get())
    }

    /// The magazines in use: the front's, or its own if the thread is watched.
    pub fn magazines<'a>(&'a self, front: &'a Front) -> &'a Magazines {
        if self.watch.get() == 0 { &front.magazines } else { &self.watched }
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

    /// Blocks in a class's magazine, oldest first.
    pub fn blocks(&self, front: &Front, class: SizeClass) -> &[Slot] {
        let first = self.first[class.magazine_index()].get();
        if first.is_null() {
            return &[];
        }
        let cursor = self.magazines(front).cursor(class);
        // SAFETY: `magazine`: the slots from the first to the cursor are this thread's.
        unsafe { core::slice::from_raw_parts(first, (cursor.addr() - first.addr()) / SLOT_BYTES) }
    }

    /// The first `most` slots of a class's magazine, which is empty.
    pub fn room(&self, front: &Front, class: SizeClass, most: usize) -> &[Cell<Slot>] {
        debug_assert!(self.blocks(front, class).is_empty() && most <= self.slots(class), "an empty magazine");
        // SAFETY: `magazine`: it has that many slots, and this thread alone uses them.
        unsafe { core::slice::from_raw_parts(self.first[class.magazine_index()].get().cast(), most) }
    }

    /// The magazine has `count` blocks in its first slots now.
    pub fn add_newest(&self, front: &Front, class: SizeClass, count: usize) {
        self.magazines(front).set_cursor(class, self.first[class.magazine_index()].get().wrapping_add(count));
    }

    /// Turns a class's magazine round.
    pub fn reverse(&self, front: &Front, class: SizeClass) {
        let count = self.blocks(front, class).len();
        let first = self.first[class.magazine_index()].get();
        for at in 0..count / 2 {
            // SAFETY: `magazine`: there are `count` blocks from the first slot on.
            unsafe { first.wrapping_add(at).swap(first.wrapping_add(count - 1 - at)) };
        }
    }

    /// Drops the oldest `count` blocks of a class's magazine; whoever calls has them in hand.
    pub fn drop_oldest(&self, front: &Front, class: SizeClass, count: usize) {
        let kept = self.blocks(front, class).len() - count;
        let first = self.first[class.magazine_index()].get();
        // SAFETY: `magazine`: there are `count + kept` blocks from the first slot on.
        unsafe { first.copy_from(first.wrapping_add(count), kept) };
        self.magazines(front).set_cursor(class, first.wrapping_add(kept));
    }

    /// Notes that a class's magazine overflowed.
    pub fn note_flush(&self, class: SizeClass) {
        self.flushed[class.magazine_index()].set(true);
    }

    /// Makes sure that a class has a magazine, and a larger one if it overflowed since it last ran
    /// empty. The magazine must be empty. False if memory is out and there is none.
    pub fn fit<P: PageProvider>(&self, territory: &Territory<P>, front: &Front, class: SizeClass) -> bool {
        let index = class.magazine_index();
        let slots = self.slots(class);
        let wanted = if slots == 0 {
            front::first_slots(class.shape().bytes as usize)
        } else if self.flushed[index].replace(false) {
            front::grown_slots(slots, class.shape().bytes as usize)
        } else {
            slots
        };
        if wanted == slots {
            return true;
        }
        let mut store = territory.store.lock();
        let Some(room) = store.take(&territory.provider, room_bytes(wanted)) else {
            return slots > 0;
        };
        if let Some(old) = NonNull::new(self.first[index].get()) {
            // SAFETY: taken with this size below; the magazine is empty.
            unsafe { store.give(&territory.provider, old.sub(1).cast(), room_bytes(slots)) };
        }
        let room = room.cast::<Slot>().as_ptr();
        // SAFETY: the room has `wanted + 2` slots. Those between may hold anything but an end.
        unsafe {
            room.write_bytes(0, wanted + 1);
            room.add(wanted + 1).write(END);
        }
        self.first[index].set(room.wrapping_add(1));
        self.slots[index].set(wanted as u16);
        self.magazines(front).set_cursor(class, room.wrapping_add(1));
        true
    }

    /// Takes the magazines away, emptied before, and returns their room.
    pub fn unfit<P: PageProvider>(&self, territory: &Territory<P>, front: &Front) {
        let mut store = territory.store.lock();
        for index in 0..MAGAZINE_CLASSES {
            let class = SizeClass(index as u8);
            self.magazines(front).clear(class);
            let slots = self.slots[index].replace(0) as usize;
            if let Some(first) = NonNull::new(self.first[index].replace(ptr::null_mut())) {
                // SAFETY: taken with this size by `fit`; the magazine is empty and closed.
                unsafe { store.give(&territory.provider, first.sub(1).cast(), room_bytes(slots)) };
            }
            self.flushed[index].set(false);
        }
        self.refills.set(0);
    }
}

impl Calls {
    /// Counts one more: this thread is the only writer.
    pub fn count(counter: &AtomicU64, by: u64) {
        counter.store(counter.load(Ordering::Relaxed) + by, Ordering::Relaxed);
    }
}
