//! Words that every layer speaks: locks, addresses, bits. Stands on `config`.

pub mod address;
pub mod bits;
#[cfg(target_has_atomic = "64")]
pub mod sync;
