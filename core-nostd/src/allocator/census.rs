//! Counting: the statistics, and the audit that walks every invariant.

#![allow(unsafe_code, reason = "walks records and other threads' magazines")]

use super::Allocator;
use super::give::block_bytes;
use crate::base::slab_mask::SlabMask;
use crate::base::sync::Ordering;
use crate::config::geometry::{FRAME_SHIFT, GRANULE_SHIFT, SLAB_BYTES, SUPERSLAB_BYTES, SUPERSLAB_SLABS, WORDS};
use crate::harden::quarantine::Quarantine;
use crate::heap::reserve::Reserve;
use crate::inspect::{Audit, Broken, Stats, check};
use crate::pages::PageProvider;
use crate::slab::area::Area;
use crate::slab::frames::Frame;
use crate::slab::size_class::CLASSES;
use crate::slab::{Live, SizeClass, Slab, starter};
use crate::superslab::Zone;
use crate::superslab::extents::Extents;

/// Bytes of some slabs.
fn bytes_of(slabs: SlabMask) -> u64 {
    (slabs.count() * SLAB_BYTES) as u64
}

/// Blocks of a class by whose hands they are in.
#[derive(Clone, Copy, Default)]
struct Tally {
    used: u64,
    remote: u64,
    live: u64,
    /// Bytes of those, which for rooms is less than their number says.
    live_bytes: u64,
}

/// Free frames of areas, and those of them whose pages are there.
#[derive(Clone, Copy, Default)]
struct Frames {
    free: usize,
    kept: usize,
}

impl<P: PageProvider> Allocator<P> {
    /// A snapshot of the figures.
    pub fn stats(&self) -> Stats {
        let mut stats = Stats {
            large: (self.large.live_bytes.load(Ordering::Relaxed) + self.territory.refuge.mappings()) as u64,
            large_cached: self.large.cached_bytes.load(Ordering::Relaxed) as u64,
            guarded: self.guarded.live_bytes() as u64,
            store: (self.territory.store.mapped() + self.territory.refuge.sheets()) as u64,
            zones: self.territory.zones.count() as u64,
            threads: u64::from(self.heaps.threads.load(Ordering::Relaxed)),
            ..Stats::default()
        };
        self.territory.pool.lock().for_each(|_, header| {
            stats.superslabs += 1;
            stats.active += bytes_of(!(header.free | header.guards));
            stats.cached += bytes_of(header.kept());
            stats.clean += bytes_of(header.free & !header.kept() | header.guards);
        });
        for heap in self.heaps.heaps() {
            let bytes = bytes_of(heap.reserve.slabs()).min(stats.active);
            stats.active -= bytes;
            stats.cached += bytes;
        }
        let (free, kept) = self.territory.frames();
        let free = ((free << FRAME_SHIFT) as u64).min(stats.active);
        let kept = ((kept << FRAME_SHIFT) as u64).min(free);
        (stats.active, stats.cached, stats.clean) =
            (stats.active - free, stats.cached + kept, stats.clean + free - kept);
        let slabs = stats.superslabs * SUPERSLAB_BYTES as u64;
        stats.mapped = slabs + stats.large + stats.large_cached + stats.guarded + stats.store;
        for heap in self.heaps.heaps() {
            stats.heaps += 1;
            stats.spans_taken += heap.spans_taken.load(Ordering::Relaxed);
            stats.spans_given += heap.spans_given.load(Ordering::Relaxed);
            stats.harvested += heap.harvested.load(Ordering::Relaxed);
        }
        for thread in self.heaps.threads() {
            stats.calls_taken += thread.calls.taken.load(Ordering::Relaxed);
            stats.bytes_taken += thread.calls.bytes.load(Ordering::Relaxed);
            stats.calls_given += thread.calls.given.load(Ordering::Relaxed);
            stats.hits += thread.calls.hits.load(Ordering::Relaxed);
        }
        stats
    }

    /// Walks every invariant and counts every block.
    ///
    /// # Safety
    ///
    /// No other thread uses the allocator meanwhile; fronts of threads whose end was not told are where they were.
    pub unsafe fn audit(&self) -> Result<Audit, Broken> {
        let mut audit = Audit::default();
        let (mut tallies, mut frames) = ([Tally::default(); CLASSES], Frames::default());
        check("pool-index", 0, u64::from(self.territory.pool.lock().is_indexed()), 1)?;
        check("tiny-map", 0, u64::from(self.territory.is_tiny_whole()), 1)?;
        let mut result = Ok(());
        self.territory.pool.lock().for_each(|place, header| {
            if result.is_ok() {
                let zone = self.territory.zones.get(place.zone);
                // SAFETY: committed, as the pool knows it.
                let records = unsafe { zone.records(place.superslab) };
                let reserves = self.heaps.heaps().map(|heap| &heap.reserve);
                let at = place.superslab.index();
                let mut free = header.free | header.guards;
                result = result.and(check("guard-slab", at, (header.free & header.guards).bits(), 0));
                for mask in reserves.filter(|reserve| reserve.place() == place).map(Reserve::slabs) {
                    result = result.and(check("reserve", at, (free & mask).bits(), 0));
                    free |= mask;
                }
                result = result.and_then(|()| walk(zone, records, free, &mut tallies, &mut frames, &mut audit));
            }
        });
        result?;
        let (free, kept) = self.territory.frames();
        check("extents", 0, frames.free as u64, free as u64)?;
        check("extents", 1, frames.kept as u64, kept as u64)?;
        let (mut cached, mut waiting, mut extents) = ([0u64; CLASSES], [0u64; CLASSES], 0);
        for thread in self.heaps.threads() {
            // SAFETY: a thread that has not ended has its front; nobody is using it.
            let Some(front) = (unsafe { thread.front.load(Ordering::Relaxed).as_ref() }) else {
                continue;
            };
            for block in thread.quarantine().into_iter().flat_map(Quarantine::blocks) {
                match self.class_of(block) {
                    Some(SizeClass::EXTENT) => extents += 1,
                    class => {
                        let class = class.unwrap_or(SizeClass::NONE);
                        self.check_cached(class, block)?;
                        waiting[class.index()] += 1;
                    }
                }
            }
            for class in SizeClass::all_with_magazines() {
                for &block in thread.blocks(front, class) {
                    self.check_cached(class, block)?;
                    cached[class.index()] += 1;
                }
            }
        }
        check("quarantine", 0, audit.waiting_blocks, extents)?;
        for (class, tally) in SizeClass::all().zip(&tallies) {
            let held = tally.used - tally.remote;
            let (bytes, is_room) = (u64::from(class.shape().bytes), class.is_room());
            let live = if class.has_magazine() { tally.live } else { held };
            let class = class.index();
            check("slab-used", class, held, live + cached[class] + waiting[class])?;
            audit.live_blocks += live;
            audit.live_bytes += if is_room { tally.live_bytes } else { live * bytes };
            audit.magazine_blocks += cached[class];
            audit.waiting_blocks += waiting[class];
            audit.remote_blocks += tally.remote;
        }
        let (blocks, bytes, kept, aside) = self.large.count();
        check("large-table", 0, self.large.live_bytes.load(Ordering::Relaxed) as u64, (bytes + aside) as u64)?;
        check("large-table", 1, self.large.cached_bytes.load(Ordering::Relaxed) as u64, kept as u64)?;
        audit.live_blocks += blocks as u64;
        audit.live_bytes += bytes as u64;
        let (blocks, bytes) = self.guarded.audit()?;
        audit.live_blocks += blocks;
        audit.live_bytes += bytes;
        for heap in self.heaps.heaps() {
            let mut result = Ok(());
            heap.for_each_slab(|slab| {
                let mine = u64::from(heap.owns(slab));
                result = result.and(check("heap-lists", core::ptr::from_ref(slab).addr(), mine, 1));
            });
            result?;
        }
        check("stats-add-up", 0, u64::from(self.stats().adds_up()), 1)?;
        Ok(audit)
    }

    /// A block in a magazine is a block of its class, not live, not in its slab.
    fn check_cached(&self, class: SizeClass, block: *mut u8) -> Result<(), Broken> {
        let broken = Broken { invariant: "magazine", at: block.addr(), found: 0, expected: u64::from(class.number()) };
        let zone = self.territory.zones.find(block).ok_or(broken)?;
        check("live-map", block.addr(), u64::from(zone.is_live(class, block)), 0)?;
        // SAFETY: the zone covers it.
        let (slab, offset) = unsafe { zone.span_of(block.addr()) };
        let found = self.class_of(block).unwrap_or(SizeClass::NONE);
        check("magazine", block.addr(), u64::from(found.number()), u64::from(class.number()))?;
        let (index, starts) = slab.block_at(offset);
        check("magazine", block.addr(), u64::from(starts && !slab.is_free(index)), 1)
    }
}

fn walk(
    zone: &Zone,
    records: &[Slab; SUPERSLAB_SLABS],
    free: SlabMask,
    tallies: &mut [Tally; CLASSES],
    frames: &mut Frames,
    audit: &mut Audit,
) -> Result<(), Broken> {
    let mut number = 0;
    while number < SUPERSLAB_SLABS {
        let slab = &records[number];
        let at = core::ptr::from_ref(slab).addr();
        let spanned = slab.class() != SizeClass::NONE;
        check("pool-mask", at, u64::from(free.contains(number)), u64::from(!spanned))?;
        if !spanned {
            number += 1;
            continue;
        }
        check("pool-mask", at, slab.tag.back() as u64, 0)?;
        let slabs = slab.slabs.load(Ordering::Relaxed) as usize;
        for record in &records[number..number + slabs] {
            check("pool-mask", at, u64::from(record.class().number()), u64::from(slab.class().number()))?;
        }
        audit.spans += 1;
        if slab.class() == SizeClass::EXTENT {
            walk_area(slab, frames, audit)?;
        } else if slab.class() == SizeClass::STARTER {
            walk_starter(zone, slab, tallies, audit)?;
        } else {
            walk_span(zone, slab, &mut tallies[slab.class().index()], audit)?;
        }
        number += slabs;
    }
    Ok(())
}

fn walk_area(slab: &Slab, frames: &mut Frames, audit: &mut Audit) -> Result<(), Broken> {
    let (at, area) = (core::ptr::from_ref(slab).addr(), Area::of(slab));
    let (mut frame, mut free) = (0, 0);
    let mut longest = 0;
    while frame < area.frames() {
        match area.at(frame) {
            Frame::Block(start, length) => {
                check("area", at, start as u64, frame as u64)?;
                audit.live_blocks += 1;
                audit.live_bytes += (length << FRAME_SHIFT) as u64;
                frame += length;
            }
            Frame::Waiting(start, length) => {
                check("area", at, start as u64, frame as u64)?;
                audit.waiting_blocks += 1;
                frame += length;
            }
            Frame::Free(_) => {
                check("area", at, u64::from(area.free().contains(frame)), 1)?;
                let run = area.free().runs().find(|&(first, _)| first == frame).map_or(1, |(_, length)| length);
                (frame, free, longest) = (frame + run, free + run, longest.max(run));
            }
        }
    }
    check("area", at, area.longest() as u64, longest as u64)?;
    check("extents", at, area.list() as u64, Extents::list_of(area) as u64)?;
    audit.spans -= u64::from(free == area.frames());
    frames.free += free;
    frames.kept += area.kept().count();
    Ok(())
}

fn walk_starter(zone: &Zone, slab: &Slab, tallies: &mut [Tally; CLASSES], audit: &mut Audit) -> Result<(), Broken> {
    let (at, base) = (core::ptr::from_ref(slab).addr(), slab.base.load(Ordering::Relaxed));
    let (mut blocks, mut own) = (0u64, 0u64);
    let mut result = Ok(());
    starter::for_each_block(slab, |granule, class| {
        blocks += 1;
        let (word, bit) = (granule / 64, 1u64 << (granule % 64));
        let mine = slab.word_of(word).load(Ordering::Relaxed) & bit != 0;
        let theirs = slab.remote_word_of(word).load(Ordering::Relaxed) & bit != 0;
        let is_live = zone.is_live(class, base.wrapping_add(granule << GRANULE_SHIFT));
        result = result.and(check("slab-word", at, u64::from(mine && theirs), 0));
        own += u64::from(mine);
        let tally = &mut tallies[class.index()];
        tally.used += u64::from(!mine);
        tally.remote += u64::from(theirs);
        tally.live += u64::from(is_live);
    });
    result?;
    audit.slab_blocks += own;
    check("starter", at, u64::from(slab.carved.load(Ordering::Relaxed)), blocks)?;
    check("slab-used", at, u64::from(slab.used.get()) + own, blocks)
}

fn walk_span(zone: &Zone, slab: &Slab, tally: &mut Tally, audit: &mut Audit) -> Result<(), Broken> {
    let at = core::ptr::from_ref(slab).addr();
    let (mut own, mut remote, mut summary) = (0u64, 0u64, 0u64);
    if slab.has_one_word() {
        let (mine, theirs) = (slab.word.load(Ordering::Relaxed), slab.remote().word.load(Ordering::Relaxed));
        check("slab-word", at, mine & theirs, 0)?;
        (own, remote) = (u64::from(mine.count_ones()), u64::from(theirs.count_ones()));
    } else {
        for word in 0..WORDS {
            let (mine, theirs) = (slab.word_of_many(word), slab.remote_word_of_many(word));
            let (mine, theirs) = (mine.load(Ordering::Relaxed), theirs.load(Ordering::Relaxed));
            check("slab-word", at, mine & theirs, 0)?;
            own += u64::from(mine.count_ones());
            remote += u64::from(theirs.count_ones());
            summary |= u64::from(mine != 0) << word;
        }
        check("slab-summary", at, slab.summary.load(Ordering::Relaxed), summary)?;
    }
    let (used, carved) = (u64::from(slab.used.get()), u64::from(slab.carved.load(Ordering::Relaxed)));
    check("slab-used", at, used + own, carved)?;
    tally.used += used;
    tally.remote += remote;
    audit.slab_blocks += own;
    let (class, base) = (slab.class(), slab.base.load(Ordering::Relaxed));
    for slab in (0..slab.span_bytes()).step_by(SLAB_BYTES) {
        let kind = zone.kind_of(base.wrapping_add(slab)).unwrap_or(SizeClass::NONE);
        let expected = if class.has_magazine() { class } else { SizeClass::NONE };
        check("kind-map", base.addr() + slab, u64::from(kind.number()), u64::from(expected.number()))?;
    }
    if class.has_magazine() {
        let granule = 1 << class.map().shift();
        for offset in (0..slab.span_bytes()).step_by(granule) {
            let live = zone.live_place(class, base.wrapping_add(offset)).map_or(Live::NOTHING, Live::at);
            let Some(start) = live.start(granule) else { continue };
            let (block, starts) = slab.block_at(offset + start);
            check("live-map", base.addr() + offset + start, u64::from(starts), 1)?;
            check("live-map", base.addr() + offset + start, u64::from(block < carved as usize), 1)?;
            tally.live += 1;
            tally.live_bytes += block_bytes(zone, slab, offset + start) as u64;
        }
    }
    Ok(())
}
