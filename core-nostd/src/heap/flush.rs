//! A magazine is full: its oldest blocks go back to their slabs, neighbours together.

use super::heaps::Heaps;
use super::{Front, Heap, ThreadHeap};
use crate::config::geometry::SLAB_SHIFT;
use crate::harden::{Fault, FaultKind};
use crate::pages::PageProvider;
use crate::slab::{SizeClass, Slab, mailbox, starter};
use crate::superslab::Territory;

/// Blocks between the one at hand and the one whose span is brought in.
const AHEAD: usize = 8;

/// A span, and what is needed to number its blocks.
struct Span<'a> {
    slab: &'a Slab,
    base: usize,
    bytes: usize,
    reciprocal: u64,
}

/// Neighbours in a magazine that are neighbours in a slab: `blocks` of them, in one word of its bitmap.
struct Batch {
    word: usize,
    bits: u64,
    blocks: usize,
}

impl<P: PageProvider> Heaps<P> {
    /// Hands back the oldest `count` blocks of a class's magazine. The fault, if there is one, is a block
    /// that was in its slab already, a double free that the live map did not see, because two threads
    /// freed it at the same moment or a client said the class; or, from such a client, none of ours.
    #[cold]
    pub fn flush(
        &self,
        territory: &Territory<P>,
        front: &Front,
        thread: &ThreadHeap,
        class: SizeClass,
        count: usize,
    ) -> Result<(), Fault> {
        let heap = thread.heap();
        let mut result = Ok(());
        let mut blocks = thread.blocks(front, class).get(..count).unwrap_or_default();
        while let Some((&block, others)) = blocks.split_first() {
            if let Some(&soon) = blocks.get(AHEAD) {
                territory.zones.first().prefetch_span_of(soon);
            }
            let Some(span) = Span::over(territory, block) else {
                result = result.and(Err(Fault::at(FaultKind::Foreign, block.addr())));
                blocks = others;
                continue;
            };
            loop {
                let batch = span.gather(blocks);
                blocks = blocks.get(batch.blocks..).unwrap_or_default();
                let twice = put(territory, heap, span.slab, batch.word, batch.bits);
                if twice != 0 {
                    result = result.and(Err(double_free(span.slab, span.base, batch.word, twice)));
                }
                // A span whose last block came back may be another one's by now.
                let goes_on = |&block: &*mut u8| span.covers(block) && span.slab.is_in_use();
                if !blocks.first().is_some_and(goes_on) {
                    break;
                }
            }
        }
        thread.drop_oldest(front, class, count);
        thread.note_given(count);
        result
    }

    /// Hands all blocks of all magazines back.
    pub fn flush_all(&self, territory: &Territory<P>, front: &Front, thread: &ThreadHeap) -> Result<(), Fault> {
        let mut result = Ok(());
        for class in thread.fitted() {
            let count = thread.blocks(front, class).len();
            if count > 0 {
                result = result.and(self.flush(territory, front, thread, class, count));
            }
        }
        result
    }

    /// Hands one block back without a magazine.
    pub fn put_one(&self, territory: &Territory<P>, heap: Option<&Heap>, block: *mut u8) -> Result<(), Fault> {
        let Some(span) = Span::over(territory, block) else {
            return Err(Fault::at(FaultKind::Foreign, block.addr()));
        };
        let Batch { word, bits, .. } = span.gather(&[block]);
        match put(territory, heap, span.slab, word, bits) {
            0 => Ok(()),
            twice => Err(double_free(span.slab, span.base, word, twice)),
        }
    }
}

impl<'a> Span<'a> {
    /// The span that a block lies in; `None` if it is not ours.
    #[allow(unsafe_code, reason = "looks a block's slab up")]
    #[inline(always)]
    fn over<P: PageProvider>(territory: &'a Territory<P>, block: *mut u8) -> Option<Self> {
        let first = territory.zones.first();
        let zone = if first.covers(block) { first } else { territory.zones.find(block)? };
        // SAFETY: the zone covers it.
        let (slab, offset) = unsafe { zone.span_of(block.addr()) };
        let shape = slab.class().shape();
        let bytes = usize::from(shape.slabs) << SLAB_SHIFT;
        Some(Self { slab, base: block.addr() - offset, bytes: bytes.max(offset + 1), reciprocal: shape.reciprocal })
    }

    #[inline(always)]
    fn covers(&self, block: *mut u8) -> bool {
        block.addr().wrapping_sub(self.base) < self.bytes
    }

    /// As many of the first blocks as lie in one word; the first is the span's.
    #[inline(always)]
    fn gather(&self, blocks: &[*mut u8]) -> Batch {
        let mut batch = Batch { word: 0, bits: 0, blocks: 0 };
        for &block in blocks {
            let offset = block.addr().wrapping_sub(self.base);
            if offset >= self.bytes {
                break;
            }
            let index = ((offset as u64 * self.reciprocal) >> 40) as usize;
            let bit = 1 << (index % 64);
            if batch.bits == 0 {
                batch.word = index / 64;
            } else if index / 64 != batch.word || batch.bits & bit != 0 {
                break;
            }
            batch.bits |= bit;
            batch.blocks += 1;
        }
        batch
    }
}

/// Gives blocks back to their slab; returns those that were free already.
#[inline(always)]
fn put<P: PageProvider>(territory: &Territory<P>, heap: Option<&Heap>, slab: &Slab, word: usize, bits: u64) -> u64 {
    match heap {
        Some(heap) if heap.owns(slab) => heap.put(territory, slab, word, bits),
        _ => mailbox::post(slab, word, bits),
    }
}

#[cold]
fn double_free(slab: &Slab, base: usize, word: usize, twice: u64) -> Fault {
    let (class, block) = (slab.class(), word * 64 + twice.trailing_zeros() as usize);
    let own = if class == SizeClass::STARTER { starter::class_at(slab, block) } else { class };
    let (address, block_bytes) = (base + block * class.shape().bytes as usize, own.shape().bytes as usize);
    Fault { kind: FaultKind::DoubleFree, address, block_bytes }
}
