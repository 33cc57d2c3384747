//! A misuse is told: what was done to which address, and by whom if that was asked for. Then the process ends, unless
//! it is to go on.

use hakmem_alloc::seam::process;
use hakmem_core::{Fault, FaultKind};

use crate::{stack, traces};

/// Says what was misused, unless the block has another owner, who then gets it.
#[cold]
pub(crate) fn tell(operation: &[u8], fault: Fault) {
    let on_a_stack = fault.kind == FaultKind::Foreign && stack::holds(fault.address);
    let words = if on_a_stack { "invalid free: stack address" } else { fault.kind.words() };
    process::say(operation, words.as_bytes(), fault);
    traces::print_after_fault(fault.address);
    process::stop();
}
