//! Every size that the layout of memory depends on; each relation is proved where it stands.
//!
//! ```text
//! zone      | superslab 0 (2 MiB) | superslab 1 | …            blocks and nothing else
//! superslab | slab 0 (32 KiB) | slab 1 | … | slab 63           one u64 mask
//! slab      | block | block | … | tail                         blocks of one class
//! kinds     one byte a slab                                    class of its blocks
//! live maps one byte each 8, 16, 64 and 128 B of the zone, by class: the block that starts here
//! metadata  128 KiB a superslab, downwards, 72 KiB of it used  records, remote records, words
//!           at the end of each 32nd superslab's                the pool's headers of 32 superslabs
//!           behind them in the first one's                     the start of the pool's index, which goes on behind
//!           before them in the first zone's first one's        the store's first room
//!           before that in each 32nd one's                     former classes of 32 superslabs
//! ```

/// log2 of a granule: block starts of magazine classes are multiples of 16 bytes, but for blocks of 8.
pub(crate) const GRANULE_SHIFT: u32 = 4;
/// log2 of a slab's bytes.
pub const SLAB_SHIFT: u32 = 15;
/// Bytes of a slab.
pub const SLAB_BYTES: usize = 1 << SLAB_SHIFT;
/// log2 of a superslab's bytes.
pub(crate) const SUPERSLAB_SHIFT: u32 = 21;
/// Bytes of a superslab.
pub const SUPERSLAB_BYTES: usize = 1 << SUPERSLAB_SHIFT;
/// Slabs of a superslab: as many as a mask has bits.
pub(crate) const SUPERSLAB_SLABS: usize = 64;
/// log2 of the metadata bytes of a superslab (address space; only what is used gets touched).
pub const META_SHIFT: u32 = 17;

/// Bytes of one slab's bitmap: one bit for each of its up to 4,096 blocks, of a starter two for each granule.
pub(crate) const WORDS_BYTES: usize = SLAB_BYTES / 8 / 8;
/// Words of it.
pub(crate) const WORDS: usize = WORDS_BYTES / 8;
/// Words of a slab that stand beside those of other slabs: as many as blocks of 32 bytes need.
pub(crate) const NEAR_WORDS: usize = SLAB_BYTES / 32 / 64;
/// Bytes of them.
pub(crate) const NEAR_BYTES: usize = NEAR_WORDS * 8;
/// Bytes of a slab's other words, which stand behind the near ones of all slabs.
pub(crate) const FAR_BYTES: usize = WORDS_BYTES - NEAR_BYTES;
/// Offset of them in a part of words.
pub(crate) const FAR: usize = SUPERSLAB_SLABS * NEAR_BYTES;
/// Offset of the slab records in a superslab's metadata.
pub(crate) const META_RECORDS: usize = 0;
/// Offset of the remote records.
pub(crate) const META_REMOTE: usize = META_RECORDS + SUPERSLAB_SLABS * 64;
/// Offset of the owners' bitmaps.
pub(crate) const META_WORDS: usize = META_REMOTE + SUPERSLAB_SLABS * 64;
/// Offset of the remote bitmaps.
pub(crate) const META_REMOTE_WORDS: usize = META_WORDS + SUPERSLAB_SLABS * WORDS_BYTES;
/// End of what is used of them.
pub(crate) const META_END: usize = META_REMOTE_WORDS + SUPERSLAB_SLABS * WORDS_BYTES;
/// Superslabs whose headers stand together.
pub(crate) const HEADER_GROUP: usize = 32;
/// Bytes of a superslab's header.
pub(crate) const HEADER_BYTES: usize = 64;
/// Offset of the former classes, in the metadata of the first of a group, a byte a slab: what is left of records that
/// were given back.
pub(crate) const META_FORMERS: usize = META_END;
/// Offset of what is nobody's in a group's first metadata.
pub(crate) const META_SPARE: usize = META_FORMERS + HEADER_GROUP * SUPERSLAB_SLABS;
/// Bytes of the pool's index that stand in metadata.
pub(crate) const INDEX_HEAD_BYTES: usize = 1 << 10;
/// Offset of them.
pub(crate) const META_INDEX: usize = (1 << META_SHIFT) - INDEX_HEAD_BYTES;
/// Offset of the pool's headers, in the metadata of the first of a group.
pub(crate) const META_HEADERS: usize = META_INDEX - HEADER_GROUP * HEADER_BYTES;

/// Largest request of the class whose blocks are half a granule, in bytes.
pub const TINY_MAX: usize = 8;
/// Largest request whose class is one load away, in bytes.
pub const SMALL_MAX: usize = 1 << 10;
/// Largest request of a class that packs its blocks from the first one on, in bytes.
pub(crate) const FINE_MAX: usize = 8 << 10;
/// Largest request of a class that packs its blocks where they are many, in bytes.
pub(crate) const PACKED_MAX: usize = 32 << 10;
/// Largest request of a room, in bytes.
pub(crate) const ROOM_MAX: usize = 64 << 10;
/// Largest request that lives in a superslab, in bytes; anything larger gets a mapping of its own.
pub const EXTENT_MAX: usize = 1 << 20;
/// log2 of a frame's bytes: what blocks above a room consist of.
pub(crate) const FRAME_SHIFT: u32 = 12;
/// Bytes of a frame.
pub(crate) const FRAME_BYTES: usize = 1 << FRAME_SHIFT;
/// Slabs that an area has at least: it has the words of all its slabs for itself.
pub(crate) const AREA_SLABS: usize = 4;
/// Words that it uses of them.
pub(crate) const AREA_WORDS: usize = AREA_SLABS * NEAR_WORDS;
/// Frames of a slab.
pub(crate) const SLAB_FRAMES: usize = SLAB_BYTES / FRAME_BYTES;
/// Most zones that an allocator can have.
pub(crate) const ZONES: usize = 64;

const _: () = assert!(1 << (SUPERSLAB_SHIFT - SLAB_SHIFT) == SUPERSLAB_SLABS, "a u64 has a bit for every slab");
const _: () = assert!(META_SPARE <= META_HEADERS && META_HEADERS.is_multiple_of(64), "metadata fits its share");
const _: () = assert!(EXTENT_MAX <= SUPERSLAB_BYTES, "an extent fits an area");
const _: () = assert!(WORDS <= 64, "a u64 summary has a bit for every word");
