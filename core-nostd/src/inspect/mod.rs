//! Numbers about the allocator, as plain data that upper layers fill in. Stands on `config`, `base`.

mod audit;
mod stats;

pub(crate) use audit::check;
pub use audit::{Audit, Broken};
pub use stats::Stats;
