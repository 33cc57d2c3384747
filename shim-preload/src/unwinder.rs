//! Frames of the calling thread, walked by the unwinder of libgcc_s, which is loaded at start and only where traces
//! are wanted. Its walk takes no block: a test counts.

#![allow(unsafe_code, reason = "calls a library that is found by name")]

use core::ffi::{CStr, c_char, c_int, c_ulong, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use hakmem_alloc::{caller, slow};

use crate::maps;

const RTLD_NOW: c_int = 2;
const AT_ENTRY: c_ulong = 9;
/// What a step says to go on, and to end.
const GO_ON: c_int = 0;
const END_OF_STACK: c_int = 5;
/// Steps of a walk, ours included.
const MOST_STEPS: usize = 96;

type Step = unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int;

unsafe extern "C" {
    fn dlopen(name: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    fn getauxval(kind: c_ulong) -> c_ulong;
}

/// Its functions, and where our own code is.
#[derive(Clone, Copy)]
struct Unwinder {
    backtrace: unsafe extern "C" fn(Step, *mut c_void) -> c_int,
    place: unsafe extern "C" fn(*mut c_void, *mut c_int) -> usize,
    function: unsafe extern "C" fn(usize) -> usize,
    text: (usize, usize),
}

static FOUND: AtomicPtr<Unwinder> = AtomicPtr::new(ptr::null_mut());

fn found() -> Option<&'static Unwinder> {
    // SAFETY: written whole before it was stored, and stays.
    unsafe { FOUND.load(Ordering::Acquire).as_ref() }
}

/// A function of the library, as type `F`.
fn function<F: Copy>(library: *mut c_void, name: &CStr) -> Option<F> {
    const { assert!(size_of::<F>() == size_of::<*mut c_void>(), "F is a function pointer") };
    // SAFETY: the library is loaded.
    let symbol = unsafe { dlsym(library, name.as_ptr()) };
    // SAFETY: the caller names the type that the library's header declares.
    (!symbol.is_null()).then(|| unsafe { core::mem::transmute_copy::<*mut c_void, F>(&symbol) })
}

/// Our own code, unless it is part of the program's.
fn own_text() -> (usize, usize) {
    let (own, mut text) = (found as *const () as usize, (0, 0));
    // SAFETY: reads what the kernel left on the stack.
    let entry = unsafe { getauxval(AT_ENTRY) } as usize;
    maps::for_each(&mut |mapping| {
        let range = mapping.start..mapping.end;
        if range.contains(&own) && !range.contains(&entry) {
            text = (mapping.start, mapping.end);
        }
        !range.contains(&own)
    });
    text
}

/// Loads it; false if the machine has none. At start: the loader allocates through us.
pub(crate) fn find() -> bool {
    if found().is_some() {
        return true;
    }
    // SAFETY: a plain load; nothing of ours is under way.
    let library = unsafe { dlopen(c"libgcc_s.so.1".as_ptr(), RTLD_NOW) };
    if library.is_null() {
        return false;
    }
    let (Some(backtrace), Some(place), Some(function)) = (
        function(library, c"_Unwind_Backtrace"),
        function(library, c"_Unwind_GetIPInfo"),
        function(library, c"_Unwind_FindEnclosingFunction"),
    ) else {
        return false;
    };
    let unwinder = Unwinder { backtrace, place, function, text: own_text() };
    let room = slow::take(size_of::<Unwinder>()).cast::<Unwinder>();
    if room.is_null() {
        return false;
    }
    // SAFETY: so long, aligned to 16, and ours for ever.
    unsafe { room.write(unwinder) };
    FOUND.store(room, Ordering::Release);
    // The first walk may set things up.
    walk(&mut [0; 4]);
    caller::walk_with(walk);
    true
}

/// True if the address is in our own code.
pub(crate) fn is_ours(address: usize) -> bool {
    found().is_some_and(|unwinder| (unwinder.text.0..unwinder.text.1).contains(&address))
}

/// Where the function around an address starts; 0 if nobody knows.
pub(crate) fn start_of(address: usize) -> usize {
    // SAFETY: looks tables up, any address will do.
    found().map_or(0, |unwinder| unsafe { (unwinder.function)(address) })
}

/// A walk under way.
struct Walking<'a> {
    unwinder: &'a Unwinder,
    frames: &'a mut [usize],
    count: usize,
    steps: usize,
    /// The frame to begin with; 0 for the first that is not ours.
    from: usize,
    begun: bool,
}

unsafe extern "C" fn step(frame: *mut c_void, walking: *mut c_void) -> c_int {
    // SAFETY: `walk_from` passes it, and nobody else uses it meanwhile.
    let walking = unsafe { &mut *walking.cast::<Walking<'_>>() };
    let mut exact = 0;
    // SAFETY: the unwinder's own frame.
    let place = unsafe { (walking.unwinder.place)(frame, &raw mut exact) };
    // A caller's place is behind its call.
    let place = if exact == 0 { place.wrapping_sub(1) } else { place };
    walking.steps += 1;
    if !walking.begun {
        walking.begun = if walking.from == 0 { !is_ours(place) } else { place == walking.from };
    }
    if walking.begun && place.wrapping_add(1) > 1 {
        let Some(free) = walking.frames.get_mut(walking.count) else { return END_OF_STACK };
        *free = place;
        walking.count += 1;
    }
    if walking.steps < MOST_STEPS { GO_ON } else { END_OF_STACK }
}

fn walk_from(from: usize, frames: &mut [usize]) -> usize {
    let Some(unwinder) = found() else { return 0 };
    let mut walking = Walking { unwinder, frames, count: 0, steps: 0, from, begun: false };
    // SAFETY: the step fits, and what it gets outlives the walk.
    unsafe { (unwinder.backtrace)(step, (&raw mut walking).cast()) };
    walking.count
}

/// The calls that led here from outside, innermost first; how many.
pub(crate) fn walk(frames: &mut [usize]) -> usize {
    walk_from(0, frames)
}

/// The same from a place on that a signal interrupted, in its handler.
pub(crate) fn walk_interrupted(place: usize, frames: &mut [usize]) -> usize {
    let count = walk_from(place, frames);
    match frames.first_mut() {
        Some(first) if count == 0 => {
            *first = place;
            1
        }
        _ => count,
    }
}
