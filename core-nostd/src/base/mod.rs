//! Words that every layer speaks: locks, addresses, bits, and the units that numbers have. Stands on `config`.

pub(crate) mod address;
#[cfg(target_has_atomic = "64")]
pub(crate) mod bits;
#[cfg(target_has_atomic = "64")]
pub(crate) mod frame_mask;
#[cfg(target_has_atomic = "64")]
pub(crate) mod millis;
#[cfg(target_has_atomic = "64")]
pub(crate) mod place;
#[cfg(target_has_atomic = "64")]
pub(crate) mod slab_mask;
#[cfg(target_has_atomic = "64")]
pub(crate) mod sync;
