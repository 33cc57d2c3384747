//! Real threads: blocks cross them in every way, and when all is quiet the totals are exact.

#![allow(unsafe_code, reason = "audits in quiescence; sends raw blocks")]

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use hakmem_core::{Allocator, Front, Harden, Settings};
use hakmem_tests::providers::{Faulty, LinuxPages, Narrow};
use hakmem_tests::scene::{give_fast, give_packed, give_slow, new_front};

type Pages = Narrow<Faulty<LinuxPages>>;

fn allocator(zone_bytes: usize) -> Allocator<Pages> {
    Allocator::new(Narrow::new(Faulty::new(LinuxPages::new()), zone_bytes, usize::MAX))
}

/// A live block on its way to another thread.
struct Sent {
    block: *mut u8,
    bytes: usize,
    mark: u8,
}

// SAFETY: the block is the receiver's from then on.
unsafe impl Send for Sent {}

/// Waits for another thread, but not for one that panicked and will never come.
fn wait_until(is_so: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < patience, "another thread did not come within a minute");
        thread::yield_now();
    }
}

/// A thread's calls, through a front on its stack.
struct Caller<'a> {
    allocator: &'a Allocator<Pages>,
    front: Front,
    draw: u64,
}

impl<'a> Caller<'a> {
    fn new(allocator: &'a Allocator<Pages>, seed: u64) -> Self {
        Self { allocator, front: new_front(), draw: (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) }
    }

    fn draw(&mut self) -> usize {
        self.draw ^= self.draw << 13;
        self.draw ^= self.draw >> 7;
        self.draw ^= self.draw << 17;
        (self.draw >> 16) as usize
    }

    fn bytes(&mut self) -> usize {
        match self.draw() % 100 {
            0 => 1 + self.draw() % 1_300_000,
            1..=9 => 1 + self.draw() % 40_000,
            10..=14 => 1 + self.draw() % 8,
            _ => 1 + self.draw() % 600,
        }
    }

    fn take(&mut self) -> Sent {
        let bytes = self.bytes();
        let mut block = self.allocator.take(&self.front, bytes);
        if block.is_null() {
            block = self.allocator.take_medium(&self.front, bytes);
        }
        if block.is_null() {
            block = self.allocator.take_slow(&self.front, bytes);
        }
        assert!(!block.is_null(), "{bytes} bytes were refused");
        let mark = self.draw() as u8;
        for at in [0, bytes / 2, bytes - 1] {
            // SAFETY: within the block.
            unsafe { block.add(at).write(mark) };
        }
        Sent { block, bytes, mark }
    }

    fn give(&self, Sent { block, bytes, mark }: Sent) {
        for at in [0, bytes / 2, bytes - 1] {
            // SAFETY: within the block.
            let found = unsafe { block.add(at).read() };
            assert_eq!(found, mark, "byte {at} of {bytes} at {block:p} was overwritten");
        }
        if !give_fast(self.allocator, &self.front, block) && !give_packed(self.allocator, &self.front, block) {
            give_slow(self.allocator, &self.front, block).expect("a live block is taken back");
        }
    }

    fn end(self) {
        self.allocator.end_thread(&self.front).expect("no block was freed twice");
    }
}

fn nothing_is_left(allocator: &Allocator<Pages>) {
    let caller = Caller::new(allocator, 0);
    allocator.trim(&caller.front);
    caller.end();
    // SAFETY: every other thread was joined.
    let audit = unsafe { allocator.audit() }.expect("every invariant holds");
    assert_eq!((audit.live_blocks, audit.magazine_blocks, audit.remote_blocks, audit.spans), (0, 0, 0, 0), "{audit:?}");
    let stats = allocator.stats();
    assert_eq!((stats.active, stats.cached, stats.large, stats.threads), (0, 0, 0, 0), "{stats:?}");
    assert_eq!(stats.spans_taken, stats.spans_given, "{stats:?}");
}

fn produce(caller: &mut Caller<'_>, to: &SyncSender<Sent>, blocks: usize) {
    for _ in 0..blocks {
        to.send(caller.take()).expect("the consumer listens");
    }
}

fn consume(caller: &mut Caller<'_>, from: &Receiver<Sent>) -> usize {
    from.iter().map(|sent| caller.give(sent)).count()
}

fn producers_and_consumers(zone_bytes: usize, settings: Settings) {
    const BLOCKS: usize = 30_000;
    let allocator = allocator(zone_bytes);
    let first = Caller::new(&allocator, 0);
    allocator.configure(&first.front, &settings);
    first.end();
    thread::scope(|scope| {
        for pair in 0..4 {
            let (to, from) = sync_channel(256);
            let allocator = &allocator;
            scope.spawn(move || {
                let mut caller = Caller::new(allocator, pair);
                produce(&mut caller, &to, BLOCKS);
                caller.end();
            });
            scope.spawn(move || {
                let mut caller = Caller::new(allocator, 100 + pair);
                assert_eq!(consume(&mut caller, &from), BLOCKS);
                caller.end();
            });
        }
    });
    let stats = allocator.stats();
    if settings.stats {
        assert_eq!((stats.calls_taken, stats.calls_given), (4 * BLOCKS as u64, 4 * BLOCKS as u64));
    }
    nothing_is_left(&allocator);
}

#[test]
fn what_one_thread_takes_another_gives() {
    producers_and_consumers(1 << 30, Settings::new());
}

#[test]
fn the_same_watched() {
    producers_and_consumers(
        1 << 30,
        Settings::new().with(|settings| {
            settings.stats = true;
            settings.harden = Harden::DOUBLE_FREE;
        }),
    );
}

#[test]
fn the_same_in_small_zones() {
    producers_and_consumers(4 << 20, Settings::new());
}

#[test]
fn a_thousand_threads_at_once() {
    const THREADS: usize = 1_000;
    let (allocator, gate) = (allocator(1 << 30), Barrier::new(THREADS));
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (allocator, gate) = (&allocator, &gate);
            let work = move || {
                let mut caller = Caller::new(allocator, number as u64);
                let blocks: Vec<_> = (0..40).map(|_| caller.take()).collect();
                gate.wait();
                blocks.into_iter().for_each(|sent| caller.give(sent));
                caller.end();
            };
            thread::Builder::new().stack_size(128 << 10).spawn_scoped(scope, work).expect("the machine has a thread");
        }
    });
    assert_eq!(allocator.stats().threads, 0);
    nothing_is_left(&allocator);
}

#[test]
fn a_thread_exits_while_others_free_its_blocks() {
    let allocator = allocator(1 << 30);
    for round in 0..60 {
        thread::scope(|scope| {
            let (to, from) = sync_channel(10_000);
            let allocator = &allocator;
            scope.spawn(move || {
                let mut caller = Caller::new(allocator, round);
                produce(&mut caller, &to, 2_000);
                caller.end();
            });
            let mut caller = Caller::new(allocator, 1000 + round);
            assert_eq!(consume(&mut caller, &from), 2_000);
            caller.end();
        });
    }
    nothing_is_left(&allocator);
}

#[test]
fn threads_toggle_and_swap_blocks_and_come_and_go() {
    let allocator = allocator(1 << 30);
    let (to, from) = sync_channel::<Sent>(4096);
    let from = std::sync::Mutex::new(from);
    thread::scope(|scope| {
        for worker in 0..4u64 {
            let (to, from, allocator) = (to.clone(), &from, &allocator);
            scope.spawn(move || {
                for life in 0..20 {
                    let mut caller = Caller::new(allocator, worker * 1000 + life);
                    let mut kept = Vec::new();
                    for _ in 0..2_000 {
                        match caller.draw() % 8 {
                            0..=2 => kept.push(caller.take()),
                            3 | 4 if !kept.is_empty() => {
                                let at = caller.draw() % kept.len();
                                caller.give(kept.swap_remove(at));
                            }
                            5 | 6 => {
                                let sent = caller.take();
                                if let Err(refused) = to.try_send(sent) {
                                    let (std::sync::mpsc::TrySendError::Full(sent)
                                    | std::sync::mpsc::TrySendError::Disconnected(sent)) = refused;
                                    caller.give(sent);
                                }
                            }
                            _ => {
                                if let Ok(sent) = from.lock().expect("nobody panicked").try_recv() {
                                    caller.give(sent);
                                }
                            }
                        }
                    }
                    kept.into_iter().for_each(|sent| caller.give(sent));
                    if life % 3 == 0 {
                        allocator.trim(&caller.front);
                    }
                    caller.end();
                }
            });
        }
    });
    drop(to);
    let mut caller = Caller::new(&allocator, 7);
    consume(&mut caller, &from.into_inner().expect("nobody panicked"));
    caller.end();
    nothing_is_left(&allocator);
}

/// A free of a run that came second took the class away from whatever had its slabs by then. Which may be a block at
/// the same address, and then that free is one of it: so the blocks taken are counted against the frees that were
/// accepted. All are above 256 KiB, where of two frees at the same moment one is told without `harden=double_free`.
#[test]
fn who_frees_a_run_second_leaves_its_slabs_alone() {
    const RUN: usize = 600_000;
    const ROUNDS: usize = 4_000;
    let allocator = allocator(1 << 30);
    let owner = Caller::new(&allocator, 0);
    let (turn, done, taken, given) =
        (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let shared = AtomicUsize::new(0);
    thread::scope(|scope| {
        for number in 0..2 {
            let (allocator, turn, done, taken, given, shared) = (&allocator, &turn, &done, &taken, &given, &shared);
            scope.spawn(move || {
                let caller = Caller::new(allocator, number);
                let gives = |block| {
                    let is_given = give_slow(allocator, &caller.front, block).is_ok();
                    given.fetch_add(usize::from(is_given), Ordering::Relaxed);
                    is_given
                };
                for round in 1..=ROUNDS {
                    wait_until(|| turn.load(Ordering::Acquire) >= round);
                    if gives(core::ptr::with_exposed_provenance_mut(shared.load(Ordering::Relaxed))) {
                        // Its slabs serve something else at once.
                        let block = allocator.take_slow(&caller.front, 300_000);
                        taken.fetch_add(1, Ordering::Relaxed);
                        thread::yield_now();
                        gives(block);
                        allocator.trim(&caller.front);
                    }
                    done.fetch_add(1, Ordering::Release);
                }
                caller.end();
            });
        }
        for round in 1..=ROUNDS {
            let run = allocator.take_slow(&owner.front, RUN);
            taken.fetch_add(1, Ordering::Relaxed);
            shared.store(run.expose_provenance(), Ordering::Relaxed);
            turn.store(round, Ordering::Release);
            wait_until(|| done.load(Ordering::Acquire) >= 2 * round);
        }
    });
    assert_eq!(taken.into_inner(), given.into_inner());
    owner.end();
    nothing_is_left(&allocator);
}

#[test]
fn one_of_two_threads_wins_a_double_free() {
    let allocator = allocator(1 << 30);
    let hard = Settings::new().with(|settings| settings.harden = Harden::DOUBLE_FREE);
    let owner = Caller::new(&allocator, 0);
    allocator.configure(&owner.front, &hard);
    let (won, lost) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let blocks: Vec<usize> = (0..4000)
        .map(|number| {
            let bytes = [16, 100, 1000][number % 3];
            allocator.take_slow(&owner.front, bytes).expose_provenance()
        })
        .collect();
    let go = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let caller = Caller::new(&allocator, 1);
                wait_until(|| go.load(Ordering::Acquire));
                for &block in &blocks {
                    let pointer = core::ptr::with_exposed_provenance_mut(block);
                    let gave = give_fast(&allocator, &caller.front, pointer);
                    let result = if gave { Ok(()) } else { give_slow(&allocator, &caller.front, pointer) };
                    if result.is_ok() { &won } else { &lost }.fetch_add(1, Ordering::Relaxed);
                }
                caller.end();
            });
        }
        go.store(true, Ordering::Release);
    });
    assert_eq!((won.into_inner(), lost.into_inner()), (4000, 4000));
    owner.end();
    nothing_is_left(&allocator);
}
