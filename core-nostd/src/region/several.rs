//! Several regions behind one door, each with what it is good for.

#![allow(unsafe_code, reason = "hands a request to the region that it belongs to")]

use core::alloc::Layout;
use core::ptr::null_mut;

use bitflags::bitflags;

use super::heap::Heap;
use super::lock::Lock;
use super::profile::{Profile, RegionError};
use crate::harden::FaultKind;
use crate::inspect::Broken;

bitflags! {
    /// What a region is good for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Capabilities: u8 {
        /// On the chip: fast.
        const INTERNAL = 1;
        /// Beside it: large and slow (PSRAM, SDRAM).
        const EXTERNAL = 2;
        /// A DMA engine can reach it.
        const DMA = 4;
        /// Instructions can be fetched from it.
        const EXECUTABLE = 8;
    }
}

impl Capabilities {
    /// Those that a block can do without: where it lies.
    const WHEREABOUTS: Self = Self::INTERNAL.union(Self::EXTERNAL);
}

/// Where a block is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The region has all of these, or the request is refused.
    pub needs: Capabilities,
    /// Regions that have these as well are asked first.
    pub prefers: Capabilities,
}

impl Placement {
    /// The first region that has room, in the order in which they were added.
    pub const ANYWHERE: Self = Self { needs: Capabilities::empty(), prefers: Capabilities::empty() };
}

/// Up to `N` regions as one profile: `Heap<Several<2, Bounded>>`. A request goes to the first region with room, in
/// the order in which they were added, if it names no [`Placement`].
pub struct Several<const N: usize, P> {
    regions: [Region<P>; N],
    count: usize,
}

struct Region<P> {
    profile: P,
    start: *mut u8,
    bytes: usize,
    capabilities: Capabilities,
}

impl<P: Profile> Region<P> {
    const NONE: Self = Self { profile: P::EMPTY, start: null_mut(), bytes: 0, capabilities: Capabilities::empty() };

    fn contains(&self, address: usize) -> bool {
        address.wrapping_sub(self.start.addr()) < self.bytes
    }
}

impl<const N: usize, P: Profile> Several<N, P> {
    fn in_use(&mut self) -> &mut [Region<P>] {
        self.regions.get_mut(..self.count).unwrap_or_default()
    }

    fn region_of(&mut self, block: *mut u8) -> Result<&mut Region<P>, FaultKind> {
        self.in_use().iter_mut().find(|region| region.contains(block.addr())).ok_or(FaultKind::Foreign)
    }

    unsafe fn add(&mut self, start: *mut u8, bytes: usize, capabilities: Capabilities) -> Result<(), RegionError> {
        let overlaps = |region: &Region<P>| {
            start.addr() < region.start.addr() + region.bytes && region.start.addr() < start.addr() + bytes
        };
        if self.in_use().iter().any(overlaps) {
            return Err(RegionError::Overlaps);
        }
        let region = self.regions.get_mut(self.count).ok_or(RegionError::TooMany)?;
        // SAFETY: the caller's promise.
        unsafe { region.profile.adopt(start, bytes)? };
        (region.start, region.bytes, region.capabilities) = (start, bytes, capabilities);
        self.count += 1;
        Ok(())
    }

    fn take_in(&mut self, layout: Layout, placement: Placement) -> *mut u8 {
        let wished = placement.needs | placement.prefers;
        for wanted in [wished, placement.needs] {
            for region in self.in_use().iter_mut().filter(|region| region.capabilities.contains(wanted)) {
                let block = region.profile.take(layout);
                if !block.is_null() {
                    return block;
                }
            }
        }
        null_mut()
    }
}

// SAFETY: regions do not overlap, and each profile keeps its promise.
unsafe impl<const N: usize, P: Profile> Profile for Several<N, P> {
    const EMPTY: Self = Self { regions: [const { Region::NONE }; N], count: 0 };
    const LEAST_BYTES: usize = P::LEAST_BYTES;
    const MOST_BYTES: usize = P::MOST_BYTES;

    fn has_room(&self) -> Result<(), RegionError> {
        if self.count < N { Ok(()) } else { Err(RegionError::TooMany) }
    }

    unsafe fn adopt(&mut self, start: *mut u8, bytes: usize) -> Result<(), RegionError> {
        // SAFETY: the caller's promise.
        unsafe { self.add(start, bytes, Capabilities::empty()) }
    }

    fn take(&mut self, layout: Layout) -> *mut u8 {
        self.take_in(layout, Placement::ANYWHERE)
    }

    unsafe fn give(&mut self, block: *mut u8, layout: Layout) -> Result<(), FaultKind> {
        // SAFETY: the caller's promise.
        unsafe { self.region_of(block)?.profile.give(block, layout) }
    }

    unsafe fn resize(&mut self, block: *mut u8, layout: Layout, bytes: usize) -> Result<bool, FaultKind> {
        // SAFETY: the caller's promise.
        unsafe { self.region_of(block)?.profile.resize(block, layout, bytes) }
    }

    /// Where the old block is, if there is room: what can be reached by DMA stays so, the rest is preferred.
    fn take_moved(&mut self, layout: Layout, old: *mut u8) -> *mut u8 {
        let Ok(region) = self.region_of(old) else { return null_mut() };
        let (prefers, whereabouts) = (region.capabilities, Capabilities::WHEREABOUTS);
        self.take_in(layout, Placement { needs: prefers.difference(whereabouts), prefers })
    }

    fn holes(&self, each: &mut dyn FnMut(usize)) {
        for region in &self.regions {
            region.profile.holes(each);
        }
    }

    fn capacity(&self) -> usize {
        self.regions.iter().map(|region| region.profile.capacity()).sum()
    }

    fn overhead(&self) -> usize {
        self.regions.iter().map(|region| region.profile.overhead()).sum()
    }

    fn footprint(&self, block: *mut u8, layout: Layout) -> usize {
        let region = self.regions.iter().find(|region| region.contains(block.addr()));
        region.map_or(0, |region| region.profile.footprint(block, layout))
    }

    fn audit(&self) -> Result<(), Broken> {
        self.regions.iter().try_for_each(|region| region.profile.audit())
    }
}

impl<const N: usize, P: Profile, L: Lock> Heap<Several<N, P>, L> {
    /// Takes a further region over, and what it is good for.
    ///
    /// # Errors
    ///
    /// As for [`Heap::init`]; a region that overlaps one that is there is refused, and one more than `N`.
    ///
    /// # Safety
    ///
    /// As for [`Heap::init`].
    pub unsafe fn add_region(
        &self,
        start: *mut u8,
        bytes: usize,
        capabilities: Capabilities,
    ) -> Result<(), RegionError> {
        // SAFETY: the caller's promise.
        self.adopt_by(start, bytes, |several| unsafe { several.add(start, bytes, capabilities) })
    }

    /// A block in a region of the caller's choice, or null; null also for no bytes.
    pub fn take_in(&self, layout: Layout, placement: Placement) -> *mut u8 {
        if layout.size() == 0 {
            return null_mut();
        }
        self.take_by(layout, |several| several.take_in(layout, placement))
    }
}
