//! What the client may ask: sizes, figures, trimming.

#![allow(unsafe_code, reason = "exports C symbols")]

use core::ffi::{c_char, c_int, c_void};

use hakmem_alloc::seam::slow;
use hakmem_core::FaultKind;

use crate::errno::EINVAL;
use crate::mallinfo::MallInfo;
use crate::{foreign, misuse, pass_through, table};

unsafe extern "C" {
    fn fwrite(bytes: *const c_char, size: usize, count: usize, stream: *mut c_void) -> usize;
}

/// Bytes that may be used of a block: at least as many as were asked for, the same until it is resized.
#[unsafe(no_mangle)]
pub extern "C" fn malloc_usable_size(pointer: *mut c_void) -> usize {
    if let Some(bytes) = pass_through::usable(pointer) {
        return bytes;
    }
    // SAFETY: C's contract.
    match unsafe { slow::usable(pointer.cast()) } {
        Ok(bytes) => bytes,
        Err(fault) => {
            if fault.kind == FaultKind::Foreign
                && let Some(bytes) = foreign::usable(pointer)
            {
                return bytes;
            }
            misuse::tell(b"malloc_usable_size", fault);
            0
        }
    }
}

/// Gives free memory back to the system at once; 1 if there was any.
#[unsafe(no_mangle)]
pub extern "C" fn malloc_trim(keep: usize) -> c_int {
    pass_through::trim(keep).unwrap_or_else(|| c_int::from(slow::trim() > 0))
}

/// The parameter of [`mallopt`] that warms up `value` KiB: the letters HAK. The GNU C library accepts it and does
/// nothing.
pub const M_HAKMEM_PREWARM: c_int = 0x48_41_4B;

/// Accepts the GNU C library's parameters: what they tune does not exist here or tunes itself. With
/// [`M_HAKMEM_PREWARM`] so many KiB more of free memory are there; 1 if they all are.
#[unsafe(no_mangle)]
pub extern "C" fn mallopt(parameter: c_int, value: c_int) -> c_int {
    if let Some(answer) = pass_through::mallopt(parameter, value) {
        return answer;
    }
    if parameter == M_HAKMEM_PREWARM {
        let Ok(kibibytes) = usize::try_from(value) else { return 0 };
        return c_int::from(slow::prewarm(kibibytes << 10) >= kibibytes << 10);
    }
    // M_MXFAST 1, M_TRIM_THRESHOLD -1 … M_ARENA_MAX -8.
    c_int::from(parameter == 1 || (-8..=-1).contains(&parameter))
}

/// The figures in ints; what does not fit is the largest int.
#[unsafe(no_mangle)]
pub extern "C" fn mallinfo() -> MallInfo<c_int> {
    let most = |figure| if figure > c_int::MAX as u64 { c_int::MAX } else { figure as c_int };
    pass_through::mallinfo().unwrap_or_else(|| MallInfo::new(most))
}

/// The figures.
#[unsafe(no_mangle)]
pub extern "C" fn mallinfo2() -> MallInfo<usize> {
    pass_through::mallinfo2().unwrap_or_else(|| MallInfo::new(|figure| figure as usize))
}

/// Prints the table of figures on stderr.
#[unsafe(no_mangle)]
pub extern "C" fn malloc_stats() {
    pass_through::stats().unwrap_or_else(table::print);
}

/// Writes the figures to a stdio stream as XML; EINVAL unless `options` is 0.
///
/// # Safety
///
/// `stream` is an open `FILE*`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn malloc_info(options: c_int, stream: *mut c_void) -> c_int {
    // SAFETY: the caller's promise.
    if let Some(answer) = unsafe { pass_through::malloc_info(options, stream) } {
        return answer;
    }
    if options != 0 {
        return EINVAL;
    }
    let mut whole = true;
    table::for_each_xml_line(|line| {
        // SAFETY: the caller's promise. Stdio may allocate here: nothing of ours is under way.
        whole &= unsafe { fwrite(line.as_ptr().cast(), 1, line.len(), stream) } == line.len();
    });
    if whole { 0 } else { -1 }
}
