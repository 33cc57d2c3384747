//! Decisions as pure functions of numbers: no pointer, no atomic, no unsafe. Stands on `config`.

pub mod front;
pub mod retention;
