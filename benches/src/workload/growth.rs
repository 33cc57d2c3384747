//! One block that grows by `realloc` until it holds 256 MiB, again and again.

use std::time::{Duration, Instant};

use crate::sample::Sample;
use crate::workload::block::Block;
use crate::workload::meter::Meter;

const TOP: usize = 256 << 20;
/// Copying at every step takes minutes. A growth is cut short here, which flatters the one that copies: the
/// steps left out are the dearest.
const PATIENCE: Duration = Duration::from_secs(20);

/// A step is a `realloc`; each size follows from the one before, and `TOP` ends a growth.
pub(crate) fn run(steps: u64, first: usize, next: impl Fn(usize) -> usize) -> Sample {
    let meter = Meter::start();
    let start = Instant::now();
    let mut done = 0;
    while done < steps && start.elapsed() < PATIENCE {
        let mut size = first;
        let mut block = Block::with_ends(size);
        while size < TOP && done < steps && start.elapsed() < PATIENCE {
            let larger = next(size);
            block = block.grown(size, larger);
            size = larger;
            done += 1;
        }
        block.free();
    }
    meter.stop().finish(done)
}
