//! rpmalloc as a shared library to preload: nothing but its own symbols, exported by `exports.map`.

// Links the archive in; `build.rs` asks for `malloc` in it.
extern crate rpmalloc_sys;
