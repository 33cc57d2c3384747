//! What every suite shares: the vocabulary of actions, the oracle that knows what must be true, the driver
//! that replays the one against the other, and page providers that can be told to fail.
//!
//! ```text
//! bytes of a fuzzer ─┐
//! proptest           ├─ Vec<Action> ─ driver ─ Allocator<P> ─ P: region, Linux; faulty, clocked, narrow
//! a test's own list ─┘                  └───── oracle
//! ```

pub mod action;
pub mod driver;
pub mod oracle;
pub mod providers;
pub mod scene;
