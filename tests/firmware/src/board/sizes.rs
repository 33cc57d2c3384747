//! How much memory the programs use.

/// ARMv6-M, the target without compare-and-swap, is a board with 16 KiB.
const IS_SMALL: bool = cfg!(all(target_arch = "arm", not(target_has_atomic = "ptr")));

/// Bytes of the memory that the checks take in turn.
pub const ARENA_BYTES: usize = if IS_SMALL { 5 << 10 } else { 36 << 10 };
/// Bytes of the program's heap.
pub const HEAP_BYTES: usize = if IS_SMALL { 4 << 10 } else { 32 << 10 };
/// Blocks that a session has out at most.
pub const SLOTS: usize = if IS_SMALL { 32 } else { 256 };
/// Actions of each stream.
pub const ACTIONS: usize = if IS_SMALL { 1000 } else { 2000 };
