//! What ours must reach: issue 4's "done when".

use crate::contender::Kind;
use crate::figures::Figures;
use crate::options::Options;

pub(crate) struct Bound {
    pub(crate) words: String,
    pub(crate) met: bool,
}

#[derive(Clone, Copy)]
enum Limit {
    Most(f64),
    Least(f64),
    Begins(&'static str),
}

struct Rule {
    target: &'static str,
    contender: &'static str,
    what: &'static str,
    figure: &'static str,
    limit: Limit,
}

const V7: &str = "thumbv7em";
const V6: &str = "thumbv6m";
const TINY: &str = "hakmem-tiny";
const BOUNDED: &str = "hakmem-bounded";

const fn rule(
    target: &'static str,
    contender: &'static str,
    what: &'static str,
    figure: &'static str,
    limit: Limit,
) -> Rule {
    Rule { target, contender, what, figure, limit }
}

use Limit::{Begins, Least, Most};

const RULES: [Rule; 42] = [
    rule(V7, TINY, "flash for alloc, free and init", "flash", Most(740.0)),
    rule(V7, TINY, "flash with realloc", "flash_realloc", Most(1480.0)),
    rule(V7, TINY, "a panic is linked", "flash.panics", Begins("no")),
    rule(V7, TINY, "a panic is linked with realloc", "flash_realloc.panics", Begins("no")),
    rule(V7, BOUNDED, "a panic is linked", "flash.panics", Begins("no")),
    rule(V7, BOUNDED, "a panic is linked with realloc", "flash_realloc.panics", Begins("no")),
    rule(V7, TINY, "memory outside the arena", "flash.ram", Most(208.0)),
    rule(V7, BOUNDED, "memory outside the arena", "flash.ram", Most(208.0)),
    rule(V7, TINY, "memory that is not zero", "flash.data", Most(0.0)),
    rule(V7, BOUNDED, "memory that is not zero", "flash.data", Most(0.0)),
    rule(V7, BOUNDED, "rand64: alloc, mean", "rand64.alloc.mean", Most(105.0)),
    rule(V7, BOUNDED, "rand64: free, mean", "rand64.free.mean", Most(61.0)),
    rule(V7, BOUNDED, "dearest alloc", "worst.alloc", Most(132.0)),
    rule(V7, BOUNDED, "dearest free", "worst.free", Most(124.0)),
    rule(V6, BOUNDED, "rand64: alloc, mean", "rand64.alloc.mean", Most(171.0)),
    rule(V6, BOUNDED, "rand64: free, mean", "rand64.free.mean", Most(110.0)),
    rule(V6, BOUNDED, "dearest alloc", "worst.alloc", Most(284.0)),
    rule(V6, BOUNDED, "dearest free", "worst.free", Most(307.0)),
    rule(V7, TINY, "usable in blocks of 16 B", "room.16", Least(32_000.0)),
    rule(V7, TINY, "usable in blocks of 64 B", "room.64", Least(32_000.0)),
    rule(V7, TINY, "usable in blocks of 256 B", "room.256", Least(32_512.0)),
    rule(V7, BOUNDED, "usable in blocks of 16 B", "room.16", Least(32_000.0)),
    rule(V7, BOUNDED, "usable in blocks of 64 B", "room.64", Least(32_000.0)),
    rule(V7, BOUNDED, "usable in blocks of 256 B", "room.256", Least(32_512.0)),
    rule(V7, TINY, "largest block when all is freed", "largest.after", Least(32_700.0)),
    rule(V7, TINY, "a lone buffer reaches", "lone.bytes", Least(32_576.0)),
    rule(V7, TINY, "instructions of its steps, mean", "lone.mean", Most(110.0)),
    rule(V7, TINY, "instructions of its steps, most", "lone.max", Most(110.0)),
    rule(V7, TINY, "smallest arena for rand64", "arena.rand64", Most(15_424.0)),
    rule(V7, TINY, "smallest arena for small256", "arena.small256", Most(6_464.0)),
    rule(V7, TINY, "smallest arena for mixed256", "arena.mixed256", Most(14_976.0)),
    rule(V7, TINY, "smallest arena for fifo64", "arena.fifo64", Most(22_144.0)),
    rule(V7, TINY, "double free of a hole", "free-twice", Begins("named: double free")),
    rule(V7, TINY, "double free of a part of a hole", "free-merged", Begins("named: double free")),
    rule(V7, BOUNDED, "double free of a hole", "free-twice", Begins("named: double free")),
    rule(V7, BOUNDED, "double free of a part of a hole", "free-merged", Begins("named: double free")),
    rule(V6, TINY, "double free of a hole", "free-twice", Begins("named: double free")),
    rule(V6, TINY, "double free of a part of a hole", "free-merged", Begins("named: double free")),
    rule(V6, BOUNDED, "double free of a hole", "free-twice", Begins("named: double free")),
    rule(V6, BOUNDED, "double free of a part of a hole", "free-merged", Begins("named: double free")),
    rule(V6, TINY, "a panic is linked with realloc", "flash_realloc.panics", Begins("no")),
    rule(V6, BOUNDED, "a panic is linked with realloc", "flash_realloc.panics", Begins("no")),
];

fn hold(rule: &Rule, figures: &Figures) -> Bound {
    let found = figures.get(rule.target, rule.contender, rule.figure);
    let number = figures.number(rule.target, rule.contender, rule.figure);
    let (met, limit) = match rule.limit {
        Most(most) => (number.is_some_and(|number| number <= most), format!("at most {most}")),
        Least(least) => (number.is_some_and(|number| number >= least), format!("at least {least}")),
        Begins(words) => (found.is_some_and(|found| found.starts_with(words)), format!("\"{words}\"")),
    };
    let found = found.unwrap_or("not measured");
    Bound { words: format!("{}, {}: {}: {found}, {limit}", rule.target, rule.contender, rule.what), met }
}

const STREAMS: [&str; 4] = ["rand64", "small256", "mixed256", "fifo64"];

/// Ours in as small an arena as the best rival of the same run.
fn hold_arenas(options: &Options, figures: &Figures) -> Vec<Bound> {
    let mut bounds = Vec::new();
    for stream in STREAMS {
        let figure = format!("arena.{stream}");
        let rivals = options.contenders.iter().filter(|contender| contender.is_rival());
        let best = rivals.filter_map(|rival| figures.number(V7, rival.name, &figure)).reduce(f64::min);
        let Some(best) = best else { continue };
        let ours = figures.number(V7, TINY, &figure);
        let found = ours.map_or("not measured".to_owned(), |ours| ours.to_string());
        let words = format!("{V7}, {TINY}: smallest arena for {stream}: {found}, at most {best} (the best rival's)");
        bounds.push(Bound { words, met: ours.is_some_and(|ours| ours <= best) });
    }
    bounds
}

/// Each bound on what was measured.
pub(crate) fn all(options: &Options, figures: &Figures) -> Vec<Bound> {
    let ours = |name: &str| options.contenders.iter().any(|who| who.kind == Kind::Ours && who.name == name);
    let on = |name: &str| options.targets.iter().any(|target| target.name == name);
    let mut bounds: Vec<_> =
        RULES.iter().filter(|rule| ours(rule.contender) && on(rule.target)).map(|rule| hold(rule, figures)).collect();
    if on(V7) && ours(TINY) {
        bounds.extend(hold_arenas(options, figures));
    }
    bounds
}
