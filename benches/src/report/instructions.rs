//! The table of instructions a step.

use crate::contender::ContenderName::{self, Hakmem};
use crate::instructions::{Instructions, Row};
use crate::report::table::{digits, table};

/// A column for each contender; then what hakmem takes beyond the floor, and that beside mimalloc 3's.
pub(super) fn instructions(instructions: &Instructions) -> String {
    let Some(first) = instructions.rows.first() else { return String::new() };
    let names: Vec<ContenderName> = first.counts.iter().map(|(name, _)| *name).collect();
    let mut headings = vec!["instructions a step".to_owned()];
    headings.extend(names.iter().map(ContenderName::to_string));
    headings.extend(["hakmem net of the floor", "of mimalloc3's"].map(str::to_owned));
    let mut rows = vec![headings];
    let row = |row: &Row| {
        let mut cells = vec![row.workload.to_string()];
        cells.extend(row.counts.iter().map(|(_, count)| match count {
            Ok(count) => digits(2, Some(*count)),
            Err(_) => "FAILED".into(),
        }));
        cells.extend([digits(2, row.net(Hakmem)), digits(2, row.of_mimalloc())]);
        cells
    };
    rows.extend(instructions.rows.iter().map(row));
    let mut mean = vec!["geometric mean".to_owned()];
    mean.resize(names.len() + 2, "–".into());
    mean.push(digits(2, instructions.mean_of_mimalloc()));
    rows.push(mean);
    format!("\n{}", table(&rows))
}
