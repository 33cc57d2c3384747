//! The floor: a list of free blocks per thread and class, last in first out, and nothing else.
//!
//! No check, no memory given back, no thread's blocks found again after its end, frees of another thread's
//! blocks kept by the freeing one: what a workload costs under it, it costs by itself.
//!
//! ```text
//! ├ class ┼ size ┼ block ────────────┤   the header is 16 bytes; a free block begins with the next one
//! ```
#![no_std]

use core::arch::{asm, global_asm};
use core::ffi::{c_int, c_void};
use core::ptr::{self, null_mut};

/// Blocks up to here come in steps of 16 bytes, larger ones in powers of two.
const STEPS_END: usize = 1024;
const STEP_CLASSES: usize = STEPS_END / 16;
const HEADER: usize = 16;
/// The class of blocks cut out of others for their alignment: never taken from its list, and none serves what
/// is too large.
const ALIGNED: usize = CLASSES - 1;
const CLASSES: usize = 120;
/// No request is larger.
const MOST: usize = 1 << 46;
/// What a thread takes from the kernel at a time.
const CHUNK: usize = 1 << 20;

/// What a thread has: zero at its start, and lost at its end.
#[repr(C)]
struct Lists {
    first: [*mut Block; CLASSES],
    /// Of the chunk that new blocks are cut from.
    unused: usize,
    end: usize,
}

/// A free block.
struct Block {
    next: *mut Block,
}

#[repr(C)]
struct Header {
    class: usize,
    size: usize,
}

const _: () = assert!(size_of::<Lists>() == 976, "the room that the assembly below makes");

global_asm!(
    ".pushsection .tbss,\"awT\",@nobits",
    ".p2align 6",
    ".hidden floor_lists",
    ".globl floor_lists",
    ".type floor_lists,@object",
    ".size floor_lists,976",
    "floor_lists:",
    ".zero 976",
    ".popsection",
);

unsafe extern "C" {
    fn mmap(address: *mut c_void, length: usize, protection: c_int, flags: c_int, file: c_int, offset: i64)
    -> *mut c_void;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

#[inline(always)]
fn lists() -> *mut Lists {
    let address: *mut Lists;
    // SAFETY: reads the thread pointer and the offset of our block from it.
    unsafe {
        asm!(
            "mov {0}, fs:[0]",
            "add {0}, qword ptr [rip + floor_lists@GOTTPOFF]",
            out(reg) address,
            options(pure, readonly, nostack),
        );
    }
    address
}

/// The class that serves a request of up to `STEPS_END`.
#[inline(always)]
fn step_class(size: usize) -> usize {
    (size + 15) / 16
}

/// The class that serves any request; one too large has `ALIGNED`.
#[inline(always)]
fn class_of(size: usize) -> usize {
    match size {
        0..=STEPS_END => step_class(size),
        _ if size > MOST => ALIGNED,
        _ => STEP_CLASSES + (usize::BITS - (size - 1).leading_zeros()) as usize,
    }
}

fn block_size(class: usize) -> usize {
    if class <= STEP_CLASSES { (class * 16).max(16) } else { 1 << (class - STEP_CLASSES) }
}

/// The head of a class's list, without a check of the number.
#[inline(always)]
unsafe fn head(class: usize) -> *mut *mut Block {
    // SAFETY: the class is less than `CLASSES`.
    unsafe { (&raw mut (*lists()).first).cast::<*mut Block>().add(class) }
}

/// The newest free block of the class.
#[inline(always)]
unsafe fn pop(class: usize) -> *mut Block {
    // SAFETY: the class is less than `CLASSES`, and a block in a list is nobody else's.
    unsafe {
        let head = head(class);
        let block = *head;
        if !block.is_null() {
            *head = (*block).next;
        }
        block
    }
}

/// A block of zeros from the thread's chunk or a mapping of its own.
#[cold]
#[inline(never)]
unsafe fn cut(class: usize) -> *mut u8 {
    if class == ALIGNED {
        return null_mut();
    }
    let lists = lists();
    let size = block_size(class);
    let whole = HEADER + size;
    // SAFETY: the chunk is the thread's own, and `whole` bytes of it, or of a fresh mapping, are handed out once.
    unsafe {
        if (*lists).end - (*lists).unused < whole {
            let length = if whole > CHUNK { whole } else { CHUNK };
            let chunk = mmap(null_mut(), length, 3, 0x22, -1, 0);
            if chunk.addr() == usize::MAX {
                return null_mut();
            }
            let start = chunk.expose_provenance();
            if whole > CHUNK {
                return with_header(start, class, size);
            }
            (*lists).unused = start;
            (*lists).end = start + length;
        }
        let start = (*lists).unused;
        (*lists).unused += whole;
        with_header(start, class, size)
    }
}

unsafe fn with_header(start: usize, class: usize, size: usize) -> *mut u8 {
    let header = ptr::with_exposed_provenance_mut::<Header>(start);
    // SAFETY: the caller owns the header and `size` bytes behind it.
    unsafe {
        header.write(Header { class, size });
        header.add(1).cast()
    }
}

/// # Safety
/// None needed: any size is served or refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn malloc(size: usize) -> *mut u8 {
    if size > STEPS_END {
        // SAFETY: as here.
        return unsafe { malloc_power(size) };
    }
    let class = step_class(size);
    // SAFETY: the class is that of the size.
    unsafe {
        let block = pop(class);
        if block.is_null() { cut(class) } else { block.cast() }
    }
}

#[inline(never)]
unsafe fn malloc_power(size: usize) -> *mut u8 {
    let class = class_of(size);
    // SAFETY: the class is that of the size.
    unsafe {
        let block = if class == ALIGNED { null_mut() } else { pop(class) };
        if block.is_null() { cut(class) } else { block.cast() }
    }
}

/// # Safety
/// The block is one of ours and live, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn free(block: *mut u8) {
    if block.is_null() {
        return;
    }
    // SAFETY: a live block has a header before it, and room for a link.
    unsafe {
        let head = head((*block.cast::<Header>().sub(1)).class);
        block.cast::<Block>().write(Block { next: *head });
        *head = block.cast();
    }
}

/// # Safety
/// As of `free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cfree(block: *mut u8) {
    // SAFETY: the caller's word.
    unsafe { free(block) }
}

/// # Safety
/// None needed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut u8 {
    let Some(bytes) = count.checked_mul(size) else {
        return null_mut();
    };
    let class = class_of(bytes);
    // SAFETY: a block popped holds `bytes`; one cut is zero already.
    unsafe {
        let block = if class == ALIGNED { null_mut() } else { pop(class).cast::<u8>() };
        if block.is_null() {
            return cut(class);
        }
        block.write_bytes(0, bytes);
        block
    }
}

/// # Safety
/// As of `free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn realloc(block: *mut u8, size: usize) -> *mut u8 {
    // SAFETY: the old block is live and the new one larger.
    unsafe {
        let old_size = malloc_usable_size(block);
        if !block.is_null() && size <= old_size {
            return block;
        }
        let larger = malloc(size);
        if !larger.is_null() && !block.is_null() {
            larger.copy_from_nonoverlapping(block, old_size);
            free(block);
        }
        larger
    }
}

/// # Safety
/// As of `free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reallocarray(block: *mut u8, count: usize, size: usize) -> *mut u8 {
    match count.checked_mul(size) {
        // SAFETY: the caller's word.
        Some(bytes) => unsafe { realloc(block, bytes) },
        None => null_mut(),
    }
}

/// # Safety
/// As of `free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn malloc_usable_size(block: *mut u8) -> usize {
    if block.is_null() {
        return 0;
    }
    // SAFETY: a live block has a header before it.
    unsafe { (*block.cast::<Header>().sub(1)).size }
}

/// # Safety
/// The alignment is a power of two.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn memalign(alignment: usize, size: usize) -> *mut u8 {
    if alignment <= 16 {
        // SAFETY: any size will do; each block is aligned to 16.
        return unsafe { malloc(size) };
    }
    let Some(bytes) = size.checked_add(alignment + HEADER) else {
        return null_mut();
    };
    // SAFETY: the block holds a header, the distance to the alignment, and `size` bytes.
    unsafe {
        let block = malloc(bytes);
        if block.is_null() {
            return block;
        }
        let start = ((block.expose_provenance() + HEADER + alignment - 1) & !(alignment - 1)) - HEADER;
        with_header(start, ALIGNED, size.max(16))
    }
}

/// # Safety
/// As of `memalign`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aligned_alloc(alignment: usize, size: usize) -> *mut u8 {
    // SAFETY: the caller's word.
    unsafe { memalign(alignment, size) }
}

/// # Safety
/// As of `memalign`, and the place is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_memalign(place: *mut *mut u8, alignment: usize, size: usize) -> c_int {
    // SAFETY: the caller's word.
    unsafe {
        let block = memalign(alignment, size);
        if block.is_null() {
            return 12;
        }
        place.write(block);
    }
    0
}

/// # Safety
/// None needed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn valloc(size: usize) -> *mut u8 {
    // SAFETY: a page is a power of two.
    unsafe { memalign(4096, size) }
}

/// # Safety
/// None needed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pvalloc(size: usize) -> *mut u8 {
    // SAFETY: a page is a power of two.
    unsafe { memalign(4096, size.wrapping_add(4095) & !4095) }
}
