//! C++: 8 operators new, 12 operators delete.
//!
//! A program may replace any of them; the other forms must then reach the replaced ones, as the C++ library's do. So
//! each form goes where its row of [`ROUTES`] says. The loader fills the rows by name, which leads to replaced ones in the
//! program; what else there is, [`crate::replaced`] finds out when the library is loaded.

#![allow(unsafe_code, reason = "exports C++ symbols")]

use core::ffi::c_void;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use hakmem_alloc::seam::front;
use hakmem_core::seam::SMALL_MAX;

use crate::malloc::free;
use crate::new_handler::{
    NoThrow, new, new_aligned, new_aligned_here, new_aligned_or_null, new_aligned_or_null_here, new_or_null,
};
use crate::sized;

/// Goes where the row says.
#[cfg(target_arch = "x86_64")]
macro_rules! jump {
    ($row:literal) => {
        core::arch::naked_asm!("jmp qword ptr [rip + {routes} + {at}]", routes = sym ROUTES, at = const $row * 8)
    };
}

/// Goes where the row says.
#[cfg(target_arch = "aarch64")]
macro_rules! jump {
    ($row:literal) => {
        core::arch::naked_asm!(
            "adrp x16, {routes} + {at}",
            "ldr x16, [x16, :lo12:{routes} + {at}]",
            "br x16",
            routes = sym ROUTES,
            at = const $row * 8,
        )
    };
}

/// Requests of so many bytes and more take the route, which sees who goes before us; at most `SMALL_MAX` + 1.
static DIRECT_BELOW: AtomicUsize = AtomicUsize::new(0);

/// Where the forms go, in the order of the table below.
static ROUTES: [AtomicPtr<c_void>; FORMS] = [
    to(new as *const ()),
    to(_Znwm as *const ()),
    to(new_or_null as *const ()),
    to(_ZnwmRKSt9nothrow_t as *const ()),
    to(new_aligned as *const ()),
    to(_ZnwmSt11align_val_t as *const ()),
    to(new_aligned_or_null as *const ()),
    to(_ZnwmSt11align_val_tRKSt9nothrow_t as *const ()),
    to(free as *const ()),
    to(_ZdlPv as *const ()),
    to(_ZdlPv as *const ()),
    to(_ZdaPv as *const ()),
    to(_ZdlPv as *const ()),
    to(_ZdaPv as *const ()),
    to(free as *const ()),
    to(_ZdlPvSt11align_val_t as *const ()),
    to(_ZdlPvSt11align_val_t as *const ()),
    to(_ZdaPvSt11align_val_t as *const ()),
    to(_ZdlPvSt11align_val_t as *const ()),
    to(_ZdaPvSt11align_val_t as *const ()),
];

const fn to(function: *const ()) -> AtomicPtr<c_void> {
    AtomicPtr::new(function.cast_mut().cast())
}

/// All forms.
pub(crate) const FORMS: usize = 20;
const NEW_ALIGNED: usize = 4;
const NEW_ALIGNED_OR_NULL: usize = 6;
/// The first operator delete.
const DELETE: usize = 8;
const DELETE_SIZED: [usize; 2] = [12, 13];
const DELETE_SIZED_ALIGNED: [usize; 2] = [16, 17];

/// Nobody goes before us and nothing is replaced: blocks are taken from where they are at hand, and every operator
/// delete is free at once.
pub(crate) fn go_direct() {
    let free = ROUTES[DELETE].load(Ordering::Relaxed);
    for delete in &ROUTES[DELETE..] {
        delete.store(free, Ordering::Relaxed);
    }
    go(NEW_ALIGNED, new_aligned_here as *mut c_void);
    go(NEW_ALIGNED_OR_NULL, new_aligned_or_null_here as *mut c_void);
    DIRECT_BELOW.store(SMALL_MAX + 1, Ordering::Relaxed);
    if sized::is_on() {
        go_sized();
    }
}

/// Every operator delete that says a size is held to it, if nobody goes before us and nothing is replaced.
pub(crate) fn go_sized() {
    if DIRECT_BELOW.load(Ordering::Relaxed) != 0 {
        DELETE_SIZED.into_iter().for_each(|form| go(form, sized::delete as *mut c_void));
        DELETE_SIZED_ALIGNED.into_iter().for_each(|form| go(form, sized::delete_aligned as *mut c_void));
    }
}

/// Has a form go elsewhere.
pub(crate) fn go(form: usize, function: *mut c_void) {
    if let Some(route) = ROUTES.get(form) {
        route.store(function, Ordering::Relaxed);
    }
}

/// `operator new(size)`
#[unsafe(no_mangle)]
pub extern "C" fn _Znwm(size: usize) -> *mut c_void {
    if size < DIRECT_BELOW.load(Ordering::Relaxed) {
        // SAFETY: just compared with 0, or with one more than `SMALL_MAX`.
        let (_, block) = unsafe { front::take_small(size) };
        if !block.is_null() {
            return block.cast();
        }
    }
    route(size)
}

/// `operator new(size)`, past what is at hand.
#[unsafe(naked)]
extern "C" fn route(size: usize) -> *mut c_void {
    jump!(0)
}

/// Forms that only go where their rows say, each at an address of its own: tools that put functions of theirs in the
/// place of ours tell `delete` from `free` by that.
macro_rules! forms {
    ($($row:literal $(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)+) => {$(
        $(#[$doc])*
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        pub extern "C" fn $name($($argument: $type),*) $(-> $result)? {
            jump!($row)
        }
    )+};
}

forms! {
    1
    /// `operator new[](size)`
    _Znam(size: usize) -> *mut c_void;
    2
    /// `operator new(size, nothrow)`
    _ZnwmRKSt9nothrow_t(size: usize, nothrow: NoThrow) -> *mut c_void;
    3
    /// `operator new[](size, nothrow)`
    _ZnamRKSt9nothrow_t(size: usize, nothrow: NoThrow) -> *mut c_void;
    4
    /// `operator new(size, alignment)`
    _ZnwmSt11align_val_t(size: usize, alignment: usize) -> *mut c_void;
    5
    /// `operator new[](size, alignment)`
    _ZnamSt11align_val_t(size: usize, alignment: usize) -> *mut c_void;
    6
    /// `operator new(size, alignment, nothrow)`
    _ZnwmSt11align_val_tRKSt9nothrow_t(size: usize, alignment: usize, nothrow: NoThrow) -> *mut c_void;
    7
    /// `operator new[](size, alignment, nothrow)`
    _ZnamSt11align_val_tRKSt9nothrow_t(size: usize, alignment: usize, nothrow: NoThrow) -> *mut c_void;
    8
    /// `operator delete(pointer)`
    _ZdlPv(pointer: *mut c_void);
    9
    /// `operator delete[](pointer)`
    _ZdaPv(pointer: *mut c_void);
    10
    /// `operator delete(pointer, nothrow)`
    _ZdlPvRKSt9nothrow_t(pointer: *mut c_void, _nothrow: NoThrow);
    11
    /// `operator delete[](pointer, nothrow)`
    _ZdaPvRKSt9nothrow_t(pointer: *mut c_void, _nothrow: NoThrow);
    12
    /// `operator delete(pointer, size)`
    _ZdlPvm(pointer: *mut c_void, _size: usize);
    13
    /// `operator delete[](pointer, size)`
    _ZdaPvm(pointer: *mut c_void, _size: usize);
    14
    /// `operator delete(pointer, alignment)`
    _ZdlPvSt11align_val_t(pointer: *mut c_void, _alignment: usize);
    15
    /// `operator delete[](pointer, alignment)`
    _ZdaPvSt11align_val_t(pointer: *mut c_void, _alignment: usize);
    16
    /// `operator delete(pointer, size, alignment)`
    _ZdlPvmSt11align_val_t(pointer: *mut c_void, _size: usize, _alignment: usize);
    17
    /// `operator delete[](pointer, size, alignment)`
    _ZdaPvmSt11align_val_t(pointer: *mut c_void, _size: usize, _alignment: usize);
    18
    /// `operator delete(pointer, alignment, nothrow)`
    _ZdlPvSt11align_val_tRKSt9nothrow_t(pointer: *mut c_void, _alignment: usize, _nothrow: NoThrow);
    19
    /// `operator delete[](pointer, alignment, nothrow)`
    _ZdaPvSt11align_val_tRKSt9nothrow_t(pointer: *mut c_void, _alignment: usize, _nothrow: NoThrow);
}
