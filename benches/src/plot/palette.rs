//! A colour for each contender, the same in every picture.

use plotters::style::RGBColor;

use crate::contender::ContenderName;

pub(super) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
pub(super) const FAINT_INK: RGBColor = RGBColor(0x66, 0x66, 0x66);
pub(super) const GRID: RGBColor = RGBColor(0xDD, 0xDD, 0xDD);
pub(super) const STRIPE: RGBColor = RGBColor(0xF6, 0xF6, 0xF4);

/// Ours is the one that is red.
pub(super) fn colour(contender: ContenderName) -> RGBColor {
    match contender {
        ContenderName::Hakmem => RGBColor(0xC8, 0x1D, 0x25),
        ContenderName::HakmemWarm => RGBColor(0xF0, 0x9A, 0x7A),
        ContenderName::HakmemDoubleFree => RGBColor(0xE8, 0x8A, 0x8E),
        ContenderName::HakmemZero => RGBColor(0xD9, 0x6C, 0x4F),
        ContenderName::HakmemJunk => RGBColor(0xC2, 0x8F, 0x3C),
        ContenderName::HakmemQuarantine => RGBColor(0x9A, 0x9C, 0x3A),
        ContenderName::HakmemRandom => RGBColor(0x5C, 0x9E, 0x8C),
        ContenderName::HakmemGuardSlabs => RGBColor(0x5B, 0x7F, 0xB5),
        ContenderName::HakmemHardened => RGBColor(0x6B, 0x10, 0x2A),
        ContenderName::Other => RGBColor(0x8C, 0x4A, 0x2F),
        ContenderName::Floor => RGBColor(0xB5, 0xB5, 0xB5),
        ContenderName::Glibc => RGBColor(0x33, 0x33, 0x33),
        ContenderName::Mimalloc3 => RGBColor(0x1F, 0x5F, 0xA8),
        ContenderName::Mimalloc3SmallPages => RGBColor(0x6F, 0xA8, 0xDC),
        ContenderName::Mimalloc2 => RGBColor(0xA9, 0xCC, 0xE8),
        ContenderName::Snmalloc => RGBColor(0x2E, 0x8B, 0x57),
        ContenderName::Rpmalloc => RGBColor(0x8F, 0xC9, 0x6B),
        ContenderName::RustyAlloc => RGBColor(0xB7, 0x6E, 0x2B),
        ContenderName::Jemalloc => RGBColor(0x7B, 0x4F, 0xA3),
        ContenderName::Tcmalloc => RGBColor(0xC9, 0xA5, 0xDD),
        ContenderName::Tbb => RGBColor(0xE3, 0xB5, 0x05),
    }
}
