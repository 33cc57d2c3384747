//! The figures as text, without formatting machinery.

use core::sync::atomic::Ordering;

use hakmem_alloc::seam::line::Line;
use hakmem_alloc::seam::slow;

use crate::foreign::PASSED_ON;

fn figures() -> [(&'static [u8], u64); 13] {
    let stats = slow::stats();
    [
        (b"active", stats.active),
        (b"cached", stats.cached),
        (b"clean", stats.clean),
        (b"large", stats.large),
        (b"large_cached", stats.large_cached),
        (b"guarded", stats.guarded),
        (b"store", stats.store),
        (b"mapped", stats.mapped),
        (b"superslabs", stats.superslabs),
        (b"threads", stats.threads),
        (b"heaps", stats.heaps),
        (b"spans", stats.spans_taken - stats.spans_given),
        (b"harvested", stats.harvested),
    ]
}

pub(crate) const COLUMN: usize = 34;

/// Adds `part` of `whole` in percent with one decimal, rounded down.
fn percent(line: &mut Line, part: u64, whole: u64) -> &mut Line {
    let tenths = part.saturating_mul(1000).checked_div(whole).unwrap_or(1000);
    line.number(tenths / 10).text(b".").number(tenths % 10).text(b" %")
}

fn row<'a>(line: &'a mut Line, name: &[u8], figure: u64) -> &'a mut Line {
    line.text(b"  ").text(name).column(COLUMN).number(figure)
}

/// Prints the table on stderr.
pub(crate) fn print() {
    let stats = slow::stats();
    let pid = u64::from(rustix::process::getpid().as_raw_nonzero().get().unsigned_abs());
    Line::new().text(b"statistics of process ").number(pid).print();
    if stats.calls_taken > 0 {
        let foreign = PASSED_ON.load(Ordering::Relaxed);
        let calls = stats.calls_taken + stats.calls_given;
        let mut line = Line::new();
        row(&mut line, b"calls", calls).text(b"  served here: ");
        percent(&mut line, calls - foreign.min(calls), calls).print();
        let mut line = Line::new();
        row(&mut line, b"front hits", stats.hits).text(b"  ");
        percent(&mut line, stats.hits, stats.calls_taken).print();
        let counted: [(&[u8], u64); 4] = [
            (b"blocks taken", stats.calls_taken),
            (b"blocks given back", stats.calls_given),
            (b"passed to other owners", foreign),
            (b"bytes asked for", stats.bytes_taken),
        ];
        for (name, figure) in counted {
            row(&mut Line::new(), name, figure).print();
        }
    }
    for (name, figure) in figures() {
        row(&mut Line::new(), name, figure).print();
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
