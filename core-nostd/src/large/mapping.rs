//! A mapping: a large block, and what guards it.

use core::ptr;

/// A mapping.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mapping {
    pub(super) start: *mut u8,
    pub(super) bytes: usize,
    /// Bytes behind them that nobody can reach.
    pub(super) guard: usize,
}

impl Mapping {
    pub(super) const NONE: Self = Self { start: ptr::null_mut(), bytes: 0, guard: 0 };
}
