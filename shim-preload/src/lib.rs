//! libhakmem.so: the whole malloc family and every C++ operator new and delete, by `LD_PRELOAD`.
//!
//! Nothing here or below calls a libc function that could allocate on our way, so there is no recursion
//! to guard against; no std, no panic machinery, not a byte of output unless it was asked for or the
//! process is about to end.
//!
//! | file | symbols |
//! |---|---|
//! | [`malloc`] | malloc free calloc realloc reallocarray cfree free_sized free_aligned_sized, `__libc_*` of these |
//! | [`aligned`] | memalign posix_memalign aligned_alloc valloc pvalloc, `__libc_*` of these |
//! | [`query`] | malloc_usable_size malloc_trim mallopt mallinfo mallinfo2 malloc_stats malloc_info |
//! | [`cxx`] | 8 operators new, 12 operators delete |
//!
//! [`label`] is no symbol: a section of the file that says what was built.

#![no_std]

pub mod aligned;
mod bootstrap;
#[cfg_attr(target_arch = "x86_64", path = "context/x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "context/aarch64.rs")]
mod context;
mod crash;
pub mod cxx;
mod doors;
mod errno;
mod foreign;
mod label;
pub mod malloc;
mod maps;
mod pass_through;
pub mod query;
mod refused;
mod table;
mod traces;
mod unwinder;

#[cfg(not(test))]
mod lang {
    #![allow(unsafe_code, reason = "the end of the road for code that cannot panic")]

    unsafe extern "C" {
        fn abort() -> !;
    }

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        // SAFETY: abort does not return.
        unsafe { abort() }
    }
}

#[allow(unsafe_code, reason = "names the C library")]
mod libc {
    // The C library that every preloaded program has; `pthread_atfork` stands in its static part.
    #[link(name = "c")]
    unsafe extern "C" {}
}
