//! The slab profile: small blocks of a few sizes in pages of their own, found by masks; all else in runs between them.
//!
//! ```text
//! region      | superslabs: masks of 32 pages each | runs …    | page   | runs …  | page   | …
//! page        | block | block | … | block |                      a slab: 4, 8, 16 or 32 blocks of one class
//! masks       of each class, superslabs with room ─▶ pages with room ─▶ free blocks: three times the lowest one
//! ```
//! Page, slab and superslab are chosen at compile time: a page of `PAGE` bytes is a slab, 32 of them a superslab, which
//! has 176 bytes of masks. Runs, and the pages themselves, come from [`Tiny`], so that nothing is lost to the grid: a
//! page is one only while it has blocks. A small request that finds no page free gets a run.
//!
//! The time to take or give a small block is fixed but where a slab begins or ends; that, and runs, take what `Tiny`
//! takes.
//!
//! | name | what holds between two calls |
//! |---|---|
//! | `slab-masks` | a page of class 0 is no slab; of another, its free blocks are ones, not all of them; a page's bit of its class is a one exactly where it has a free block, a superslab's where it has such a page |

#![allow(unsafe_code, reason = "the masks live in the region")]

use core::alloc::Layout;
use core::ptr::null_mut;

use super::profile::{Profile, RegionError};
use super::scan::lowest;
use super::tiny::Tiny;
use crate::base::address::align_down;
use crate::harden::FaultKind;
use crate::inspect::{Broken, check};

/// Pages of a superslab: as many as a mask has bits; and blocks of a page, of the smallest class.
const BITS: usize = u32::BITS as usize;
/// Classes: blocks of a 32nd, a 16th, an 8th and a 4th of a page.
const CLASSES: usize = 4;
/// Superslabs, at most: as many as a mask has bits.
const SUPERSLABS: usize = BITS;

/// What is known of 32 pages. All zero is 32 pages that are no slabs.
#[repr(C)]
struct Superslab {
    /// Of each class, the pages in which a block is free.
    with_room: [u32; CLASSES],
    /// Of each page that is a slab, the free blocks.
    free: [u32; BITS],
    /// One more than the class of each page that is a slab, 0 of the others.
    class: [u8; BITS],
}

/// Below [`CLASSES`].
#[derive(Clone, Copy)]
struct Class(u8);

impl Class {
    #[inline(always)]
    const fn index(self) -> usize {
        self.0 as usize % CLASSES
    }

    /// The mask of a page all of whose blocks are free.
    const fn all_free(self) -> u32 {
        u32::MAX >> (BITS - (BITS >> self.0))
    }
}

/// A page, or where it would be.
#[derive(Clone, Copy)]
struct Place {
    superslab: usize,
    /// Below [`BITS`].
    page: usize,
}

/// Nothing, or one region, its slabs and runs. All zero is the heap without a region, of which nothing can be had.
/// `PAGE` is a power of two, 256 to 4,096 bytes; blocks up to a fourth of it are in slabs.
pub struct Slabs<const PAGE: usize = 256> {
    runs: Tiny,
    /// Where page 0 begins or would: at a multiple of its size, before the first run.
    pages: *mut u8,
    superslabs: *mut Superslab,
    count: usize,
    /// Of each class, the superslabs in which a block is free.
    with_room: [u32; CLASSES],
}

impl<const PAGE: usize> Slabs<PAGE> {
    /// log2 of the bytes of the smallest blocks.
    const SHIFT: u32 = {
        assert!(PAGE.is_power_of_two() && PAGE >= 256 && PAGE <= 4_096, "a page has 256 to 4,096 bytes");
        (PAGE / BITS).trailing_zeros()
    };
    const PAGE_LAYOUT: Layout = match Layout::from_size_align(PAGE, PAGE) {
        Ok(layout) => layout,
        Err(_) => panic!("a page has 256 to 4,096 bytes"),
    };

    /// The class of a small request: its blocks are as large, and begin at multiples of their size.
    #[inline]
    fn class(layout: Layout) -> Option<Class> {
        const CLASS: [u8; 1 << (CLASSES - 1)] = [0, 1, 2, 2, 3, 3, 3, 3];
        let bytes = if layout.size() > layout.align() { layout.size() } else { layout.align() };
        CLASS.get(bytes.wrapping_sub(1) >> Self::SHIFT).map(|&class| Class(class))
    }

    /// log2 of the bytes of a class's blocks.
    const fn shift(class: Class) -> u32 {
        Self::SHIFT + class.0 as u32
    }

    #[inline]
    fn superslab(&mut self, number: usize) -> &mut Superslab {
        // SAFETY: a number below `count`, or of a bit that is set.
        unsafe { &mut *self.superslabs.wrapping_add(number) }
    }

    fn base(&self, Place { superslab, page }: Place) -> *mut u8 {
        self.pages.wrapping_add((superslab * BITS + page) * PAGE)
    }

    /// Where a pointer is, if it is in the region.
    fn place(&self, block: *mut u8) -> Result<Place, FaultKind> {
        let number = block.addr().wrapping_sub(self.pages.addr()) / PAGE;
        let place = Place { superslab: number / BITS, page: number % BITS };
        if place.superslab < self.count { Ok(place) } else { Err(FaultKind::Foreign) }
    }

    /// The class of the slab at a place.
    fn class_at(&self, Place { superslab, page }: Place) -> Option<Class> {
        // A page is below 32: the mask says so to the compiler, here and below.
        // SAFETY: of a place, below `count`.
        unsafe { (*self.superslabs.wrapping_add(superslab)).class[page % BITS] }.checked_sub(1).map(Class)
    }

    fn all(&self) -> impl Iterator<Item = &Superslab> {
        // SAFETY: below `count`.
        (0..self.count).map(|number| unsafe { &*self.superslabs.wrapping_add(number) })
    }

    /// Tells whether a block of a slab's class is free there.
    fn set_room(&mut self, Place { superslab, page }: Place, class: Class, has_room: bool) {
        let of_pages = &mut self.superslab(superslab).with_room[class.index()];
        *of_pages = *of_pages & !(1 << page) | u32::from(has_room) << page;
        let any = *of_pages != 0;
        let of_superslabs = &mut self.with_room[class.index()];
        *of_superslabs = *of_superslabs & !(1 << superslab) | u32::from(any) << superslab;
    }

    /// A block of a slab that has one, or of a new slab; null if there is no page for it.
    fn take_small(&mut self, class: Class) -> *mut u8 {
        let filled = self.with_room[class.index()];
        let place = if filled == 0 {
            match self.open(class) {
                Some(place) => place,
                None => return null_mut(),
            }
        } else {
            let superslab = lowest(filled) as usize;
            Place { superslab, page: lowest(self.superslab(superslab).with_room[class.index()]) as usize }
        };
        let free = &mut self.superslab(place.superslab).free[place.page % BITS];
        let block = lowest(*free) as usize;
        *free &= *free - 1;
        if *free == 0 {
            self.set_room(place, class, false);
        }
        self.base(place).wrapping_add(block << Self::shift(class))
    }

    /// Makes a slab of a page.
    #[cold]
    fn open(&mut self, class: Class) -> Option<Place> {
        let page = self.runs.take(Self::PAGE_LAYOUT);
        if page.is_null() {
            return None;
        }
        let place = self.place(page).ok()?;
        let superslab = self.superslab(place.superslab);
        superslab.class[place.page % BITS] = class.0 + 1;
        superslab.free[place.page % BITS] = class.all_free();
        self.set_room(place, class, true);
        Some(place)
    }

    /// Gives the page of a slab without blocks back.
    #[cold]
    fn close(&mut self, place: Place, class: Class) -> Result<(), FaultKind> {
        self.set_room(place, class, false);
        let superslab = self.superslab(place.superslab);
        superslab.class[place.page % BITS] = 0;
        superslab.free[place.page % BITS] = 0;
        // SAFETY: nothing is in it.
        unsafe { self.runs.give(self.base(place), Self::PAGE_LAYOUT) }
    }

    /// The bit of a live block in a slab.
    fn claim(&mut self, block: *mut u8, place: Place, class: Class) -> Result<u32, FaultKind> {
        let (within, shift) = (block.addr() % PAGE, Self::shift(class));
        if within & ((1 << shift) - 1) != 0 {
            return Err(FaultKind::InnerPointer);
        }
        let bit = 1 << (within >> shift);
        let is_free = self.superslab(place.superslab).free[place.page % BITS] & bit != 0;
        if is_free { Err(FaultKind::DoubleFree) } else { Ok(bit) }
    }
}

// SAFETY: `slab-masks`: a block that is out is free in no mask, and its page, or its run, is no hole of `Tiny`.
unsafe impl<const PAGE: usize> Profile for Slabs<PAGE> {
    const EMPTY: Self =
        Self { runs: Tiny::EMPTY, pages: null_mut(), superslabs: null_mut(), count: 0, with_room: [0; CLASSES] };
    const LEAST_BYTES: usize = size_of::<Superslab>() + Tiny::LEAST_BYTES;
    const MOST_BYTES: usize = {
        let most = (SUPERSLABS * BITS - 1) * PAGE;
        if most < Tiny::MOST_BYTES { most } else { Tiny::MOST_BYTES }
    };

    fn has_room(&self) -> Result<(), RegionError> {
        self.runs.has_room()
    }

    unsafe fn adopt(&mut self, start: *mut u8, bytes: usize) -> Result<(), RegionError> {
        let end = start.addr() + bytes;
        // The fewest superslabs that reach from the first run to the end.
        for count in 1..=SUPERSLABS {
            let runs = start.wrapping_add((count * size_of::<Superslab>()).next_multiple_of(8));
            if runs.addr() + 8 > end {
                return Err(RegionError::TooSmall);
            }
            let pages = align_down(runs, PAGE);
            if pages.addr() + count * BITS * PAGE >= end {
                // SAFETY: the caller's promise; the superslabs end before the first run.
                unsafe {
                    start.write_bytes(0, count * size_of::<Superslab>());
                    self.runs.adopt(runs, end - runs.addr())?;
                }
                (self.superslabs, self.count, self.pages) = (start.cast(), count, pages);
                return Ok(());
            }
        }
        Err(RegionError::TooLarge)
    }

    fn take(&mut self, layout: Layout) -> *mut u8 {
        if let Some(class) = Self::class(layout) {
            let block = self.take_small(class);
            if !block.is_null() {
                return block;
            }
        }
        self.runs.take(layout)
    }

    unsafe fn give(&mut self, block: *mut u8, layout: Layout) -> Result<(), FaultKind> {
        let place = self.place(block)?;
        let Some(class) = self.class_at(place) else {
            // SAFETY: the caller's promise.
            return unsafe { self.runs.give(block, layout) };
        };
        let bit = self.claim(block, place, class)?;
        let free = &mut self.superslab(place.superslab).free[place.page % BITS];
        let was_full = *free == 0;
        *free |= bit;
        if *free == class.all_free() {
            return self.close(place, class);
        }
        if was_full {
            self.set_room(place, class, true);
        }
        Ok(())
    }

    unsafe fn resize(&mut self, block: *mut u8, layout: Layout, bytes: usize) -> Result<bool, FaultKind> {
        let place = self.place(block)?;
        let Some(class) = self.class_at(place) else {
            // SAFETY: the caller's promise.
            return unsafe { self.runs.resize(block, layout, bytes) };
        };
        self.claim(block, place, class)?;
        Ok(bytes <= 1 << Self::shift(class))
    }

    fn holes(&self, each: &mut dyn FnMut(usize)) {
        self.runs.holes(each);
        for superslab in self.all() {
            for (free, class) in superslab.free.iter().zip(superslab.class) {
                (0..free.count_ones()).for_each(|_| each(1 << Self::shift(Class(class - 1))));
            }
        }
    }

    fn capacity(&self) -> usize {
        self.runs.capacity()
    }

    fn overhead(&self) -> usize {
        self.count * size_of::<Superslab>()
    }

    fn footprint(&self, block: *mut u8, layout: Layout) -> usize {
        match self.place(block).map(|place| self.class_at(place)) {
            Ok(Some(class)) => 1 << Self::shift(class),
            Ok(None) => self.runs.footprint(block, layout),
            Err(_) => 0,
        }
    }

    fn audit(&self) -> Result<(), Broken> {
        self.runs.audit()?;
        let mut with_room = [0; CLASSES];
        for (number, superslab) in self.all().enumerate() {
            let mut pages = [0; CLASSES];
            for (page, (&free, &class)) in superslab.free.iter().zip(&superslab.class).enumerate() {
                let most = if class == 0 { 1 } else { Class(class - 1).all_free() };
                if free >= most || usize::from(class) > CLASSES {
                    let at = number * BITS + page;
                    return Err(Broken { invariant: "slab-masks", at, found: free.into(), expected: most.into() });
                }
                if free != 0 {
                    pages[usize::from(class) - 1] |= 1 << page;
                }
            }
            for (class, &found) in superslab.with_room.iter().enumerate() {
                expect(number * BITS, found, pages[class])?;
                with_room[class] |= u32::from(found != 0) << number;
            }
        }
        for (&found, expected) in self.with_room.iter().zip(with_room) {
            expect(0, found, expected)?;
        }
        Ok(())
    }
}

fn expect(at: usize, found: u32, expected: u32) -> Result<(), Broken> {
    check("slab-masks", at, found.into(), expected.into())
}
