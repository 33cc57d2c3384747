//! mimalloc 2 as a shared library to preload: nothing but its own symbols, exported by `exports.map`.
#![no_std]

// Links the archive in; `build.rs` asks for `malloc` in it.
extern crate libmimalloc_sys;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
