//! Superslabs: which addresses are ours, and the pool that every heap takes slabs from. Stands on
//! `config`, `base`, `harden`, `policy`, `pages`, `slab`.

mod advice;
mod growth;
mod guards;
mod header;
mod limit;
pub mod pool;
pub mod prewarm;
mod purge;
pub mod territory;
pub mod zone;

pub use territory::Territory;
pub use zone::{Zone, Zones};
