//! What our shims, models, fuzzers and tests need beyond the public surface: no promise to anybody else. Stands on
//! everything.

#[cfg(target_has_atomic = "64")]
pub use crate::allocator::{Ground, Offsets};
pub use crate::base::address::align_up;
#[cfg(target_has_atomic = "64")]
pub use crate::base::millis::Millis;
#[cfg(target_has_atomic = "64")]
pub use crate::base::sync::{AtomicBool, AtomicPtr, AtomicU32, Cell, Ordering, fence};
#[cfg(target_has_atomic = "64")]
pub use crate::config::geometry::{
    EXTENT_MAX, META_SHIFT, SLAB_BYTES, SLAB_SHIFT, SMALL_MAX, SUPERSLAB_BYTES, TINY_MAX,
};
#[cfg(target_has_atomic = "64")]
pub use crate::config::settings::{Setting, TABLE, Unit};
#[cfg(target_has_atomic = "64")]
pub use crate::guarded::{FRAMES, Sight, Slot as GuardedSlot, Trace, Trespass};
#[cfg(target_has_atomic = "64")]
pub use crate::harden::random::Dice;
#[cfg(target_has_atomic = "64")]
pub use crate::heap::front::{FRONT_WORDS, MAGAZINE_WORDS};
#[cfg(target_has_atomic = "64")]
pub use crate::heap::heaps::Visitor;
#[cfg(target_has_atomic = "64")]
pub use crate::heap::magazine::{END, NO_MAGAZINE, Slot};
#[cfg(target_has_atomic = "64")]
pub use crate::heap::reach::Reach;
#[cfg(target_has_atomic = "64")]
pub use crate::heap::{Gate, Heap, Heaps};
#[cfg(target_has_atomic = "64")]
pub use crate::large::{Large, LargeFree};
#[cfg(target_has_atomic = "64")]
pub use crate::pages::store::Store;
#[cfg(target_has_atomic = "64")]
pub use crate::policy::retention::MOST_EDGES;
#[cfg(target_has_atomic = "64")]
pub use crate::slab::mailbox::post;
#[cfg(target_has_atomic = "64")]
pub use crate::slab::size_class::CLASSES;
#[cfg(target_has_atomic = "64")]
pub use crate::slab::{Live, Refill, SizeClass, Slab};
#[cfg(target_has_atomic = "64")]
pub use crate::superslab::LIVE_BEFORE_SIZES;
#[cfg(target_has_atomic = "64")]
pub use crate::superslab::Territory;
