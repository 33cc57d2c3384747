//! Survival: misuse that must be named, forks and threads that must work.

#![allow(unsafe_code, reason = "forks this process")]

use std::ffi::{c_int, c_uint};
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, Builder};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::block::Block;
use crate::dice::Dice;

unsafe extern "C" {
    fn fork() -> c_int;
    fn waitpid(child: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn alarm(seconds: c_uint) -> c_uint;
    fn _exit(code: c_int) -> !;
}

const CHILDREN: u32 = 40;
const BUSY_THREADS: usize = 3;
/// After so long a child that hangs is ended by the system.
const CHILD_SECONDS: c_uint = 5;
const THREADS: usize = 1000;
const THREAD_STACK: usize = 64 << 10;
const THREAD_BLOCKS: usize = 20;
const ASK_EVERY: Duration = Duration::from_millis(1);

/// A wrong free.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Misuse {
    /// A block freed twice.
    Twice,
    /// The second time by another thread.
    TwiceElsewhere,
    /// A pointer into a block.
    Inner,
    /// A pointer to the stack.
    Stack,
}

impl Misuse {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Twice, Self::TwiceElsewhere, Self::Inner, Self::Stack];

    /// The one of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|misuse| misuse.name() == name)
    }

    /// The probe's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Twice => "double_free",
            Self::TwiceElsewhere => "double_free_elsewhere",
            Self::Inner => "inner_free",
            Self::Stack => "stack_free",
        }
    }

    /// How the library's last line begins.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Twice | Self::TwiceElsewhere => "hakmem: double free of ",
            Self::Inner => "hakmem: invalid free: not the start of a block of ",
            Self::Stack => "hakmem: invalid free: stack address of ",
        }
    }

    /// Does it. Returns only if the allocator does not object.
    pub(crate) fn commit(self) {
        // The abort is wanted: it need not leave a core behind. Where the limit stays, it does.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
        let block = Block::new(64).into_raw();
        match self {
            Self::Twice => {
                drop(Block::from_raw(block));
                drop(Block::from_raw(block));
            }
            Self::TwiceElsewhere => {
                drop(Block::from_raw(block));
                let again = Block::from_raw(block);
                // A panic there is not to be had.
                let _ = thread::spawn(move || drop(again)).join();
            }
            Self::Inner => drop(Block::from_raw(block.wrapping_add(16))),
            Self::Stack => {
                let mut place = [0_u64; 16];
                drop(Block::from_raw((&raw mut place).cast()));
            }
        }
    }
}

/// See the table of profiles.
pub(crate) fn forks() -> Result<f64, String> {
    static IS_OVER: AtomicBool = AtomicBool::new(false);
    let busy = || {
        while !IS_OVER.load(Ordering::Relaxed) {
            churn();
        }
    };
    let threads: Vec<_> = (0..BUSY_THREADS).map(|_| thread::spawn(busy)).collect();
    let mut survivors = 0;
    for _ in 0..CHILDREN {
        survivors += u32::from(child_works()?);
    }
    IS_OVER.store(true, Ordering::Relaxed);
    // A thread that failed has ended the process.
    threads.into_iter().for_each(|thread| drop(thread.join()));
    Ok(f64::from(survivors))
}

/// Takes and frees a thousand blocks of all sizes to 64 KiB.
fn churn() {
    let mut dice = Dice::new();
    let mut kept: [Option<Block>; 32] = [const { None }; 32];
    for _ in 0..1000 {
        let size = 1 << dice.between(3, 16);
        if let Some(place) = kept.get_mut(dice.roll() % 32) {
            *place = Some(Block::with_ends(size));
        }
    }
}

/// Forks; true if the child could allocate and free to its end.
fn child_works() -> Result<bool, String> {
    // SAFETY: the child calls malloc, free, alarm and _exit alone.
    let child = unsafe { fork() };
    match child {
        0 => {
            // SAFETY: sets a timer that nothing else here uses.
            unsafe { alarm(CHILD_SECONDS) };
            churn();
            // SAFETY: ends the process.
            unsafe { _exit(0) }
        }
        1.. => {
            let mut status = -1;
            // SAFETY: the child is ours, and `status` is a place for its end.
            unsafe { waitpid(child, &raw mut status, 0) };
            Ok(status == 0)
        }
        _ => Err("no child can be forked; raise `ulimit -u`, or free some memory".into()),
    }
}

/// See the table of profiles.
pub(crate) fn threads_1000() -> Result<f64, String> {
    static READY: AtomicUsize = AtomicUsize::new(0);
    // Closed while it is locked for writing.
    static GATE: RwLock<()> = RwLock::new(());
    let closed = GATE.write();
    let body = |number: usize| {
        let mark = number.to_le_bytes().first().copied().unwrap_or(0);
        let mut blocks: [Block; THREAD_BLOCKS] = std::array::from_fn(|at| Block::new(16 + at * 48));
        blocks.iter_mut().for_each(|block| *block.first() = mark);
        READY.fetch_add(1, Ordering::Relaxed);
        drop(GATE.read());
        blocks.iter_mut().all(|block| *block.first() == mark)
    };
    let mut threads = Vec::with_capacity(THREADS);
    for number in 0..THREADS {
        let thread = Builder::new().stack_size(THREAD_STACK).spawn(move || body(number));
        threads.push(thread.map_err(|why| format!("thread {number} cannot be started: {why}; raise `ulimit -u`"))?);
    }
    while READY.load(Ordering::Relaxed) < THREADS {
        thread::sleep(ASK_EVERY);
    }
    drop(closed);
    Ok(threads.into_iter().filter_map(|thread| thread.join().ok()).filter(|works| *works).count() as f64)
}
