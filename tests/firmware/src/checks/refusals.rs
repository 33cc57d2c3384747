//! Out of memory: what is refused leaves the heap as it was.

#![allow(unsafe_code, reason = "asks for blocks as alloc does")]

use alloc::alloc::{alloc, dealloc};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::hint::black_box;

use hakmem_core::region::Profile;

use super::subject::{Subject, used};
use crate::board::sizes::HEAP_BYTES;

pub(super) fn try_reserve<P: Profile>(heap: Subject<P>) {
    let (before, failed) = (used(heap), heap.stats().failed.expect("they are counted"));
    let mut words: Vec<u8> = Vec::new();
    words.extend(b"as it was");
    for bytes in [HEAP_BYTES, HEAP_BYTES + 1, 1 << 20, isize::MAX as usize / 2] {
        assert!(words.try_reserve(bytes).is_err(), "{bytes} bytes are not there");
        assert!(words.try_reserve_exact(bytes).is_err(), "{bytes} bytes are not there");
    }
    assert_eq!(words, b"as it was");
    assert_eq!(heap.stats().failed, Some(failed + 8));
    let mut text = String::new();
    assert!(text.try_reserve(100).is_ok(), "what fits is there");
    text.push_str("and goes on");
    drop((words, text));
    assert_eq!(used(heap), before);
}

pub(super) fn full<P: Profile>(heap: Subject<P>) {
    /// A list in blocks of which there are as many as fit.
    struct Link {
        next: Option<Box<Link>>,
        words: [u32; 14],
    }
    let fresh = heap.stats();
    let layout = Layout::new::<Link>();
    let mut list: Option<Box<Link>> = None;
    let mut count = 0u32;
    loop {
        // SAFETY: not empty.
        let block: *mut Link = unsafe { alloc(layout) }.cast();
        if block.is_null() {
            break;
        }
        // SAFETY: handed out just now.
        list = Some(unsafe {
            block.write(Link { next: list.take(), words: [count; 14] });
            Box::from_raw(block)
        });
        count += 1;
    }
    let bytes = count as usize * layout.size();
    assert!(bytes > fresh.free * 3 / 4, "{bytes} of {fresh} in blocks of {}", layout.size());
    used(heap);
    // SAFETY: not empty. A call whose block is not used the compiler may leave out.
    assert!(black_box(unsafe { alloc(layout) }).is_null(), "it stays full");

    let first = list.as_mut().and_then(|link| link.next.take());
    drop(core::mem::replace(&mut list, first));
    // SAFETY: given back at once.
    unsafe {
        let again = black_box(alloc(layout));
        assert!(!again.is_null(), "one was given back, one is there");
        dealloc(again, layout);
    }
    count -= 1;
    while let Some(mut link) = list {
        count -= 1;
        assert_eq!(link.words, [count; 14], "the contents of link {count}");
        list = link.next.take();
    }
    let end = heap.stats();
    assert_eq!((count, end.used, end.largest, end.holes), (0, fresh.used, fresh.largest, fresh.holes), "{end}");
}
