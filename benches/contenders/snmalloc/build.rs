//! Link arguments that pull snmalloc's object out of the archive and export its functions by libc's names.

/// Each name, and the function of snmalloc that serves it. The forms of C++'s `new` and `delete` that are left
/// out are libstdc++'s, which calls these.
const NAMES: [(&str, &str); 19] = [
    ("malloc", "malloc"),
    ("calloc", "calloc"),
    ("realloc", "realloc"),
    ("reallocarray", "reallocarray"),
    ("free", "free"),
    ("cfree", "cfree"),
    ("free_sized", "free_sized"),
    ("free_aligned_sized", "free_aligned_sized"),
    ("memalign", "memalign"),
    ("aligned_alloc", "aligned_alloc"),
    ("posix_memalign", "posix_memalign"),
    ("valloc", "valloc"),
    ("pvalloc", "pvalloc"),
    ("malloc_usable_size", "malloc_usable_size"),
    ("_Znwm", "malloc"),
    ("_Znam", "malloc"),
    ("_ZdlPv", "free"),
    ("_ZdaPv", "free"),
    ("_ZdlPvm", "free_sized"),
];

fn main() {
    let folder = std::env::var("CARGO_MANIFEST_DIR").expect("set by cargo");
    println!("cargo::rerun-if-changed=exports.map");
    // A crate without std links no libc of itself; snmalloc's calls should name theirs.
    println!("cargo::rustc-cdylib-link-arg=-lc");
    println!("cargo::rustc-cdylib-link-arg=-Wl,--as-needed");
    for (name, function) in NAMES {
        println!("cargo::rustc-cdylib-link-arg=-Wl,--undefined=sn_{function}");
        println!("cargo::rustc-cdylib-link-arg=-Wl,--defsym={name}=sn_{function}");
    }
    println!("cargo::rustc-cdylib-link-arg=-Wl,--version-script={folder}/exports.map");
}
