//! Memory runs out: each call of the provider is refused in a run of its own, on every kind of load. Null comes back,
//! nothing is lost, and all works again after.
//!
//! | file | what it is |
//! |---|---|
//! | [`loads`] | the benches' kinds of load, as programs |
//! | [`refusals`] | every one of them with every call refused, and every line that calls the provider |
//! | [`kept`] | what is kept serves before null comes back |
//! | [`edges`] | full regions, and threads that end without memory |

mod edges;
mod kept;
mod loads;
mod refusals;
