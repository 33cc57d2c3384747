//! Actions on the whole core over pages that are refused, kept, coarse, few, while the clock jumps.
//!
//! ```text
//! head     page size, zones, address space, settings (3 bytes), largest request
//! then     an action, or an event: 10xxxxxx and a byte; the lower nibble says which
//! ```

use hakmem_core::seam::SLAB_BYTES;
use hakmem_core::{Allocator, Harden, Off, PageProvider, Settings};
use hakmem_replay::Actions;
use hakmem_replay::driver::Driver;

use super::Input;
use super::folding::Folding;
use crate::providers::{Clocked, Coarse, Faulty, LinuxPages, Narrow};
use crate::scene::after_fork;

type Pages = Clocked<Narrow<Faulty<Coarse<LinuxPages>>>>;

const MIB: usize = 1 << 20;
/// Bytes that one input may ask for.
const WORK_BYTES: u64 = 96 << 20;
/// The upper bits of an event.
const EVENT: u8 = 0b10;

/// Settings of three bytes.
pub(super) fn settings(input: &mut Input<'_>) -> Settings {
    let (switches, off, numbers) = (input.byte(), input.byte(), input.byte());
    let choice = |place: u32| usize::from(numbers >> place & 3);
    Settings::new().with(|settings| {
        settings.stats = switches & 1 != 0;
        settings.harden = Harden::from_bits_truncate(switches >> 1 & 1 | switches >> 3 << 1);
        settings.huge_pages = switches & 4 == 0;
        settings.purge_delay_ms = [1000, 0, 1, 3_600_000][choice(0)];
        settings.large_cache_bytes = [32 * MIB, 0, 3 * MIB, 1 << 40][choice(2)];
        settings.prewarm_bytes = [0, 0, 4096, 3 * MIB][choice(4)];
        settings.prewarm_blocks = [0, 0, 1, 9][choice(6)];
        settings.off = Off::from_bits_truncate(off);
    })
}

/// What happens between two actions.
struct World<'a> {
    allocator: &'a Allocator<Pages>,
    now_ms: u64,
    /// True where a page holds several slabs, and once purged memory was kept, or a call refused: idle memory need not
    /// go back whole.
    is_odd: bool,
}

impl World<'_> {
    fn faulty(&self) -> &Faulty<Coarse<LinuxPages>> {
        self.allocator.provider().below().below()
    }

    fn happen(&mut self, driver: &mut Driver<'_, Pages>, input: &mut Input<'_>) {
        let (kind, value) = (input.byte() & 15, input.byte());
        match kind {
            0..=2 => self.faulty().refuse_once(1 + u64::from(value % 32)),
            3 => self.faulty().refuse_from(1 + u64::from(value % 32)),
            4 | 5 => self.faulty().serve(),
            6 => self.faulty().keep(value % 2 == 0),
            7..=9 => {
                self.now_ms += 1 << (value % 40);
                self.allocator.provider().set_ms(self.now_ms);
            }
            10 | 11 => driver.configure(&settings(input)),
            12 => {
                driver.call(|allocator, front| allocator.prewarm(front, usize::from(value) << 14));
            }
            13 => {
                driver.call(|allocator, front| allocator.prewarm_classes(front, usize::from(value % 16)));
            }
            14 => {
                driver.call(|allocator, front| allocator.round(front));
            }
            _ => {
                driver.call(|allocator, front| {
                    allocator.before_fork(front);
                    after_fork(allocator, front, false).expect("nothing was given back meanwhile");
                });
            }
        }
        self.is_odd |= matches!(kind, 0..=3 | 6);
    }
}

/// Gives everything back, to a provider that serves again.
fn finish(world: &World<'_>, driver: Driver<'_, Pages>) {
    world.faulty().serve();
    world.faulty().keep(false);
    driver.finish();
    let stats = world.allocator.stats();
    assert!(stats.cached == 0 || world.is_odd, "idle memory went back: {stats:?}");
}

/// A head, actions and events.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let modes = input.byte();
    let page_bytes = [4096, 4096, 16 << 10, 64 << 10][usize::from(modes & 3)];
    let zone_bytes = [4 * MIB, 8 * MIB, 64 * MIB, 512 * MIB][usize::from(modes >> 2 & 3)];
    let most_bytes = [usize::MAX, 1 << 30, 48 * MIB, 12 * MIB][usize::from(modes >> 4 & 3)];
    let most_request = [600, 40_000, 2 << 20, 6 << 20][usize::from(modes >> 6)];
    let mut folding = Folding { most_bytes: most_request, most_align_shift: 21, left_bytes: WORK_BYTES };
    let first = settings(&mut input);
    let every = 1 + usize::from(input.byte() ^ 15);

    let pages = Faulty::new(Coarse::new(LinuxPages::new(), page_bytes));
    let allocator = Allocator::new(Clocked::new(Narrow::new(pages, zone_bytes, most_bytes)));
    assert_eq!(allocator.provider().page_bytes(), page_bytes);
    let mut driver = Driver::new(&allocator);
    driver.may_refuse = true;
    driver.configure(&first);
    let mut world = World { allocator: &allocator, now_ms: 0, is_odd: page_bytes > SLAB_BYTES };
    let mut number = 0usize;
    while let Some(&head) = input.rest().first() {
        if head >> 6 == EVENT {
            world.happen(&mut driver, &mut input);
        } else {
            let mut actions = Actions::new(input.rest());
            let Some(action) = actions.next() else { break };
            input.go_on(actions.rest());
            if let Some(action) = folding.fold(action) {
                driver.step(action);
            }
        }
        number += 1;
        if number.is_multiple_of(every) {
            driver.audit();
        }
    }
    finish(&world, driver);
}
