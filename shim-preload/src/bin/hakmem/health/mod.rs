//! Health: one command that says whether this build, on this machine, does what it should.
//!
//! | file | noun |
//! |---|---|
//! | [`profile`] | one thing that must hold: what is measured, and the bound |
//! | [`trial`] | a profile measured, process by process |
//! | [`judgement`] | every profile in turn, a line for each |
//! | [`probe`] | what runs inside such a process, by name |
//! | [`speed`] | nanoseconds a step |
//! | [`footprint`] | memory that is taken, and given back |
//! | [`survival`] | misuse, forks, many threads |
//!
//! Stands on [`crate::piece`], [`crate::block`] and [`crate::memory`].

mod footprint;
mod judgement;
mod probe;
mod profile;
mod speed;
mod survival;
mod trial;

pub(crate) use judgement::{Wishes, judge};
pub(crate) use probe::probe;
