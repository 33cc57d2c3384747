//! The C library's threads, locks and pages: ThreadSanitizer sees what they order, and not what std's do, which was
//! compiled without it.

use std::cell::UnsafeCell;
use std::ffi::{c_int, c_long, c_void};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering};

use hakmem_core::pages::Relax;
use hakmem_core::{PageProvider, Purged, Refused};

const NONE: c_int = 0;
const READ_WRITE: c_int = 3;
const PRIVATE_ANONYMOUS: c_int = 0x22;
const NORESERVE: c_int = 0x4000;
const DONTNEED: c_int = 4;

unsafe extern "C" {
    fn mmap(at: *mut c_void, bytes: usize, protection: c_int, flags: c_int, file: c_int, offset: c_long)
    -> *mut c_void;
    fn munmap(at: *mut c_void, bytes: usize) -> c_int;
    fn mprotect(at: *mut c_void, bytes: usize, protection: c_int) -> c_int;
    fn madvise(at: *mut c_void, bytes: usize, advice: c_int) -> c_int;
    fn sched_yield() -> c_int;
    fn pthread_create(thread: *mut usize, attributes: *const c_void, body: Body, with: *mut c_void) -> c_int;
    fn pthread_join(thread: usize, result: *mut *mut c_void) -> c_int;
    fn pthread_mutex_lock(mutex: *mut Words) -> c_int;
    fn pthread_mutex_unlock(mutex: *mut Words) -> c_int;
}

type Body = unsafe extern "C" fn(*mut c_void) -> *mut c_void;
/// `pthread_mutex_t`, which is at most that long; all zero is one that nobody holds.
type Words = [u64; 8];

/// Pages by functions that ThreadSanitizer looks at; the clock counts calls.
pub(crate) struct Pages {
    clock: AtomicU64,
}

impl Pages {
    pub(crate) const fn new() -> Self {
        Self { clock: AtomicU64::new(0) }
    }
}

impl Relax for Pages {
    fn relax() {
        pause();
    }
}

/// Lets other threads run.
pub(crate) fn pause() {
    // SAFETY: asks for nothing but time.
    unsafe { sched_yield() };
}

// SAFETY: what is mapped overlaps nothing, is readable and writable once it is committed, and starts as zeros.
unsafe impl PageProvider for Pages {
    fn page_bytes(&self) -> usize {
        4096
    }

    fn reserve(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        let whole = bytes.checked_add(align)?;
        // SAFETY: a new private mapping.
        let start = unsafe { mmap(ptr::null_mut(), whole, NONE, PRIVATE_ANONYMOUS | NORESERVE, -1, 0) }.cast::<u8>();
        if start.addr() == usize::MAX {
            return None;
        }
        let run = start.wrapping_add(start.align_offset(align));
        let before = run.addr() - start.addr();
        for (cut, length) in [(start, before), (run.wrapping_add(bytes), whole - bytes - before)] {
            if length > 0 {
                // SAFETY: part of what was mapped just now.
                unsafe { munmap(cut.cast(), length) };
            }
        }
        NonNull::new(run)
    }

    unsafe fn commit(&self, start: NonNull<u8>, bytes: usize) -> Result<(), Refused> {
        // SAFETY: the caller's promise.
        let opened = unsafe { mprotect(start.as_ptr().cast(), bytes, READ_WRITE) };
        if opened == 0 { Ok(()) } else { Err(Refused::Memory) }
    }

    unsafe fn purge(&self, start: NonNull<u8>, bytes: usize) -> Purged {
        // SAFETY: the caller's promise.
        let done = unsafe { madvise(start.as_ptr().cast(), bytes, DONTNEED) };
        if done == 0 { Purged::Zeroed } else { Purged::Kept }
    }

    unsafe fn release(&self, start: NonNull<u8>, bytes: usize) {
        // SAFETY: the caller's promise.
        unsafe { munmap(start.as_ptr().cast(), bytes) };
    }

    fn now_ms(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed) * 10
    }

    fn zone_bytes(&self) -> usize {
        1 << 30
    }
}

/// A value behind a lock.
pub(crate) struct Locked<T> {
    mutex: UnsafeCell<Words>,
    value: UnsafeCell<T>,
}

// SAFETY: `with` lets one thread at a time reach the value.
unsafe impl<T> Sync for Locked<T> {}

impl<T> Locked<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { mutex: UnsafeCell::new([0; 8]), value: UnsafeCell::new(value) }
    }

    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: all zero is a mutex, and it stands where it was made as long as it is shared.
        unsafe { pthread_mutex_lock(self.mutex.get()) };
        // SAFETY: held.
        let result = work(unsafe { &mut *self.value.get() });
        // SAFETY: this thread locked it.
        unsafe { pthread_mutex_unlock(self.mutex.get()) };
        result
    }
}

unsafe extern "C" fn run(work: *mut c_void) -> *mut c_void {
    // SAFETY: `together` passes a work that waits for this thread's end.
    unsafe { (*work.cast::<Work<'_>>()).run() };
    ptr::null_mut()
}

struct Work<'a> {
    number: usize,
    body: &'a (dyn Fn(usize) + Sync),
}

impl Work<'_> {
    fn run(&self) {
        (self.body)(self.number);
    }
}

/// Runs a body in so many threads at once, and the caller's part beside them; returns when all have ended.
pub(crate) fn together(threads: usize, body: &(dyn Fn(usize) + Sync), beside: impl FnOnce()) {
    let works: Vec<_> = (0..threads).map(|number| Work { number, body }).collect();
    let mut started = vec![0; threads];
    for (thread, work) in started.iter_mut().zip(&works) {
        // SAFETY: the work outlives the thread, which is joined below.
        let code = unsafe { pthread_create(thread, ptr::null(), run, ptr::from_ref(work).cast_mut().cast()) };
        assert_eq!(code, 0, "the machine has a thread");
    }
    beside();
    for thread in started {
        // SAFETY: started above, joined once.
        unsafe { pthread_join(thread, ptr::null_mut()) };
    }
}
