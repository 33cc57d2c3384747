//! What is decided before anything runs: shapes, switches and settings. Stands on nothing.

pub(crate) mod flags;
pub(crate) mod geometry;
pub(crate) mod map;
pub(crate) mod settings;
