use super::*;

/// All classes whose spans hold blocks of one size.
fn classes() -> impl Iterator<Item = SizeClass> {
    (1..SizeClass::STARTER.0).map(SizeClass)
}

/// Bytes of the block that a request of `bytes` gets.
fn block_bytes(bytes: usize) -> usize {
    let class = SizeClass::of(bytes);
    if class.is_room() { class.bytes_to(Some(SizeClass::of_room(bytes).1)) } else { class.shape().bytes as usize }
}

#[test]
fn every_size_fits_its_class_and_not_the_one_below() {
    for bytes in 0..=ROOM_MAX {
        let class = SizeClass::of(bytes);
        let block = class.shape().bytes as usize;
        assert!(block >= bytes, "{bytes} in class {}", class.0);
        assert!(bytes == 0 || class.0 == 1 || class_bytes(class.0 as usize - 1) < bytes, "{bytes} could be smaller");
    }
    for bytes in ROOM_MAX + 1..=EXTENT_MAX {
        assert_eq!(SizeClass::of(bytes), SizeClass::EXTENT);
    }
    for bytes in FINE_MAX + 1..=PACKED_MAX {
        let class = SizeClass::of_packed(bytes);
        assert!(class.is_packed() && !class.has_magazine());
        assert_eq!(class.shape().bytes as usize, block_bytes(bytes), "packed or in a room, a block is as long");
    }
}

#[test]
fn waste_is_bounded() {
    for bytes in 1..=ROOM_MAX {
        let block = block_bytes(bytes);
        assert!(block >= bytes && block <= SizeClass::of(bytes).shape().bytes as usize);
        let waste = block - bytes;
        assert!(waste <= 15 || waste * 8 <= block, "{bytes} wastes {waste}");
        assert!(bytes < 113 || waste * 8 <= block, "{bytes} wastes {waste}");
    }
}

#[test]
fn a_block_is_found_from_every_offset() {
    for class in classes() {
        let shape = class.shape();
        let span = (shape.slabs as usize) << SLAB_SHIFT;
        for offset in 0..span as u64 {
            assert_eq!((offset * shape.reciprocal) >> 40, offset / u64::from(shape.bytes), "{class:?} offset {offset}");
        }
    }
}

#[test]
fn spans_hold_what_they_say() {
    for class in classes() {
        let shape = class.shape();
        let blocks = ((shape.slabs as usize) << SLAB_SHIFT) / shape.bytes as usize;
        assert_eq!(class.capacity_of(shape.slabs.into()) as usize, blocks, "{class:?}");
        assert_eq!(shape.capacity > 64, class.index() < CROWDED_CLASSES, "{class:?}");
        assert_eq!(class.is_packed(), class.index() >= PACKED);
    }
    assert!(!SizeClass::EXTENT.is_packed() && !SizeClass::STARTER.is_packed() && !SizeClass::NONE.is_packed());
}

#[test]
fn spans_fit_masks_and_words() {
    for class in classes() {
        let shape = class.shape();
        assert!(shape.capacity >= 1 && shape.capacity <= 4096, "{class:?}: {shape:?}");
        let span = (shape.slabs as usize) << SLAB_SHIFT;
        let tail = span - shape.capacity as usize * shape.bytes as usize;
        assert!(tail * 8 <= span, "{class:?} leaves {tail} of {span}");
    }
}

#[test]
fn aligned_requests_get_aligned_blocks() {
    for shift in 0..=20 {
        let align = 1usize << shift;
        for bytes in (0..=EXTENT_MAX).step_by(509).chain(0..=2048) {
            let class = SizeClass::aligned(bytes, align).expect("up to EXTENT_MAX there is a class");
            if class == SizeClass::EXTENT {
                continue;
            }
            let block = class.shape().bytes as usize;
            assert!(block >= bytes);
            assert!(
                align > SLAB_BYTES || block.is_multiple_of(align) || (align <= 16 && block.is_multiple_of(16)),
                "{bytes} at {align}: {block}"
            );
        }
    }
    assert_eq!(SizeClass::aligned(EXTENT_MAX + 1, 16), None);
}

#[test]
fn no_two_blocks_start_in_a_granule_of_their_map() {
    for class in SizeClass::all_with_magazines() {
        let (bytes, granule) = (class.shape().bytes as usize, 1usize << class.map().shift());
        assert!(bytes >= granule && granule <= 128 && bytes.is_multiple_of(class.alignment()), "{class:?}");
        assert!(class.map() != Map::Kinds && (!class.is_room() || bytes > granule), "{class:?}: no place for its mark");
    }
}
