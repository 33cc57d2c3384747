//! The files that are loaded, by address. The loader says which one an address lies in without a lock, from glibc 2.35
//! on; of an older one only traces ask, as everybody who walks frames does there: by a call that takes a lock of the
//! loader's.

#![allow(unsafe_code, reason = "asks the loader")]

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ops::Range;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

const RTLD_DEFAULT: *mut c_void = ptr::null_mut();
const PT_LOAD: u32 = 1;
const PT_GNU_EH_FRAME: u32 = 0x6474_e550;

/// A loaded file.
#[derive(Clone, Copy)]
pub(crate) struct Object {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// What is added to the addresses in the file.
    pub(crate) bias: usize,
    /// Its path, empty for the program's.
    pub(crate) path: *const c_char,
    /// Where the section is that leads to its rows for unwinding; 0 for none.
    pub(crate) unwinding: usize,
}

/// `struct dl_find_object`.
#[repr(C)]
struct Found {
    flags: u64,
    start: usize,
    end: usize,
    map: *const LinkMap,
    unwinding: usize,
    reserved: [u64; 7],
}

/// `struct link_map`, as far as it is public.
#[repr(C)]
struct LinkMap {
    bias: usize,
    path: *const c_char,
}

/// `struct dl_phdr_info`, as far as it is read.
#[repr(C)]
struct Info {
    bias: usize,
    path: *const c_char,
    headers: *const Header,
    count: u16,
}

/// `Elf64_Phdr`.
#[repr(C)]
struct Header {
    kind: u32,
    flags: u32,
    offset: usize,
    address: usize,
    physical: usize,
    file_bytes: usize,
    bytes: usize,
    align: usize,
}

type FindObject = unsafe extern "C" fn(*mut c_void, *mut Found) -> c_int;
type Each = unsafe extern "C" fn(*const Info, usize, *mut c_void) -> c_int;

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    fn dl_iterate_phdr(each: Each, with: *mut c_void) -> c_int;
}

/// The loader's own function, if it has it.
static FIND: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

/// Looks for what is asked later. At load: the loader may allocate, and takes a lock.
pub(crate) fn prepare() {
    // SAFETY: a look-up, with nothing of ours under way.
    FIND.store(unsafe { dlsym(RTLD_DEFAULT, c"_dl_find_object".as_ptr()) }, Ordering::Relaxed);
}

/// True if [`find`] knows all files.
fn is_known() -> bool {
    !FIND.load(Ordering::Relaxed).is_null()
}

/// The file that an address lies in; `None` too where the loader cannot say without a lock.
pub(crate) fn find(address: usize) -> Option<Object> {
    let find = FIND.load(Ordering::Relaxed);
    if find.is_null() {
        return None;
    }
    // SAFETY: so it is declared.
    let find = unsafe { core::mem::transmute::<*mut c_void, FindObject>(find) };
    let mut found = Found { flags: 0, start: 0, end: 0, map: ptr::null(), unwinding: 0, reserved: [0; 7] };
    // SAFETY: any address will do, and there is room for the answer.
    if unsafe { find(ptr::without_provenance_mut(address), &raw mut found) } != 0 {
        return None;
    }
    // SAFETY: the file is loaded.
    let map = unsafe { found.map.as_ref() }?;
    Some(Object { start: found.start, end: found.end, bias: map.bias, path: map.path, unwinding: found.unwinding })
}

/// The same by whatever means there are: for traces, and at load.
pub(crate) fn find_for_trace(address: usize) -> Option<Object> {
    if is_known() {
        return find(address);
    }
    let mut search = Search { address, found: None };
    // SAFETY: the function fits, and what it gets outlives the call.
    unsafe { dl_iterate_phdr(look_at, (&raw mut search).cast()) };
    search.found
}

/// From start to end of the file that an address lies in. At load.
pub(crate) fn range_around(address: usize) -> Option<Range<usize>> {
    find_for_trace(address).map(|object| object.start..object.end)
}

struct Search {
    address: usize,
    found: Option<Object>,
}

unsafe extern "C" fn look_at(info: *const Info, _: usize, search: *mut c_void) -> c_int {
    // SAFETY: the loader's record, and what `find_for_trace` passes.
    let (info, search) = unsafe { (&*info, &mut *search.cast::<Search>()) };
    let mut object = Object { start: usize::MAX, end: 0, bias: info.bias, path: info.path, unwinding: 0 };
    for number in 0..usize::from(info.count) {
        // SAFETY: so many headers are there.
        let header = unsafe { &*info.headers.add(number) };
        let start = info.bias.wrapping_add(header.address);
        match header.kind {
            PT_LOAD => {
                object.start = object.start.min(start);
                object.end = object.end.max(start.wrapping_add(header.bytes));
            }
            PT_GNU_EH_FRAME => object.unwinding = start,
            _ => {}
        }
    }
    let is_it = (object.start..object.end).contains(&search.address);
    search.found = is_it.then_some(object);
    c_int::from(is_it)
}

impl Object {
    /// Its path, empty for the program's.
    pub(crate) fn path(&self) -> &'static [u8] {
        if self.path.is_null() {
            return b"";
        }
        // SAFETY: the loader's string, which stays as long as the file is loaded.
        unsafe { CStr::from_ptr(self.path) }.to_bytes()
    }
}
