//! A magazine is full: its oldest blocks go back to their slabs, neighbours together.

use super::heaps::Heaps;
use super::{Front, Heap, ThreadHeap};
use crate::base::sync::{AtomicU64, Ordering};
use crate::config::geometry::{SLAB_BYTES, SLAB_SHIFT};
use crate::harden::{Fault, FaultKind};
use crate::pages::PageProvider;
use crate::slab::{SizeClass, Slab, mailbox, starter};
use crate::superslab::Territory;

/// Blocks between the one at hand and the one whose span is brought in.
const AHEAD: usize = 8;

/// Neighbours in a magazine that are neighbours in a slab: their bits, all in one word of its bitmap.
struct Batch<'a> {
    slab: &'a Slab,
    place: &'a AtomicU64,
    word: usize,
    bits: u64,
}

impl<P: PageProvider> Heaps<P> {
    /// Hands back the oldest `count` blocks of a class's magazine. The fault, if there is one, is a block
    /// that was in its slab already, a double free that its live map did not see, because two threads
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
        let (heap, mut result) = (thread.heap(), Ok(()));
        let are_single = class.shape().slabs == 1;
        let mut blocks = thread.blocks(front, class).get(..count).unwrap_or_default();
        while let Some((&block, others)) = blocks.split_first() {
            if let Some(&soon) = blocks.get(AHEAD) {
                territory.zones.first().prefetch_span_of(soon);
            }
            let gathered = if are_single {
                Batch::gather::<P, true>(territory, class, block, others)
            } else {
                Batch::gather::<P, false>(territory, class, block, others)
            };
            let given = if let Some((batch, left)) = gathered {
                blocks = left;
                batch.put(territory, heap, class)
            } else {
                blocks = others;
                self.put_one(territory, heap, block)
            };
            if let Err(fault) = given {
                result = result.and(Err(fault));
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

    /// Hands one block back without a magazine, whatever it lies in.
    #[allow(unsafe_code, reason = "looks a block's slab up")]
    pub fn put_one(&self, territory: &Territory<P>, heap: Option<&Heap>, block: *mut u8) -> Result<(), Fault> {
        let Some(zone) = territory.zone_of(block) else {
            // A client that says the class may have it from the refuge.
            let given = territory.refuge.give(&territory.provider, block);
            return given.unwrap_or(Err(Fault::at(FaultKind::Foreign, block.addr())));
        };
        // SAFETY: the zone covers it.
        let (slab, offset) = unsafe { zone.span_of(block.addr()) };
        if !slab.is_in_use() {
            return Err(Fault::at(FaultKind::DoubleFree, block.addr()));
        }
        Batch::of(slab, slab.class(), slab.class().block_at(offset)).put(territory, heap, slab.class())
    }
}

impl<'a> Batch<'a> {
    #[inline(always)]
    fn of(slab: &'a Slab, class: SizeClass, number: usize) -> Self {
        let word = number / 64;
        let place = if class.shape().capacity <= 64 { &slab.word } else { slab.word_of_many(word) };
        Self { slab, place, word, bits: 1 << (number % 64) }
    }

    /// A block and as many of those behind it as lie in the same word, and what is left of these; `None` if it lies in
    /// no span of the class, each of which is one slab or, without `ARE_SINGLE`, more.
    #[inline(always)]
    fn gather<'b, P: PageProvider, const ARE_SINGLE: bool>(
        territory: &'a Territory<P>,
        class: SizeClass,
        first: *mut u8,
        others: &'b [*mut u8],
    ) -> Option<(Self, &'b [*mut u8])> {
        let (slab, offset) = territory.zones.first().span_of_class::<ARE_SINGLE>(class, first)?;
        let mut batch = Self::of(slab, class, class.block_at(offset));
        let span_bytes = if ARE_SINGLE { SLAB_BYTES } else { usize::from(class.shape().slabs) << SLAB_SHIFT };
        let base = first.addr() - offset;
        let is_near = |next: &*mut u8| next.addr().wrapping_sub(base) < span_bytes;
        if !others.first().is_some_and(is_near) {
            return Some((batch, others));
        }
        // The stretch of the word's blocks: the last word's may end with the span.
        let word_bytes = 64 * class.shape().bytes as usize;
        let start = batch.word * word_bytes;
        let (base, bytes) = (base + start, word_bytes.min(span_bytes - start));
        let is_neighbour = |&&block: &&*mut u8| {
            let offset = block.addr().wrapping_sub(base);
            if offset >= bytes {
                return false;
            }
            let (bit, before) = (1 << (class.block_at(offset) % 64), batch.bits);
            batch.bits |= bit;
            batch.bits != before
        };
        let joined = others.iter().take_while(is_neighbour).count();
        Some((batch, others.get(joined..).unwrap_or_default()))
    }

    /// Gives the blocks back, of a span of that class.
    #[inline(always)]
    fn put<P: PageProvider>(
        &self,
        territory: &Territory<P>,
        heap: Option<&Heap>,
        class: SizeClass,
    ) -> Result<(), Fault> {
        let twice = match heap {
            Some(heap) if heap.owns(self.slab) => heap.put_at(territory, self.slab, self.place, self.word, self.bits),
            _ if self.slab.is_in_use() => mailbox::post(self.slab, self.word, self.bits),
            // Its last block came back before, and this one must have been it.
            _ => self.bits,
        };
        if twice == 0 { Ok(()) } else { Err(double_free(self.slab, class, self.word, twice)) }
    }
}

#[cold]
fn double_free(slab: &Slab, class: SizeClass, word: usize, twice: u64) -> Fault {
    let block = word * 64 + twice.trailing_zeros() as usize;
    let own = if class == SizeClass::STARTER { starter::class_at(slab, block) } else { class };
    let base = slab.base.load(Ordering::Relaxed);
    let (address, block_bytes) = (base.addr() + block * class.shape().bytes as usize, own.shape().bytes as usize);
    Fault { kind: FaultKind::DoubleFree, address, block_bytes }
}
