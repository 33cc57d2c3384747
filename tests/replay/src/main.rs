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

use hakmem_core::region::{Bounded, Heap, Profile, RegionError, Spin, Tiny};
use hakmem_replay::action::ALIGN_SHIFT_MOST;
use hakmem_replay::trace::Trace;
use hakmem_replay::{Action, Flawed, Session, Summary};

/// A region at another address places the same blocks alike if the two are apart by a multiple of this.
const PERIOD: usize = 1 << ALIGN_SHIFT_MOST;

/// What is being replayed: an action and its number.
static NOW: Mutex<Option<(usize, Action)>> = Mutex::new(None);

/// The error is what the profile says of such a region.
fn replay<P: Profile>(trace: &Trace<'_>) -> Result<Summary, RegionError> {
    let (bytes, offset) = (trace.head.bytes, (trace.head.origin % PERIOD as u64) as usize);
    if bytes > P::MOST_BYTES {
        return Err(RegionError::TooLarge);
    }
    let layout = Layout::from_size_align(offset + bytes + 1, PERIOD).expect("a profile's regions are small");
    // SAFETY: the layout is not empty. It stays until the process ends.
    let start = unsafe { alloc(layout) }.wrapping_add(offset);
    let heap = Heap::<P, Spin>::empty();
    // SAFETY: allocated just now, for the heap alone.
    unsafe { heap.init(start, bytes) }?;
    let mut session = Session::<_, _, 256>::new(&heap, start, bytes);
    for (number, action) in trace.actions().enumerate() {
        *NOW.lock().unwrap_or_else(PoisonError::into_inner) = Some((number + 1, action));
        session.step(action);
        session.audit();
    }
    Ok(session.summary())
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
    let Some(trace) = Trace::find(&text) else {
        println!("{path} holds no trace");
        return ExitCode::from(2);
    };
    panic::set_hook(Box::new(tell_break));
    println!("{}, {} actions", trace.head, trace.actions().count());
    let summary = match trace.head.profile {
        "tiny" => replay::<Tiny>(&trace),
        "bounded" => replay::<Bounded>(&trace),
        "flawed" => replay::<Flawed<Tiny>>(&trace),
        other => {
            println!("{other} is no profile");
            return ExitCode::from(2);
        }
    };
    let summary = match summary {
        Ok(summary) => summary,
        Err(error) => {
            println!("no device has such a region: {error}");
            return ExitCode::from(2);
        }
    };
    let (here, there) = (summary.to_string(), trace.end().unwrap_or("the device stopped before the end"));
    if here == there {
        println!("here as there: {here}");
        return ExitCode::SUCCESS;
    }
    println!("here:  {here}\nthere: {there}");
    ExitCode::from(2)
}
