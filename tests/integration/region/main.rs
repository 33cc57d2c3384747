//! Heaps over a region: every small one, made-up programs, what is refused and what is named.

mod exhaustive;
mod faults;
mod programs;
mod refusals;
mod several;
mod uses;
