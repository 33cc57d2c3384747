//! A slab: blocks of one class and the record of which are free. Stands on `config`, `base`, `harden`.

pub(crate) mod area;
pub(crate) mod descriptor;
pub(crate) mod frames;
pub(crate) mod listing;
pub(crate) mod live;
pub(crate) mod mailbox;
pub(crate) mod refill;
mod scattered;
pub(crate) mod size_class;
pub(crate) mod starter;
pub(crate) mod tag;
pub(crate) mod words;
pub(crate) use descriptor::Mailbox;
pub use descriptor::Slab;
pub use live::Live;
pub use refill::Refill;
pub use size_class::SizeClass;
pub(crate) use tag::Tag;
