//! libhakmem.so: the whole malloc family and every C++ operator new and delete, by `LD_PRELOAD`.
//!
//! Nothing here or below calls a libc function that could allocate on our way, so there is no recursion
//! to guard against; no std, no panic machinery, not a byte of output unless it was asked for or the
//! process is about to end.
//!
//! | file | symbols |
//! |---|---|
//! | [`malloc`] | malloc free calloc realloc reallocarray cfree, `__libc_*` of these |
//! | [`sized`] | free_sized free_aligned_sized |
//! | [`aligned`] | memalign posix_memalign aligned_alloc valloc pvalloc, `__libc_*` of these |
//! | [`query`] | malloc_usable_size malloc_trim mallopt mallinfo mallinfo2 malloc_stats malloc_info |
//! | [`cxx`] | 8 operators new, 12 operators delete |
//!
//! [`label`] is no symbol: a section of the file that says what was built.
//!
//! # Layers
//!
//! ```text
//! bootstrap     start and end     settings, handlers of forks, the table
//! crash         signals           a crash of ours is told
//! doors         every way in      and its name
//! replaced      at load           which operators others define, and who goes before us
//! cxx           C++               operators new and delete
//! new_handler   C++               asked for memory until there is some
//! aligned       alignments        memalign and its kin
//! query         figures           malloc_usable_size, mallinfo and others
//! sized         frees             that say how long their block is
//! malloc        blocks            malloc, free and their nearest kin
//! misuse        faults            told, with whom it was
//! traces        frames            as lines
//! unwinder      frames            walked
//! expression    frames            that are hard to find
//! cfi           frames            by the tables of a file
//! cursor        tables            read
//! refused       memory is out     told, with the figures that say why
//! table         figures           as text
//! pass_through  each call         goes to the next allocator
//! foreign       others' blocks    go back to whose they are
//! stack         addresses         that are certainly on one
//! chunk         blocks            of the C library, by the words before them
//! readable      addresses         that can be read
//! objects       loaded files      by address
//! mallinfo      figures           as the C library has them
//! maps          the kernel's      mappings and numbers
//! context       a signal's        registers
//! errno         errno             read and set
//! label         the file          what was built
//! ```
//! A module uses only modules that stand below it in this list; the tidy test holds that.

#![no_std]

mod label;

mod errno;

#[cfg_attr(target_arch = "x86_64", path = "context/x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "context/aarch64.rs")]
mod context;

mod maps;

mod mallinfo;

mod objects;

mod readable;

mod chunk;

mod stack;

mod foreign;

mod pass_through;

mod table;

mod refused;

mod cursor;

mod cfi;

mod expression;

mod unwinder;

mod traces;

mod misuse;

pub mod malloc;

pub mod sized;

pub mod query;

pub mod aligned;

mod new_handler;

pub mod cxx;

mod replaced;

mod doors;

mod crash;

mod bootstrap;

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
