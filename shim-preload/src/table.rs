//! The figures as text, without formatting machinery.

use core::sync::atomic::Ordering;

use hakmem_alloc::line::Line;
use hakmem_alloc::slow;

use crate::foreign::PASSED_ON;

fn figures() -> [(&'static [u8], u64); 12] {
    let stats = slow::stats();
    [
        (b"active", stats.active),
        (b"cached", stats.cached),
        (b"clean", stats.clean),
        (b"large", stats.large),
        (b"large_cached", stats.large_cached),
        (b"store", stats.store),
        (b"mapped", stats.mapped),
        (b"superslabs", stats.superslabs),
        (b"threads", stats.threads),
        (b"heaps", stats.heaps),
        (b"spans", stats.spans_taken - stats.spans_given),
        (b"harvested", stats.harvested),
    ]
}

/// `part` of `whole` in percent with one decimal, rounded down.
fn percent(line: Line, part: u64, whole: u64) -> Line {
    let tenths = (part.saturating_mul(1000)).checked_div(whole).unwrap_or(1000);
    line.number(tenths / 10).text(b".").number(tenths % 10).text(b" %")
}

/// Prints the table on stderr.
pub(crate) fn print() {
    let stats = slow::stats();
    let pid = u64::from(rustix::process::getpid().as_raw_nonzero().get().unsigned_abs());
    Line::new().text(b"statistics of process ").number(pid).print();
    if stats.calls_taken > 0 {
        let foreign = PASSED_ON.load(Ordering::Relaxed);
        let calls = stats.calls_taken + stats.calls_given;
        let line = Line::new().text(b"  calls").column(26).number(calls).text(b"  served here: ");
        percent(line, calls - foreign.min(calls), calls).print();
        Line::new().text(b"  blocks taken").column(26).number(stats.calls_taken).print();
        Line::new().text(b"  blocks given back").column(26).number(stats.calls_given).print();
        Line::new().text(b"  passed to other owners").column(34 - 8).number(foreign).print();
        Line::new().text(b"  bytes asked for").column(26).number(stats.bytes_taken).print();
        let line = Line::new().text(b"  front hits").column(26).number(stats.hits).text(b"  ");
        percent(line, stats.hits, stats.calls_taken).print();
    }
    for (name, figure) in figures() {
        Line::new().text(b"  ").text(name).column(26).number(figure).print();
    }
}

/// Calls `each` with every line of the XML form.
pub(crate) fn for_each_xml_line(mut each: impl FnMut(&[u8])) {
    each(b"<malloc version=\"hakmem-1\">\n");
    for (name, figure) in figures() {
        each(
            Line::bare()
                .text(b"<figure name=\"")
                .text(name)
                .text(b"\" value=\"")
                .number(figure)
                .text(b"\"/>\n")
                .bytes(),
        );
    }
    each(b"</malloc>\n");
}
