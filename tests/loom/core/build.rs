//! Sets `cfg(loom)` for the core alone: for all packages it would change those that know it, too.

fn main() {
    println!("cargo::rustc-cfg=loom");
    println!("cargo::rerun-if-changed=build.rs");
}
