//! Nothing in freed memory steers us: all of it, and what lies behind blocks, is scribbled over again and again, and
//! the allocator, its audit and the oracle stay whole.

#![allow(unsafe_code, reason = "writes where no client may")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use hakmem_core::{Allocator, Front, Harden, Off, Settings};
use hakmem_tests::action::Action;
use hakmem_tests::driver::Driver;
use hakmem_tests::providers::{Faulty, LinuxPages, Narrow};
use hakmem_tests::scene::{give_fast, give_packed, give_slow, new_front};

const SLAB: usize = 32 << 10;

type Pages = Narrow<Faulty<LinuxPages>>;

/// A dice of its own, so that a failure replays.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize
    }
}

/// Ranges of memory that this process can write.
fn writable() -> Vec<(usize, usize)> {
    let maps = fs::read_to_string("/proc/self/maps").expect("Linux says what is mapped");
    let range = |line: &str| {
        let (range, rest) = line.split_once(' ')?;
        let (from, to) = range.split_once('-')?;
        let [from, to] = [from, to].map(|digits| usize::from_str_radix(digits, 16).unwrap_or(0));
        rest.starts_with("rw").then_some((from, to))
    };
    maps.lines().filter_map(range).collect()
}

/// Writes over all that is not live of these slabs: freed blocks, those that were never handed out, and what is left
/// behind blocks. Returns how much that is.
fn scribble(draw: &mut Draw, slabs: &BTreeSet<usize>, live: &[(usize, usize)]) -> usize {
    let (writable, live, mut written) = (writable(), BTreeMap::from_iter(live.iter().copied()), 0);
    for &slab in slabs {
        if !writable.iter().any(|&(from, to)| (from..to).contains(&slab)) {
            continue;
        }
        let before = live.range(..slab).next_back().map_or(slab, |(&block, usable)| (block + usable).max(slab));
        let within = live.range(slab..slab + SLAB).map(|(&block, usable)| (block, block + usable));
        let ends = within.clone().map(|(_, end)| end);
        let gaps = core::iter::once(before).chain(ends).zip(within.map(|(start, _)| start).chain([slab + SLAB]));
        for (from, to) in gaps.filter(|(from, to)| from < to) {
            let pattern = [0xFF, 0x00, 0xDF, draw.next() as u8][draw.next() % 4];
            // SAFETY: mapped, and no live block lies there; nobody else maps anything where a zone is.
            unsafe { core::ptr::with_exposed_provenance_mut::<u8>(from).write_bytes(pattern, to - from) };
            written += to - from;
        }
    }
    written
}

/// The slabs that blocks were in.
fn slabs_of(blocks: &[(usize, usize)]) -> BTreeSet<usize> {
    let slabs =
        |&(start, usable): &(usize, usize)| (start / SLAB..=(start + usable - 1) / SLAB).map(|slab| slab * SLAB);
    blocks.iter().flat_map(slabs).collect()
}

fn takes(allocator: &Allocator<Pages>, front: &Front, draw: &mut Draw) -> (usize, usize) {
    let sizes = [8, 24, 100, 500, 1000, 3000, 8000, 12_000, 30_000, 120_000, 300_000];
    let block = allocator.take_slow(front, 1 + draw.next() % sizes[draw.next() % sizes.len()]);
    let usable = allocator.usable(block).expect("a live block");
    (block.expose_provenance(), usable)
}

fn play(settings: &Settings) {
    let allocator = Allocator::new(Narrow::new(Faulty::new(LinuxPages::new()), 1 << 30, usize::MAX));
    let (one, mut two) = (new_front(), new_front());
    let mut draw = Draw(0x9E37_79B9_7F4A_7C15);
    allocator.configure(&one, settings);
    let (mut live, mut ever) = (Vec::<(usize, usize)>::new(), Vec::new());
    for round in 0..30 {
        for _ in 0..150 {
            let block = takes(&allocator, if draw.next().is_multiple_of(2) { &one } else { &two }, &mut draw);
            let overlap =
                live.iter().find(|other: &&(usize, usize)| block.0 < other.0 + other.1 && other.0 < block.0 + block.1);
            assert_eq!(overlap, None, "{block:x?} is handed out twice");
            live.push(block);
            ever.push(block);
        }
        for _ in 0..(if round % 5 == 4 { live.len() } else { 100 }) {
            let (block, _) = live.swap_remove(draw.next() % live.len());
            let front = if draw.next().is_multiple_of(3) { &two } else { &one };
            let pointer = core::ptr::with_exposed_provenance_mut(block);
            if !give_fast(&allocator, front, pointer) && !give_packed(&allocator, front, pointer) {
                give_slow(&allocator, front, pointer).expect("a live block is taken back");
            }
        }
        if round % 7 == 6 {
            allocator.end_thread(&two).expect("no block was freed twice");
            two = new_front();
        }
        assert!(scribble(&mut draw, &slabs_of(&ever), &live) > 100_000, "there is much to write to");
        // SAFETY: one real thread.
        let audit = unsafe { allocator.audit() }.expect("every invariant holds");
        assert_eq!(audit.live_blocks, live.len() as u64);
    }
    for (block, _) in live {
        let pointer = core::ptr::with_exposed_provenance_mut(block);
        give_slow(&allocator, &one, pointer).expect("a live block is taken back");
    }
    // SAFETY: one real thread.
    let audit = unsafe { allocator.audit() }.expect("every invariant holds");
    assert_eq!(audit.live_blocks, 0);
    // What is made up after is served as ever.
    let mut driver = Driver::new(&allocator);
    for number in 0..2000 {
        driver.step(Action::Take { slot: number as u8, bytes: 1 + (draw.next() % 9000) as u32 });
    }
    driver.audit();
}

/// Where a starter's blocks stood was written in its own first bytes: a write there had blocks overlap.
#[test]
fn what_is_free_steers_nobody() {
    play(&Settings::new());
}

#[test]
fn nor_with_mechanisms_off() {
    play(&Settings::new().with(|settings| settings.off = Off::STARTERS));
    play(&Settings::new().with(|settings| settings.off = Off::all()));
}

#[test]
fn nor_under_any_measure() {
    for harden in Harden::all().iter().filter(|one| one.bits().is_power_of_two()).chain([Harden::all()]) {
        play(&Settings::new().with(|settings| {
            settings.harden = harden;
            settings.quarantine_bytes = 100 << 10;
        }));
    }
}
