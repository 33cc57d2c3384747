//! The kinds of load that the benches have, as programs of 256 slots and 4 threads. Most have small zones, so that
//! they reserve and commit several times.

use hakmem_core::{Allocator, Front, PageProvider};
use hakmem_tests::action::Action;
use hakmem_tests::driver::Driver;
use hakmem_tests::providers::{Faulty, Narrow};
use hakmem_tests::scene::{give_fast, give_packed, give_slow, new_front};

/// Bytes of a zone's blocks: of the least one, and of one that grows.
pub(crate) const ZONE: usize = 2 << 20;
pub(crate) const GROWING: usize = 64 << 20;

/// What a load works on; the provider refuses when it is told to.
pub(crate) type Pages<P> = Faulty<Narrow<P>>;

/// One load: null is an answer.
pub(crate) type Load<P> = fn(&Allocator<Pages<P>>, &mut Driver<'_, Pages<P>>);

/// Bytes of the zones that a load has: those that need much memory show how a zone grows.
pub(crate) fn zone_of(name: &str) -> usize {
    if ["burst", "window", "runs", "prewarm", "large"].contains(&name) { GROWING } else { ZONE }
}

/// All of them by name.
pub(crate) fn loads<P: PageProvider>() -> [(&'static str, Load<P>); 15] {
    [
        ("everything", |_, driver| driver.run(&everything())),
        ("random_mixed", |_, driver| toggles(driver, 500, |dice| 16 + dice % 1024)),
        ("fixed", |_, driver| toggles(driver, 300, |_| 256)),
        ("calloc", |_, driver| zeroed(driver)),
        ("larson", |_, driver| larson(driver)),
        ("remote", |_, driver| remote(driver)),
        ("mid", |_, driver| toggles(driver, 150, |dice| 8192 + dice % 24_576)),
        ("pool", |_, driver| toggles(driver, 150, |dice| 8192 + dice % 45_056)),
        ("runs", |_, driver| toggles(driver, 80, |dice| 262_144 + dice % 786_432)),
        ("burst", |allocator, _| bursts(allocator)),
        ("window", |allocator, _| window(allocator)),
        ("realloc", |_, driver| realloc(driver)),
        ("large", |_, driver| large(driver)),
        ("threads", |_, driver| threads(driver)),
        ("prewarm", prewarm),
    ]
}

/// A bit of everything: it needs zones, superslabs, store chunks, mappings and remaps.
pub(crate) fn everything() -> Vec<Action> {
    let mut actions = Vec::new();
    for round in 0..3u8 {
        actions.push(Action::SwitchThread { thread: round });
        for (number, bytes) in [8, 16, 100, 1000, 1100, 4096, 30_000, 200_000, 300_000].into_iter().enumerate() {
            for copy in 0..8 {
                let slot = number as u8 * 8 + copy + 72 * round;
                actions.push(match copy {
                    0 => Action::TakeZeroed { slot, bytes },
                    1 => Action::TakeAligned { slot, bytes, align_shift: 12 },
                    _ => Action::Take { slot, bytes },
                });
            }
        }
        actions
            .extend([Action::Take { slot: 250, bytes: 1 << 20 }, Action::TakeZeroed { slot: 251, bytes: 1_500_000 }]);
        actions
            .extend([Action::Resize { slot: 251, bytes: 3_000_000 }, Action::Resize { slot: 250, bytes: 2_000_000 }]);
        actions.push(Action::TakeAligned { slot: 252, bytes: 100, align_shift: 21 });
        actions.extend((0..216).step_by(3).map(|slot| Action::GiveRemote { slot }));
        actions.extend((1..216).step_by(5).map(|slot| Action::Resize { slot, bytes: u32::from(slot) * 90 }));
        if round == 1 {
            actions.extend([Action::EndThread { thread: 0 }, Action::Trim]);
        }
    }
    actions
}

/// Numbers that look random, the same in each run.
struct Dice(u32);

impl Dice {
    fn roll(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 >> 8
    }
}

/// A random slot is filled if it is empty, else emptied.
fn toggles<P: PageProvider>(driver: &mut Driver<'_, P>, steps: u32, bytes: impl Fn(u32) -> u32) {
    let (mut dice, mut full) = (Dice(1), [false; 256]);
    for _ in 0..steps {
        let slot = dice.roll() as u8;
        let full = &mut full[usize::from(slot)];
        *full = !*full;
        driver.step(if *full { Action::Take { slot, bytes: bytes(dice.roll()) } } else { Action::Give { slot } });
    }
}

/// calloc of every power of two up to a mebibyte; what was used before is cleared.
fn zeroed<P: PageProvider>(driver: &mut Driver<'_, P>) {
    for round in 0..2 {
        for shift in 4..=18 {
            let slot = shift as u8 * 4 + round;
            driver.step(Action::TakeZeroed { slot, bytes: 1 << shift });
            driver.step(Action::Give { slot });
            driver.step(Action::TakeZeroed { slot, bytes: (1 << shift) - 5 });
        }
    }
}

/// Blocks go from thread to thread, which end and begin anew.
fn larson<P: PageProvider>(driver: &mut Driver<'_, P>) {
    let mut dice = Dice(2);
    for round in 0..8u8 {
        driver.step(Action::SwitchThread { thread: round });
        for _ in 0..100 {
            driver.step(Action::Take { slot: dice.roll() as u8, bytes: 8 + dice.roll() % 2000 });
        }
        driver.step(Action::EndThread { thread: round });
        driver.step(Action::EndThread { thread: round });
    }
}

/// One thread takes, the next gives back.
fn remote<P: PageProvider>(driver: &mut Driver<'_, P>) {
    for round in 0..4u32 {
        driver.step(Action::SwitchThread { thread: (round % 2) as u8 });
        (0..=255)
            .for_each(|slot| driver.step(Action::Take { slot, bytes: 16 + (u32::from(slot) * 131 + round) % 6_000 }));
        (0..=255).for_each(|slot| driver.step(Action::GiveRemote { slot }));
    }
}

/// Many blocks at once, by a thread of its own, freed in order.
fn bursts<P: PageProvider>(allocator: &Allocator<P>) {
    let front = new_front();
    for bytes in [64, 200, 1000, 20_000] {
        let blocks: Vec<_> = (0..(14 << 20) / bytes).map(|_| take(allocator, &front, bytes)).collect();
        blocks.into_iter().for_each(|block| give(allocator, &front, block));
    }
    allocator.end_thread(&front).expect("no block was freed twice");
}

/// A random one of many blocks is replaced a step.
fn window<P: PageProvider>(allocator: &Allocator<P>) {
    let (front, mut dice) = (new_front(), Dice(3));
    let mut blocks = vec![core::ptr::null_mut(); 12_000];
    for step in 0..20_000 {
        let at = if step < blocks.len() { step } else { dice.roll() as usize % blocks.len() };
        give(allocator, &front, blocks[at]);
        blocks[at] = take(allocator, &front, 16 + dice.roll() as usize % 496);
    }
    blocks.into_iter().for_each(|block| give(allocator, &front, block));
    allocator.end_thread(&front).expect("no block was freed twice");
}

/// Doublings up to 4 MiB and halvings, and steps of 64 KiB.
fn realloc<P: PageProvider>(driver: &mut Driver<'_, P>) {
    driver.step(Action::Take { slot: 0, bytes: 16 });
    driver.step(Action::Take { slot: 1, bytes: 65_536 });
    (5..23).for_each(|shift| driver.step(Action::Resize { slot: 0, bytes: (1 << shift) - 1 }));
    (2..24).for_each(|step| driver.step(Action::Resize { slot: 1, bytes: step << 16 }));
    (5..23).rev().for_each(|shift| driver.step(Action::Resize { slot: 0, bytes: 1 << shift }));
}

/// Blocks with a mapping each: more than the table has room for at first, and kept ones.
fn large<P: PageProvider>(driver: &mut Driver<'_, P>) {
    for round in 0..3 {
        for slot in 0..if round == 0 { 36 } else { 6 } {
            let bytes = (1 << 20) + 4096 * u32::from(slot % 7 + round);
            driver.step(Action::Take { slot, bytes: bytes + 1 });
            if round > 0 {
                driver.step(Action::Give { slot: slot / 2 });
            }
        }
    }
    driver.step(Action::TakeAligned { slot: 1, bytes: 3_000_000, align_shift: 21 });
}

/// All threads work and end, cold ones too; what they leave is adopted.
fn threads<P: PageProvider>(driver: &mut Driver<'_, P>) {
    for round in 0..12u32 {
        driver.step(Action::SwitchThread { thread: round as u8 });
        for slot in 0..60u8 {
            let slot = slot.wrapping_add((round * 37) as u8);
            driver.step(Action::Take { slot, bytes: 16 + u32::from(slot) * (1 + round % 5 * 20) });
        }
        driver.step(Action::EndThread { thread: round as u8 });
        if round % 4 == 3 {
            driver.step(Action::Trim);
        }
    }
}

/// What is asked for beforehand, and purged.
fn prewarm<P: PageProvider>(allocator: &Allocator<Pages<P>>, driver: &mut Driver<'_, Pages<P>>) {
    let front = new_front();
    for _ in 0..2 {
        allocator.prewarm(&front, 3 << 20);
        allocator.prewarm_classes(&front, 100);
        toggles(driver, 60, |dice| 16 + dice % 60_000);
        allocator.trim(&front);
    }
    allocator.end_thread(&front).expect("no block was freed twice");
}

/// A block or null, its first word written.
pub(crate) fn take<P: PageProvider>(allocator: &Allocator<P>, front: &Front, bytes: usize) -> *mut u8 {
    let paths = [Allocator::take, Allocator::take_medium, Allocator::take_slow];
    paths.iter().map(|path| path(allocator, front, bytes)).find(|block| !block.is_null()).unwrap_or_default()
}

/// Gives a block back; null is nothing.
pub(crate) fn give<P: PageProvider>(allocator: &Allocator<P>, front: &Front, block: *mut u8) {
    if !give_fast(allocator, front, block) && !give_packed(allocator, front, block) {
        give_slow(allocator, front, block).expect("a live block is taken back");
    }
}
