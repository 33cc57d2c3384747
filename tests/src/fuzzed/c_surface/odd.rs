//! Calls at the edges: too much, nothing, what overflows, what is no multiple; and calls that only ask.

#![allow(unsafe_code, reason = "calls C functions")]

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::null_mut;
use std::sync::OnceLock;

use hakmem_replay::oracle::natural_align;

use super::table::{QUIET, Table, quietly, request, with_errno};
use crate::fuzzed::library::Surface;

const EINVAL: c_int = 22;
const ENOMEM: c_int = 12;
const PAGE: usize = 4096;
const HALF: usize = isize::MAX as usize;
/// `mallopt`'s parameter that warms up: the letters HAK.
const PREWARM: c_int = 0x48_41_4B;

unsafe extern "C" {
    fn fopen(path: *const c_char, mode: *const c_char) -> *mut c_void;
}

/// An open `FILE*` that takes everything.
fn nowhere() -> *mut c_void {
    static FILE: OnceLock<usize> = OnceLock::new();
    let open = |path: &CStr, mode: &CStr| {
        // SAFETY: two C strings.
        unsafe { fopen(path.as_ptr(), mode.as_ptr()) }.expose_provenance()
    };
    core::ptr::with_exposed_provenance_mut(*FILE.get_or_init(|| open(c"/dev/null", c"w")))
}

impl Table {
    /// More than can be: null, and nothing has changed. From 128 TiB on there are no addresses for it.
    pub(super) fn ask_too_much(&mut self, how: u8, which: u8) {
        self.reuses += 1;
        let less = usize::from(which >> 3) * 8;
        let bytes = [usize::MAX, HALF + 1, HALF, 1 << 47, 1 << 48, usize::MAX - PAGE, 1 << 62, HALF - PAGE];
        let bytes = bytes[usize::from(which & 7)].saturating_sub(if which & 7 == 3 { 0 } else { less });
        let Surface { malloc, calloc, realloc, reallocarray, memalign, aligned_alloc, valloc, pvalloc, .. } =
            *self.surface;
        let Surface { new_nothrow, new_aligned_nothrow, posix_memalign, .. } = *self.surface;
        let old = self.slots[usize::from(which)].map_or(null_mut(), |block| block.start.cast());
        let align = 16usize << (which % 20);
        // SAFETY: functions of numbers, and of a live block or null, which stays.
        let (answer, errno) = with_errno(|| unsafe {
            match how % 12 {
                0 => malloc(bytes),
                1 => calloc(bytes, 1),
                2 => calloc(1, bytes),
                3 => realloc(old, bytes),
                4 => reallocarray(old, bytes, 1),
                5 => memalign(align, bytes),
                6 => aligned_alloc(align, bytes),
                7 => valloc(bytes),
                8 => pvalloc(bytes),
                9 => new_nothrow(bytes, null_mut()),
                10 => new_aligned_nothrow(bytes, align, null_mut()),
                _ => {
                    let mut place = null_mut();
                    let (answer, errno) = with_errno(|| posix_memalign(&raw mut place, align, bytes));
                    assert_eq!((answer, errno), (ENOMEM, ENOMEM), "{bytes:#x} bytes at {align}");
                    place
                }
            }
        });
        assert!(answer.is_null(), "{bytes:#x} bytes by function {}: {answer:p}", how % 12);
        // C++ has exceptions in place of errno.
        assert!(
            errno == ENOMEM || matches!(how % 12, 9 | 10),
            "errno {errno} for {bytes:#x} bytes by function {}",
            how % 12
        );
    }

    /// Multiples that are no powers of two, and those that are too large.
    pub(super) fn ask_oddly_aligned(&mut self, slot: u8, which: u8) {
        self.reuses += 1;
        let bytes = usize::from(slot);
        let aligns = [0, 1, 3, 24, 4095, 1 << 63, usize::MAX, HALF + 2];
        let align = aligns[usize::from(which & 7)];
        let Surface { memalign, posix_memalign, .. } = *self.surface;
        let mut place = null_mut();
        // SAFETY: a place that can be written.
        let (answer, errno) = with_errno(|| unsafe { posix_memalign(&raw mut place, align, bytes) });
        let is_right = align.is_power_of_two() && align.is_multiple_of(8);
        // As glibc's: it says so by errno too where memory is out, not where the alignment is none.
        let expected = if is_right { (ENOMEM, ENOMEM) } else { (EINVAL, QUIET) };
        assert_eq!((answer, errno), expected, "posix_memalign at {align:#x}");
        assert!(place.is_null(), "posix_memalign at {align:#x}: {place:p}");
        if align > HALF {
            // SAFETY: a function of numbers.
            let (answer, errno) = with_errno(|| unsafe { memalign(align, bytes) });
            assert!(answer.is_null() && (errno == EINVAL || errno == ENOMEM), "memalign at {align:#x}: {errno}");
            return;
        }
        self.give(slot);
        // SAFETY: a function of numbers.
        let start = request(|| unsafe { memalign(align, bytes) });
        self.admit(slot, start, bytes, align.max(16).next_power_of_two(), false);
    }

    /// 0 bytes are a block; null is nothing to free, and has no size.
    pub(super) fn ask_nothing(&mut self, slot: u8) {
        self.give(slot);
        self.reuses += 1;
        let Surface { malloc, calloc, realloc, new_aligned, valloc, free, malloc_usable_size, delete, .. } =
            *self.surface;
        // SAFETY: functions of numbers and null.
        let start = request(|| unsafe {
            free(null_mut());
            delete(null_mut());
            assert_eq!(malloc_usable_size(null_mut()), 0);
            match slot % 6 {
                0 => calloc(0, 24),
                1 => calloc(usize::MAX, 0),
                2 => realloc(null_mut(), 0),
                3 => new_aligned(0, 64),
                4 => valloc(0),
                _ => malloc(0),
            }
        });
        self.admit(slot, start, 0, if slot % 6 == 3 { 64 } else { 8 }, slot % 6 < 2);
    }

    /// Products that are more than there are numbers.
    pub(super) fn overflow(&mut self, slot: u8, which: u8) {
        let factor = 2 + usize::from(which);
        let Surface { calloc, reallocarray, .. } = *self.surface;
        let old = self.slots[usize::from(slot)].map_or(null_mut(), |block| block.start.cast());
        for (one, other) in [(factor, usize::MAX / factor + 1), (usize::MAX / factor + 1, factor), (1 << 32, 1 << 32)] {
            // SAFETY: a function of numbers.
            assert!(request(|| unsafe { calloc(one, other) }).is_null(), "calloc({one:#x}, {other:#x})");
            // SAFETY: a live block or null, which stays.
            let grown = request(|| unsafe { reallocarray(old, one, other) });
            assert!(grown.is_null(), "reallocarray {one:#x}, {other:#x}");
        }
    }

    /// Blocks at pages' starts, or whole pages.
    pub(super) fn take_pages(&mut self, slot: u8, bytes: u16, whole: bool) {
        self.give(slot);
        self.reuses += 1;
        let bytes = usize::from(bytes);
        let Surface { valloc, pvalloc, .. } = *self.surface;
        // SAFETY: functions of numbers.
        let start = request(|| unsafe { if whole { pvalloc(bytes) } else { valloc(bytes) } });
        let bytes = if whole { bytes.max(1).next_multiple_of(PAGE) } else { bytes };
        self.admit(slot, start, bytes, PAGE, false);
    }

    /// Parameters, known and unknown.
    pub(super) fn tune(&mut self, parameter: u8, value: u16) {
        self.reuses += 1;
        let parameter = c_int::from(parameter.cast_signed()) % 12;
        let is_known = parameter == 1 || (-8..=-1).contains(&parameter);
        let mallopt = self.surface.mallopt;
        // SAFETY: a function of numbers.
        let answer = quietly(|| unsafe { mallopt(parameter, value.into()) });
        assert_eq!(answer, c_int::from(is_known), "parameter {parameter}");
        // SAFETY: as above: up to 2 MiB more are warm.
        assert_eq!(quietly(|| unsafe { mallopt(PREWARM, c_int::from(value % 2048)) }), 1);
        // SAFETY: as above.
        assert_eq!(quietly(|| unsafe { mallopt(PREWARM, -1 - c_int::from(value)) }), 0);
    }

    /// Figures: what is out is part of them.
    pub(super) fn look(&mut self, options: u8) {
        let Surface { mallinfo2, malloc_info, .. } = *self.surface;
        // SAFETY: no arguments.
        let [mapped, .., large, _, _, used, free, trimmed] = quietly(|| unsafe { mallinfo2() });
        let live = self.slots.iter().flatten();
        let larges: usize = live.filter(|block| block.is_large).map(|block| self.usable(block.start)).sum();
        assert!(large >= larges && (large == larges || self.is_beside_others), "{large} bytes are large, not {larges}");
        assert!(used >= self.oracle.bytes().min(used) && mapped + large >= used + free && free == trimmed);
        // SAFETY: an open stream.
        let answer = unsafe { malloc_info(c_int::from(options % 4), nowhere()) };
        assert_eq!(answer, if options.is_multiple_of(4) { 0 } else { EINVAL });
    }

    /// realloc to 0 bytes frees.
    pub(super) fn resize_to_nothing(&mut self, slot: u8) {
        if let Some(block) = self.dismiss(slot) {
            let realloc = self.surface.realloc;
            // SAFETY: a live block, which nobody uses any more.
            let answer = quietly(|| unsafe { realloc(block.start.cast(), 0) });
            assert!(answer.is_null());
        } else {
            self.reuses += 1;
            // SAFETY: null is a new block.
            let start = request(|| unsafe { (self.surface.realloc)(null_mut(), usize::from(slot)) });
            self.admit(slot, start, slot.into(), natural_align(slot.into()), false);
        }
    }
}
