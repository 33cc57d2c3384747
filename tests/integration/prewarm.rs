//! Memory that is warmed is there, is kept until it is used, and is not missed where there is none.

#![allow(unsafe_code, reason = "audits; writes to blocks")]

use hakmem_core::{Allocator, Settings};
use hakmem_tests::providers::{Clocked, Coarse, Faulty, LinuxPages, Narrow, Region};
use hakmem_tests::scene::{Scene, give_slow, new_front};

const MIB: usize = 1 << 20;
const SLAB: usize = 32 << 10;

/// Minor page faults of this thread so far.
fn faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").expect("Linux has /proc");
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    behind_name.split_whitespace().nth(7).and_then(|field| field.parse().ok()).expect("the kernel's own format")
}

/// Page faults of writing to blocks of 32 KiB, 16 MiB in all.
fn faults_of_use(scene: &Scene) -> u64 {
    // A huge page is one fault.
    scene.allocator.configure(&scene.one, &Settings::new().with(|settings| settings.huge_pages = false));
    let before = faults();
    for _ in 0..16 * MIB / SLAB {
        let block = scene.take(SLAB);
        for page in 0..SLAB / 4096 {
            // SAFETY: the block is ours, and that long.
            unsafe { block.add(page * 4096).write(1) };
        }
    }
    faults() - before
}

#[test]
fn what_is_warm_costs_no_page_faults() {
    let cold = faults_of_use(&Scene::new(64 * MIB));
    let scene = Scene::new(64 * MIB);
    assert_eq!(scene.allocator.prewarm(&scene.one, 20 * MIB), 20 * MIB);
    assert_eq!(scene.allocator.stats().cached, 20 * MIB as u64, "it counts as free memory that is kept");
    let warm = faults_of_use(&scene);
    scene.audit();
    assert!(cold >= 4096 && warm < cold / 8, "{cold} and {warm} faults");
}

#[test]
fn bytes_are_rounded_up_to_slabs() {
    let scene = Scene::new(64 * MIB);
    assert_eq!(scene.allocator.prewarm(&scene.one, 0), 0);
    assert_eq!(scene.allocator.prewarm(&scene.one, 1), SLAB);
    assert_eq!(scene.allocator.prewarm(&scene.one, 3 * MIB), 3 * MIB, "beside what is warm already");
    assert_eq!(scene.allocator.stats().cached, (3 * MIB + SLAB) as u64);
    scene.audit();
}

#[test]
fn the_first_thread_finds_blocks_of_every_small_class() {
    let scene = Scene::new(64 * MIB);
    assert!(scene.allocator.prewarm_classes(&scene.one, 64) > 64 * 8 * 1024);
    for bytes in (16..=1024).step_by(16) {
        assert!(!scene.allocator.take(&scene.one, bytes).is_null(), "{bytes}: no block at hand");
    }
    assert_eq!(scene.audit().live_blocks, 64);
}

#[test]
fn settings_warm_up_and_are_not_counted_as_calls() {
    let scene = Scene::new(64 * MIB);
    let settings = Settings::new().with(|settings| {
        settings.stats = true;
        settings.prewarm_bytes = 4 * MIB;
        settings.prewarm_blocks = 32;
    });
    scene.allocator.configure(&scene.one, &settings);
    let stats = scene.allocator.stats();
    assert!(stats.active + stats.cached >= 4 * MIB as u64, "{stats:?}");
    assert_eq!((stats.calls_taken, stats.calls_given), (0, 0));
    scene.audit();
}

#[test]
fn it_stays_until_it_is_used_or_trimmed() {
    let pages = Clocked::new(Faulty::new(Narrow::new(LinuxPages::new(), 64 * MIB, usize::MAX)));
    let (allocator, front) = (Allocator::new(pages), new_front());
    assert_eq!(allocator.prewarm(&front, 8 * MIB), 8 * MIB);
    allocator.provider().set_ms(1_000_000);
    // A large block looks at the clock.
    for _ in 0..2 {
        let block = allocator.take_slow(&front, 4 * MIB);
        give_slow(&allocator, &front, block).expect("a live block");
    }
    assert_eq!(allocator.stats().cached, 8 * MIB as u64, "nobody asked for it back");
    assert!(allocator.trim(&front) >= 8 * MIB);
    assert_eq!(allocator.stats().cached, 0);
}

#[test]
fn where_memory_is_out_less_is_warm() {
    for number in 1..12 {
        let scene = Scene::new(64 * MIB);
        scene.allocator.provider().below().below().refuse_from(number);
        let warm = scene.allocator.prewarm(&scene.one, 64 * MIB);
        assert!(warm < 64 * MIB && warm.is_multiple_of(2 * MIB), "{warm} bytes at {number}");
        scene.allocator.prewarm_classes(&scene.one, 100);
        scene.audit();
        scene.allocator.provider().below().below().serve();
        assert_eq!(scene.allocator.prewarm(&scene.one, 2 * MIB), 2 * MIB);
        scene.audit();
    }
}

#[test]
fn a_region_has_what_it_has() {
    let (allocator, front) = (Allocator::new(Region::new(24, 8 * MIB)), new_front());
    let warm = allocator.prewarm(&front, 1 << 40);
    assert!((4 * MIB..24 * MIB).contains(&warm), "{warm} bytes");
    assert!(!allocator.take_slow(&front, MIB).is_null());
    // SAFETY: one thread.
    unsafe { allocator.audit() }.expect("every invariant holds");
}

#[test]
fn others_take_blocks_meanwhile() {
    let allocator = Allocator::new(Narrow::new(Faulty::new(LinuxPages::new()), 256 * MIB, usize::MAX));
    std::thread::scope(|scope| {
        scope.spawn(|| (0..100).for_each(|_| assert_eq!(allocator.prewarm(&new_front(), MIB), MIB)));
        for bytes in [64, 1000, 9000] {
            let allocator = &allocator;
            scope.spawn(move || {
                let front = new_front();
                let blocks: Vec<_> = (0..2000).map(|_| allocator.take_slow(&front, bytes)).collect();
                for &block in &blocks {
                    assert!(!block.is_null());
                    // SAFETY: the block is ours, and that long.
                    unsafe { block.write_bytes(7, bytes) };
                }
                for block in blocks {
                    // SAFETY: as above.
                    assert!(unsafe { core::slice::from_raw_parts(block, bytes) }.iter().all(|&byte| byte == 7));
                    give_slow(allocator, &front, block).expect("a live block");
                }
                allocator.end_thread(&front).expect("no block was freed twice");
            });
        }
    });
    // SAFETY: all threads have ended.
    assert_eq!(unsafe { allocator.audit() }.expect("every invariant holds").live_blocks, 0);
}

/// Records of a superslab end within a page of 16 KiB: once a part of one was touched.
#[test]
fn whole_pages_are_warmed_however_large_they_are() {
    for page_bytes in [4096, 16 << 10, 64 << 10] {
        let allocator = Allocator::new(Coarse::new(Narrow::new(LinuxPages::new(), 64 * MIB, usize::MAX), page_bytes));
        assert_eq!(allocator.prewarm(&new_front(), 10 * MIB), 10 * MIB, "pages of {page_bytes} bytes");
        assert_eq!(allocator.stats().cached, 10 * MIB as u64);
    }
}
