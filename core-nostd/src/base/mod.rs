//! Words that every layer speaks: locks, addresses, bits. Stands on `config`.

pub mod address;
pub mod bits;
pub mod sync;
