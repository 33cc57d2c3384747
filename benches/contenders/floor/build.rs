//! Links libc, which a crate without std does not name of itself: `mmap`, `memcpy` and `memset` are its own.

fn main() {
    println!("cargo::rustc-cdylib-link-arg=-lc");
}
