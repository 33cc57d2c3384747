//! Somebody else lies where a zone wants to grow.

#![allow(unsafe_code, reason = "maps and unmaps pages of its own")]

use std::process::Command;
use std::ptr::{self, NonNull};
use std::{env, thread};

use hakmem_core::{Allocator, FaultKind, Front, PageProvider};
use hakmem_tests::providers::LinuxPages;
use hakmem_tests::providers::{Faulty, Narrow};
use hakmem_tests::scene::{give_fast, give_slow, new_front, resize};
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};

type Pages = Narrow<Faulty<LinuxPages>>;

const MIB: usize = 1 << 20;
const SUPERSLAB: usize = 2 * MIB;
/// Superslabs that a zone begins with.
const FIRST: usize = 4;
/// Superslabs of a zone here.
const ZONE: usize = 64;
/// Bytes of the live map of blocks of 8 bytes, which is not there, and of that of blocks below 64, and of records, of a
/// superslab.
const TINY: usize = 256 << 10;
const KNOWN: usize = 128 << 10;
/// Bytes of the other maps of a superslab, and of what all maps have more.
const OTHER_MAPS: usize = 48 << 10;
const MORE: usize = 6 * PAGE;
const PAGE: usize = 4096;

fn allocator(pages: LinuxPages) -> Allocator<Pages> {
    Allocator::new(Narrow::new(Faulty::new(pages), ZONE * SUPERSLAB, usize::MAX))
}

/// Pages that are nobody's but the test's.
struct Neighbour(NonNull<u8>, usize);

impl Neighbour {
    fn at(address: *mut u8, bytes: usize) -> Self {
        let (access, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE | MapFlags::FIXED_NOREPLACE);
        // SAFETY: a new mapping, which replaces nothing.
        let start = unsafe { mmap_anonymous(address.cast(), bytes, access, flags) }.expect("nobody lies there yet");
        // SAFETY: mapped just now.
        unsafe { start.cast::<u8>().write_bytes(0xa5, bytes) };
        Self(NonNull::new(start.cast()).expect("not null"), bytes)
    }

    fn range(&self) -> std::ops::Range<usize> {
        self.0.addr().get()..self.0.addr().get() + self.1
    }

    fn is_untouched(&self) -> bool {
        // SAFETY: mapped until `drop`.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr(), self.1) }.iter().all(|&byte| byte == 0xa5)
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        // SAFETY: mapped by `at`.
        unsafe { munmap(self.0.as_ptr().cast(), self.1) }.expect("unmapped");
    }
}

/// Addresses around a zone must be nobody's, and what the threads of other tests map would lie there now and then: each
/// test runs in a process of its own. True if it did.
fn ran_alone() -> bool {
    const ALONE: &str = "HAKMEM_TEST_ALONE";
    if env::var_os(ALONE).is_some() {
        return false;
    }
    let thread = thread::current();
    let test = thread.name().expect("the harness names it");
    let program = env::current_exe().expect("this program");
    let child = Command::new(program).args(["--exact", test, "--test-threads=1"]).env(ALONE, "1").output();
    let child = child.expect("it runs");
    let words = String::from_utf8_lossy(&child.stdout) + String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && words.contains("1 passed"), "{words}");
    true
}

/// Where the first zone begins: its lowest superslab gives the first blocks.
fn zone_base(allocator: &Allocator<Pages>, front: &Front) -> *mut u8 {
    let block = allocator.take_slow(front, 1000);
    assert!(!block.is_null());
    give(allocator, front, block);
    block.map_addr(|address| address / SUPERSLAB * SUPERSLAB)
}

fn give(allocator: &Allocator<Pages>, front: &Front, block: *mut u8) {
    give_slow(allocator, front, block).expect("a live block is taken back");
}

/// Runs of 512 KiB: four a superslab.
fn take_runs(allocator: &Allocator<Pages>, front: &Front, count: usize) -> Vec<*mut u8> {
    let take = |number: usize| {
        let block = allocator.take_slow(front, 512 << 10);
        assert!(!block.is_null(), "run {number}");
        // SAFETY: taken just now.
        unsafe { block.write_bytes(number as u8, 512 << 10) };
        block
    };
    (0..count).map(take).collect()
}

/// All blocks are whole, and lie apart from the neighbour; then they go.
fn check_and_give(allocator: &Allocator<Pages>, front: &Front, runs: Vec<*mut u8>, neighbour: &Neighbour) {
    assert!(neighbour.is_untouched());
    for (number, run) in runs.into_iter().enumerate() {
        assert!(!neighbour.range().contains(&run.addr()));
        // SAFETY: a live block of that many bytes.
        let bytes = unsafe { std::slice::from_raw_parts(run, 512 << 10) };
        assert!(bytes.iter().all(|&byte| byte == number as u8), "run {number} is not what was written");
        give(allocator, front, run);
    }
    // SAFETY: one thread.
    let audit = unsafe { allocator.audit() }.expect("every invariant holds");
    assert_eq!(audit.live_blocks, 0);
    assert!(neighbour.is_untouched());
}

#[test]
fn superslabs_where_somebody_lies_are_skipped() {
    if ran_alone() {
        return;
    }
    for (first, bytes) in [(FIRST, 4096), (FIRST, SUPERSLAB), (FIRST + 1, 3 * SUPERSLAB), (FIRST + 7, 5 * SUPERSLAB)] {
        let (allocator, front) = (allocator(LinuxPages::new()), new_front());
        let base = zone_base(&allocator, &front);
        let neighbour = Neighbour::at(base.wrapping_add(first * SUPERSLAB), bytes);
        let runs = take_runs(&allocator, &front, 4 * 30);
        assert_eq!(allocator.stats().zones, 1, "{bytes} bytes at superslab {first}");
        check_and_give(&allocator, &front, runs, &neighbour);
    }
}

#[test]
fn a_pointer_to_what_lies_between_is_foreign() {
    if ran_alone() {
        return;
    }
    let (allocator, front) = (allocator(LinuxPages::new()), new_front());
    let base = zone_base(&allocator, &front);
    let neighbour = Neighbour::at(base.wrapping_add(FIRST * SUPERSLAB), SUPERSLAB);
    let runs = take_runs(&allocator, &front, 4 * 8);
    for offset in [0, 16, 4096, SUPERSLAB - 16] {
        let pointer = neighbour.0.as_ptr().wrapping_add(offset);
        assert!(!give_fast(&allocator, &front, pointer));
        let kinds = [
            give_slow(&allocator, &front, pointer).expect_err("not ours").kind,
            allocator.usable(pointer).expect_err("not ours").kind,
            resize(&allocator, &front, pointer, 100).expect_err("not ours").kind,
        ];
        assert_eq!(kinds, [FaultKind::Foreign; 3]);
        assert!(allocator.ground(pointer.addr()).is_none());
    }
    check_and_give(&allocator, &front, runs, &neighbour);
}

#[test]
fn a_large_block_that_lies_between_is_the_allocators_own() {
    if ran_alone() {
        return;
    }
    let (allocator, front) = (allocator(LinuxPages::new()), new_front());
    let base = zone_base(&allocator, &front);
    let hole = Neighbour::at(base.wrapping_add(FIRST * SUPERSLAB), 8 * SUPERSLAB);
    let runs = take_runs(&allocator, &front, 4 * 16);
    // What the system maps next to us is found by its table, not by the zone.
    let large: Vec<_> = (0..8).map(|_| allocator.take_slow(&front, 3 * MIB)).collect();
    for block in large {
        assert_eq!(allocator.usable(block), Ok(3 * MIB));
        give(&allocator, &front, block);
    }
    check_and_give(&allocator, &front, runs, &hole);
}

#[test]
fn another_zone_begins_where_too_much_lies_in_the_way() {
    if ran_alone() {
        return;
    }
    let (allocator, front) = (allocator(LinuxPages::new()), new_front());
    let base = zone_base(&allocator, &front);
    let neighbour = Neighbour::at(base.wrapping_add(FIRST * SUPERSLAB), (ZONE - FIRST) * SUPERSLAB);
    let runs = take_runs(&allocator, &front, 4 * 20);
    assert_eq!(allocator.stats().zones, 2);
    check_and_give(&allocator, &front, runs, &neighbour);
}

#[test]
fn another_zone_begins_where_a_live_map_or_the_records_have_no_room() {
    if ran_alone() {
        return;
    }
    let end = ZONE * (SUPERSLAB + TINY + 2 * KNOWN + OTHER_MAPS) + MORE;
    for offset in [ZONE * (SUPERSLAB + TINY) + PAGE + FIRST * KNOWN + PAGE, end - (FIRST + 1) * KNOWN] {
        let (allocator, front) = (allocator(LinuxPages::new()), new_front());
        let base = zone_base(&allocator, &front);
        let neighbour = Neighbour::at(base.wrapping_add(offset), 4096);
        let runs = take_runs(&allocator, &front, 4 * 20);
        assert_eq!(allocator.stats().zones, 2, "somebody at {offset:#x}");
        check_and_give(&allocator, &front, runs, &neighbour);
    }
}

#[test]
fn what_goes_away_is_room_again() {
    if ran_alone() {
        return;
    }
    let (allocator, front) = (allocator(LinuxPages::new()), new_front());
    let base = zone_base(&allocator, &front);
    drop(Neighbour::at(base.wrapping_add(FIRST * SUPERSLAB), SUPERSLAB));
    let neighbour = Neighbour::at(base.wrapping_add((ZONE - 1) * SUPERSLAB), SUPERSLAB);
    let runs = take_runs(&allocator, &front, 4 * (ZONE - 2));
    assert_eq!((allocator.stats().zones, allocator.stats().superslabs), (1, ZONE as u64 - 1));
    check_and_give(&allocator, &front, runs, &neighbour);
}

#[test]
fn where_nothing_can_be_claimed_a_run_is_held() {
    if ran_alone() {
        return;
    }
    let (allocator, front) = (allocator(LinuxPages::holding()), new_front());
    let base = zone_base(&allocator, &front);
    let behind = base.wrapping_add(FIRST * SUPERSLAB);
    // SAFETY: a new mapping, which replaces nothing.
    let refused =
        unsafe { mmap_anonymous(behind.cast(), 4096, ProtFlags::READ, MapFlags::PRIVATE | MapFlags::FIXED_NOREPLACE) };
    assert!(refused.is_err(), "what is not used yet is held");
    let runs = take_runs(&allocator, &front, 4 * (ZONE - 2));
    assert_eq!(allocator.stats().zones, 1);
    for run in runs {
        give(&allocator, &front, run);
    }
    // SAFETY: one thread.
    unsafe { allocator.audit() }.expect("every invariant holds");
}

#[test]
fn allocators_of_one_process_lie_apart() {
    if ran_alone() {
        return;
    }
    let many: Vec<_> = (0..40).map(|_| (Allocator::new(LinuxPages::new()), new_front())).collect();
    let mut places: Vec<_> = many.iter().map(|(allocator, front)| allocator.take_slow(front, 500_000).addr()).collect();
    places.sort_unstable();
    assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= 500_000));
    assert!(ptr::from_ref(&many).addr() > places[39], "all below the stack");
}

#[test]
fn threads_that_grow_at_once_share_what_each_claims() {
    if ran_alone() {
        return;
    }
    let allocator = allocator(LinuxPages::new());
    let first = zone_base(&allocator, &new_front());
    let neighbour = Neighbour::at(first.wrapping_add((FIRST + 5) * SUPERSLAB), SUPERSLAB);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let front = new_front();
                for _ in 0..3 {
                    let runs = take_runs(&allocator, &front, 4 * 12);
                    runs.into_iter().for_each(|run| give(&allocator, &front, run));
                }
                allocator.end_thread(&front).expect("no block was freed twice");
            });
        }
    });
    assert_eq!(allocator.stats().zones, 1);
    assert!(neighbour.is_untouched());
    // SAFETY: the other threads have ended.
    unsafe { allocator.audit() }.expect("every invariant holds");
    assert!(allocator.provider().below().below().page_bytes() >= 4096);
}
