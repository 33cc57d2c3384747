//! Masks: runs of ones, lowest bits.

/// The mask of the lowest `count` bits, `count` ≤ 64.
pub(crate) const fn low(count: usize) -> u64 {
    if count >= 64 { u64::MAX } else { (1 << count) - 1 }
}

/// Ones of `mask`, which has mostly one: without an instruction for it, counting takes fifteen, which the compiler would
/// take in any case rather than jump.
#[inline(always)]
pub(crate) fn count(mask: u64) -> u32 {
    if mask & mask.wrapping_sub(1) == 0 { u32::from(mask != 0) } else { count_many(mask) }
}

#[inline(never)]
fn count_many(mask: u64) -> u32 {
    mask.count_ones()
}

/// Bit `i` of the answer is set iff bits `i..i + length` of `mask` all are: where a run can start.
pub(crate) const fn run_starts(mask: u64, length: usize) -> u64 {
    let (mut starts, mut have) = (mask, 1);
    while have < length {
        let step = if have < length - have { have } else { length - have };
        starts &= starts >> step;
        have += step;
    }
    starts
}

/// Bits at the multiples of `step` slabs.
pub(crate) const fn multiples(step: usize) -> u64 {
    let (mut mask, mut at) = (0, 0);
    while at < 64 {
        mask |= 1 << at;
        at += step;
    }
    mask
}

/// Takes up to `most` of the lowest ones out of `mask`; returns them as a mask.
pub(crate) fn take_lowest(mask: &mut u64, most: usize) -> u64 {
    let before = *mask;
    if (before.count_ones() as usize) <= most {
        *mask = 0;
        return before;
    }
    let mut rest = before;
    for _ in 0..most {
        rest &= rest - 1;
    }
    *mask = rest;
    before & !rest
}

/// The number of the one in `mask` that has `before` ones below it; 64 if there is none.
pub(crate) fn nth_one(mut mask: u64, before: usize) -> u32 {
    for _ in 0..before {
        mask &= mask.wrapping_sub(1);
    }
    mask.trailing_zeros()
}

/// Calls `each` with the start and the length of every run of ones in `mask`, lowest first.
pub(crate) fn for_each_run(mut mask: u64, mut each: impl FnMut(usize, usize)) {
    while mask != 0 {
        let start = mask.trailing_zeros() as usize;
        let length = (mask >> start).trailing_ones() as usize;
        each(start, length);
        mask &= !(low(length) << start);
    }
}

#[cfg(test)]
mod tests;
