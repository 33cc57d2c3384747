//! A block of the C library's and the words before it: what its own free looks at before all else. The shape is the same
//! in every release: the chunk starts two words before the block, with the size before it and its own size with flags.

#![allow(unsafe_code, reason = "reads chunk heads")]

use core::ffi::c_void;

use crate::readable;

const WORD: usize = size_of::<usize>();
const ALIGN: usize = 16;
const LEAST: usize = 32;
const LEAST_PAGE: usize = 4096;

/// The flags beside a chunk's size: the one before it is in use, it was mapped alone, another arena than the first.
const FLAGS: usize = 7;
const MAPPED_ALONE: usize = 2;
const OTHER_ARENA: usize = 4;

/// Most bytes of an arena's heap, which starts at a multiple of it: the usual, and of huge pages by a tunable.
const HEAPS: [usize; 2] = [64 << 20, 8 << 20];
/// Words at a heap's start: its arena, the heap before it, its bytes.
const ARENA: usize = 0;
const BYTES: usize = 2;

/// The word before a block.
pub(crate) fn head(block: *mut c_void) -> *mut c_void {
    block.wrapping_byte_sub(WORD)
}

/// A word that callers found readable.
fn word(place: *mut c_void) -> usize {
    // SAFETY: the kernel found it readable, and what is read there is only a number.
    unsafe { place.cast::<usize>().read() }
}

/// True if the C library mapped it alone. Its head is readable.
pub(crate) fn is_mapped_alone(block: *mut c_void) -> bool {
    word(head(block)) & MAPPED_ALONE != 0
}

/// False if it is no block of the C library's: its free would end the process, or read where nothing is. The block's
/// head is readable.
pub(crate) fn may_be(block: *mut c_void) -> bool {
    let (chunk, head) = (block.wrapping_byte_sub(2 * WORD), word(head(block)));
    let bytes = head & !FLAGS;
    if !block.addr().is_multiple_of(ALIGN) || bytes < LEAST || !bytes.is_multiple_of(ALIGN) {
        return false;
    }
    if head & MAPPED_ALONE != 0 {
        return fills_pages(chunk, bytes);
    }
    // Behind every other stands the head of its neighbour, or of the rest.
    let Some(behind) = chunk.addr().checked_add(bytes + WORD) else { return false };
    readable::was_lately(behind)
        && (head & OTHER_ARENA == 0 || HEAPS.iter().any(|&most| is_in_a_heap(chunk, behind, most)))
}

/// Of one that was mapped alone: with what lies before it, it takes whole pages.
fn fills_pages(chunk: *mut c_void, bytes: usize) -> bool {
    if !readable::was_lately(chunk.addr()) {
        return false;
    }
    let before = word(chunk);
    chunk.addr().wrapping_sub(before).is_multiple_of(LEAST_PAGE)
        && before.wrapping_add(bytes).is_multiple_of(LEAST_PAGE)
}

/// Of one in another arena than the first: at the start of its heap stand an arena and a size that reaches behind it.
fn is_in_a_heap(chunk: *mut c_void, behind: usize, most: usize) -> bool {
    let heap = chunk.map_addr(|address| address & !(most - 1));
    if !readable::was_lately(heap.addr()) {
        return false;
    }
    let (arena, bytes) = (word(heap.wrapping_byte_add(ARENA * WORD)), word(heap.wrapping_byte_add(BYTES * WORD)));
    bytes <= most
        && bytes.is_multiple_of(LEAST_PAGE)
        && behind < heap.addr() + bytes
        && arena != 0
        && arena.is_multiple_of(ALIGN)
        && readable::was_lately(arena)
}
