//! The Rust door, which is this program's own allocator.

use std::process::Command;
use std::{env, thread};

use allocator_api2::alloc::Allocator;
use hakmem_alloc::{Hakmem, Settings, configure, prewarm, prewarm_classes, stats, trim};

use crate::arguments::{Canaries, layouts, settings};

const MIB: usize = 1 << 20;
/// Set in the processes that this one starts.
const CHILD: &str = "HAKMEM_HOSTILE_CHILD";

#[test]
fn blocks_of_any_layout() {
    let canaries = Canaries::new();
    for layout in layouts() {
        for block in [Hakmem.allocate(layout), Hakmem.allocate_zeroed(layout)].into_iter().flatten() {
            assert!(block.addr().get().is_multiple_of(layout.align()));
        }
        trim();
    }
    assert!(format!("{:?}", Hakmem.clone()).contains("Hakmem"));
    canaries.are_whole();
}

#[test]
fn it_is_warmed_up_and_trimmed_by_all_threads() {
    let canaries = Canaries::new();
    thread::scope(|scope| {
        for number in 0..4usize {
            scope.spawn(move || {
                for round in 0..20 {
                    prewarm(number << (round / 2));
                    prewarm_classes(round * number);
                    trim();
                    assert!(stats().mapped > 0);
                }
            });
        }
    });
    canaries.are_whole();
}

/// In a process of its own, since measures are chosen once.
fn alone(test: &str, least_words: &str) {
    let words = format!("{least_words}; exec \"$0\" --exact {test} --test-threads 1");
    let program = env::current_exe().expect("this program");
    let output = Command::new("sh").arg("-c").arg(words).arg(program).env(CHILD, "1").output().expect("a shell");
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).join("\n");
    assert!(output.status.success() && said.contains("1 passed"), "{test}: {:?}\n{said}", output.status);
}

fn is_child() -> bool {
    env::var_os(CHILD).is_some()
}

#[test]
fn any_settings_one_after_the_other() {
    if !is_child() {
        return alone("door::any_settings_one_after_the_other", ":");
    }
    let canaries = Canaries::new();
    for settings in settings(MIB) {
        configure(&settings);
        thread::spawn(move || {
            let canaries = Canaries::new();
            configure(&Settings::new());
            configure(&settings);
            canaries.are_whole();
        })
        .join()
        .expect("a thread ends well");
    }
    canaries.are_whole();
}

/// The process may have 256 MiB: then memory is out.
#[test]
fn memory_without_end_is_not_there() {
    if !is_child() {
        return alone("door::memory_without_end_is_not_there", "ulimit -v 262144");
    }
    let canaries = Canaries::new();
    for _ in 0..2 {
        prewarm(usize::MAX);
        prewarm_classes(usize::MAX);
        trim();
    }
    canaries.are_whole();
}
