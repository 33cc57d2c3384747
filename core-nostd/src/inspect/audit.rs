//! What a walk over everything found.

/// The count of a walk that found every invariant in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Blocks in clients' hands.
    pub live_blocks: u64,
    /// Bytes of them, as blocks.
    pub live_bytes: u64,
    /// Blocks in magazines.
    pub magazine_blocks: u64,
    /// Blocks in quarantine; large ones are not counted.
    pub waiting_blocks: u64,
    /// Blocks freed by others and not yet taken in.
    pub remote_blocks: u64,
    /// Blocks in their slabs.
    pub slab_blocks: u64,
    /// Spans, but for areas of which no block is out.
    pub spans: u64,
}

/// An invariant that does not hold: ours to mend, never the client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The invariant's name, as the index in `lib.rs` lists it.
    pub invariant: &'static str,
    /// Where, as an address or a number.
    pub at: usize,
    /// What was found.
    pub found: u64,
    /// What should have been.
    pub expected: u64,
}

/// Says what is broken, unless what was found is what should be.
pub(crate) fn check(invariant: &'static str, at: usize, found: u64, expected: u64) -> Result<(), Broken> {
    if found == expected { Ok(()) } else { Err(Broken { invariant, at, found, expected }) }
}
