//! Where memory comes from. Stands on `config`, `base`, `harden`.

mod provider;
#[cfg(feature = "static-region")]
mod static_region;
pub(crate) mod store;

pub use provider::{PageProvider, Purged, Refused, Users, touch};
#[cfg(feature = "static-region")]
pub use static_region::StaticRegion;

pub use crate::base::sync::Relax;
pub use crate::harden::random::KEY_WORDS;
