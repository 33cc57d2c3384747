//! Who can be measured.

use std::fmt;

use clap::ValueEnum;

/// See the file's head.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ContenderName {
    /// the libc's own, nothing preloaded
    Glibc,
    /// ours, built from this workspace
    Hakmem,
    /// ours with 4 MiB of pages and 64 blocks of each class there from the start; only where it is named
    HakmemWarm,
    /// ours with `harden=double_free`; this one and those that follow only where they are named
    HakmemDoubleFree,
    /// ours with `harden=zero`
    HakmemZero,
    /// ours with `harden=junk`
    HakmemJunk,
    /// ours with `harden=quarantine`
    HakmemQuarantine,
    /// ours with `harden=random`
    HakmemRandom,
    /// ours with `harden=guard_slabs`
    HakmemGuardSlabs,
    /// ours with every measure
    HakmemHardened,
    /// the library that --other names, e.g. a variant of ours; only where it is named
    Other,
    /// lists without any safety: what the workload costs by itself
    Floor,
    /// mimalloc 3, built from crates.io
    Mimalloc3,
    /// the same without huge pages, which mimalloc 3 asks for of itself where the system has them
    Mimalloc3SmallPages,
    /// mimalloc 2, built from crates.io
    Mimalloc2,
    /// snmalloc, built from crates.io
    Snmalloc,
    /// rpmalloc 1, built from crates.io
    Rpmalloc,
    /// rusty_alloc, built from crates.io
    RustyAlloc,
    /// libjemalloc2 of Debian
    Jemalloc,
    /// libtcmalloc-minimal4 of Debian
    Tcmalloc,
    /// libtbbmalloc2 of Debian
    Tbb,
}

impl ContenderName {
    /// Whether hakmem is compared with it: not with itself, warm or not, nor with a
    /// variant or the floor.
    pub(crate) fn is_rival(self) -> bool {
        self.is_as_it_comes() && !matches!(self, Self::Hakmem | Self::Floor)
    }

    /// False for ours with a setting and for a variant, which are measured only where they are named.
    pub(crate) fn is_as_it_comes(self) -> bool {
        self != Self::Other && (self == Self::Mimalloc3SmallPages || self.setting().is_none())
    }
}

impl fmt::Display for ContenderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value().expect("no contender is hidden");
        f.pad(value.get_name())
    }
}
