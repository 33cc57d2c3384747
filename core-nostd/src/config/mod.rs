//! What is decided before anything runs: shapes, switches and settings. Stands on nothing.

pub mod flags;
pub mod geometry;
pub mod settings;
