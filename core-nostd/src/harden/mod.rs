//! What the client can do wrong, and its words. Stands on `config`, `base`.

mod fault;

pub use fault::{Fault, FaultKind};
