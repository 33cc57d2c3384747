//! The machine's free memory: frames of 4 KiB, reached where they are.

#![allow(unsafe_code, reason = "writes to memory that nobody has")]

use core::ptr::with_exposed_provenance_mut;

/// Bytes of a frame, and of a page.
pub const FRAME_BYTES: usize = 4096;
/// Behind the kernel, which lies at 1 MiB.
const FIRST: usize = 32 << 20;
/// How many there are.
pub const COUNT: usize = (64 << 20) / FRAME_BYTES;

/// Some are out, some were promised, the rest is free.
pub(super) struct Frames {
    /// The first one that was given back; each holds the address of the next one, the last one 0.
    list: usize,
    /// Where those begin that were never out.
    fresh: usize,
    out: usize,
    promised: usize,
}

/// Where a frame can be written to.
pub(super) fn contents(frame: usize) -> *mut usize {
    with_exposed_provenance_mut(frame)
}

impl Frames {
    pub(super) const fn new() -> Self {
        Self { list: 0, fresh: FIRST, out: 0, promised: 0 }
    }

    /// Frames that are out.
    pub(super) fn out(&self) -> usize {
        self.out
    }

    /// Frames that are neither out nor promised.
    pub(super) fn left(&self) -> usize {
        COUNT - self.out - self.promised
    }

    /// Keeps frames for later; they are `left` before.
    pub(super) fn promise(&mut self, frames: usize) {
        self.promised += frames;
    }

    /// They are not needed any more.
    pub(super) fn take_back_promise(&mut self) {
        self.promised -= 1;
    }

    /// A frame that was promised, all zero.
    pub(super) fn take_promised(&mut self) -> usize {
        self.promised -= 1;
        self.take()
    }

    /// A frame, all zero; one is `left` before.
    pub(super) fn take(&mut self) -> usize {
        assert!(self.out < COUNT, "frames that are left or promised are there");
        self.out += 1;
        let frame = if self.list != 0 { self.list } else { self.fresh };
        if frame == self.fresh {
            self.fresh += FRAME_BYTES;
        } else {
            // SAFETY: a frame in the list holds the next one's address.
            self.list = unsafe { contents(frame).read() };
        }
        // SAFETY: nobody has it.
        unsafe { contents(frame).cast::<u8>().write_bytes(0, FRAME_BYTES) };
        frame
    }

    /// Nobody uses a frame any more.
    pub(super) fn give(&mut self, frame: usize) {
        // SAFETY: nobody has it.
        unsafe { contents(frame).write(self.list) };
        self.list = frame;
        self.out -= 1;
    }
}
