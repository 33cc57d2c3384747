//! Who is compared.

/// What a contender can be asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Its size and the cost of its calls: it does not take back.
    Floor,
    Rival,
    Ours,
}

/// A contender: its feature of the device's package is its name.
#[derive(Clone, Copy)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Whose version is told.
    pub(crate) package: &'static str,
    pub(crate) words: &'static str,
}

impl Contender {
    pub(crate) fn is_floor(&self) -> bool {
        self.kind == Kind::Floor
    }

    pub(crate) fn is_rival(&self) -> bool {
        self.kind == Kind::Rival
    }
}

const fn rival(name: &'static str, package: &'static str, words: &'static str) -> Contender {
    Contender { name, kind: Kind::Rival, package, words }
}

const fn ours(name: &'static str, words: &'static str) -> Contender {
    Contender { name, kind: Kind::Ours, package: "hakmem-core", words }
}

/// In the order of the table's columns.
pub(crate) const ALL: [Contender; 11] = [
    ours("hakmem-tiny", "Heap<Tiny, CriticalSection>"),
    ours("hakmem-bounded", "Heap<Bounded, CriticalSection>"),
    ours("hakmem-slabs", "Heap<Slabs<256>, CriticalSection>"),
    rival("llff", "embedded-alloc", "LlffHeap"),
    rival("tlsf", "embedded-alloc", "TlsfHeap"),
    rival("lla", "linked_list_allocator", "LockedHeap; on thumbv6m Heap in a critical section"),
    rival("talc", "talc", "TalcLock<critical section, Manual>"),
    rival("rlsf-12-16", "rlsf", "Tlsf<u16, u16, 12, 16> in a critical section"),
    rival("rlsf-12-4", "rlsf", "Tlsf<u16, u8, 12, 4> in a critical section"),
    rival("buddy", "buddy_system_allocator", "LockedHeap<16>; on thumbv6m with portable-atomic"),
    Contender { name: "bump", kind: Kind::Floor, package: "firmware-device", words: "never takes back" },
];

pub(crate) fn by_name(name: &str) -> Result<Contender, String> {
    let found = ALL.iter().find(|contender| contender.name == name).copied();
    let names = || ALL.map(|contender| contender.name).join(", ");
    found.ok_or_else(|| format!("no contender is called {name:?}: there are {}", names()))
}
