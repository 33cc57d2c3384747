//! The lines of the table.

use crate::figures::Figures;

/// Where a cell's figures are.
#[derive(Clone, Copy)]
pub(crate) struct Cell<'a> {
    pub(crate) figures: &'a Figures,
    pub(crate) target: &'static str,
    pub(crate) contender: &'static str,
}

impl Cell<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.figures.get(self.target, self.contender, name)
    }

    /// The figures, one behind the other.
    fn text(&self, names: &[String], between: &str) -> Option<String> {
        let found: Option<Vec<_>> = names.iter().map(|name| self.get(name)).collect();
        Some(found?.join(between))
    }
}

/// What the line is called, and the figures in each of its cells.
pub(crate) struct Row {
    pub(crate) title: String,
    names: Vec<String>,
    between: &'static str,
}

impl Row {
    fn new(title: &str, names: &[&str], between: &'static str) -> Self {
        Self { title: title.to_owned(), names: names.iter().map(|&name| name.to_owned()).collect(), between }
    }

    fn one(title: &str, name: &str) -> Self {
        Self::new(title, &[name], "")
    }

    pub(crate) fn text(&self, cell: Cell<'_>) -> String {
        cell.text(&self.names, self.between).unwrap_or_else(|| "-".to_owned())
    }
}

const STREAMS: [&str; 5] = ["rand64", "tight200", "small256", "mixed256", "fifo64"];

/// Lines under a headline each.
pub(crate) fn all() -> Vec<(&'static str, Vec<Row>)> {
    let mut costs = vec![Row::new("fresh heap: alloc(64) / free", &["first.alloc", "first.free"], " / ")];
    for stream in STREAMS {
        for call in ["alloc", "free"] {
            let names = ["mean", "p99", "max"].map(|figure| format!("{stream}.{call}.{figure}"));
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            costs.push(Row::new(&format!("{stream}: {call}, mean / p99 / max"), &names, " / "));
        }
    }
    let rooms = [8, 16, 32, 64, 100, 256, 512, 1024];
    let mut room: Vec<_> =
        rooms.iter().map(|size| Row::one(&format!("in blocks of {size} B"), &format!("room.{size}"))).collect();
    room.push(Row::one("largest block, fresh", "largest.fresh"));
    room.push(Row::one("largest block when all is freed", "largest.after"));
    let streams = ["rand64", "small256", "mixed256", "fifo64"];
    let mut arena = Vec::new();
    for (figure, align) in [("arena", 4), ("arena8", 8)] {
        let row = |stream| Row::one(&format!("{stream}, alignment {align}"), &format!("{figure}.{stream}"));
        arena.extend(streams.map(row));
    }
    let tight = ["tight200.refused", "tight200.refused_bytes"];
    arena.push(Row::new("tight200 in 32,768 B: refused / bytes of them", &tight, " / "));
    vec![
        (
            "flash, B",
            vec![
                Row::one("alloc, free, init", "flash"),
                Row::one("with realloc", "flash_realloc"),
                Row::new("a panic is linked: without / with realloc", &["flash.panics", "flash_realloc.panics"], " / "),
            ],
        ),
        ("memory outside the arena, B", vec![Row::one("in all", "flash.ram"), Row::one("not zero", "flash.data")]),
        ("instructions a call", costs),
        (
            "instructions of the dearest call",
            vec![
                Row::one("**alloc, in any state**", "worst.alloc"),
                Row::one("**free, in any state**", "worst.free"),
                Row::one("16 B holes: refused alloc(64)", "worst.refused64"),
                Row::one("16 B holes: refused alloc(16, align 32)", "worst.refused_aligned"),
                Row::one("16 B holes: free", "worst.checkerboard_free"),
                Row::one("64 holes of 256 to 271 B: alloc(257 to 300)", "worst.same_class"),
                Row::new("over-aligned: alloc / free", &["worst.aligned.alloc", "worst.aligned.free"], " / "),
            ],
        ),
        ("usable of 32,768 B", room),
        ("smallest arena without a refusal, B", arena),
        (
            "realloc",
            vec![
                Row::one("lone buffer, 256 B more at a time: reaches, B", "lone.bytes"),
                Row::new("instructions a step, mean / max", &["lone.mean", "lone.max"], " / "),
                Row::one("4 vectors, 7 doublings, 20 times: instructions", "vectors.total"),
            ],
        ),
        (
            "fragmentation",
            vec![
                Row::new(
                    "16 to 256 B, every other one freed: filled / freed / largest / refilled by 128 B",
                    &["every_other.filled", "every_other.freed", "every_other.largest", "every_other.refilled"],
                    " / ",
                ),
                Row::new("64 B, pairs freed: reused / pairs", &["pairs.reused", "pairs.freed"], " / "),
                Row::new("30,000 mixed steps: live / largest block", &["long.live", "long.largest"], " / "),
            ],
        ),
        ("double free", vec![Row::one("of a hole", "free-twice"), Row::one("of a part of a hole", "free-merged")]),
    ]
}
