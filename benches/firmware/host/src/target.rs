//! What is measured on.

/// A processor, and a board of QEMU's that has it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) triple: &'static str,
    pub(crate) board: &'static str,
}

pub(crate) const ALL: [Target; 2] = [
    Target { name: "thumbv7em", triple: "thumbv7em-none-eabihf", board: "mps2-an386" },
    Target { name: "thumbv6m", triple: "thumbv6m-none-eabi", board: "mps2-an385" },
];

pub(crate) fn by_name(name: &str) -> Result<Target, String> {
    let found = ALL.iter().find(|target| target.name == name || target.triple == name).copied();
    let names = || ALL.map(|target| target.name).join(", ");
    found.ok_or_else(|| format!("no target is called {name:?}: there are {}", names()))
}
