//! Actions on the whole core over a region of memory, most of them too large for it.

#![allow(unsafe_code, reason = "gives a region away")]

use std::alloc::{Layout, alloc};
use std::cell::Cell;
use std::ptr::NonNull;

use hakmem_core::Allocator;
use hakmem_core::pages::StaticRegion;
use hakmem_replay::Actions;
use hakmem_replay::driver::Driver;

use super::folding::Folding;
use super::{Input, core_faulty};

const MIB: usize = 1 << 20;
const MOST_BYTES: usize = 40 * MIB;
/// Bytes that one input may ask for: the region clears what it hands out.
const WORK_BYTES: u64 = 96 << 20;

thread_local! {
    /// The region, used again by the next input: its contents do not matter.
    static MEMORY: Cell<Option<NonNull<u8>>> = const { Cell::new(None) };
}

/// Memory that nobody else uses while it is out.
struct Lent(NonNull<u8>);

impl Lent {
    fn new() -> Self {
        let layout = Layout::from_size_align(MOST_BYTES, 2 * MIB).expect("a size in bounds");
        // SAFETY: the layout is not empty.
        let fresh = || NonNull::new(unsafe { alloc(layout) }).expect("the system has memory");
        Self(MEMORY.take().unwrap_or_else(fresh))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        MEMORY.set(Some(self.0));
    }
}

/// A region, settings, actions.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let (size, modes) = (input.byte(), input.byte());
    let zone_bytes = (2 * MIB) << (modes & 3).min(2);
    let region_bytes = (4 * MIB + usize::from(size) * (MIB / 4)).min(MOST_BYTES);
    let settings = core_faulty::settings(&mut input);
    let mut folding = Folding {
        most_bytes: [600, 40_000, 2 << 20, 6 << 20][usize::from(modes >> 2 & 3)],
        most_align_shift: 21,
        left_bytes: WORK_BYTES,
    };
    let memory = Lent::new();
    // SAFETY: lent to it alone; the allocator is gone before it goes back.
    let allocator = Allocator::new(unsafe { StaticRegion::new(memory.0, region_bytes, zone_bytes) });
    let mut driver = Driver::new(&allocator);
    driver.may_refuse = true;
    driver.configure(&settings);
    let every = 1 + usize::from(modes >> 4 ^ 3) * 5;
    let actions = Actions::new(input.rest()).filter_map(|action| folding.fold(action));
    for (number, action) in actions.enumerate() {
        driver.step(action);
        if number.is_multiple_of(every) {
            driver.audit();
        }
    }
    driver.finish();
}
