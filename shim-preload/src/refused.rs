//! A request that is refused is told: one line with the figures that say why, at the first one the table as well,
//! then at the second, the fourth and so on. No block is taken; a few kilobytes of stack are.

use core::ffi::{CStr, c_void};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use hakmem_alloc::seam::line::Line;
use hakmem_alloc::seam::process::ALLOCATOR;
use hakmem_alloc::seam::slow;
use hakmem_core::PageProvider;
use hakmem_core::seam::{SLAB_BYTES, SizeClass};
use rustix::process::{Resource, getrlimit};

use crate::{errno, maps, table};

static WANTED: AtomicBool = AtomicBool::new(false);
static REFUSED: AtomicU64 = AtomicU64::new(0);

/// Part of all slabs from which on a class is told of.
const SHARE: u32 = 16;
const MOST_MAPPINGS: &CStr = c"/proc/sys/vm/max_map_count";

/// Has refused requests told from now on.
pub(crate) fn watch() {
    WANTED.store(true, Ordering::Relaxed);
}

/// A request came to nothing.
#[cold]
#[inline(never)]
pub(crate) fn note(operation: &[u8], bytes: usize) {
    if WANTED.load(Ordering::Relaxed) {
        let times = REFUSED.fetch_add(1, Ordering::Relaxed) + 1;
        if times.is_power_of_two() {
            let errno = errno::get();
            tell(operation, bytes, times);
            errno::set(errno);
        }
    }
}

/// The block; null is told, if that is wanted, and sets errno.
pub(crate) fn checked(block: *mut u8, operation: &[u8], bytes: usize) -> *mut c_void {
    if block.is_null() {
        note(operation, bytes);
        return errno::out_of_memory();
    }
    block.cast()
}

fn mebibytes(line: &mut Line, bytes: u64) -> &mut Line {
    line.number(bytes >> 20)
}

#[inline(never)]
fn tell(operation: &[u8], bytes: usize, times: u64) {
    let stats = slow::stats();
    let mut line = Line::new();
    line.text(b"out of memory: ").text(operation).text(b" of ").number(bytes as u64).text(b" bytes refused");
    if times > 1 {
        line.text(b", request ").number(times).text(b" that was");
    }
    mebibytes(line.text(b" (MiB: mapped "), stats.mapped);
    mebibytes(line.text(b", active "), stats.active);
    mebibytes(line.text(b", cached "), stats.cached + stats.large_cached);
    mebibytes(line.text(b", large "), stats.large);
    let page = ALLOCATOR.provider().page_bytes() as u64;
    if let Some(pages) = maps::number_in(c"/proc/self/statm") {
        mebibytes(line.text(b", addresses "), pages * page);
    }
    if let Some(limit) = getrlimit(Resource::As).current {
        mebibytes(line.text(b" of "), limit);
    }
    line.text(b"; mappings ").number(maps::count());
    if let Some(most) = maps::number_in(MOST_MAPPINGS) {
        line.text(b" of ").number(most);
    }
    line.text(b")").print();
    if times == 1 {
        table::print();
        tell_of_classes();
    }
}

/// The classes that hold a sixteenth of all slabs or more.
#[inline(never)]
fn tell_of_classes() {
    let slabs = ALLOCATOR.slabs_by_class();
    let all: u32 = slabs.iter().sum();
    for (class, &own) in slabs.iter().enumerate().filter(|(_, own)| **own > 0 && **own >= all / SHARE) {
        let mut line = Line::new();
        match SizeClass::words(class) {
            Ok(bytes) => line.text(b"  blocks of ").number(bytes as u64),
            Err(words) => line.text(b"  ").text(words.as_bytes()),
        };
        line.column(table::COLUMN).number(u64::from(own) * SLAB_BYTES as u64).text(b"  in ");
        line.number(u64::from(own)).text(b" slabs").print();
    }
}
