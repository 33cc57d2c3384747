//! Chart: a workload's rows with a bar for the time and one for the memory.

use std::env;

use crate::workload::Cost;

const BAR_CELLS: usize = 14;
/// An eighth of a cell to seven eighths.
const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// One allocator's line.
#[derive(Debug)]
pub(crate) struct Row {
    name: String,
    cost: Cost,
    /// Time in parts of the reference's.
    pub(crate) time_ratio: f64,
    /// Peak memory in parts of the reference's.
    pub(crate) peak_ratio: f64,
}

impl Row {
    /// `cost` of the allocator `name`, to be compared with `reference`.
    pub(crate) fn new(name: &str, cost: Cost, reference: Cost) -> Self {
        let time_ratio = cost.time.as_secs_f64() / reference.time.as_secs_f64().max(1e-9);
        let peak_ratio = cost.peak_bytes as f64 / reference.peak_bytes.max(1) as f64;
        Self { name: name.to_owned(), cost, time_ratio, peak_ratio }
    }
}

/// How bars are drawn.
#[derive(Debug)]
pub(crate) struct Chart {
    has_blocks: bool,
}

impl Chart {
    /// Unicode blocks if the language settings say UTF-8, else ASCII.
    pub(crate) fn new() -> Self {
        let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default().to_lowercase();
        Self { has_blocks: locale.contains("utf-8") || locale.contains("utf8") }
    }

    /// The columns' names; the ratios are to `reference`.
    pub(crate) fn title(reference: &str) -> String {
        let bar = BAR_CELLS + 1;
        format!(
            "  {:<9}{:>10}{:bar$}{:>7}  {:>11}{:bar$}{:>7}",
            "", "time", "", reference, "peak memory", "", reference
        )
    }

    /// A heading and a line for each of `rows`.
    pub(crate) fn lines(&self, heading: &str, rows: &[Row]) -> Vec<String> {
        let longest = |of: fn(&Row) -> f64| rows.iter().map(of).fold(0.0, f64::max);
        let (slowest, largest) = (longest(|row| row.time_ratio), longest(|row| row.peak_ratio));
        let mut lines = vec![heading.to_owned()];
        lines.extend(rows.iter().map(|row| {
            format!(
                "  {:<9}{:>7.1} ms {} {:>5.2}x  {:>7.1} MiB {} {:>5.2}x",
                row.name,
                row.cost.time.as_secs_f64() * 1e3,
                self.bar(row.time_ratio / slowest),
                row.time_ratio,
                row.cost.peak_bytes as f64 / f64::from(1 << 20),
                self.bar(row.peak_ratio / largest),
                row.peak_ratio,
            )
        }));
        lines
    }

    /// `part` of a full bar, padded to its width.
    fn bar(&self, part: f64) -> String {
        let eighths = (part.clamp(0.0, 1.0) * (BAR_CELLS * 8) as f64).round() as usize;
        let mut bar: String = if self.has_blocks {
            let rest = EIGHTHS.get(eighths % 8).filter(|_| !eighths.is_multiple_of(8));
            std::iter::repeat_n('█', eighths / 8).chain(rest.copied()).collect()
        } else {
            "#".repeat((eighths + 4) / 8)
        };
        bar.extend(std::iter::repeat_n(' ', BAR_CELLS.saturating_sub(bar.chars().count())));
        bar
    }
}
