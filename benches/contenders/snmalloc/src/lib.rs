//! snmalloc as a shared library to preload: its own symbols, renamed by `build.rs`, exported by `exports.map`.
#![no_std]

use core::ffi::{c_int, c_void};

// Links the archive in; `build.rs` asks for its functions.
extern crate snmalloc_sys;

unsafe extern "C" {
    fn __cxa_thread_atexit_impl(destructor: *mut c_void, object: *mut c_void, library: *mut c_void) -> c_int;
}

/// What snmalloc calls for the end of a thread, as libstdc++ has it: a program without C++ is spared that library.
///
/// # Safety
/// As of the C++ ABI.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __cxa_thread_atexit(
    destructor: *mut c_void,
    object: *mut c_void,
    library: *mut c_void,
) -> c_int {
    // SAFETY: the caller's word.
    unsafe { __cxa_thread_atexit_impl(destructor, object, library) }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
