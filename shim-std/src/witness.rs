//! Whether somebody is told of every block: a tool of valgrind's that judges. The state alone; whoever looks is
//! [`crate::entry`], before the first front opens.

use core::sync::atomic::{AtomicU8, Ordering};

use hakmem_core::Off;

use crate::valgrind;

const UNKNOWN: u8 = 0;
const NOBODY: u8 = 1;
const SOMEBODY: u8 = 2;

static STATE: AtomicU8 = AtomicU8::new(UNKNOWN);

/// What blocks that are told of cannot have: starters keep what they know beside their blocks.
pub(crate) const OFF: Off = Off::STARTERS;

/// True if somebody is told.
#[inline(always)]
pub fn is_on() -> bool {
    STATE.load(Ordering::Relaxed) == SOMEBODY
}

/// True until somebody has looked.
#[inline(always)]
pub(crate) fn is_unknown() -> bool {
    STATE.load(Ordering::Relaxed) == UNKNOWN
}

/// Says what was found.
pub(crate) fn found(somebody: bool) {
    STATE.store(if somebody { SOMEBODY } else { NOBODY }, Ordering::Relaxed);
}

/// Does what is ours alone to do; whoever is told of blocks does not see it.
#[inline(always)]
pub(crate) fn ours<T>(work: impl FnOnce() -> T) -> T {
    let told = is_on();
    if told {
        valgrind::look_away();
    }
    let result = work();
    if told {
        valgrind::look_again();
    }
    result
}
