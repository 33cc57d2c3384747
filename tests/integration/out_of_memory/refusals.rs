//! Every load with every call of the provider refused: once, with all that follow, and each so-manieth.

#![allow(unsafe_code, reason = "uses a store by itself")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::Location;
use std::path::Path;
use std::thread;

use hakmem_core::seam::Store;
use hakmem_core::{Allocator, Harden, PageProvider, Settings};
use hakmem_tests::driver::Driver;
use hakmem_tests::providers::{Faulty, LinuxPages, Narrow, Region};
use hakmem_tests::scene::new_front;

use crate::loads::{Load, Pages, ZONE, loads, zone_of};

/// What one run came to.
struct Run {
    calls: u64,
    nulls: usize,
    /// Lines of source whose call was refused.
    refused: BTreeSet<&'static Location<'static>>,
}

/// Plays a load while the provider refuses what `refuse` says, then again with all served; nothing is left.
fn run<P: PageProvider>(below: P, (name, load): (&str, Load<P>), keeps: bool, refuse: impl FnOnce(&Pages<P>)) -> Run {
    let allocator = Allocator::new(Faulty::new(Narrow::new(below, zone_of(name), usize::MAX)));
    let faulty = allocator.provider();
    // Nothing is ever young: what is idle goes back with each round.
    allocator.configure(&new_front(), &Settings::new().with(|settings| settings.purge_delay_ms = 0));
    faulty.keep(keeps);
    let before = faulty.calls();
    refuse(faulty);
    let mut driver = Driver::new(&allocator);
    driver.may_refuse = true;
    load(&allocator, &mut driver);
    driver.audit();
    let (calls, nulls) = (faulty.calls() - before, driver.refused);
    faulty.serve();
    faulty.keep(false);
    driver.may_refuse = false;
    load(&allocator, &mut driver);
    driver.finish();
    let stats = allocator.stats();
    assert_eq!(stats.cached, 0, "memory goes back: {stats:?}");
    let known = stats.zones as usize * zone_of(name) * 4 / 3 + stats.store as usize;
    assert!(faulty.reserved() <= known, "{} bytes are reserved, {known} are known: {stats:?}", faulty.reserved());
    Run { calls, nulls, refused: faulty.refused() }
}

/// Every refusal of every call of a load; returns the lines whose calls were refused.
fn refuse_all<P: PageProvider>(
    name: &str,
    load: Load<P>,
    below: impl Fn() -> P,
) -> BTreeSet<&'static Location<'static>> {
    let free = run(below(), (name, load), false, |_| {});
    assert_eq!(free.nulls, 0, "{name}: with memory nothing is refused");
    assert!(free.calls >= 3, "{name} asks for pages: {} calls", free.calls);
    let mut refused = BTreeSet::new();
    let mut number = 0;
    loop {
        number += 1;
        let once = run(below(), (name, load), number % 2 == 0, |faulty| faulty.refuse_once(number));
        if once.calls < number {
            // It came to an end without the refusal.
            return refused;
        }
        let after = run(below(), (name, load), number % 2 == 1, |faulty| faulty.refuse_from(number));
        let each = run(below(), (name, load), false, |faulty| faulty.refuse_each(number));
        [once, after, each].into_iter().for_each(|run| refused.extend(run.refused));
    }
}

/// Lines of the core that call a provider, except the provider's own.
fn calling_lines() -> BTreeSet<(String, u32)> {
    const CALLS: [&str; 7] = ["reserve(", "reserve_with(", "commit(", "populate(", "purge(", "map(", "remap("];
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core-nostd/src");
    let mut lines = BTreeSet::new();
    for folder in ["superslab", "large.rs", "pages/store.rs", "heap", "allocator", "slab"] {
        let path = source.join(folder);
        let files: Vec<_> = match fs::read_dir(&path) {
            Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file()).collect(),
            Err(_) => vec![path],
        };
        for file in files {
            let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            for (line, number) in text.lines().zip(1..) {
                let called = line
                    .match_indices("provider.")
                    .any(|(at, word)| CALLS.iter().any(|call| line[at + word.len()..].starts_with(call)));
                if called && !line.trim_start().starts_with("//") {
                    lines.insert((name_of(&file), number));
                }
            }
        }
    }
    lines
}

fn name_of(file: &Path) -> String {
    let parts: Vec<_> = file.iter().rev().take(2).map(|part| part.to_string_lossy()).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}

/// Every load with guards behind spans, while nothing goes back; returns the lines whose purge was refused.
fn keep_under_guards() -> BTreeSet<&'static Location<'static>> {
    let mut refused = BTreeSet::new();
    for (name, load) in loads::<LinuxPages>() {
        let allocator = Allocator::new(Faulty::new(Narrow::new(LinuxPages::new(), zone_of(name), usize::MAX)));
        let settings = Settings::new().with(|settings| {
            settings.purge_delay_ms = 0;
            settings.harden = Harden::GUARD_SLABS;
        });
        allocator.configure(&new_front(), &settings);
        allocator.provider().keep(true);
        let mut driver = Driver::new(&allocator);
        driver.may_refuse = true;
        load(&allocator, &mut driver);
        allocator.provider().keep(false);
        driver.finish();
        refused.extend(allocator.provider().refused());
    }
    refused
}

/// A structure of our own that is larger than the store's lists go.
fn refuse_a_huge_room() -> BTreeSet<&'static Location<'static>> {
    let (provider, bytes) = (Faulty::new(LinuxPages::new()), 4 << 20);
    // SAFETY: below.
    let store: Store<Faulty<LinuxPages>> = unsafe { Store::new() };
    provider.refuse_once(1);
    assert_eq!(store.take(&provider, bytes), None);
    assert_eq!((store.mapped(), provider.reserved()), (0, 0), "nothing is counted that is not there");
    assert!(store.take(&provider, bytes).is_some());
    provider.refused()
}

#[test]
fn each_call_on_linux_and_each_line_that_calls() {
    let refused = thread::scope(|scope| {
        let runs: Vec<_> = loads::<LinuxPages>()
            .into_iter()
            .map(|(name, load)| scope.spawn(move || refuse_all(name, load, LinuxPages::new)))
            .collect();
        let mut refused = refuse_a_huge_room();
        refused.extend(keep_under_guards());
        for run in runs {
            refused.extend(run.join().expect("no load fails"));
        }
        refused
    });
    let refused: BTreeSet<_> = refused.iter().map(|line| (name_of(Path::new(line.file())), line.line())).collect();
    let calling = calling_lines();
    assert!(calling.len() >= 8, "the core calls its provider: {calling:?}");
    let missed: Vec<_> = calling.difference(&refused).collect();
    assert!(missed.is_empty(), "never refused: {missed:?}");
}

#[test]
fn each_call_in_a_region() {
    for (name, load) in loads::<Region>() {
        // The others need more than a region has.
        if ["fixed", "larson", "remote", "mid", "threads", "prewarm"].contains(&name) {
            refuse_all(name, load, || Region::new(110, ZONE));
        }
    }
}

#[test]
fn nothing_at_all_is_null_and_no_more() {
    for (name, load) in loads::<LinuxPages>() {
        let run = run(LinuxPages::new(), (name, load), false, |faulty| faulty.refuse_from(1));
        let own_front = ["burst", "window"].contains(&name);
        assert!(own_front || run.nulls > 0, "{name}: {} nulls", run.nulls);
    }
}
