//! What an operator wants to know. All figures are bytes unless they are named otherwise.

/// A snapshot, taken while others go on: exact when nobody does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Slabs that belong to spans: blocks of every class in whoever's hands, and their free neighbours.
    pub active: u64,
    /// Free slabs that were used before, or that a heap holds in advance; free frames of areas whose pages are there.
    pub cached: u64,
    /// Free slabs and frames that cost no memory: never touched, or given back.
    pub clean: u64,
    /// Large blocks in use.
    pub large: u64,
    /// Freed large blocks that are kept.
    pub large_cached: u64,
    /// Pages of guarded blocks in use.
    pub guarded: u64,
    /// Our own structures, live map and slab records not counted; and sheets for blocks that are taken amid a fork.
    pub store: u64,
    /// Committed addresses: superslabs, large blocks, store. The sum of the seven above.
    pub mapped: u64,
    /// Superslabs, in number.
    pub superslabs: u64,
    /// Zones, in number.
    pub zones: u64,
    /// Threads that have used the allocator and not ended, in number.
    pub threads: u64,
    /// Heaps, in number.
    pub heaps: u64,
    /// Spans taken from the pool so far, in number.
    pub spans_taken: u64,
    /// Spans given back to it, in number.
    pub spans_given: u64,
    /// Blocks freed by another thread than their heap's, as far as taken in, in number.
    pub harvested: u64,
    /// Calls that took a block, while calls were counted.
    pub calls_taken: u64,
    /// Bytes asked for by them.
    pub bytes_taken: u64,
    /// Calls that gave one back.
    pub calls_given: u64,
    /// Of the calls that took one: served by a magazine that was not empty.
    pub hits: u64,
}

impl Stats {
    /// True if the parts add up to the whole.
    pub const fn adds_up(&self) -> bool {
        let slabs = self.active + self.cached + self.clean;
        slabs + self.large + self.large_cached + self.guarded + self.store == self.mapped
    }
}
