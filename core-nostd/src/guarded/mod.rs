//! Blocks drawn by lot that lie alone between shut pages: who writes beyond one, or uses one that was freed, gets
//! the system's fault at once, and the slot knows who took and who freed it. Stands on the superslab layer.
//!
//! A small block lies in a **slot** of the yard, any other on a **plot**, which is a mapping of its own. What is not a
//! whole page around a block is its **margin**: it is filled, and looked at when the block is freed.
//!
//! `guarded-slots`: every slot was never used, or is in use, or in somebody's hands, or waits in the queue. No lock
//! is held while the provider works.

#![allow(unsafe_code, reason = "fills margins, reaches slots by address")]

mod place;
mod plots;
mod sight;
mod slot;
mod yard;

use core::ptr::{self, NonNull};

use place::Spot;
use slot::{BUSY, FREED, LIVE};
use yard::Yard;

use crate::base::sync::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Cell, Ordering, Passage};
use crate::config::flags::Sides;
use crate::harden::{Fault, FaultKind};
use crate::inspect::Broken;
use crate::pages::{PageProvider, Purged};
use crate::superslab::Territory;

pub use sight::{Sight, Trespass};
pub use slot::{FRAMES, Slot, Trace};

/// What a margin is filled with.
const MARGIN: u8 = 0xA5;

/// See the file's head.
pub(crate) struct Guarded<P: PageProvider> {
    /// One of so many takes of the slow paths gets a guarded block; 0 for none.
    rate: AtomicU32,
    /// See [`Sides`].
    sides: AtomicU8,
    dice: AtomicU64,
    yard: AtomicPtr<Yard<P>>,
}

impl<P: PageProvider> Guarded<P> {
    /// No slot yet.
    pub(crate) const fn new() -> Self {
        Self {
            rate: AtomicU32::new(0),
            sides: AtomicU8::new(0),
            dice: AtomicU64::new(0),
            yard: AtomicPtr::new(ptr::null_mut()),
        }
    }

    fn yard(&self) -> Option<&Yard<P>> {
        // SAFETY: yards are never unmapped, and published when they are whole.
        unsafe { self.yard.load(Ordering::Acquire).as_ref() }
    }

    /// One of `rate` takes is guarded from now on, at most `slots` at a time; the first call says how many slots.
    /// Where the provider cannot shut pages, none is.
    #[cold]
    pub(crate) fn configure(&self, territory: &Territory<P>, rate: u32, slots: usize, sides: Sides) {
        self.sides.store(sides.bits(), Ordering::Relaxed);
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
    pub(crate) fn is_on(&self) -> bool {
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

    /// True if the next block ends at a shut page, false if it starts at one.
    fn is_at_end(&self) -> bool {
        let sides = Sides::from_bits_retain(self.sides.load(Ordering::Relaxed));
        let is_every_block = self.rate.load(Ordering::Relaxed) == 1;
        match sides {
            Sides::END => true,
            Sides::START => false,
            _ => sides.is_empty() && is_every_block || self.roll() & 1 == 1,
        }
    }

    /// Takes to let pass, `rate` in the mean.
    fn draw(&self, rate: u32) -> u32 {
        1 + self.roll().checked_rem(2 * u64::from(rate) - 1).unwrap_or(0) as u32
    }

    /// A guarded block, if it is the turn of a thread that has `left` takes to go; true beside it if it reads as
    /// zero.
    #[cold]
    pub(crate) fn take_in_turn(
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

    /// A guarded block, if a slot is free and its pages can be had; true beside it if it reads as zero.
    fn take(&self, territory: &Territory<P>, bytes: usize, align: usize) -> Option<(*mut u8, bool)> {
        let (yard, provider) = (self.yard()?, &territory.provider);
        let at_end = self.is_at_end();
        let number = yard.next()?;
        let slot = yard.slot(number);
        let before = slot.state.swap(BUSY, Ordering::AcqRel);
        let Some((pages, place)) = yard.open(provider, number, bytes, align, at_end) else {
            slot.state.store(before, Ordering::Release);
            yard.wait(number);
            return None;
        };
        slot.hold(pages.as_ptr(), place.pages_bytes, place.block, bytes);
        for margin in slot.margins() {
            // SAFETY: opened just now, and nobody else's.
            unsafe { margin.0.write_bytes(MARGIN, margin.1) };
        }
        let is_zero = !yard.is_home(number) || !slot.stained.load(Ordering::Relaxed);
        slot.taken.note(provider);
        yard.live_bytes.fetch_add(place.pages_bytes, Ordering::Relaxed);
        slot.state.store(LIVE, Ordering::Release);
        Some((slot.block(), is_zero))
    }

    /// The slot that a pointer leads to, if it is one of ours to judge: whose block starts there and is live.
    fn claim(&self, pointer: *mut u8) -> Option<Result<(&Yard<P>, usize), Fault>> {
        let yard = self.yard()?;
        let number = match yard.spot(pointer.addr()) {
            Some(Spot::Slot(number, _)) => Some(number).filter(|&number| yard.is_home(number)),
            Some(Spot::Guard(..)) => None,
            None => Some(yard.plot_of(pointer.addr())?),
        };
        let kind =
            number.map_or(Err((FaultKind::Stale, 0)), |number| judge(yard.slot(number), pointer).map(|()| number));
        Some(match kind {
            Ok(number) => Ok((yard, number)),
            Err((kind, bytes)) => Err(Fault { kind, address: pointer.addr(), block_bytes: bytes }),
        })
    }

    /// True if a guarded block lies there: the pointer is to its start, and it is live.
    #[inline]
    pub(crate) fn holds(&self, pointer: *mut u8) -> bool {
        !self.yard.load(Ordering::Relaxed).is_null() && matches!(self.claim(pointer), Some(Ok(_)))
    }

    /// Bytes of the guarded block that starts there; `None` where no slot is.
    pub(crate) fn bytes_of(&self, pointer: *mut u8) -> Option<Result<usize, Fault>> {
        Some(self.claim(pointer)?.map(|(yard, number)| yard.slot(number).bytes()))
    }

    /// A guarded block has fewer bytes from now on, where it is: what they leave is margin.
    pub(crate) fn shrink(&self, pointer: *mut u8, bytes: usize) {
        if let Some(Ok((yard, number))) = self.claim(pointer) {
            let slot = yard.slot(number);
            let left = slot.bytes().saturating_sub(bytes);
            slot.shorten(bytes);
            // SAFETY: the end of a live block that its owner, who asks, gives up.
            unsafe { pointer.wrapping_add(bytes).write_bytes(MARGIN, left) };
        }
    }

    /// Takes a guarded block back; `None` where no slot is. A fault changes nothing.
    pub(crate) fn give(&self, territory: &Territory<P>, pointer: *mut u8) -> Option<Result<(), Fault>> {
        let claimed = self.claim(pointer)?;
        Some(claimed.and_then(|(yard, number)| give(territory, yard, number, pointer)))
    }

    /// Plots of freed blocks go back, whose late use is not told then; returns the bytes.
    pub(crate) fn let_plots_go(&self, territory: &Territory<P>) -> usize {
        self.yard().map_or(0, |yard| yard.let_plots_go(&territory.provider, 0))
    }

    /// The first block in use whose margins were changed.
    ///
    /// # Safety
    ///
    /// No other thread uses the allocator meanwhile.
    pub(crate) unsafe fn find_changed(&self) -> Option<Fault> {
        self.yard()?.slots().filter(|slot| slot.is_live()).find_map(|slot| {
            // SAFETY: a block in use, which nobody frees meanwhile.
            let kind = unsafe { changed(slot) }?;
            Some(Fault { kind, address: slot.block().addr(), block_bytes: slot.bytes() })
        })
    }

    /// Bytes of the pages of blocks in use.
    pub(crate) fn live_bytes(&self) -> usize {
        self.yard().map_or(0, |yard| yard.live_bytes.load(Ordering::Relaxed))
    }

    /// Blocks in use and their bytes.
    pub(crate) fn audit(&self) -> Result<(u64, u64), Broken> {
        self.yard().map_or(Ok((0, 0)), Yard::audit)
    }

    /// Past the lock.
    pub(crate) fn pass(&self, passage: &mut Passage) {
        if let Some(yard) = self.yard() {
            yard.pass(passage);
        }
    }
}

/// What is wrong with a pointer to a slot's or a plot's addresses; with the block's bytes, where that is known.
fn judge(slot: &Slot, pointer: *mut u8) -> Result<(), (FaultKind, usize)> {
    let (block, bytes) = (slot.block().addr(), slot.bytes());
    match slot.state() {
        LIVE if pointer.addr() == block => Ok(()),
        LIVE if (block..block + bytes).contains(&pointer.addr()) => Err((FaultKind::InnerPointer, bytes)),
        BUSY | FREED if pointer.addr() == block => Err((FaultKind::DoubleFree, bytes)),
        _ => Err((FaultKind::Stale, 0)),
    }
}

/// What was done to a block's margins, if anything.
///
/// # Safety
///
/// Its pages are open, and stay so.
unsafe fn changed(slot: &Slot) -> Option<FaultKind> {
    let [front, behind] = slot.margins();
    let margins = [(behind, FaultKind::Overflow), (front, FaultKind::Underflow)];
    let changed = margins.into_iter().find(|(margin, _)| {
        // SAFETY: the caller's promise.
        unsafe { core::slice::from_raw_parts(margin.0, margin.1) }.iter().any(|&byte| byte != MARGIN)
    });
    Some(changed?.1)
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
    // SAFETY: open pages of the slot, busy by this thread.
    if let Some(kind) = unsafe { changed(slot) } {
        slot.state.store(LIVE, Ordering::Release);
        return fault(kind);
    }
    slot.given.note(provider);
    let (pages, bytes) = slot.pages();
    if let Some(pages) = NonNull::new(pages).filter(|_| bytes > 0) {
        // SAFETY: committed, and nobody needs what they hold.
        if unsafe { provider.purge(pages, bytes) } == Purged::Kept {
            slot.stained.store(true, Ordering::Relaxed);
        }
        // SAFETY: as above. Where it is refused, a late use is not told.
        let _ = unsafe { provider.guard(pages, bytes) };
    }
    yard.live_bytes.fetch_sub(bytes, Ordering::Relaxed);
    slot.state.store(FREED, Ordering::Release);
    yard.keep(provider, number);
    Ok(())
}

impl<P: PageProvider> Default for Guarded<P> {
    fn default() -> Self {
        Self::new()
    }
}
