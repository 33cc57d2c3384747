//! A slab: blocks of one class and the record of which are free. Stands on `config`, `base`, `harden`.

pub mod descriptor;
pub mod mailbox;
pub mod refill;
mod scattered;
pub mod size_class;
pub mod starter;
pub mod tag;
pub mod words;
pub use descriptor::{Remote, Slab};
pub use mailbox::Mailbox;
pub use refill::Refill;
pub use size_class::{ClassShape, SizeClass};
pub use tag::Tag;
