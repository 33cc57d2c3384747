//! What libhakmem.so shows and needs: the documented symbols, a handful of the C library's, no std.

use std::collections::BTreeSet;

use crate::check_library::glibc;
use crate::child::{command, find_or_skip, run};
use crate::library::library;

/// All it exports: C, the GNU C library's own names for it, C++.
const EXPORTS: [&str; 47] = [
    "malloc",
    "free",
    "calloc",
    "realloc",
    "reallocarray",
    "memalign",
    "posix_memalign",
    "aligned_alloc",
    "valloc",
    "pvalloc",
    "cfree",
    "free_sized",
    "free_aligned_sized",
    "malloc_usable_size",
    "malloc_trim",
    "mallopt",
    "mallinfo",
    "mallinfo2",
    "malloc_stats",
    "malloc_info",
    "__libc_malloc",
    "__libc_free",
    "__libc_calloc",
    "__libc_realloc",
    "__libc_memalign",
    "__libc_valloc",
    "__libc_pvalloc",
    "_Znwm",
    "_Znam",
    "_ZnwmRKSt9nothrow_t",
    "_ZnamRKSt9nothrow_t",
    "_ZnwmSt11align_val_t",
    "_ZnamSt11align_val_t",
    "_ZnwmSt11align_val_tRKSt9nothrow_t",
    "_ZnamSt11align_val_tRKSt9nothrow_t",
    "_ZdlPv",
    "_ZdaPv",
    "_ZdlPvm",
    "_ZdaPvm",
    "_ZdlPvRKSt9nothrow_t",
    "_ZdaPvRKSt9nothrow_t",
    "_ZdlPvSt11align_val_t",
    "_ZdaPvSt11align_val_t",
    "_ZdlPvmSt11align_val_t",
    "_ZdaPvmSt11align_val_t",
    "_ZdlPvSt11align_val_tRKSt9nothrow_t",
    "_ZdaPvSt11align_val_tRKSt9nothrow_t",
];

/// All it may import, and why. None of them allocates on our way, but `pthread_create`, where that is prepared for.
const IMPORTS: [(&str, &str); 47] = [
    ("abort", "the end after a fault"),
    ("memcpy", "the compiler's"),
    ("memmove", "the compiler's"),
    ("memset", "the compiler's"),
    ("memcmp", "the compiler's"),
    ("bcmp", "the compiler's"),
    ("strlen", "names in the environment"),
    ("__errno_location", "ENOMEM and EINVAL"),
    ("errno", "ENOMEM and EINVAL"),
    ("environ", "settings"),
    ("getauxval", "page size, AT_SECURE"),
    ("clock_gettime", "the purge delay"),
    ("open", "the report file, at start"),
    ("close", "the report file, at start"),
    ("fcntl", "a copy of stderr for the table at exit: programs close theirs"),
    ("dladdr1", "whether a program defines a function, or has its address only"),
    ("dlsym", "at start: the owner of foreign blocks, and what names the file around an address"),
    ("dl_iterate_phdr", "traces: the file around an address, where the loader is older than glibc 2.35"),
    ("pthread_self", "where a thread's stack ends"),
    ("pthread_getcpuclockid", "a thread's number, without a system call"),
    ("sigaction", "crash messages"),
    ("raise", "crash messages: a signal goes on"),
    ("fwrite", "malloc_info"),
    ("pthread_key_create", "to learn of a thread's end"),
    ("pthread_key_delete", "to learn of a thread's end"),
    ("pthread_setspecific", "to learn of a thread's end"),
    ("pthread_create", "the purge thread"),
    ("pthread_attr_init", "the purge thread: small, detached"),
    ("pthread_attr_setstacksize", "the purge thread: small, detached"),
    ("pthread_attr_setdetachstate", "the purge thread: small, detached"),
    ("pthread_attr_destroy", "the purge thread: small, detached"),
    ("pthread_sigmask", "the purge thread: it takes no signal"),
    ("__register_atfork", "fork"),
    ("pthread_atfork", "fork"),
    ("__libc_single_threaded", "at exit: whether there is another thread"),
    ("_ZSt15get_new_handlerv", "operator new, weak"),
    ("_ZSt17__throw_bad_allocv", "operator new, weak"),
    ("__asan_init", "to stand back for a sanitizer, weak"),
    ("__tsan_init", "to stand back for a sanitizer, weak"),
    ("__msan_init", "to stand back for a sanitizer, weak"),
    ("__hwasan_init", "to stand back for a sanitizer, weak"),
    ("__lsan_init", "to stand back for a sanitizer, weak"),
    ("__tls_get_addr", "our block of each thread, if built for dlopen"),
    ("__cxa_finalize", "the C start files', weak"),
    ("__gmon_start__", "the C start files', weak"),
    ("_ITM_registerTMCloneTable", "the C start files', weak"),
    ("_ITM_deregisterTMCloneTable", "the C start files', weak"),
];

/// Beginnings of what must not be inside, as `nm -C` writes it.
const UNWANTED: [&str; 6] = ["std::", "alloc::", "core::panicking", "core::fmt", "rust_", "_Unwind_"];

/// Static TLS is scarce where libraries are loaded late; the fronts of all classes are in it.
const MOST_TLS_BYTES: u64 = 1280;

/// What a tool says about the library.
fn told(tool: &str, arguments: &[&str]) -> Option<String> {
    let tool = find_or_skip(tool)?;
    if !library().is_ours_or_skip("symbols") {
        return None;
    }
    let outcome = run(command(tool).args(arguments).arg(&library().shared), 20);
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    Some(outcome.text())
}

/// The last column, without the version.
fn names(text: &str) -> BTreeSet<&str> {
    text.lines().filter_map(|line| line.split_whitespace().last()?.split('@').next()).collect()
}

#[test]
fn exports_are_the_documented_ones() {
    let Some(text) = told("nm", &["-D", "--defined-only"]) else { return };
    assert_eq!(names(&text), BTreeSet::from(EXPORTS));
}

#[test]
fn imports_are_a_handful() {
    let Some(text) = told("nm", &["-D", "--undefined-only"]) else { return };
    let allowed: BTreeSet<_> = IMPORTS.iter().map(|(name, _)| *name).collect();
    let more: Vec<_> = names(&text).difference(&allowed).copied().collect();
    assert!(more.is_empty(), "imports without a reason: {more:?}");
    let strong = text.lines().filter(|line| !line.contains(" w "));
    let strong_cxx: Vec<_> = strong.filter(|line| line.contains(" _ZSt")).collect();
    assert!(strong_cxx.is_empty(), "a C program has no C++ library: {strong_cxx:?}");
}

#[test]
fn needs_the_c_library_alone() {
    let Some(text) = told("readelf", &["-dW"]) else { return };
    let needed: Vec<_> = text.lines().filter(|line| line.contains("(NEEDED)")).collect();
    assert!(
        needed.iter().all(|line| line.contains("[libc.so.6]") || line.contains("[ld-linux")),
        "more than the C library: {needed:?}"
    );
}

/// The order of handlers of forks depends on it (shim-std/src/fork.rs).
#[test]
fn is_initialised_before_all_other_libraries() {
    let Some(text) = told("readelf", &["-dW"]) else { return };
    let flags = text.lines().find(|line| line.contains("(FLAGS_1)")).unwrap_or_default();
    assert!(flags.contains("INITFIRST"), "not linked with the flags of .cargo/config.toml: {flags:?}");
}

#[test]
fn holds_no_std_and_no_panic_machinery() {
    let Some(text) = told("nm", &["-C", "--defined-only"]) else { return };
    assert!(text.contains("malloc"), "the library is stripped");
    // Address, kind, name; the name of a method begins with `<`.
    let name = |line: &str| line.splitn(3, ' ').last().unwrap_or_default().trim_start_matches('<').to_owned();
    let unwanted =
        |name: &String| UNWANTED.iter().any(|begin| name.starts_with(begin)) || name.contains(" as core::fmt");
    let inside: Vec<_> = text.lines().map(name).filter(unwanted).collect();
    assert!(inside.is_empty(), "inside: {inside:#?}");
}

#[test]
fn takes_little_of_each_thread() {
    let Some(text) = told("readelf", &["-lW"]) else { return };
    let row = text.lines().find(|line| line.split_whitespace().next() == Some("TLS"));
    let bytes = row.and_then(|row| row.split_whitespace().nth(5)).and_then(|size| size.strip_prefix("0x"));
    let bytes = bytes.map(|digits| u64::from_str_radix(digits, 16).expect("readelf writes hexadecimal"));
    assert!(bytes.unwrap_or(0) <= MOST_TLS_BYTES, "{bytes:?} bytes of static TLS");
}

#[test]
fn asks_for_no_executable_stack_and_no_text_relocations() {
    let (Some(segments), Some(dynamic)) = (told("readelf", &["-lW"]), told("readelf", &["-dW"])) else { return };
    let stack = segments.lines().find(|line| line.contains("GNU_STACK")).expect("a GNU_STACK header");
    assert!(!stack.contains("RWE"), "{stack}");
    assert!(!dynamic.contains("TEXTREL"), "{dynamic}");
}

/// Of the C library's symbols that speak of allocation, those that need not be ours, and why.
const NOT_OURS: [(&str, &str); 31] = [
    ("_IO_default_doallocate", "takes by malloc"),
    ("_IO_doallocbuf", "takes by malloc"),
    ("_IO_file_doallocate", "takes by malloc"),
    ("_IO_wdefault_doallocate", "takes by malloc"),
    ("_IO_wdoallocbuf", "takes by malloc"),
    ("__free_hook", "of no effect since glibc 2.34"),
    ("__malloc_hook", "of no effect since glibc 2.34"),
    ("__malloc_initialize_hook", "of no effect since glibc 2.34"),
    ("__memalign_hook", "of no effect since glibc 2.34"),
    ("__realloc_hook", "of no effect since glibc 2.34"),
    ("__freelocale", "no block"),
    ("__libc_alloc_buffer_alloc_array", "a part of a buffer"),
    ("__libc_alloc_buffer_allocate", "takes by malloc"),
    ("__libc_alloc_buffer_copy_bytes", "a part of a buffer"),
    ("__libc_alloc_buffer_copy_string", "a part of a buffer"),
    ("__libc_alloc_buffer_create_failure", "a part of a buffer"),
    ("__libc_alloca_cutoff", "the stack"),
    ("__libc_allocate_once_slow", "takes by its caller's function"),
    ("__libc_allocate_rtsig", "a signal"),
    ("__libc_freeres", "gives back by free"),
    ("__libc_mallinfo", "the C library's own figures"),
    ("__libc_mallopt", "the C library's own settings"),
    ("__libc_reallocarray", "takes by realloc"),
    ("__sched_cpualloc", "takes by malloc"),
    ("_obstack_allocated_p", "a question"),
    ("freeaddrinfo", "gives back by free"),
    ("freeifaddrs", "gives back by free"),
    ("freelocale", "gives back by free"),
    ("inet6_option_alloc", "a part of a message"),
    ("obstack_alloc_failed_handler", "a variable"),
    ("pkey_alloc", "a key"),
];

/// A block by a name that is not ours would be of another heap.
#[test]
fn everything_that_allocates_in_the_c_library_is_ours() {
    let (Some(_), Some(tool)) = (told("nm", &["-D"]), find_or_skip("nm")) else { return };
    let outcome = run(command(tool).args(["-D", "--defined-only"]).arg(glibc()), 20);
    let text = outcome.text();
    let speaks = |name: &&str| {
        ["alloc", "memalign", "cfree", "mallinfo", "mallopt"].iter().any(|word| name.contains(word))
            || name.trim_start_matches('_').trim_start_matches("libc_").starts_with("free")
    };
    let other: BTreeSet<_> = NOT_OURS.iter().map(|(name, _)| *name).chain(EXPORTS).collect();
    // Files have room, not blocks.
    let theirs = names(&text).into_iter().filter(speaks).filter(|name| !name.contains("fallocate"));
    let missing: Vec<_> = theirs.filter(|name| !other.contains(name)).collect();
    assert!(missing.is_empty(), "the C library allocates by {missing:?}");
    assert!(text.contains(" malloc@@") && text.contains(" __libc_memalign@@"), "{text}");
}
