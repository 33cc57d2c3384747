use super::{Run, missed};
use crate::contender::ContenderName::{self, Floor, Glibc, Hakmem, Mimalloc2, Mimalloc3};
use crate::grid::{Cell, Grid};
use crate::instructions::{Instructions, Row};
use crate::options::tests::options;
use crate::program::Program;
use crate::sample::Sample;
use crate::subject::Subject;
use crate::trace::Calls;
use crate::workload::Workload;

/// A run that took so many ns.
fn timed(wall_ns: u64) -> Sample {
    Sample { steps: 1, wall_ns, ..Sample::default() }
}

/// A run that took so many ns and peaked at so many kB.
fn peaked(wall_ns: u64, peak_kb: u64) -> Sample {
    Sample { peak_kb, ..timed(wall_ns) }
}

fn cell(subject: impl Into<Subject>, contender: ContenderName, samples: &[Sample]) -> Cell {
    Cell { subject: subject.into(), contender, samples: samples.to_vec(), failure: None, took_long: false }
}

fn check(arguments: &str, cells: Vec<Cell>) -> Vec<String> {
    let grid = Grid { cells, ..Grid::default() };
    let run = Run { options: &options(arguments), grid: &grid, calls: &[], instructions: &Instructions::default() };
    missed(&run)
}

/// Of hakmem, mimalloc 3 and glibc: the bounds of single workloads.
fn single(workload: Workload, samples: [Sample; 3]) -> Vec<String> {
    let cells = [Hakmem, Mimalloc3, Glibc].into_iter().zip(samples);
    let arguments = format!("--only {workload} --contenders hakmem,mimalloc3,glibc");
    check(&arguments, cells.map(|(contender, sample)| cell(workload, contender, &[sample])).collect())
}

#[test]
fn ratios_of_single_workloads() {
    let kept = [peaked(125, 1_300), peaked(100, 1_301), peaked(90, 1_000)];
    assert_eq!(single(Workload::Remote, kept), [""; 0]);
    let broken = [peaked(126, 1_301), peaked(100, 1_301), peaked(90, 1_000)];
    let words = [
        "remote: time 1.26 × mimalloc3, at most 1.25",
        "remote: peak 1301 kB, less than mimalloc3's 1301 kB wanted",
        "remote: peak 1.30 × glibc, at most 1.3",
    ];
    assert_eq!(single(Workload::Remote, broken), words);
}

#[test]
fn a_program_that_does_nothing() {
    assert_eq!(single(Workload::Nothing, [peaked(1, 2_300), peaked(1, 9_000), peaked(1, 2_000)]), [""; 0]);
    let beyond = single(Workload::Nothing, [peaked(1, 2_301), peaked(1, 9_000), peaked(1, 2_000)]);
    assert_eq!(beyond, ["nothing: peak glibc + 301 kB, at most + 300 kB"]);
}

#[test]
fn what_was_asked_for_and_not_measured_is_missed() {
    assert_eq!(check("--only phases --contenders hakmem,glibc", vec![]), ["phases under hakmem: not measured"]);
    assert_eq!(check("--only phases --contenders glibc", vec![]), [""; 0]);
}

/// Floor at 100 ns; hakmem, mimalloc 3 and mimalloc 2 net of it, in two workloads.
fn net(first: [u64; 3], second: [u64; 3]) -> Vec<String> {
    let mut cells = Vec::new();
    for (workload, net) in [(Workload::Pair, first), (Workload::Calloc, second)] {
        cells.push(cell(workload, Floor, &[timed(100)]));
        let contenders = [Hakmem, Mimalloc3, Mimalloc2].into_iter().zip(net);
        cells.extend(contenders.map(|(contender, ns)| cell(workload, contender, &[timed(100 + ns)])));
    }
    check("--only pair,calloc --contenders floor,hakmem,mimalloc3,mimalloc2", cells)
}

#[test]
fn net_time() {
    assert_eq!(net([60, 100, 100], [110, 138, 100]), [""; 0]);
    let words = [
        "pair: net time 1.11 × mimalloc2, at most 1.1 × the best contender",
        "micro workloads: net time 0.91 × mimalloc3 (geometric mean), at most 0.8",
        "micro workloads: net time 1.01 × the best contender in each (geometric mean), at most 0.95",
    ];
    assert_eq!(net([111, 122, 100], [92, 100, 140]), words);
}

#[test]
fn threads_keep_their_speed() {
    let run = |four: u64, eight: &[u64]| {
        let eight: Vec<Sample> = eight.iter().map(|&ns| peaked(ns, 10)).collect();
        let cells = vec![
            cell(Workload::Larson4, Hakmem, &[peaked(four, 10)]),
            cell(Workload::Larson4, Mimalloc2, &[peaked(100, 20)]),
            cell(Workload::Larson8, Hakmem, &eight),
        ];
        check("--only larson4,larson8 --contenders hakmem,mimalloc2", cells)
    };
    assert_eq!(run(100, &[104, 106, 102]), ["larson8: time 1.040 × larson4, at most 1.019 (1 and noise)"]);
    assert_eq!(run(100, &[101, 104, 98]), [""; 0]);
    assert_eq!(run(101, &[101]), ["larson4: time 1.010 × mimalloc2, at most 1 × the best contender"]);
}

#[test]
fn small_programs_and_threads() {
    let run = |ours: (u64, f64), glibc: (u64, f64)| {
        let mut cells = Vec::new();
        for (contender, (end_kb, per_thread_kb)) in [(Hakmem, ours), (Glibc, glibc)] {
            let small = Sample { end_kb: Some(end_kb), ..Sample::default() };
            let threads = Sample { per_thread_kb: Some(per_thread_kb), ..Sample::default() };
            cells.push(cell(Workload::Small300, contender, &[small]));
            cells.push(cell(Workload::ManyThreads, contender, &[threads]));
        }
        check("--only small300,many_threads --contenders hakmem,glibc", cells)
    };
    assert_eq!(run((2_100, 25.0), (2_000, 20.0)), [""; 0]);
    let words = [
        "small300: RSS glibc + 101 kB, at most + 100 kB",
        "many_threads: 25.5 KiB a thread, at most 25",
        "many_threads: glibc + 5.5 KiB a thread, at most + 5",
    ];
    assert_eq!(run((2_101, 25.5), (2_000, 20.0)), words);
}

#[test]
fn a_block_that_doubles() {
    let run = |ours: Sample| {
        let cells = vec![
            cell(Workload::ReallocDouble, Hakmem, &[ours]),
            cell(Workload::ReallocDouble, Glibc, &[peaked(100, 270_000)]),
        ];
        check("--only realloc_double --contenders hakmem,glibc", cells)
    };
    assert_eq!(run(peaked(100, 266_240)), [""; 0]);
    let words = [
        "realloc_double: time 1.050 × glibc, at most 1 × the best contender",
        "realloc_double: peak 266241 kB, at most 266240 kB",
    ];
    assert_eq!(run(peaked(105, 266_241)), words);
}

#[test]
fn memory_goes_back() {
    let run = |later_kb: Option<u64>| {
        let nothing = Sample { end_kb: Some(2_000), ..Sample::default() };
        let heap = Sample { later_kb, ..Sample::default() };
        let cells = vec![cell(Workload::Nothing, Hakmem, &[nothing]), cell(Workload::Heap1gib, Hakmem, &[heap])];
        check("--only nothing,heap1gib --contenders hakmem", cells)
    };
    assert_eq!(run(Some(4_048)), [""; 0]);
    let words = "heap1gib: RSS 2 s after all is freed 2049 kB above that of nothing, at most 2048 kB";
    assert_eq!(run(Some(4_049)), [words]);
    assert_eq!(run(None), ["memory of heap1gib under hakmem: not measured"]);
}

#[test]
fn page_faults_of_phases() {
    let run = |ours: u64| {
        let faults = |faults| Sample { faults, ..Sample::default() };
        let cells = vec![
            cell(Workload::Phases, Hakmem, &[faults(ours)]),
            cell(Workload::Phases, Floor, &[faults(1)]),
            cell(Workload::Phases, Mimalloc2, &[faults(1_000)]),
        ];
        check("--only phases --contenders hakmem,floor,mimalloc2", cells)
    };
    assert_eq!(run(1_100), [""; 0]);
    assert_eq!(run(1_101), ["phases: 1101 page faults, at most 1.1 × 1000 of mimalloc2"]);
}

/// Two programs: hakmem's wall time in ms and peak, glibc's peak being 1,000 and the best wall time 1,000.
fn programs(lua: (u64, u64), sort: (u64, u64)) -> Vec<String> {
    let mut cells = Vec::new();
    for (program, (wall, peak)) in [(Program::Lua, lua), (Program::Sort, sort)] {
        cells.push(cell(program, Hakmem, &[peaked(wall, peak)]));
        cells.push(cell(program, Glibc, &[990, 1_000, 1_010].map(|wall| peaked(wall, 1_000))));
        cells.push(cell(program, Floor, &[peaked(10, 10)]));
    }
    check("--only lua,sort --contenders hakmem,glibc,floor", cells)
}

#[test]
fn real_programs() {
    assert_eq!(programs((1_010, 1_100), (1_010, 900)), [""; 0]);
    let words = [
        "lua: peak 1.104 × glibc, at most 1.1",
        "programs: wall time 1.011 × the best contender in each (geometric mean), at most 1.010 (1 and noise)",
        "programs: peak 1.051 × glibc (geometric mean), at most 1",
    ];
    assert_eq!(programs((1_011, 1_104), (1_011, 1_000)), words);
}

#[test]
fn a_program_that_is_missing_is_not_checked() {
    let left_out = vec![(Subject::from(Program::Lua), None, "not installed".to_owned())];
    let grid = Grid { left_out, ..Grid::default() };
    let options = options("--only lua");
    let run = Run { options: &options, grid: &grid, calls: &[], instructions: &Instructions::default() };
    assert_eq!(missed(&run), [""; 0]);
}

#[test]
fn system_calls() {
    let run = |calls: &[(ContenderName, Calls)]| {
        let cells = [Hakmem, Glibc].map(|contender| cell(Workload::Syscall, contender, &[timed(1)]));
        let grid = Grid { cells: cells.into(), ..Grid::default() };
        let options = options("--only syscall --contenders hakmem,glibc");
        missed(&Run { options: &options, grid: &grid, calls, instructions: &Instructions::default() })
    };
    let glibc = (Glibc, Calls { process: 70, timed: 1 });
    assert_eq!(run(&[(Hakmem, Calls { process: 70, timed: 0 }), glibc]), [""; 0]);
    let words = [
        "syscall: 1 system calls in the timed section, none wanted",
        "syscall: 71 system calls in all, at most glibc's 70",
    ];
    assert_eq!(run(&[(Hakmem, Calls { process: 71, timed: 1 }), glibc]), words);
    assert_eq!(run(&[]), ["system calls under hakmem: not measured"]);
}

#[test]
fn instructions() {
    let run = |arguments: &str, ours: f64| {
        let counts = vec![(Floor, Ok(30.0)), (Hakmem, Ok(ours)), (Mimalloc3, Ok(40.0))];
        let counted = Instructions { rows: vec![Row { workload: Workload::RandomMixed, counts }] };
        let samples = [(Floor, peaked(1, 1)), (Hakmem, peaked(2, 1)), (Mimalloc3, peaked(4, 2))];
        let cells = samples.map(|(contender, sample)| cell(Workload::RandomMixed, contender, &[sample]));
        let grid = Grid { cells: cells.into(), ..Grid::default() };
        let options = options(&format!("--only random_mixed --contenders floor,hakmem,mimalloc3 {arguments}"));
        missed(&Run { options: &options, grid: &grid, calls: &[], instructions: &counted })
    };
    assert_eq!(run("--instructions", 38.0), [""; 0]);
    let words = "random_mixed: instructions net of the floor 0.81 × mimalloc3, at most 0.8";
    assert_eq!(run("--instructions", 38.1), [words]);
    assert_eq!(run("", 38.1), [""; 0]);
}
