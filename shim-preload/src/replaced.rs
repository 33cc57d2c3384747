//! What of the C++ operators the process has replaced, and who goes before us: found out once, at load.
//!
//! | in the process | where our operators go |
//! |---|---|
//! | nothing of the kind | new takes a block that is at hand, delete is free |
//! | an operator in the program, or malloc, free or `aligned_alloc` in a library before us | to the C++ library's own |
//! | an operator in a library of the program's | to the replaced one; the others as above |
//! | an operator in another allocator behind us | as if it were not there: we serve |
//!
//! The C++ library's forms call each other and malloc by name, as the standard wants, and catch what is thrown.

#![allow(unsafe_code, reason = "reads what the loader has put into a table")]

use core::ffi::{CStr, c_int, c_void};
use core::ops::Range;
use core::ptr::{self, NonNull};

use crate::aligned::aligned_alloc;
use crate::cxx::{self, FORMS};
use crate::malloc::{free, malloc};
use crate::{foreign, objects};

/// A function that others may define before us.
struct Named {
    name: &'static CStr,
    /// The process's first definition: the loader's answer.
    first: First,
}

#[derive(Clone, Copy)]
struct First(*const ());

// SAFETY: a function's address.
unsafe impl Sync for First {}

macro_rules! named {
    ($($path:path = $name:literal,)+) => {
        [$(Named { name: $name, first: First($path as *const ()) },)+]
    };
}

/// What the C++ library's operators call.
static CALLED: [Named; 3] = named![malloc = c"malloc", free = c"free", aligned_alloc = c"aligned_alloc",];

/// In the order of [`cxx`]'s table.
static OPERATORS: [Named; FORMS] = named![
    cxx::_Znwm = c"_Znwm",
    cxx::_Znam = c"_Znam",
    cxx::_ZnwmRKSt9nothrow_t = c"_ZnwmRKSt9nothrow_t",
    cxx::_ZnamRKSt9nothrow_t = c"_ZnamRKSt9nothrow_t",
    cxx::_ZnwmSt11align_val_t = c"_ZnwmSt11align_val_t",
    cxx::_ZnamSt11align_val_t = c"_ZnamSt11align_val_t",
    cxx::_ZnwmSt11align_val_tRKSt9nothrow_t = c"_ZnwmSt11align_val_tRKSt9nothrow_t",
    cxx::_ZnamSt11align_val_tRKSt9nothrow_t = c"_ZnamSt11align_val_tRKSt9nothrow_t",
    cxx::_ZdlPv = c"_ZdlPv",
    cxx::_ZdaPv = c"_ZdaPv",
    cxx::_ZdlPvRKSt9nothrow_t = c"_ZdlPvRKSt9nothrow_t",
    cxx::_ZdaPvRKSt9nothrow_t = c"_ZdaPvRKSt9nothrow_t",
    cxx::_ZdlPvm = c"_ZdlPvm",
    cxx::_ZdaPvm = c"_ZdaPvm",
    cxx::_ZdlPvSt11align_val_t = c"_ZdlPvSt11align_val_t",
    cxx::_ZdaPvSt11align_val_t = c"_ZdaPvSt11align_val_t",
    cxx::_ZdlPvmSt11align_val_t = c"_ZdlPvmSt11align_val_t",
    cxx::_ZdaPvmSt11align_val_t = c"_ZdaPvmSt11align_val_t",
    cxx::_ZdlPvSt11align_val_tRKSt9nothrow_t = c"_ZdlPvSt11align_val_tRKSt9nothrow_t",
    cxx::_ZdaPvSt11align_val_tRKSt9nothrow_t = c"_ZdaPvSt11align_val_tRKSt9nothrow_t",
];

/// The nothrow operators new, and what they call where no C++ library of the process's can catch anything.
const UNCAUGHT: [(usize, usize); 4] = [(2, 0), (3, 1), (6, 4), (7, 5)];

/// Run by the loader, before the program's own constructors.
#[used]
#[unsafe(link_section = ".init_array")]
static SETTLE: extern "C" fn(c_int, *const *const u8, *const *const u8) = settle;

extern "C" fn settle(_: c_int, _: *const *const u8, _: *const *const u8) {
    let behind = behind();
    let is_free = !CALLED.iter().chain(&OPERATORS).any(Named::goes_before_us);
    if is_free && !behind.iter().any(|next| next.is_replaced) {
        return cxx::go_direct();
    }
    for (form, next) in behind.iter().enumerate().filter(|(_, next)| !next.function.is_null()) {
        cxx::go(form, next.function);
    }
    for (form, called) in UNCAUGHT {
        let has_next = behind.get(form).is_some_and(|next| !next.function.is_null());
        if let Some(called) = OPERATORS.get(called).filter(|called| !has_next && called.goes_before_us()) {
            cxx::go(form, called.first.0.cast_mut().cast());
        }
    }
}

impl Named {
    /// True if the process's first definition is another's. The address alone is compared where it says so.
    fn goes_before_us(&self) -> bool {
        !own_file().contains(&self.first.0.addr()) && foreign::goes_before_us(self.name).is_some()
    }
}

fn own_file() -> Range<usize> {
    unsafe extern "C" {
        static __ehdr_start: u8;
        static _end: u8;
    }
    (&raw const __ehdr_start).addr()..(&raw const _end).addr()
}

/// The next definition of an operator behind ours; null if there is none, or it is that of an allocator whose place is
/// ours.
#[derive(Clone, Copy)]
struct Next {
    function: *mut c_void,
    is_replaced: bool,
}

fn behind() -> [Next; FORMS] {
    let mut behind = [Next { function: ptr::null_mut(), is_replaced: false }; FORMS];
    let Some(library) = cxx_library() else { return behind };
    let allocator = next(c"malloc").and_then(|malloc| objects::range_around(malloc.addr().get()));
    for (place, operator) in behind.iter_mut().zip(&OPERATORS) {
        let Some(function) = next(operator.name) else { continue };
        let address = function.addr().get();
        if allocator.as_ref().is_none_or(|allocator| !allocator.contains(&address)) {
            *place = Next { function: function.as_ptr(), is_replaced: !library.contains(&address) };
        }
    }
    behind
}

fn next(name: &CStr) -> Option<NonNull<c_void>> {
    foreign::next::<NonNull<c_void>>(name)
}

/// Where the process's C++ library lies, unless it is part of this file.
fn cxx_library() -> Option<Range<usize>> {
    let handler = crate::new_handler::library()?;
    (!own_file().contains(&handler.get())).then(|| objects::range_around(handler.get()))?
}
