//! What the preload library, the models and the tests need beyond the public surface: no promise to anybody else.

pub use crate::first::First;
pub use crate::key::Key;
pub use crate::linux_pages::LinuxPages;
pub use crate::process::ALLOCATOR;
pub use crate::purge_state::{State, World};

/// See the layer of this name.
pub mod front {
    pub use crate::front::{give_packed, push, take, take_medium, take_small};
}

/// See the layer of this name.
pub mod slow {
    pub use crate::slow::{
        apply, check_size, give, prewarm, prewarm_classes, resize, stats, take, take_aligned, take_aligned_zeroed,
        take_zeroed, trim, usable,
    };
}

/// See the layer of this name.
pub mod fork {
    pub use crate::fork::arm;
}

/// See the layer of this name.
pub mod purge_thread {
    pub use crate::purge_thread::watch;
}

/// See the layer of this name.
pub mod process {
    pub use crate::process::{ALLOCATOR, SURVIVE_FAULTS, say, stop};
}

/// See the layer of this name.
pub mod caller {
    pub use crate::caller::{Walk, thread, walk_with};
}

/// See the layer of this name.
pub mod valgrind {
    pub use crate::valgrind::is_there;
}

/// See the layer of this name.
pub mod witness {
    pub use crate::witness::is_on;
}

/// See the layer of this name.
pub mod line {
    pub use crate::line::{Line, redirect};
}

/// See the layer of this name.
pub mod kernel {
    pub use crate::kernel::{FUTEX, File, call, follow};
}
