//! The figures of `mallinfo` and `mallinfo2`.

use hakmem_alloc::seam::slow;

/// The GNU C library's figures, in `T`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct MallInfo<T> {
    /// Committed bytes, large blocks not counted.
    pub arena: T,
    /// Spans in use.
    pub ordblks: T,
    /// Unused here.
    pub smblks: T,
    /// Superslabs.
    pub hblks: T,
    /// Bytes of large blocks.
    pub hblkhd: T,
    /// Unused here.
    pub usmblks: T,
    /// Unused here.
    pub fsmblks: T,
    /// Bytes of spans and large blocks in use.
    pub uordblks: T,
    /// Bytes that are free and kept.
    pub fordblks: T,
    /// Bytes that trimming would give back.
    pub keepcost: T,
}

impl<T> MallInfo<T> {
    /// What they are now.
    pub(crate) fn new(to: impl Fn(u64) -> T) -> Self {
        let stats = slow::stats();
        Self {
            arena: to(stats.mapped - stats.large),
            ordblks: to(stats.spans_taken - stats.spans_given),
            smblks: to(0),
            hblks: to(stats.superslabs),
            hblkhd: to(stats.large),
            usmblks: to(0),
            fsmblks: to(0),
            uordblks: to(stats.active + stats.large + stats.guarded),
            fordblks: to(stats.cached + stats.large_cached),
            keepcost: to(stats.cached + stats.large_cached),
        }
    }
}
