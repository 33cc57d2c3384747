//! Ours, behind its critical section.

use hakmem_core::Fault;
#[cfg(feature = "hakmem-bounded")]
use hakmem_core::region::Bounded as Profile;
#[cfg(feature = "hakmem-slabs")]
use hakmem_core::region::Slabs as Profile;
#[cfg(feature = "hakmem-tiny")]
use hakmem_core::region::Tiny as Profile;
use hakmem_core::region::{CriticalSection, Heap};

use super::Contender;
use crate::{say, semihosting};

pub type Chosen = Heap<Profile, CriticalSection>;

fn name(fault: &Fault) -> ! {
    say!("named: {}", fault.kind.words());
    semihosting::exit(false);
}

impl Contender for Chosen {
    const EMPTY: Self = Self::empty();

    unsafe fn adopt(&self, start: *mut u8, bytes: usize) {
        // SAFETY: the caller's promise.
        let _ = unsafe { self.init(start, bytes) };
    }

    fn name_faults(&self) {
        self.on_fault(name);
    }
}
