//! What is checked.

#![allow(unsafe_code, reason = "audits")]

use super::Kernel;

/// A program's allocator.
pub(super) type Subject = &'static Kernel;

/// Bytes in use, of an allocator in which all is well.
pub(super) fn used(kernel: Subject) -> usize {
    kernel.audit().live_bytes as usize
}
