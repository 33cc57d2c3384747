//! The smallest loop: a block is allocated and freed at once.

use crate::sample::Sample;
use crate::workload::block::Block;
use crate::workload::meter::Meter;
use crate::workload::xorshift::Xorshift;

/// `steps` pairs; `size` chooses from a draw.
pub(crate) fn run(steps: u64, size: impl Fn(&mut Xorshift) -> usize) -> Sample {
    let mut random = Xorshift::new(42);
    let meter = Meter::start();
    for _ in 0..steps {
        Block::with_ends(size(&mut random)).free();
    }
    meter.stop().finish(steps)
}
