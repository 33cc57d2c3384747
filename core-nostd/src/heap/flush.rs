//! A magazine is full: its oldest blocks go back to their slabs, neighbours together.

use core::ptr;

use super::heaps::Heaps;
use super::{Front, Heap, ThreadHeap};
use crate::harden::{Fault, FaultKind};
use crate::pages::PageProvider;
use crate::slab::{SizeClass, Slab, mailbox, starter};
use crate::superslab::Territory;

/// Blocks of one word of one slab's bitmap, on their way back.
struct Batch<'a> {
    slab: &'a Slab,
    word: usize,
    bits: u64,
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
        let mut batch: Option<Batch<'_>> = None;
        for &block in thread.blocks(front, class).iter().take(count) {
            let Some((slab, word, bit)) = self.place_of(territory, block) else {
                result = result.and(Err(Fault::at(FaultKind::Foreign, block.addr())));
                continue;
            };
            if let Some(open) = &mut batch {
                if ptr::eq(open.slab, slab) && open.word == word && open.bits & bit == 0 {
                    open.bits |= bit;
                    continue;
                }
                result = result.and(put(territory, heap, open));
            }
            batch = Some(Batch { slab, word, bits: bit });
        }
        if let Some(last) = &batch {
            result = result.and(put(territory, heap, last));
        }
        thread.drop_oldest(front, class, count);
        thread.note_flush(class);
        result
    }

    /// Hands one block back without a magazine.
    pub fn put_one(&self, territory: &Territory<P>, heap: Option<&Heap>, block: *mut u8) -> Result<(), Fault> {
        let Some((slab, word, bits)) = self.place_of(territory, block) else {
            return Err(Fault::at(FaultKind::Foreign, block.addr()));
        };
        put(territory, heap, &Batch { slab, word, bits })
    }

    #[allow(unsafe_code, reason = "looks a block's slab up")]
    fn place_of<'a>(&self, territory: &'a Territory<P>, block: *mut u8) -> Option<(&'a Slab, usize, u64)> {
        let first = territory.zones.first();
        let zone = if first.covers(block) { first } else { territory.zones.find(block)? };
        // SAFETY: the zone covers it.
        let (slab, offset) = unsafe { zone.span_of(block.addr()) };
        let (index, _) = slab.block_at(offset);
        Some((slab, index / 64, 1 << (index % 64)))
    }
}

fn put<P: PageProvider>(territory: &Territory<P>, heap: Option<&Heap>, batch: &Batch<'_>) -> Result<(), Fault> {
    let Batch { slab, word, bits } = *batch;
    let base = slab.base.load(crate::base::sync::Ordering::Relaxed).addr();
    let class = slab.class();
    let bytes = class.shape().bytes as usize;
    let twice = match heap {
        Some(heap) if heap.owns(slab) => heap.put(territory, slab, word, bits),
        _ => mailbox::post(slab, word, bits),
    };
    if twice == 0 {
        return Ok(());
    }
    let block = word * 64 + twice.trailing_zeros() as usize;
    let own = if class == SizeClass::STARTER { starter::class_at(slab, block) } else { class };
    let block_bytes = own.shape().bytes as usize;
    Err(Fault { kind: FaultKind::DoubleFree, address: base + block * bytes, block_bytes })
}
