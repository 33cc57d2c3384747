//! Blocks drawn by lot that lie alone between shut pages: who writes beyond one, or uses one that was freed, gets
//! the system's fault at once, and the slot knows who took and who freed it. Stands on the superslab layer.
//!
//! What is not a whole page around a block is its **margin**: it is filled, and looked at when the block is freed.
//!
//! `guarded-slots`: every slot was never used, or is in use, or in somebody's hands, or waits in the queue. No lock
//! is held while the provider works.

#![allow(unsafe_code, reason = "fills margins, reaches slots by address")]

mod place;
mod sight;
mod slot;
mod yard;

use core::ptr::{self, NonNull};

use place::Spot;
use slot::{BUSY, FREED, LIVE};
use yard::Yard;

use crate::base::sync::{AtomicPtr, AtomicU32, AtomicU64, Cell, Ordering, Passage};
use crate::harden::{Fault, FaultKind};
use crate::inspect::Broken;
use crate::pages::{PageProvider, Purged};
use crate::superslab::Territory;

pub use sight::{Sight, Trespass};
pub use slot::{FRAMES, Slot, Trace};

/// What a margin is filled with.
const MARGIN: u8 = 0xA5;

/// See the file's head.
pub struct Guarded<P: PageProvider> {
    /// One of so many takes of the slow paths gets a guarded block; 0 for none.
    rate: AtomicU32,
    dice: AtomicU64,
    yard: AtomicPtr<Yard<P>>,
}

impl<P: PageProvider> Guarded<P> {
    /// No slot yet.
    pub const fn new() -> Self {
        Self { rate: AtomicU32::new(0), dice: AtomicU64::new(0), yard: AtomicPtr::new(ptr::null_mut()) }
    }

    fn yard(&self) -> Option<&Yard<P>> {
        // SAFETY: yards are never unmapped, and published when they are whole.
        unsafe { self.yard.load(Ordering::Acquire).as_ref() }
    }

    /// One of `rate` takes is guarded from now on, at most `slots` at a time; the first call says how many slots.
    /// Where the provider cannot shut pages, none is.
    #[cold]
    pub fn configure(&self, territory: &Territory<P>, rate: u32, slots: usize) {
        if rate > 0 && self.yard().is_none() {
            let seed = ptr::from_ref(territory).addr() ^ ptr::from_ref(&rate).addr().rotate_left(32);
            self.dice.store(seed as u64 ^ territory.provider.now_ms() | 1, Ordering::Relaxed);
            let Some(yard) = Yard::build(territory, slots.max(1)) else { return };
            let new = ptr::from_ref(yard).cast_mut();
            if self.yard.compare_exchange(ptr::null_mut(), new, Ordering::AcqRel, Ordering::Acquire).is_err() {
                yard.abandon(&territory.provider);
            }
        }
        self.rate.store(rate, Ordering::Relaxed);
    }

    /// True if blocks are guarded.
    pub fn is_on(&self) -> bool {
        self.rate.load(Ordering::Relaxed) != 0
    }

    /// A number that nobody expects.
    fn roll(&self) -> u64 {
        let mut dice = self.dice.load(Ordering::Relaxed);
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        self.dice.store(dice, Ordering::Relaxed);
        dice.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32
    }

    /// Takes to let pass, `rate` in the mean.
    fn draw(&self, rate: u32) -> u32 {
        1 + self.roll().checked_rem(2 * u64::from(rate) - 1).unwrap_or(0) as u32
    }

    /// A guarded block, if it is the turn of a thread that has `left` takes to go; true beside it if it reads as
    /// zero.
    #[cold]
    pub fn take_in_turn(
        &self,
        territory: &Territory<P>,
        left: &Cell<u32>,
        bytes: usize,
        align: usize,
    ) -> Option<(*mut u8, bool)> {
        let rate = self.rate.load(Ordering::Relaxed).max(1);
        let now = if left.get() == 0 { self.draw(rate) } else { left.get() };
        left.set(now - 1);
        if now > 1 {
            return None;
        }
        // What asks who calls may allocate itself.
        left.set(u32::MAX);
        let taken = self.take(territory, bytes, align);
        left.set(self.draw(rate));
        taken
    }

    /// A guarded block, if it fits a slot and one is free; true beside it if it reads as zero.
    fn take(&self, territory: &Territory<P>, bytes: usize, align: usize) -> Option<(*mut u8, bool)> {
        let yard = self.yard()?;
        let place = yard.plan.place(bytes, align, self.roll() & 1 == 1)?;
        let number = yard.next()?;
        let slot = yard.slot(number);
        let before = slot.state.swap(BUSY, Ordering::AcqRel);
        let (block, pages) = (yard.at(number, place.block), NonNull::new(yard.at(number, place.pages))?);
        // SAFETY: pages of the slot, committed by `build`; it is this thread's while it is busy.
        if !unsafe { territory.provider.unguard(pages, place.pages_bytes) } {
            slot.state.store(before, Ordering::Release);
            yard.wait(number);
            return None;
        }
        slot.hold(place, bytes);
        let [front, behind] = margins(pages.as_ptr(), place.pages_bytes, block, bytes);
        for margin in [front, behind] {
            // SAFETY: opened just now, and nobody else's.
            unsafe { margin.0.write_bytes(MARGIN, margin.1) };
        }
        let is_zero = !slot.stained.load(Ordering::Relaxed);
        slot.taken.note(&territory.provider);
        yard.live_bytes.fetch_add(place.pages_bytes, Ordering::Relaxed);
        slot.state.store(LIVE, Ordering::Release);
        Some((block, is_zero))
    }

    /// The slot that a pointer leads to, if it is one of ours to judge: whose block starts there and is live.
    fn claim(&self, pointer: *mut u8) -> Option<Result<(&Yard<P>, usize), Fault>> {
        let yard = self.yard()?;
        let fault = |kind, bytes| Err(Fault { kind, address: pointer.addr(), block_bytes: bytes });
        Some(match yard.spot(pointer.addr())? {
            Spot::Guard(..) => fault(FaultKind::Stale, 0),
            Spot::Slot(number, offset) => {
                let (slot, place) = (yard.slot(number), yard.slot(number).place());
                match slot.state() {
                    LIVE if offset == place.block => Ok((yard, number)),
                    LIVE if (place.block..place.block + slot.bytes()).contains(&offset) => {
                        fault(FaultKind::InnerPointer, slot.bytes())
                    }
                    BUSY | FREED if offset == place.block => fault(FaultKind::DoubleFree, slot.bytes()),
                    _ => fault(FaultKind::Stale, 0),
                }
            }
        })
    }

    /// Bytes of the guarded block that starts there; `None` where no slot is.
    pub fn bytes_of(&self, pointer: *mut u8) -> Option<Result<usize, Fault>> {
        Some(self.claim(pointer)?.map(|(yard, number)| yard.slot(number).bytes()))
    }

    /// Takes a guarded block back; `None` where no slot is. A fault changes nothing.
    pub fn give(&self, territory: &Territory<P>, pointer: *mut u8) -> Option<Result<(), Fault>> {
        let claimed = self.claim(pointer)?;
        Some(claimed.and_then(|(yard, number)| give(territory, yard, number, pointer)))
    }

    /// Bytes of the pages of blocks in use.
    pub fn live_bytes(&self) -> usize {
        self.yard().map_or(0, |yard| yard.live_bytes.load(Ordering::Relaxed))
    }

    /// Blocks in use and their bytes.
    pub fn audit(&self) -> Result<(u64, u64), Broken> {
        self.yard().map_or(Ok((0, 0)), Yard::audit)
    }

    /// The lock that a fork holds.
    pub fn hold(&self, passage: &mut Passage) {
        if let Some(yard) = self.yard() {
            yard.hold(passage);
        }
    }
}

fn give<P: PageProvider>(
    territory: &Territory<P>,
    yard: &Yard<P>,
    number: usize,
    pointer: *mut u8,
) -> Result<(), Fault> {
    let (slot, provider) = (yard.slot(number), &territory.provider);
    let fault = |kind| Err(Fault { kind, address: pointer.addr(), block_bytes: slot.bytes() });
    if slot.state.compare_exchange(LIVE, BUSY, Ordering::AcqRel, Ordering::Relaxed).is_err() {
        return fault(FaultKind::DoubleFree);
    }
    let place = slot.place();
    let pages = yard.at(number, place.pages);
    let [front, behind] = margins(pages, place.pages_bytes, pointer, slot.bytes());
    for (margin, kind) in [(behind, FaultKind::Overflow), (front, FaultKind::Underflow)] {
        // SAFETY: open pages of the slot, busy by this thread.
        if unsafe { core::slice::from_raw_parts(margin.0, margin.1) }.iter().any(|&byte| byte != MARGIN) {
            slot.state.store(LIVE, Ordering::Release);
            return fault(kind);
        }
    }
    slot.given.note(provider);
    if let Some(pages) = NonNull::new(pages) {
        // SAFETY: committed, and nobody needs what they hold.
        if unsafe { provider.purge(pages, place.pages_bytes) } == Purged::Kept {
            slot.stained.store(true, Ordering::Relaxed);
        }
        // SAFETY: as above. Where it is refused, a late use is not told.
        let _ = unsafe { provider.guard(pages, place.pages_bytes) };
    }
    yard.live_bytes.fetch_sub(place.pages_bytes, Ordering::Relaxed);
    slot.state.store(FREED, Ordering::Release);
    yard.wait(number);
    Ok(())
}

/// What is before a block in its pages, and what behind.
fn margins(pages: *mut u8, pages_bytes: usize, block: *mut u8, bytes: usize) -> [(*mut u8, usize); 2] {
    let before = block.addr() - pages.addr();
    [(pages, before), (block.wrapping_add(bytes), pages_bytes - before - bytes)]
}

impl<P: PageProvider> Default for Guarded<P> {
    fn default() -> Self {
        Self::new()
    }
}
