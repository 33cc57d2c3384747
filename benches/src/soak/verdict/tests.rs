use std::time::Duration;

use super::Verdict;
use crate::life::{Life, Lives, Look};
use crate::stage::Role;

const MINUTES_30: u64 = 1_800;

fn life(turn: Option<u64>, number: u32, is_child: bool, looks: Vec<Look>) -> Life {
    let role = Role { name: "server", turn: turn.map(Duration::from_secs) };
    Life { role, turn: number, process: number + 100 * u32::from(is_child), born: number.into(), is_child, looks }
}

/// A look a second: memory in kB and mappings by the second.
fn looks(seconds: std::ops::Range<u64>, rss: impl Fn(u64) -> u64, mappings: impl Fn(u64) -> u64) -> Vec<Look> {
    let mut peak_kb = 0;
    let look = |second| {
        peak_kb = rss(second).max(peak_kb);
        Look { second: second as f64, rss_kb: rss(second), peak_kb, threads: 4, mappings: mappings(second) }
    };
    seconds.map(look).collect()
}

fn steady(seconds: u64, rss: impl Fn(u64) -> u64) -> Verdict {
    let lives = Lives(vec![life(None, 0, false, looks(0..seconds, rss, |_| 90))]);
    Verdict::of(&lives, seconds as f64, Vec::new())
}

/// Whole numbers below 1,000 without an order.
fn noise(second: u64) -> u64 {
    second.wrapping_mul(2_654_435_761) >> 7 & 1_023
}

fn broken(verdict: &Verdict) -> Vec<&'static str> {
    verdict.findings.iter().filter(|finding| !finding.holds()).map(|finding| finding.what).collect()
}

#[test]
fn noise_waves_and_a_warm_up_are_flat() {
    assert!(steady(MINUTES_30, |second| 60_000 + noise(second) * 4).passes());
    assert!(steady(MINUTES_30, |second| 60_000 + second % 40 * 500).passes());
    assert!(steady(MINUTES_30, |second| 60_000 + second.min(300) * 1_000).passes());
    assert!(steady(60, |second| 60_000 + noise(second) * 4).passes());
    assert!(steady(MINUTES_30, |second| 90_000 - second * 10).passes());
}

#[test]
fn a_leak_is_found_slow_or_fast_in_noise() {
    // 6 kB a second are 21 MB an hour.
    let slow = steady(MINUTES_30, |second| 60_000 + second * 6 + noise(second) * 4);
    assert!(broken(&slow).contains(&"RSS kB, in an hour") && !slow.passes(), "{slow:?}");
    // 2.5 kB a second are 9 MB an hour: only that is too much.
    assert_eq!(broken(&steady(MINUTES_30, |second| 60_000 + second * 5 / 2)), ["RSS kB, in an hour"]);
    let fast = steady(60, |second| 60_000 + second * 1_000 + noise(second) * 8);
    assert!(broken(&fast).contains(&"RSS kB, while watched"), "{fast:?}");
}

#[test]
fn a_step_late_in_the_run_is_found() {
    let late = steady(MINUTES_30, |second| 60_000 + if second > 1_560 { 20_000 } else { 0 });
    assert_eq!(broken(&late), ["RSS kB, last quarter − first"]);
}

#[test]
fn mappings_and_threads_that_grow_are_found() {
    let mapped = looks(0..MINUTES_30, |_| 60_000, |second| 90 + second);
    let verdict = Verdict::of(&Lives(vec![life(None, 0, false, mapped)]), MINUTES_30 as f64, Vec::new());
    assert_eq!(broken(&verdict), ["mappings"]);
    let threads =
        |second: u64| Look { second: second as f64, rss_kb: 60_000, threads: 4 + second / 20, ..Look::default() };
    let grown = life(None, 0, false, (0..MINUTES_30).map(threads).collect());
    assert_eq!(broken(&Verdict::of(&Lives(vec![grown]), MINUTES_30 as f64, Vec::new())), ["threads"]);
}

/// Turns of a minute that each rise to a peak.
fn restarted(peaks: &[u64]) -> Verdict {
    let turn = |(number, &peak): (u32, &u64)| {
        let start = u64::from(number) * 60;
        life(Some(60), number, false, looks(start..start + 60, |second| peak / 60 * (second - start + 1), |_| 90))
    };
    let lives = Lives((0..).zip(peaks).map(turn).collect());
    Verdict::of(&lives, 60.0 * peaks.len() as f64, Vec::new())
}

#[test]
fn peaks_of_restarts_may_vary_and_not_grow() {
    assert!(restarted(&[20_000, 50_000, 51_000, 49_000, 50_500]).passes());
    let growing = restarted(&[50_000, 55_000, 60_000, 65_000, 70_000, 75_000]);
    assert_eq!(broken(&growing), ["peaks kB, one after another"]);
}

#[test]
fn children_are_held_to_their_peaks() {
    let verdict = |rise: u64| {
        let mut lives = vec![life(None, 0, false, looks(0..300, |_| 50_000, |_| 90))];
        lives.extend((0..9).map(|number| {
            let start = 120 + u64::from(number) * 20;
            life(None, number, true, looks(start..start + 5, |_| 50_000 + u64::from(number) * rise, |_| 90))
        }));
        Verdict::of(&Lives(lives), 300.0, Vec::new())
    };
    assert!(verdict(100).passes());
    assert_eq!(broken(&verdict(4_000)), ["peaks kB, one after another"]);
}

#[test]
fn a_failure_is_enough() {
    let lives = Lives(vec![life(None, 0, false, looks(0..60, |_| 50_000, |_| 90))]);
    assert!(Verdict::of(&lives, 60.0, Vec::new()).passes());
    assert!(!Verdict::of(&lives, 60.0, vec!["signal 6".into()]).passes());
}

#[test]
fn what_was_hardly_seen_does_not_pass() {
    assert!(!Verdict::of(&Lives::default(), 60.0, Vec::new()).passes());
    let lives = Lives(vec![life(None, 0, false, looks(0..20, |_| 50_000, |_| 90))]);
    assert!(!Verdict::of(&lives, 60.0, Vec::new()).passes());
}
