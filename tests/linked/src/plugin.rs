//! A plugin whose blocks are of its own allocator; C loads it.

#![allow(unsafe_code, reason = "exports C symbols")]

use std::collections::HashMap;

#[global_allocator]
static ALLOCATOR: hakmem_alloc::Hakmem = hakmem_alloc::Hakmem;

thread_local! {
    static SEEN: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Works with blocks of all sizes, and in a thread of its own; the answer depends on nothing else.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_work(count: u32) -> u64 {
    let words: HashMap<u32, String> = (0..count).map(|number| (number, "x".repeat(number as usize % 3000))).collect();
    SEEN.with_borrow_mut(|seen| seen.extend((0..100).map(|number| number.to_string())));
    let here: usize = words.values().map(String::len).sum();
    let there = std::thread::scope(|scope| {
        let sum = scope.spawn(|| words.values().cloned().collect::<Vec<_>>().concat().len());
        sum.join().unwrap_or(0)
    });
    (here == there).then_some(here as u64).unwrap_or(0)
}

/// A block of its own, for [`plugin_give`] of the same plugin.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_take(bytes: usize) -> *mut Vec<u8> {
    Box::into_raw(Box::new(vec![7; bytes]))
}

/// Takes it back; 1 if it holds what it should.
///
/// # Safety
///
/// It is of this plugin's [`plugin_take`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plugin_give(block: *mut Vec<u8>) -> i32 {
    // SAFETY: the caller's promise.
    let block = unsafe { Box::from_raw(block) };
    i32::from(block.iter().all(|&byte| byte == 7))
}

/// The address of a block that nobody else knows.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_leak() -> *mut u8 {
    Box::leak(vec![1u8; 100].into_boxed_slice()).as_mut_ptr()
}
