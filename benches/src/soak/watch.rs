//! Looks at every process of every part, and at their children, through `/proc`.

use std::fs;

use crate::life::{Life, Lives, Look};
use crate::stage::{Stage, Watched};

/// A process of the system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Kin {
    process: u32,
    parent: u32,
    born: u64,
}

/// One look at all.
pub(crate) fn look(stage: &Stage, lives: &mut Lives) {
    let second = stage.seconds();
    // Who is watched is asked first: of processes that end meanwhile there is nothing to read.
    let watched = stage.watched();
    let all = everybody();
    for one in watched {
        for kin in family(&all, one.process) {
            if let Some(look) = read(kin.process, second) {
                lives.add(life(one, kin), look);
            }
        }
    }
}

fn life(one: Watched, kin: Kin) -> Life {
    let is_child = kin.process != one.process;
    Life { role: one.role, turn: one.turn, process: kin.process, born: kin.born, is_child, looks: Vec::new() }
}

/// A process and all that descend from it.
fn family(all: &[Kin], process: u32) -> Vec<Kin> {
    let mut family: Vec<Kin> = all.iter().copied().filter(|kin| kin.process == process).collect();
    let mut next = 0;
    while let Some(&Kin { process, .. }) = family.get(next) {
        family.extend(all.iter().copied().filter(|kin| kin.parent == process));
        next += 1;
    }
    family
}

fn everybody() -> Vec<Kin> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter_map(|process: u32| kin(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)).collect()
}

/// `7 (any name) S 1 …`: the name may hold blanks and brackets. The start is the 22nd field.
fn kin(stat: &str) -> Option<Kin> {
    let (process, rest) = stat.split_once(" (")?;
    let (_, rest) = rest.rsplit_once(") ")?;
    let mut fields = rest.split(' ').skip(1);
    let parent = fields.next()?.parse().ok()?;
    Some(Kin { process: process.parse().ok()?, parent, born: fields.nth(17)?.parse().ok()? })
}

/// `None` if it is gone, or a zombie.
fn read(process: u32, second: f64) -> Option<Look> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let maps = fs::read(format!("/proc/{process}/maps")).ok()?;
    let mappings = maps.iter().filter(|&&byte| byte == b'\n').count() as u64;
    let field = |name: &str| number(&status, name);
    let (rss_kb, peak_kb) = (field("VmRSS:")?, field("VmHWM:")?);
    // A child between fork and exec still has its parent's pages, and one that ends has none.
    (rss_kb > 0).then_some(Look { second, rss_kb, peak_kb, threads: field("Threads:")?, mappings })
}

fn number(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Kin, everybody, family, kin, read};

    #[test]
    fn a_name_with_brackets_is_skipped() {
        let stat = "12 (a) (b c) S 7 12 12 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 998877 1 1 1";
        assert_eq!(kin(stat), Some(Kin { process: 12, parent: 7, born: 998_877 }));
    }

    #[test]
    fn grandchildren_are_family() {
        let of = |process, parent| Kin { process, parent, born: 0 };
        let all = [of(1, 0), of(4, 3), of(3, 2), of(2, 1), of(9, 1)];
        assert_eq!(family(&all, 2), [of(2, 1), of(3, 2), of(4, 3)]);
    }

    #[test]
    fn this_process_is_seen() {
        let own = std::process::id();
        assert!(everybody().iter().any(|kin| kin.process == own));
        let look = read(own, 0.0).expect("it is there");
        assert!(look.rss_kb > 500 && look.peak_kb >= look.rss_kb && look.threads > 0 && look.mappings > 10, "{look:?}");
    }
}
