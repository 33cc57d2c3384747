//! Link arguments that pull mimalloc's object out of the archive and export its symbols.

fn main() {
    let folder = std::env::var("CARGO_MANIFEST_DIR").expect("set by cargo");
    println!("cargo::rerun-if-changed=exports.map");
    // A crate without std links no libc of itself; mimalloc's calls should name theirs.
    println!("cargo::rustc-cdylib-link-arg=-lc");
    println!("cargo::rustc-cdylib-link-arg=-Wl,--undefined=malloc");
    println!("cargo::rustc-cdylib-link-arg=-Wl,--version-script={folder}/exports.map");
}
