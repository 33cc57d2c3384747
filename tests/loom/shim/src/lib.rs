//! Those files of `shim-std` that are neither the C library's nor the system's: they are built as they are.

#[path = "../../../../shim-std/src/first.rs"]
pub mod first;
#[path = "../../../../shim-std/src/key.rs"]
pub mod key;
#[path = "../../../../shim-std/src/purge_state.rs"]
pub mod purge_state;
