//! Where memory comes from. Stands on `config`, `base`, `harden`.

mod provider;
#[cfg(feature = "static-region")]
pub mod static_region;
pub mod store;

pub use provider::{PageProvider, Purged, Users, touch};
