//! One model: run by loom until every interleaving was seen, or one breaks it.

use std::cell::RefCell;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::arena::Arena;

/// See the file's head.
pub(crate) struct Model {
    /// What it is called.
    pub(crate) name: &'static str,
    /// What it holds.
    pub(crate) holds: &'static str,
    /// Most preemptions in an interleaving; `None` for all.
    pub(crate) bound: Option<usize>,
    /// False for one with fences, see the seam's `start`.
    pub(crate) gated: bool,
    /// One execution.
    pub(crate) body: fn(&'static Arena),
}

/// How it went.
pub(crate) struct Outcome {
    name: &'static str,
    bound: Option<usize>,
    executions: usize,
    time: Duration,
    /// What broke it.
    pub(crate) broken: Option<String>,
}

thread_local! {
    static LAST_WORDS: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Panics say their words to [`Outcome`], and to nobody else.
pub(crate) fn be_quiet() {
    panic::set_hook(Box::new(|panic| LAST_WORDS.with_borrow_mut(|words| *words = panic.to_string())));
}

/// Runs a model.
pub(crate) fn run(model: &'static Model, bound: Option<usize>) -> Outcome {
    let bound = bound.or(model.bound);
    let (arena, begun) = (Arena::new(), Instant::now());
    hakmem_seam::start(arena.range(), model.gated);
    let mut executions;
    let result = loop {
        let count = Arc::new(AtomicUsize::new(0));
        let body = {
            let (count, arena) = (Arc::clone(&count), AssertUnwindSafe(Shared(arena)));
            move || {
                count.fetch_add(1, Ordering::Relaxed);
                hakmem_seam::reset();
                arena.get().reset();
                (model.body)(arena.get());
            }
        };
        let mut builder = loom::model::Builder::new();
        builder.max_branches = 5_000;
        builder.preemption_bound = bound;
        let result = panic::catch_unwind(AssertUnwindSafe(|| builder.check(body)));
        executions = count.load(Ordering::Relaxed);
        if !hakmem_seam::learned() {
            break result;
        }
    };
    let broken = result.is_err().then(|| LAST_WORDS.with_borrow(String::clone));
    Outcome { name: model.name, bound, executions, time: begun.elapsed(), broken }
}

struct Shared(&'static Arena);

impl Shared {
    fn get(&self) -> &'static Arena {
        self.0
    }
}

#[allow(unsafe_code, reason = "loom asks for it")]
// SAFETY: a model runs on one thread.
unsafe impl Send for Shared {}
#[allow(unsafe_code, reason = "loom asks for it")]
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.broken.is_some() { "FAIL" } else { "PASS" };
        let bound = self.bound.map_or("all".to_owned(), |most| format!("≤ {most} preemptions"));
        let seconds = self.time.as_secs_f64();
        write!(out, "{verdict} {:<28} {:>8} executions, {bound}, {seconds:.1} s", self.name, self.executions)?;
        match &self.broken {
            Some(words) => write!(out, "\n     {}", words.replace('\n', "\n     ")),
            None => Ok(()),
        }
    }
}

/// Runs closures as threads, the last one as the thread that calls, between the plain phases.
pub(crate) fn together<const N: usize>(threads: [Box<dyn FnOnce()>; N]) {
    hakmem_seam::begin();
    let mut threads: Vec<_> = threads.into();
    let own = threads.pop();
    let spawned: Vec<_> = threads.into_iter().map(loom::thread::spawn).collect();
    own.into_iter().for_each(|own| own());
    for thread in spawned {
        thread.join().expect("a thread that panics ends the model");
    }
    hakmem_seam::end();
}
