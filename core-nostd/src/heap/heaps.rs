//! All heaps and thread heaps of an allocator: who has one, who gets one.

#![allow(unsafe_code, reason = "fronts and heaps are reached through pointers")]

use core::ptr;

use super::common::Common;
use super::{Front, Heap, ThreadHeap};
use crate::base::sync::{AtomicPtr, AtomicU8, AtomicU32, Lock, Ordering};
use crate::config::flags::Watch;
use crate::pages::PageProvider;
use crate::superslab::Territory;

/// See the file's head.
pub struct Heaps<P: PageProvider> {
    /// Heaps without a thread.
    pub common: Lock<Common, P>,
    all_heaps: AtomicPtr<Heap>,
    all_threads: AtomicPtr<ThreadHeap>,
    watch: AtomicU8,
    /// Threads that have a thread heap now.
    pub threads: AtomicU32,
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
    pub const fn new() -> Self {
        Self {
            common: Lock::new(Common::new()),
            all_heaps: AtomicPtr::new(ptr::null_mut()),
            all_threads: AtomicPtr::new(ptr::null_mut()),
            watch: AtomicU8::new(0),
            threads: AtomicU32::new(0),
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
        let thread = front.thread.get();
        if thread.is_null() {
            return self.welcome(territory, front).map_or(Visitor::Passing, Visitor::Thread);
        }
        if ptr::eq(thread, ThreadHeap::gone()) {
            return Visitor::Passing;
        }
        // SAFETY: thread heaps are never unmapped.
        Visitor::Thread(unsafe { &*thread })
    }

    #[cold]
    fn welcome<'a>(&'a self, territory: &'a Territory<P>, front: &Front) -> Option<&'a ThreadHeap> {
        let unused = self.common.lock().take_unused().map(ptr::from_ref);
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

    /// A heap for a thread that is to have its own: one of the common list, or a new one.
    pub fn warm_up<'a>(
        &'a self,
        territory: &'a Territory<P>,
        front: &Front,
        thread: &'a ThreadHeap,
    ) -> Option<&'a Heap> {
        let adopted = self.common.lock().adopt().map(ptr::from_ref);
        let heap = match adopted {
            Some(heap) => heap,
            None => ptr::from_ref(self.new_heap(territory)?),
        };
        thread.heap.set(heap);
        if thread.watch().is_empty() {
            front.heap.set(heap);
        }
        thread.heap()
    }

    /// A new heap, in the list of all and nowhere else.
    pub fn new_heap<'a>(&'a self, territory: &'a Territory<P>) -> Option<&'a Heap> {
        let room = territory.allot::<Heap>()?;
        // SAFETY: zeroed memory is a valid, empty heap.
        let heap = unsafe { room.as_ref() };
        push(&self.all_heaps, heap, &heap.next_heap);
        Some(heap)
    }

    /// Watches this thread and every later one.
    pub fn set_watch(&self, territory: &Territory<P>, front: &Front, watch: Watch) {
        self.watch.store(watch.bits(), Ordering::Relaxed);
        if let Visitor::Thread(thread) = self.visitor(territory, front)
            && !watch.is_empty()
        {
            thread.close(front, watch);
        }
    }
}

impl<P: PageProvider> Default for Heaps<P> {
    fn default() -> Self {
        Self::new()
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
