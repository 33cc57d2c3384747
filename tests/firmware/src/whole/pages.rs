//! The page tables, as the trait's table of states wants them.

#![allow(unsafe_code, reason = "maps, writes, unmaps")]

use core::ptr::NonNull;

use hakmem_core::{PageProvider, Purged};

use crate::board::frames::{COUNT, FRAME_BYTES};
use crate::board::pages::Pages;
use crate::board::paging;

/// Pages of a run.
const RUN: usize = 16;
const BYTES: usize = RUN * FRAME_BYTES;

fn frames_out() -> usize {
    paging::with(|paging| paging.frames_out())
}

fn page(run: NonNull<u8>, number: usize) -> *mut usize {
    run.as_ptr().wrapping_add(number * FRAME_BYTES).cast()
}

fn words(run: NonNull<u8>, pages: core::ops::Range<usize>) -> impl Iterator<Item = usize> {
    // SAFETY: the caller's run is committed there.
    pages.map(move |number| unsafe { page(run, number).read_volatile() })
}

pub(super) fn states() {
    let before = frames_out();
    let run = Pages.reserve(BYTES, 2 << 20).expect("addresses are left");
    assert!(run.addr().get().is_multiple_of(2 << 20));
    assert_eq!(frames_out(), before, "addresses cost nothing");
    // SAFETY: a run of ours; what is touched is committed.
    unsafe {
        assert!(Pages.commit(run, BYTES / 2).is_ok());
        let tables = frames_out();
        assert!(words(run, 0..RUN / 2).all(|word| word == 0), "what was never touched reads as zero");
        assert_eq!(frames_out(), tables + RUN / 2, "a frame for each page that was touched");
        (0..RUN / 2).for_each(|number| page(run, number).write_volatile(number + 1));
        assert!(Pages.commit(run, BYTES).is_ok());
        assert!(words(run, 0..RUN / 2).eq(1..=RUN / 2), "what was committed stays as it is");
        assert!(Pages.populate(run, BYTES));
        assert_eq!(frames_out(), tables + RUN);

        let half = NonNull::new(page(run, RUN / 2).cast()).expect("not null");
        page(run, RUN - 1).write_volatile(7);
        assert_eq!(Pages.purge(half, BYTES / 2), Purged::Zeroed);
        assert_eq!(frames_out(), tables + RUN / 2, "the frames came back");
        assert!(words(run, RUN / 2..RUN).all(|word| word == 0), "what was purged reads as zero");
        assert!(words(run, 0..RUN / 2).eq(1..=RUN / 2), "what was not stays as it is");
        Pages.purge(run, BYTES);
        Pages.purge(run, BYTES);
        assert_eq!(frames_out(), tables);
        page(run, 0).write_volatile(1);
        Pages.release(run, BYTES);
    }
    assert_eq!(frames_out(), before, "pages and tables came back");
}

pub(super) fn refusals() {
    let left = || paging::with(|paging| (paging.frames_out(), paging.frames_left()));
    let before = left();
    let run = Pages.reserve(COUNT * FRAME_BYTES, FRAME_BYTES).expect("addresses are left");
    // SAFETY: a run of ours, nobody touches it.
    unsafe {
        assert!(Pages.commit(run, COUNT * FRAME_BYTES).is_err(), "tables need frames, too");
        assert_eq!(left(), before, "what was refused changes nothing");
        assert!(Pages.commit(run, COUNT / 2 * FRAME_BYTES).is_ok());
        assert!(Pages.commit(run, COUNT / 2 * FRAME_BYTES).is_ok(), "it is there already");
        let beyond = NonNull::new(page(run, COUNT / 2).cast()).expect("not null");
        assert!(Pages.commit(beyond, COUNT / 2 * FRAME_BYTES).is_err(), "what was promised is not left");
        Pages.release(run, COUNT * FRAME_BYTES);
    }
    assert_eq!(left(), before);
}
