//! What all parts of a soak share: the time, the folder, who runs at the moment, what failed, what was done.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::library::Library;

use crate::scratch::Scratch;

/// A place that processes take one after another, or one for the whole run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Role {
    pub(crate) name: &'static str,
    /// How long each lives; the whole time where there is none.
    pub(crate) turn: Option<Duration>,
}

/// A process that is to be watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watched {
    pub(crate) role: Role,
    /// The how many-th of its role.
    pub(crate) turn: u32,
    pub(crate) process: u32,
}

/// Shared by all threads.
pub(crate) struct Stage {
    pub(crate) length: Duration,
    pub(crate) folder: Scratch,
    /// What goes into `LD_PRELOAD`.
    pub(crate) preload: PathBuf,
    start: Instant,
    watched: Mutex<Vec<Watched>>,
    failures: Mutex<Vec<String>>,
    counts: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
}

impl Stage {
    /// The time begins when all is made ready: see [`Stage::begin`].
    pub(crate) fn new(library: &Library, length: Duration) -> io::Result<Self> {
        Ok(Self {
            length,
            folder: Scratch::new()?,
            preload: library.preload.clone(),
            start: Instant::now(),
            watched: Mutex::default(),
            failures: Mutex::default(),
            counts: Mutex::default(),
        })
    }

    /// The time begins now.
    pub(crate) fn begin(&mut self) {
        self.start = Instant::now();
    }

    /// Seconds since the start.
    pub(crate) fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    /// Whether everybody should come to an end.
    pub(crate) fn is_over(&self) -> bool {
        self.start.elapsed() >= self.length
    }

    /// Time since the last whole multiple of a period.
    pub(crate) fn since_look(&self, period: Duration) -> Duration {
        Duration::from_nanos((self.start.elapsed().as_nanos() % period.as_nanos()) as u64)
    }

    /// When a process that starts now in a role should end.
    pub(crate) fn end_of_turn(&self, role: Role) -> Instant {
        let end = self.start + self.length;
        role.turn.map_or(end, |turn| end.min(Instant::now() + turn))
    }

    pub(crate) fn watch(&self, watched: Watched) {
        lock(&self.watched).push(watched);
    }

    /// To be called before the process is waited for: its number may then be another's.
    pub(crate) fn unwatch(&self, process: u32) {
        lock(&self.watched).retain(|watched| watched.process != process);
    }

    pub(crate) fn watched(&self) -> Vec<Watched> {
        lock(&self.watched).clone()
    }

    /// Notes what must not happen.
    pub(crate) fn fail(&self, words: String) {
        eprintln!("\nFAILED at {:.0} s: {words}", self.seconds());
        lock(&self.failures).push(format!("at {:.0} s: {words}", self.seconds()));
    }

    pub(crate) fn failures(&self) -> Vec<String> {
        lock(&self.failures).clone()
    }

    /// Adds to the number of times that something was done.
    pub(crate) fn count(&self, role: Role, what: &'static str, times: u64) {
        *lock(&self.counts).entry((role.name, what)).or_default() += times;
    }

    /// Role, what, how often.
    pub(crate) fn counts(&self) -> Vec<(&'static str, &'static str, u64)> {
        lock(&self.counts).iter().map(|(&(role, what), &times)| (role, what, times)).collect()
    }
}

/// Nobody holds one of these over anything that may fail.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
