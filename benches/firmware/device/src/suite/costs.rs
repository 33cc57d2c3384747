//! Instructions a call, over the streams.

use firmware_device::{ARENA_BYTES, say};

use super::heap::{self, Block};
use super::stream::{FIFO64, MIXED256, RAND64, SMALL256, Slots, Stream, TIGHT200, Watch};

/// Costs from here on are one in the histogram.
const COSTS: usize = 4096;

struct Tally {
    histogram: [u32; COSTS],
    calls: u32,
    total: u64,
    most: u32,
}

impl Tally {
    const ZERO: Self = Self { histogram: [0; COSTS], calls: 0, total: 0, most: 0 };

    fn add(&mut self, cost: u32) {
        self.histogram[(cost as usize).min(COSTS - 1)] += 1;
        self.calls += 1;
        self.total += u64::from(cost);
        self.most = self.most.max(cost);
    }

    /// The least cost that 99 % of the calls do not exceed.
    fn p99(&self) -> usize {
        let mut left = self.calls - self.calls / 100;
        let reached = |&calls: &u32| {
            left = left.saturating_sub(calls);
            left == 0
        };
        self.histogram.iter().position(reached).unwrap_or(0)
    }

    fn say(&self, stream: &str, call: &str) {
        let hundredths = self.total * 100 / u64::from(self.calls.max(1));
        say!("{stream}.{call}.mean {}.{:02}", hundredths / 100, hundredths % 100);
        say!("{stream}.{call}.p99 {}", self.p99());
        say!("{stream}.{call}.max {}", self.most);
    }
}

/// Counts, and checks what is in the blocks.
struct Watcher {
    alloc: Tally,
    free: Tally,
    live: usize,
    peak: usize,
    refused: usize,
    refused_bytes: usize,
}

fn letter(block: &Block) -> u8 {
    (block.address / 8 + block.bytes) as u8
}

impl Watch for Watcher {
    fn took(&mut self, block: Option<&mut Block>, bytes: usize, cost: u32) {
        self.alloc.add(cost);
        if let Some(block) = block {
            let letter = letter(block);
            heap::contents(block).fill(letter);
            self.live += bytes;
            self.peak = self.peak.max(self.live);
        } else {
            self.refused += 1;
            self.refused_bytes += bytes;
        }
    }

    fn gives(&mut self, block: &mut Block) {
        self.live -= block.bytes;
        let letter = letter(block);
        assert!(heap::contents(block).iter().all(|&byte| byte == letter), "somebody wrote into a live block");
    }

    fn gave(&mut self, cost: u32) {
        self.free.add(cost);
    }
}

fn measure(stream: &Stream) {
    heap::renew(ARENA_BYTES);
    let mut watcher = Watcher { alloc: Tally::ZERO, free: Tally::ZERO, live: 0, peak: 0, refused: 0, refused_bytes: 0 };
    stream.play(&mut Slots::empty(), &mut watcher);
    let name = stream.name;
    watcher.alloc.say(name, "alloc");
    watcher.free.say(name, "free");
    say!("{name}.peak {}", watcher.peak);
    say!("{name}.refused {}", watcher.refused);
    say!("{name}.refused_bytes {}", watcher.refused_bytes);
}

pub(crate) fn run() {
    for stream in [RAND64, TIGHT200, SMALL256, MIXED256, FIFO64] {
        measure(&stream);
    }
}
