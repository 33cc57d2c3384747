//! Superslabs: which addresses are ours, and the pool that every heap takes slabs from. Stands on
//! `config`, `base`, `harden`, `policy`, `pages`, `slab`.

mod advice;
mod claims;
mod extent;
pub(crate) mod extents;
mod growth;
mod guards;
mod header;
mod holes;
mod index;
mod limit;
mod part;
mod plan;
pub(crate) mod pool;
pub(crate) mod prewarm;
mod purge;
pub(crate) mod territory;
pub(crate) mod zone;
pub(crate) mod zones;

pub use territory::Territory;
pub(crate) use zone::Zone;
pub use zones::LIVE_BEFORE_SIZES;
pub(crate) use zones::Zones;
