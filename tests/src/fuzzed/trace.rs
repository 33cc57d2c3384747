//! The text that a device printed: whatever it is, it is read; the first trace in it is replayed.

#![allow(unsafe_code, reason = "gives a region away")]

use std::cell::RefCell;

use hakmem_core::region::{Bounded, Heap, Profile, RegionError, Spin, Tiny};
use hakmem_replay::action::ALIGN_SHIFT_MOST;
use hakmem_replay::trace::{ActionLine, Head, Line, Trace};
use hakmem_replay::{Action, Session, Summary};

/// Regions whose starts are apart by a multiple of this place the same blocks alike.
const PERIOD: usize = 1 << ALIGN_SHIFT_MOST;
/// Regions of traces are no larger here.
const MOST_BYTES: usize = 256 << 10;
const MOST_ACTIONS: usize = 1500;
/// Steps from audit to audit.
const EVERY: usize = 7;

/// What lines begin with, and are made of.
pub const WORDS: [&str; 9] =
    ["BEGIN tiny, ", "BEGIN bounded, ", " bytes at 0x", "4096", "20000010", "\\x0a> ", "0005", "0518", "\\x0aEND "];

thread_local! {
    /// Memory for two regions, used again by the next input: its contents do not matter.
    static MEMORY: RefCell<Vec<u128>> = RefCell::new(vec![0; (3 * PERIOD + PERIOD + MOST_BYTES) / 16]);
}

/// What is read is what would be written.
fn check_line(text: &str) {
    let line = Line::read(text);
    match line {
        Line::Begin(head) => assert_eq!(Line::read(&head.to_string()), line),
        Line::Action(action) => {
            let written = ActionLine::new(&action.encoded());
            let written = core::str::from_utf8(&written).expect("letters").strip_suffix('\n').expect("a line's end");
            assert_eq!(Line::read(written), line);
        }
        Line::End(summary) => assert_eq!(text, format!("END {summary}")),
        Line::Other(other) => assert_eq!(other, text),
    }
}

/// Replays the trace as `hakmem-replay` does, in the first or the second region that is like the device's.
fn replay<P: Profile>(head: Head<'_>, actions: &[Action], second: bool) -> Result<Summary, RegionError> {
    MEMORY.with_borrow_mut(|memory| {
        let start = memory.as_mut_ptr().cast::<u8>();
        let start = start.wrapping_add(start.align_offset(PERIOD) + (head.origin % PERIOD as u64) as usize);
        let start = start.wrapping_add(if second { PERIOD } else { 0 });
        let heap = Heap::<P, Spin>::empty();
        // SAFETY: borrowed for as long as the heap lives.
        unsafe { heap.init(start, head.bytes) }?;
        let mut session = Session::<_, _, 256>::new(&heap, start, head.bytes);
        for (number, &action) in actions.iter().enumerate() {
            session.step(action);
            if number.is_multiple_of(EVERY) {
                session.audit();
            }
        }
        let summary = session.summary();
        session.finish();
        Ok(summary)
    })
}

/// Text, also if it is none.
pub fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    text.lines().for_each(check_line);
    let Some(trace) = Trace::find(&text) else { return };
    let actions: Vec<_> = trace.actions().collect();
    let lines = text.lines().map(Line::read);
    assert!(actions.len() <= lines.filter(|line| matches!(line, Line::Action(_))).count());
    assert!(trace.end().is_none_or(|end| text.contains(end)));
    if trace.head.bytes > MOST_BYTES || actions.len() > MOST_ACTIONS {
        return;
    }
    let replay = match trace.head.profile {
        "tiny" => replay::<Tiny>,
        "bounded" => replay::<Bounded>,
        _ => return,
    };
    let (first, second) = (replay(trace.head, &actions, false), replay(trace.head, &actions, true));
    assert_eq!(first, second, "the same blocks in the same places");
}
