//! `libhakmem.so` in this process, beside the process's own malloc: its functions by their names.

#![allow(unsafe_code, reason = "loads a library and calls what it finds there")]

use std::env;
use std::ffi::{CString, c_char, c_int, c_void};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const RTLD_NOW: c_int = 2;
/// The library's own calls of malloc go to itself, though the process's malloc comes first.
const RTLD_DEEPBIND: c_int = 8;
const RTLD_DEFAULT: *mut c_void = core::ptr::null_mut();

unsafe extern "C" {
    fn dlopen(path: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// The figures of `mallinfo2`, in their order.
pub type MallInfo = [usize; 10];

macro_rules! surface {
    ($($name:ident = $symbol:literal: fn($($argument:ty),*) $(-> $result:ty)?;)+) => {
        /// The functions, under their names or short ones for the operators.
        #[derive(Clone, Copy)]
        #[allow(missing_docs, reason = "C's names")]
        pub struct Surface {
            $(pub $name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)+
        }

        impl Surface {
            fn find(library: *mut c_void) -> Self {
                $(let $name = find(library, $symbol);)+
                Self {$(
                    $name: {
                        type Function = unsafe extern "C" fn($($argument),*) $(-> $result)?;
                        // SAFETY: a function of this type, as <stdlib.h>, <malloc.h> or <new> declares it.
                        unsafe { core::mem::transmute::<*mut c_void, Function>($name) }
                    },
                )+}
            }
        }
    };
}

type Pointer = *mut c_void;

surface! {
    malloc = c"malloc": fn(usize) -> Pointer;
    calloc = c"calloc": fn(usize, usize) -> Pointer;
    realloc = c"realloc": fn(Pointer, usize) -> Pointer;
    reallocarray = c"reallocarray": fn(Pointer, usize, usize) -> Pointer;
    free = c"free": fn(Pointer);
    cfree = c"cfree": fn(Pointer);
    free_sized = c"free_sized": fn(Pointer, usize);
    free_aligned_sized = c"free_aligned_sized": fn(Pointer, usize, usize);
    memalign = c"memalign": fn(usize, usize) -> Pointer;
    aligned_alloc = c"aligned_alloc": fn(usize, usize) -> Pointer;
    posix_memalign = c"posix_memalign": fn(*mut Pointer, usize, usize) -> c_int;
    valloc = c"valloc": fn(usize) -> Pointer;
    pvalloc = c"pvalloc": fn(usize) -> Pointer;
    malloc_usable_size = c"malloc_usable_size": fn(Pointer) -> usize;
    malloc_trim = c"malloc_trim": fn(usize) -> c_int;
    mallopt = c"mallopt": fn(c_int, c_int) -> c_int;
    mallinfo2 = c"mallinfo2": fn() -> MallInfo;
    malloc_info = c"malloc_info": fn(c_int, Pointer) -> c_int;
    new = c"_Znwm": fn(usize) -> Pointer;
    new_array = c"_Znam": fn(usize) -> Pointer;
    new_nothrow = c"_ZnwmRKSt9nothrow_t": fn(usize, Pointer) -> Pointer;
    new_aligned = c"_ZnwmSt11align_val_t": fn(usize, usize) -> Pointer;
    new_aligned_nothrow = c"_ZnwmSt11align_val_tRKSt9nothrow_t": fn(usize, usize, Pointer) -> Pointer;
    delete = c"_ZdlPv": fn(Pointer);
    delete_array = c"_ZdaPv": fn(Pointer);
    delete_sized = c"_ZdlPvm": fn(Pointer, usize);
    delete_aligned = c"_ZdlPvSt11align_val_t": fn(Pointer, usize);
    delete_sized_aligned = c"_ZdaPvmSt11align_val_t": fn(Pointer, usize, usize);
}

fn find(library: *mut c_void, name: &core::ffi::CStr) -> *mut c_void {
    // SAFETY: a look-up by name.
    let symbol = unsafe { dlsym(library, name.as_ptr()) };
    assert!(!symbol.is_null(), "the library has no {name:?}");
    symbol
}

/// Loaded on the first call: the library of `HAKMEM_TEST_LIB`, else one that is built now. Faults are told, and
/// survived.
pub fn surface() -> &'static Surface {
    static SURFACE: OnceLock<Surface> = OnceLock::new();
    SURFACE.get_or_init(|| {
        let path = env::var_os("HAKMEM_TEST_LIB").map_or_else(build, PathBuf::from);
        let name = CString::new(path.clone().into_os_string().into_vec()).expect("a path");
        // SAFETY: nobody else reads the environment meanwhile but by Rust's own functions, which wait.
        unsafe { env::set_var("HAKMEM_ON_FAULT", "report") };
        // SAFETY: what the library does as it is loaded is to read its settings.
        let library = unsafe {
            let is_watched = !dlsym(RTLD_DEFAULT, c"__asan_init".as_ptr()).is_null();
            // Under AddressSanitizer the flag is refused: the library is linked with -Bsymbolic-functions there.
            dlopen(name.as_ptr(), RTLD_NOW | if is_watched { 0 } else { RTLD_DEEPBIND })
        };
        assert!(!library.is_null(), "{} cannot be loaded", path.display());
        Surface::find(library)
    })
}

/// In the folder of the preload suite, so that both suites build it once.
fn build() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package stands in the workspace");
    let folder = workspace.join("target/preload-under-test");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "-p", "hakmem-preload", "--quiet", "--manifest-path"]);
    cargo.arg(workspace.join("Cargo.toml")).arg("--target-dir").arg(&folder);
    for name in ["LD_PRELOAD", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        cargo.env_remove(name);
    }
    assert!(cargo.status().is_ok_and(|status| status.success()), "libhakmem.so does not build");
    folder.join("release/libhakmem.so")
}
