//! The table beside memory: which object of loom's speaks for an address. What no thread writes to has none: its
//! loads are no steps.

#![allow(unsafe_code, reason = "reads and writes words of the arena by address")]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use loom::sync::{Mutex, MutexGuard};

/// What stands at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Byte,
    Quarter,
    Half,
    Word,
    Size,
    Cell,
    Lock,
}

/// Loom's object.
pub(crate) enum Object {
    Byte(AtomicU8),
    Quarter(AtomicU16),
    Half(AtomicU32),
    Word(AtomicU64),
    Size(AtomicUsize),
    Cell(UnsafeCell<()>),
    Lock(Mutex<()>, RefCell<Option<MutexGuard<'static, ()>>>),
}

/// An object, and what makes its accesses depend on each other.
///
/// Loom tells which interleavings differ by an object's last access, and thinks that loads do not depend on loads. So
/// the load by one thread hides that of another, and a store that follows is never tried before that. Every access
/// of an address that is loaded therefore begins with a relaxed exchange on its gate.
pub(crate) struct Entry {
    pub(crate) object: Object,
    gate: Option<AtomicU8>,
}

#[derive(Default)]
struct Words {
    modelled: bool,
    gated: bool,
    /// The arena: what stands elsewhere is one thread's.
    range: Range<usize>,
    /// Addresses that a thread wrote to in an earlier execution, in the order in which they were met.
    known: Vec<(usize, Kind)>,
    /// Those that were met in this one.
    late: Vec<(usize, Kind)>,
    /// Those of them that are loaded, and those that were not known to be.
    loaded: BTreeSet<usize>,
    late_loaded: BTreeSet<usize>,
    entries: BTreeMap<usize, Rc<Entry>>,
}

thread_local! {
    // Loom's threads are coroutines of one thread; models that run at the same time are threads of their own.
    static WORDS: RefCell<Words> = RefCell::default();
}

impl Entry {
    fn new(at: usize, kind: Kind, gated: bool) -> Self {
        let gate = (gated && !matches!(kind, Kind::Cell | Kind::Lock)).then(|| AtomicU8::new(0));
        Self { object: Object::new(at, kind), gate }
    }

    /// Before each access.
    pub(crate) fn pass(&self) -> &Object {
        if let Some(gate) = &self.gate {
            gate.swap(0, Ordering::Relaxed);
        }
        &self.object
    }
}

impl Object {
    /// An object with what memory holds there now.
    fn new(at: usize, kind: Kind) -> Self {
        let place = std::ptr::with_exposed_provenance::<u64>(at);
        // SAFETY: whoever named the address has an atomic of this size there, and is the only one to run.
        unsafe {
            match kind {
                Kind::Byte => Self::Byte(AtomicU8::new(place.cast::<u8>().read())),
                Kind::Quarter => Self::Quarter(AtomicU16::new(place.cast::<u16>().read())),
                Kind::Half => Self::Half(AtomicU32::new(place.cast::<u32>().read())),
                Kind::Word => Self::Word(AtomicU64::new(place.read())),
                Kind::Size => Self::Size(AtomicUsize::new(place.cast::<usize>().read())),
                Kind::Cell => Self::Cell(UnsafeCell::new(())),
                Kind::Lock => Self::Lock(Mutex::new(()), RefCell::new(None)),
            }
        }
    }

    /// Puts the last value where it belongs.
    fn settle(&self, at: usize) {
        let place = std::ptr::with_exposed_provenance_mut::<u64>(at);
        // SAFETY: as above; all threads are joined, so that the last value is the only one.
        unsafe {
            match self {
                Self::Byte(value) => place.cast::<u8>().write(value.unsync_load()),
                Self::Quarter(value) => place.cast::<u16>().write(value.unsync_load()),
                Self::Half(value) => place.cast::<u32>().write(value.unsync_load()),
                Self::Word(value) => place.write(value.unsync_load()),
                Self::Size(value) => place.cast::<usize>().write(value.unsync_load()),
                Self::Cell(cell) => cell.with_mut(|_| ()),
                Self::Lock(_, guard) => assert!(guard.borrow().is_none(), "a lock is still held at the end"),
            }
        }
    }

    fn zero(&self) {
        match self {
            Self::Byte(value) => value.store(0, Ordering::Relaxed),
            Self::Quarter(value) => value.store(0, Ordering::Relaxed),
            Self::Half(value) => value.store(0, Ordering::Relaxed),
            Self::Word(value) => value.store(0, Ordering::Relaxed),
            Self::Size(value) => value.store(0, Ordering::Relaxed),
            Self::Cell(cell) => cell.with_mut(|_| ()),
            Self::Lock(..) => {}
        }
    }

    fn let_go(&self) {
        if let Self::Lock(_, guard) = self {
            // Its execution is over.
            std::mem::forget(guard.borrow_mut().take());
        }
    }
}

/// True while threads are modelled.
pub(crate) fn is_modelled() -> bool {
    WORDS.with_borrow(|words| words.modelled)
}

/// The object of an address; `None` where there is one thread, or nobody ever writes.
pub(crate) fn entry(at: usize, kind: Kind, writes: bool) -> Option<Rc<Entry>> {
    WORDS.with_borrow_mut(|words| {
        if !words.modelled || !words.range.contains(&at) {
            return None;
        }
        if let Some(entry) = words.entries.get(&at) {
            if !writes && !words.loaded.contains(&at) {
                words.late_loaded.insert(at);
            }
            return Some(Rc::clone(entry));
        }
        if !writes {
            return None;
        }
        words.late.push((at, kind));
        let gated = words.gated && words.loaded.contains(&at);
        let entry = Rc::new(Entry::new(at, kind, gated));
        words.entries.insert(at, Rc::clone(&entry));
        Some(entry)
    })
}

/// An execution begins: with one thread.
pub fn reset() {
    crate::held::forget();
    WORDS.with_borrow_mut(|words| {
        words.modelled = false;
        words.entries.values().for_each(|entry| entry.object.let_go());
        words.entries.clear();
    });
}

/// Threads follow.
pub fn begin() {
    WORDS.with_borrow_mut(|words| {
        words.modelled = true;
        for &(at, kind) in &words.known {
            let gated = words.gated && words.loaded.contains(&at);
            words.entries.insert(at, Rc::new(Entry::new(at, kind, gated)));
        }
    });
}

/// All threads are joined.
pub fn end() {
    WORDS.with_borrow_mut(|words| {
        words.modelled = false;
        for (&at, entry) in &words.entries {
            entry.object.settle(at);
        }
        words.entries.clear();
        assert!(
            words.late.is_empty() && words.late_loaded.is_empty(),
            "the model begins anew: it has learned of addresses"
        );
    });
}

/// True if the last execution met new addresses: its outcome means nothing, and the next ones know them.
pub fn learned() -> bool {
    WORDS.with_borrow_mut(|words| {
        let late = std::mem::take(&mut words.late);
        let known: Vec<usize> = words.known.iter().map(|&(at, _)| at).collect();
        let new: Vec<_> = late.into_iter().filter(|(at, _)| !known.contains(at)).collect();
        words.known.extend(&new);
        let loaded = std::mem::take(&mut words.late_loaded);
        let has_new = !new.is_empty() || !loaded.is_empty();
        words.loaded.extend(loaded);
        has_new
    })
}

/// Another model begins, in an arena at these addresses. One with fences is not `gated`: a fence would make the gates
/// order what nothing else does.
pub fn start(range: Range<usize>, gated: bool) {
    reset();
    WORDS.set(Words { range, gated, ..Words::default() });
}

/// A range of memory reads as zero from now on.
pub fn zero(start: *mut u8, bytes: usize) {
    let range = start.addr()..start.addr() + bytes;
    let entries: Vec<_> =
        WORDS.with_borrow(|words| words.entries.range(range).map(|(_, entry)| Rc::clone(entry)).collect());
    entries.iter().for_each(|entry| entry.pass().zero());
}

/// The client writes to its block: loom tells if that races with what another client of the block did.
pub fn use_block(block: *mut u8) {
    // Not where an atomic may stand.
    let at = block.expose_provenance() + 1;
    if let Some(entry) = entry(at, Kind::Cell, true)
        && let Object::Cell(cell) = &entry.object
    {
        cell.with_mut(|_| ());
    }
}

/// The client reads its block.
pub fn read_block(block: *mut u8) {
    let at = block.expose_provenance() + 1;
    if let Some(entry) = entry(at, Kind::Cell, false)
        && let Object::Cell(cell) = &entry.object
    {
        cell.with(|_| ());
    }
}
