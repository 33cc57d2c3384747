//! Decisions as pure functions of numbers: no pointer, no atomic, no unsafe. Stands on `config`, `base`.

pub(crate) mod front;
pub(crate) mod growth;
pub(crate) mod retention;
