//! A heap as its users have it: the macro, collections, threads, figures.

#![allow(unsafe_code, reason = "gives a region away")]

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, Ordering};

use allocator_api2::alloc::Allocator;
use hakmem_core::region::{Bounded, Heap, Lock, Profile, Raw, RegionError, Slabs, Spin, Tiny, Unlocked};

#[test]
fn the_macro_takes_its_region_once() {
    static HEAP: Heap<Bounded, Spin> = Heap::empty();
    let set_up = || hakmem_core::heap!(HEAP, 4 * 1024);
    assert_eq!(set_up(), Ok(()));
    assert_eq!(set_up(), Err(RegionError::Taken));
    assert_eq!(HEAP.stats().capacity, 4_048);
    let words = "0 of 4048 bytes used, 4048 free in 1 holes, largest 4048, overhead ";
    let stats = HEAP.stats().to_string();
    assert!(stats.starts_with(words) && stats.ends_with(", at most 0 used, 0 requests refused"), "{stats}");
}

#[test]
fn collections_are_told_to_live_in_it() {
    static HEAP: Heap<Tiny, Spin> = Heap::empty();
    hakmem_core::heap!(HEAP, 16 * 1024).expect("called once");
    let heap = &HEAP;
    let bytes = |bytes| Layout::from_size_align(bytes, 4).expect("a right layout");
    let grown = heap.allocate(bytes(0)).and_then(|nothing| {
        // SAFETY: each block goes into the next call with the layout it came with.
        unsafe {
            let block = heap.grow(nothing.cast(), bytes(0), bytes(100))?;
            block.cast::<u8>().write_bytes(7, 100);
            let block = heap.grow_zeroed(block.cast(), bytes(100), bytes(4_000))?;
            assert!(heap.allocate(bytes(16 * 1024)).is_err(), "more than there is");
            assert!(heap.grow(block.cast(), bytes(4_000), bytes(16 * 1024 + 1)).is_err(), "the block stays");
            heap.shrink(block.cast(), bytes(4_000), bytes(200))
        }
    });
    let block = grown.expect("there is room");
    assert_eq!(block.len(), 200);
    // SAFETY: written above, or zeroed.
    let contents = unsafe { core::slice::from_raw_parts(block.cast::<u8>().as_ptr(), 200) };
    assert!(contents[..100].iter().all(|&byte| byte == 7) && contents[100..].iter().all(|&byte| byte == 0));
    assert_eq!(HEAP.stats().used, 200);
    // SAFETY: with the layout it came with.
    let nothing = unsafe { heap.shrink(block.cast(), bytes(200), bytes(0)) }.expect("nothing needs no room");
    // SAFETY: as above.
    unsafe { heap.deallocate(nothing.cast(), bytes(0)) };
    let stats = HEAP.stats();
    assert_eq!((stats.used, stats.holes, stats.failed), (0, 1, Some(2)), "{stats}");
    assert!(stats.high_water >= Some(4_000), "{stats}");
}

/// A raw mutex as `lock_api` wants it.
struct Gate(AtomicBool);

// SAFETY: who turns the bit on holds it until it is turned off.
unsafe impl lock_api::RawMutex for Gate {
    const INIT: Self = Self(AtomicBool::new(false));
    type GuardMarker = lock_api::GuardSend;

    fn lock(&self) {
        while !self.try_lock() {
            std::thread::yield_now();
        }
    }

    fn try_lock(&self) -> bool {
        !self.0.swap(true, Ordering::Acquire)
    }

    unsafe fn unlock(&self) {
        self.0.store(false, Ordering::Release);
    }
}

#[test]
fn threads_take_turns() {
    static SPINNING: Heap<Bounded, Spin> = Heap::empty();
    hakmem_core::heap!(SPINNING, 64 * 1024).expect("called once");
    share(&SPINNING);
    static GATED: Heap<Slabs, Raw<Gate>> = Heap::empty();
    hakmem_core::heap!(GATED, 64 * 1024).expect("called once");
    share(&GATED);
}

/// Four threads fill blocks with bytes of their own.
fn share<P: Profile, L: Lock + Sync>(heap: &Heap<P, L>) {
    std::thread::scope(|scope| {
        for seed in 1..5u8 {
            scope.spawn(move || {
                for round in 0..5_000usize {
                    let layout = Layout::from_size_align(1 + (round * 37 + usize::from(seed) * 101) % 900, 8);
                    let layout = layout.expect("a right layout");
                    let block = heap.take(layout);
                    assert!(!block.is_null(), "{}", heap.stats());
                    // SAFETY: live, and this thread's.
                    unsafe {
                        block.write_bytes(seed, layout.size());
                        std::thread::yield_now();
                        let contents = core::slice::from_raw_parts(block, layout.size());
                        assert!(contents.iter().all(|&byte| byte == seed));
                        heap.give(block, layout).expect("a live block");
                    }
                }
            });
        }
    });
    heap.audit().expect("every invariant holds");
    assert_eq!(heap.stats().used, 0);
}

#[test]
fn memory_is_given_away_for_good() {
    let region = Box::leak(vec![MaybeUninit::<u8>::uninit(); 1_000].into_boxed_slice());
    // SAFETY: this thread alone calls.
    let heap: Heap<Tiny, Unlocked> = Heap::with_lock(unsafe { Unlocked::new() });
    // SAFETY: refused.
    let backwards = unsafe { heap.init_between(core::ptr::without_provenance_mut::<u8>(64), core::ptr::null_mut()) };
    assert_eq!(backwards, Err(RegionError::Wraps));
    assert_eq!(heap.init_with(region), Ok(()));
    assert!(heap.stats().capacity >= 984, "{}", heap.stats());
}

#[test]
fn a_heap_without_a_region_is_all_zero() {
    assert!(size_of::<Heap<Tiny, Spin>>() <= 64 && size_of::<Heap<Bounded, Spin>>() <= 208);
    static HEAP: Heap<Bounded, Spin> = Heap::empty();
    // SAFETY: as many bytes as it has.
    let bytes = unsafe { core::slice::from_raw_parts((&raw const HEAP).cast::<u8>(), size_of_val(&HEAP)) };
    assert!(bytes.iter().all(|&byte| byte == 0), "it lies in .bss");
}
