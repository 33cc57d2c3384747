//! The models, by what they are of.

mod exit;
mod extents;
mod fork;
mod freed_twice;
mod gate;
mod growth;
mod large;
mod mailbox;
mod owners;
mod pool;
mod registry;
mod shim;
mod store;

use crate::check::Model;

/// All of them.
pub(crate) fn all() -> &'static [&'static [Model]] {
    &[
        mailbox::MODELS,
        owners::MODELS,
        exit::MODELS,
        registry::MODELS,
        growth::MODELS,
        pool::MODELS,
        large::MODELS,
        extents::MODELS,
        freed_twice::MODELS,
        fork::MODELS,
        gate::MODELS,
        store::MODELS,
        shim::MODELS,
    ]
}
