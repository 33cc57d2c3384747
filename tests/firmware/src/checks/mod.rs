//! What is checked of the heaps over regions.

pub mod interrupts;
pub mod program;
mod refusals;
mod set_up;
mod streams;
mod subject;

use hakmem_core::region::Profile;
use subject::{Subject, used};

use crate::report::Check;

/// All of them, of the profile that the program's allocator has.
pub fn of_regions<P: Profile>() -> &'static [Check<Subject<P>>] {
    const {
        &[
            Check { name: "set-up: what is no region is refused", run: set_up::refused::<P> },
            Check { name: "set-up: a second region is refused", run: set_up::only_once::<P> },
            Check { name: "set-up: several regions, each with what it is good for", run: set_up::several::<P> },
            Check { name: "figures add up, and print", run: set_up::figures::<P> },
            Check { name: "streams of actions", run: |_| streams::in_one_region::<P>() },
            Check { name: "streams of actions in small regions", run: |_| streams::in_small_regions::<P>() },
            Check { name: "streams of actions in several regions", run: |_| streams::in_several_regions::<P>() },
            Check { name: "a program through alloc", run: program::through::<P> },
            Check { name: "out of memory: try_reserve", run: refusals::try_reserve::<P> },
            Check { name: "out of memory: a full heap", run: refusals::full::<P> },
            Check { name: "interrupts that allocate", run: |heap| interrupts::check(|| used(heap)) },
        ]
    }
}
