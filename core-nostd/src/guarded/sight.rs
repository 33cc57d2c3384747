//! What an address among the slots tells: of a fault that the system saw, or of a pointer that was freed wrongly.

use super::Guarded;
use super::place::{Plan, Spot};
use super::slot::Slot;
use crate::pages::PageProvider;

/// What somebody did who touched an address that is shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trespass {
    /// The block was freed.
    UseAfterFree,
    /// It is behind the end of a block.
    Overflow,
    /// It is before the start of a block.
    Underflow,
}

/// A slot, as an address leads to it.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// What it was, had it been touched.
    pub trespass: Trespass,
    /// Where the block starts.
    pub block: usize,
    /// The slot that has or had the block.
    pub slot: &'a Slot,
}

/// Slots that an address may be meant for, the likeliest first: in a guard, the nearer one.
fn candidates(plan: Plan, spot: Spot) -> [Option<usize>; 2] {
    let known = |number: usize| (number < plan.count).then_some(number);
    match spot {
        Spot::Slot(number, _) => [known(number), None],
        Spot::Guard(number, within) if within < plan.page / 2 => [number.checked_sub(1), known(number)],
        Spot::Guard(number, _) => [known(number), number.checked_sub(1)],
    }
}

impl<P: PageProvider> Guarded<P> {
    /// What is known of an address; `None` where no slot is, or none was ever used.
    pub(crate) fn sight(&self, address: usize) -> Option<Sight<'_>> {
        let yard = self.yard()?;
        let number = match yard.spot(address) {
            Some(spot) => {
                let candidates = candidates(yard.plan, spot);
                let used = || candidates.into_iter().flatten().filter(|&number| yard.is_home(number));
                used().find(|&number| yard.slot(number).is_live()).or_else(|| used().next())
            }
            None => yard.plot_seen(address),
        };
        let slot = yard.slot(number?);
        let block = slot.block().addr();
        let trespass = if !slot.is_live() {
            Trespass::UseAfterFree
        } else if address < block {
            Trespass::Underflow
        } else {
            Trespass::Overflow
        };
        Some(Sight { trespass, block, slot })
    }
}
