//! All heaps and thread heaps of an allocator: who has one, who gets one.

#![allow(unsafe_code, reason = "fronts and heaps are reached through pointers")]

use core::ptr;

use super::common::{Common, Unused};
use super::{Front, Heap, ThreadHeap};
use crate::base::sync::{AtomicPtr, AtomicU8, AtomicU32, Guard, Lock, Ordering, Passage};
use crate::config::flags::{Off, Watch};
use crate::config::geometry::SMALL_MAX;
use crate::pages::PageProvider;
use crate::policy::front::{grown_slots, is_crowd, is_crowded, may_own};
use crate::slab::SizeClass;
use crate::superslab::Territory;

/// Lists of ownerless heaps.
const LISTS: usize = 4;

/// See the file's head.
pub struct Heaps<P: PageProvider> {
    /// Heaps without a thread.
    pub common: [Lock<Common, P>; LISTS],
    unused: Lock<Unused, P>,
    /// How many heaps are in the lists: a hint.
    ownerless: AtomicU32,
    all_heaps: AtomicPtr<Heap>,
    all_threads: AtomicPtr<ThreadHeap>,
    watch: AtomicU8,
    /// Threads that have a thread heap now.
    pub threads: AtomicU32,
    /// Of these, threads that have a heap of their own.
    pub owners: AtomicU32,
    /// Processors; 0 until the provider was asked.
    processors: AtomicU32,
}

/// What a front's thread is to us.
pub enum Visitor<'a> {
    /// A thread with a thread heap.
    Thread(&'a ThreadHeap),
    /// A thread that has ended, or for which there is no memory: it is served block by block.
    Passing,
}

impl<P: PageProvider> Heaps<P> {
    /// None yet.
    ///
    /// # Safety
    ///
    /// What is reached through it is used as this crate's own layers use it: they trust each other.
    pub const unsafe fn new() -> Self {
        Self {
            common: [const { Lock::new(Common::new()) }; LISTS],
            unused: Lock::new(Unused::new()),
            ownerless: AtomicU32::new(0),
            all_heaps: AtomicPtr::new(ptr::null_mut()),
            all_threads: AtomicPtr::new(ptr::null_mut()),
            watch: AtomicU8::new(0),
            threads: AtomicU32::new(0),
            owners: AtomicU32::new(0),
            processors: AtomicU32::new(0),
        }
    }

    /// Every thread heap, in use or put by.
    pub fn threads(&self) -> impl Iterator<Item = &ThreadHeap> {
        // SAFETY: thread heaps are never unmapped; the links are written once.
        let first = unsafe { self.all_threads.load(Ordering::Acquire).as_ref() };
        // SAFETY: as above.
        core::iter::successors(first, |thread| unsafe { thread.next_thread.load(Ordering::Relaxed).as_ref() })
    }

    /// Every heap, in use or common.
    pub fn heaps(&self) -> impl Iterator<Item = &Heap> {
        // SAFETY: heaps are never unmapped; the links are written once.
        let first = unsafe { self.all_heaps.load(Ordering::Acquire).as_ref() };
        // SAFETY: as above.
        core::iter::successors(first, |heap| unsafe { heap.next_heap.load(Ordering::Relaxed).as_ref() })
    }

    /// The thread behind a front; makes its thread heap at its first call.
    pub fn visitor<'a>(&'a self, territory: &'a Territory<P>, front: &Front) -> Visitor<'a> {
        if front.thread.get().is_null() {
            return self.welcome(territory, front).map_or(Visitor::Passing, Visitor::Thread);
        }
        front.thread_heap().map_or(Visitor::Passing, Visitor::Thread)
    }

    #[cold]
    fn welcome<'a>(&'a self, territory: &'a Territory<P>, front: &Front) -> Option<&'a ThreadHeap> {
        let unused = self.unused.lock().take_unused().map(ptr::from_ref);
        let thread = match unused {
            // SAFETY: as above.
            Some(thread) => unsafe { &*thread },
            None => {
                let room = territory.allot::<ThreadHeap>()?;
                // SAFETY: zeroed memory is a valid, new thread heap.
                let thread = unsafe { room.as_ref() };
                push(&self.all_threads, thread, &thread.next_thread);
                thread
            }
        };
        thread.watch.set(self.watch.load(Ordering::Relaxed));
        thread.front.store(ptr::from_ref(front).cast_mut(), Ordering::Relaxed);
        front.thread.set(thread);
        self.threads.fetch_add(1, Ordering::Relaxed);
        Some(thread)
    }

    /// Processors that the program may use.
    fn processors(&self, territory: &Territory<P>) -> u32 {
        let known = self.processors.load(Ordering::Relaxed);
        if known != 0 {
            return known;
        }
        let processors = territory.provider.processors().get();
        self.processors.store(processors, Ordering::Relaxed);
        processors
    }

    /// True if one more thread may have a heap of its own.
    pub fn may_own(&self, territory: &Territory<P>) -> bool {
        let owners = self.owners.load(Ordering::Relaxed);
        may_own(owners, 1) || may_own(owners, self.processors(territory))
    }

    /// [`ThreadHeap::fit`], as a thread of that many.
    pub fn fit(
        &self,
        territory: &Territory<P>,
        front: &Front,
        thread: &ThreadHeap,
        class: SizeClass,
        takes: bool,
    ) -> bool {
        thread.fit(territory, front, class, takes, self.crowd(territory))
    }

    fn crowd(&self, territory: &Territory<P>) -> u32 {
        let threads = self.threads.load(Ordering::Relaxed);
        if is_crowd(threads) { threads / self.processors(territory) } else { 1 }
    }

    /// True if there are too many threads for all to keep much.
    pub fn are_crowded(&self, territory: &Territory<P>) -> bool {
        is_crowded(self.crowd(territory))
    }

    /// True if a small class's magazine may be larger.
    pub fn may_grow(&self, territory: &Territory<P>, thread: &ThreadHeap, class: SizeClass) -> bool {
        let (slots, bytes) = (thread.slots(class), class.shape().bytes as usize);
        bytes <= SMALL_MAX
            && !territory.is_off(Off::GROWTH)
            && grown_slots(slots, bytes, self.crowd(territory)) != slots
    }

    /// A heap for a thread that is to have its own: one of the common list, or a new one.
    pub fn warm_up<'a>(
        &'a self,
        territory: &'a Territory<P>,
        front: &Front,
        thread: &'a ThreadHeap,
    ) -> Option<&'a Heap> {
        let tried = self.common.iter().find_map(|common| common.try_lock()?.adopt().map(ptr::from_ref));
        // A new heap stays for ever: before that it is worth to wait for the lists that were held.
        let adopted = tried.or_else(|| self.common.iter().find_map(|common| common.lock().adopt().map(ptr::from_ref)));
        let heap = match adopted {
            Some(heap) => {
                self.ownerless.fetch_sub(1, Ordering::Relaxed);
                heap
            }
            None => ptr::from_ref(self.new_heap(territory)?),
        };
        self.owners.fetch_add(1, Ordering::Relaxed);
        thread.heap.set(heap);
        if thread.watch().is_empty() {
            front.heap.set(heap);
        }
        thread.heap()
    }

    /// The first list of ownerless heaps that nobody holds; waits only if all are held.
    pub fn any_common(&self) -> Guard<'_, Common, P> {
        let [first, ..] = &self.common;
        self.common.iter().find_map(Lock::try_lock).unwrap_or_else(|| first.lock())
    }

    /// Visits each list of ownerless heaps that nobody holds; false if there are others.
    pub fn each_common(&self, mut visit: impl FnMut(&Common)) -> bool {
        let seen = self.common.iter().filter_map(|common| common.try_lock().map(|common| visit(&common)));
        seen.count() == LISTS
    }

    /// False if there is surely no ownerless heap to look into.
    pub fn has_common(&self) -> bool {
        self.ownerless.load(Ordering::Relaxed) != 0
    }

    /// Adds a heap that no thread has to a list.
    pub fn add_common(&self, heap: &Heap) {
        self.any_common().add(heap);
        self.ownerless.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes a heap, if there is one, and a thread heap that their thread is done with.
    pub fn take_over(&self, heap: Option<&Heap>, thread: &ThreadHeap) {
        if let Some(heap) = heap {
            self.add_common(heap);
            self.owners.fetch_sub(1, Ordering::Relaxed);
        }
        self.unused.lock().put_by(thread);
    }

    /// Past the locks.
    pub fn pass(&self, passage: &mut Passage) {
        self.common.iter().for_each(|common| passage.pass(common));
        passage.pass(&self.unused);
    }

    /// A new heap, in the list of all and nowhere else.
    pub fn new_heap<'a>(&'a self, territory: &'a Territory<P>) -> Option<&'a Heap> {
        let room = territory.allot::<Heap>()?;
        // SAFETY: zeroed memory is a valid, empty heap.
        let heap = unsafe { room.as_ref() };
        push(&self.all_heaps, heap, &heap.next_heap);
        Some(heap)
    }

    /// Has the door see every call of the threads to come.
    pub fn watch_the_door(&self) {
        self.watch.fetch_or(Watch::DOOR.bits(), Ordering::Relaxed);
    }

    /// Watches this thread and every later one; who watches the door goes on with that.
    pub fn set_watch(&self, territory: &Territory<P>, front: &Front, watch: Watch) {
        let watch = watch.union(Watch::from_bits_retain(self.watch.load(Ordering::Relaxed)).intersection(Watch::DOOR));
        self.watch.store(watch.bits(), Ordering::Relaxed);
        if !watch.is_empty()
            && let Visitor::Thread(thread) = self.visitor(territory, front)
        {
            thread.close(front, watch);
        }
    }
}

/// Adds to a list that only grows.
fn push<T>(list: &AtomicPtr<T>, item: &T, link: &AtomicPtr<T>) {
    let mut head = list.load(Ordering::Relaxed);
    loop {
        link.store(head, Ordering::Relaxed);
        match list.compare_exchange_weak(head, ptr::from_ref(item).cast_mut(), Ordering::Release, Ordering::Relaxed) {
            Ok(_) => return,
            Err(now) => head = now,
        }
    }
}
