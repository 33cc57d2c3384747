//! `hakmem-replay FILE`: takes apart at a desk what a device recorded. Replays the trace in the file on the same
//! profile under the oracle, with an audit after each action.
//!
//! | exit code | what was found |
//! |---|---|
//! | 0 | every block where the device placed it, and nothing wrong |
//! | 1 | the action at which the heap, or a block's contents, broke |
//! | 2 | nothing wrong, but the device stopped early or placed blocks elsewhere; or no trace |

#![allow(unsafe_code, reason = "gives a heap its region")]

use std::alloc::{Layout, alloc};
use std::panic::{self, PanicHookInfo};
use std::process::{self, ExitCode};
use std::sync::{Mutex, PoisonError};
use std::{env, fs};

use hakmem_core::region::{Bounded, Heap, Profile, Spin, Tiny};
use hakmem_replay::action::ALIGN_SHIFT_MOST;
use hakmem_replay::trace::{Head, Line};
use hakmem_replay::{Action, Flawed, Session, Summary};

/// A region at another address places the same blocks alike if the two are apart by a multiple of this.
const PERIOD: usize = 1 << ALIGN_SHIFT_MOST;

struct Trace<'a> {
    head: Head<'a>,
    actions: Vec<Action>,
    end: Option<&'a str>,
}

/// What is being replayed: an action and its number.
static NOW: Mutex<Option<(usize, Action)>> = Mutex::new(None);

impl<'a> Trace<'a> {
    /// The first one in a text.
    fn read(text: &'a str) -> Option<Self> {
        let mut lines = text.lines().map(Line::read);
        let head = lines.find_map(|line| if let Line::Begin(head) = line { Some(head) } else { None })?;
        let mut trace = Self { head, actions: Vec::new(), end: None };
        for line in lines {
            match line {
                Line::Action(action) => trace.actions.push(action),
                Line::End(summary) => {
                    trace.end = Some(summary);
                    break;
                }
                Line::Begin(_) => break,
                Line::Other(_) => {}
            }
        }
        Some(trace)
    }
}

fn replay<P: Profile>(trace: &Trace<'_>) -> Summary {
    let (bytes, offset) = (trace.head.bytes, (trace.head.origin % PERIOD as u64) as usize);
    let layout = Layout::from_size_align(offset + bytes, PERIOD).expect("a device's region is small");
    // SAFETY: the layout is not empty. It stays until the process ends.
    let start = unsafe { alloc(layout) }.wrapping_add(offset);
    let heap = Heap::<P, Spin>::empty();
    // SAFETY: allocated just now, for the heap alone.
    unsafe { heap.init(start, bytes) }.expect("the device's heap had such a region");
    let mut session = Session::<_, _, 256>::new(&heap, start, bytes);
    for (number, &action) in trace.actions.iter().enumerate() {
        *NOW.lock().unwrap_or_else(PoisonError::into_inner) = Some((number + 1, action));
        session.step(action);
        session.audit();
    }
    session.summary()
}

fn tell_break(info: &PanicHookInfo<'_>) {
    let now = NOW.lock().unwrap_or_else(PoisonError::into_inner);
    let message = info.payload_as_str().unwrap_or("no message");
    match *now {
        Some((number, action)) => println!("broken by action {number}, {action:?}: {message}"),
        None => println!("{message}"),
    }
    process::exit(1);
}

fn main() -> ExitCode {
    let path = env::args().nth(1).unwrap_or_else(|| "/dev/stdin".to_owned());
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let text = String::from_utf8_lossy(&text);
    let Some(trace) = Trace::read(&text) else {
        println!("{path} holds no trace");
        return ExitCode::from(2);
    };
    panic::set_hook(Box::new(tell_break));
    println!("{}, {} actions", trace.head, trace.actions.len());
    let summary = match trace.head.profile {
        "tiny" => replay::<Tiny>(&trace),
        "bounded" => replay::<Bounded>(&trace),
        "flawed" => replay::<Flawed<Tiny>>(&trace),
        other => {
            println!("{other} is no profile");
            return ExitCode::from(2);
        }
    };
    let (here, there) = (summary.to_string(), trace.end.unwrap_or("the device stopped before the end"));
    if here == there {
        println!("here as there: {here}");
        return ExitCode::SUCCESS;
    }
    println!("here:  {here}\nthere: {there}");
    ExitCode::from(2)
}
