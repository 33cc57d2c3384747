//! What every suite shares: the vocabulary of actions, the oracle that knows what must be true, the driver
//! that replays the one against the other, and page providers that can be told to fail.
//!
//! ```text
//! bytes of a fuzzer ─┐
//! proptest           ├─ Vec<Action> ─ driver ─ Allocator<P> ─ P: region, Linux; faulty, clocked, narrow
//! a test's own list ─┘                  └───── oracle
//! ```
//! What of it a device can run, too, is in `hakmem-replay`.

pub mod action;
pub mod fuzzed;
pub mod ground;
pub mod providers;
pub mod scene;

pub use hakmem_replay::{driver, oracle};
