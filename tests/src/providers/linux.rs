//! The system's pages, as programs get them.

pub use hakmem_alloc::seam::LinuxPages;
