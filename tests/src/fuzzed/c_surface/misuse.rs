//! Wrong frees: each is told in its exact words, and changes nothing.

#![allow(unsafe_code, reason = "calls C functions with wrong pointers")]

use core::ffi::c_void;

use hakmem_replay::Wrong;

use super::library_words::heard;
use super::table::{Block, Former, Table};

/// Of so many large blocks the library knows that they were freed.
const REMEMBERED: usize = 60;

const TWICE: &[&str] = &["double free"];
const INNER: &[&str] = &["invalid free: not the start of a block"];
const MISALIGNED: &[&str] = &["invalid free: misaligned"];
/// A mapping may touch a stack's, and the system names the two as one.
const FOREIGN: &[&str] = &["invalid free: not from this allocator", "invalid free: stack address"];
const ANY: &[&str] = &["double free", "invalid free: "];

impl Table {
    pub(super) fn misuse(&mut self, slot: u8, wrong: Wrong, offset: usize) {
        if self.is_beside_others {
            return;
        }
        let (live, former) = (self.slots[usize::from(slot)], self.former[usize::from(slot)]);
        let from = live.map(|block| block.start).or(former.map(|former| former.start));
        static WORDS: [u64; 2] = [0; 2];
        let local = [0u64; 2];
        let pointer = match (wrong, live, former, from) {
            (Wrong::Twice, _, Some(former), _) => former.start,
            (Wrong::Inside, Some(block), ..) => block.start.wrapping_add(1 + offset % self.usable(block.start)),
            // Behind a large block's mapping there may be anybody's memory, also a chunk of the C library's.
            (Wrong::Astray, Some(Block { is_large: true, .. }), ..) => return,
            (Wrong::Astray, None, Some(Former { is_large: true, .. }), _) => return,
            (Wrong::Astray, .., Some(from)) => from.wrapping_add(offset % (2 << 20)),
            (Wrong::Foreign, ..) => match offset % 4 {
                0 => local.as_ptr().cast::<u8>().cast_mut(),
                1 => WORDS.as_ptr().cast::<u8>().cast_mut(),
                2 => core::ptr::without_provenance_mut(8 + offset % 4096),
                _ => core::ptr::without_provenance_mut(usize::MAX - offset),
            },
            _ => return,
        };
        let (words, bytes) = match self.oracle.covering(pointer.addr()) {
            Some((start, _)) if start == pointer => return,
            Some((start, usable)) => self.inside(start, usable, pointer.addr() - start.addr()),
            None if wrong == Wrong::Foreign => (FOREIGN, None),
            None if wrong == Wrong::Twice && former.is_some_and(|former| self.is_fresh(former)) => (TWICE, None),
            // Where it was, there may be anybody's memory by now.
            None if wrong == Wrong::Twice && former.is_some_and(|former| former.is_large) => return,
            None => (ANY, None),
        };
        self.refuse(pointer, words, bytes);
    }

    fn is_fresh(&self, former: Former) -> bool {
        former.reuses == self.reuses && self.gives - former.gives < REMEMBERED
    }

    /// What is said of a pointer into a live block behind its start, and how large the block is said to be.
    fn inside(&self, start: *mut u8, usable: usize, offset: usize) -> (&'static [&'static str], Option<usize>) {
        let block = self.slots.iter().flatten().find(|block: &&Block| block.start == start).expect("the oracle's");
        if block.is_large {
            // A page of it may be remembered as the start of one that was freed or moved.
            let words = if start.addr().wrapping_add(offset).is_multiple_of(4096) { ANY } else { FOREIGN };
            return (words, Some(0));
        }
        (if offset.is_multiple_of(16) { INNER } else { MISALIGNED }, Some(usable))
    }

    fn refuse(&mut self, pointer: *mut u8, words: &[&str], bytes: Option<usize>) {
        let surface = self.surface;
        let wrong: *mut c_void = pointer.cast();
        let calls: [(&str, &dyn Fn()); 3] = [
            // SAFETY: not to be freed, which is what is tested.
            ("free", &|| unsafe { (surface.free)(wrong) }),
            // SAFETY: as above.
            ("realloc", &|| assert!(unsafe { (surface.realloc)(wrong, 100) }.is_null())),
            // SAFETY: as above.
            ("malloc_usable_size", &|| assert_eq!(unsafe { (surface.malloc_usable_size)(wrong) }, 0)),
        ];
        for (operation, call) in calls {
            let lines = heard(call);
            let [line] = &lines[..] else { panic!("{operation} of {pointer:p}: {lines:?}") };
            // Who asks for the size of a large block that was freed is not told when.
            let words = if operation == "free" || bytes.is_some() { words } else { ANY };
            let said = words.iter().find_map(|words| line.strip_prefix("hakmem: ")?.strip_prefix(words));
            let said = said.unwrap_or_else(|| panic!("not {words:?}: {line}"));
            let (_, place) = said.split_once("of 0x").unwrap_or_else(|| panic!("no address: {line}"));
            let expected = format!("{:x} by {operation}", pointer.addr());
            let size = place.strip_prefix(&expected).unwrap_or_else(|| panic!("not {expected}: {line}"));
            match bytes {
                Some(0) => assert_eq!(size, "", "{line}"),
                Some(bytes) => assert_eq!(size, format!(" (a block of {bytes} bytes)"), "{line}"),
                None => {}
            }
        }
        self.check_all();
    }
}
