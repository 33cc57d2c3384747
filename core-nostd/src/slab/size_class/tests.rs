use super::*;

#[test]
fn every_size_fits_its_class_and_not_the_one_below() {
    for bytes in 0..=MEDIUM_MAX {
        let class = SizeClass::of(bytes);
        let block = class.shape().bytes as usize;
        assert!(block >= bytes, "{bytes} in class {}", class.0);
        assert!(bytes == 0 || class.0 == 1 || class_bytes(class.0 as usize - 1) < bytes, "{bytes} could be smaller");
    }
    for bytes in MEDIUM_MAX + 1..=RUN_MAX {
        assert_eq!(SizeClass::of(bytes), SizeClass::RUN);
    }
}

#[test]
fn waste_is_bounded() {
    for bytes in 1..=MEDIUM_MAX {
        let block = SizeClass::of(bytes).shape().bytes as usize;
        let waste = block - bytes;
        assert!(waste <= 15 || waste * 8 <= block, "{bytes} wastes {waste}");
        assert!(bytes < 113 || waste * 8 <= block, "{bytes} wastes {waste}");
    }
}

#[test]
fn a_block_is_found_from_every_offset() {
    for class in 1..SizeClass::RUN.0 {
        let shape = SizeClass(class).shape();
        let span = (shape.slabs as usize) << SLAB_SHIFT;
        for offset in 0..span as u64 {
            assert_eq!(
                (offset * shape.reciprocal) >> 40,
                offset / u64::from(shape.bytes),
                "class {class} offset {offset}"
            );
        }
    }
}

#[test]
fn spans_hold_what_they_say() {
    for class in 1..SizeClass::RUN.0 {
        let most = if (class as usize) < MAGAZINE_CLASSES { 1 } else { 64 };
        for slabs in SizeClass(class).shape().least_slabs as usize..=most {
            let blocks = (slabs << SLAB_SHIFT) / SizeClass(class).shape().bytes as usize;
            assert_eq!(SizeClass(class).capacity_of(slabs) as usize, blocks, "class {class}, {slabs} slabs");
        }
        assert_eq!(SizeClass(class).is_medium(), class as usize >= MAGAZINE_CLASSES);
    }
    assert!(!SizeClass::RUN.is_medium() && !SizeClass::NONE.is_medium());
}

#[test]
fn spans_fit_masks_and_words() {
    for class in 1..SizeClass::RUN.0 {
        let shape = SizeClass(class).shape();
        let most = if SizeClass(class).0 < MAGAZINE_CLASSES as u8 { 4096 } else { 64 };
        assert!(shape.capacity >= 1 && shape.capacity <= most, "class {class}: {shape:?}");
        let span = (shape.slabs as usize) << SLAB_SHIFT;
        let tail = span - shape.capacity as usize * shape.bytes as usize;
        assert!(tail * 8 <= span, "class {class} leaves {tail} of {span}");
    }
}

#[test]
fn aligned_requests_get_aligned_blocks() {
    for shift in 0..=20 {
        let align = 1usize << shift;
        for bytes in (0..=RUN_MAX).step_by(509).chain(0..=2048) {
            let class = SizeClass::aligned(bytes, align).expect("up to RUN_MAX there is a class");
            if class == SizeClass::RUN {
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
    assert_eq!(SizeClass::aligned(RUN_MAX + 1, 16), None);
}
