//! The parts of a soak: which programs they run, how many processes, and for how long each.

use std::fmt;
use std::time::Duration;

use clap::ValueEnum;

use crate::stage::{Role, Stage};
use crate::{memcached, redis, ticking};

/// Processes that come and go live for this share of the run, within bounds.
const TURNS: u32 = 8;
const SHORTEST_TURN: Duration = Duration::from_secs(6);
const LONGEST_TURN: Duration = Duration::from_secs(180);

/// What can be run.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Part {
    /// redis-server with eviction under redis-benchmark, values of changing sizes, snapshots; another is restarted
    Redis,
    /// python3: threads that build objects, JSON, SQLite, forked workers; another is restarted
    Python,
    /// a C++ program of 64 threads that hand objects to one another, end, and are replaced
    Threads,
    /// memcached with eviction, clients that come and go
    Memcached,
    /// the C++ program with a leak: must end with FAIL
    #[value(hide = true)]
    Leak,
    /// the C++ program with a byte that is wrong: must end with FAIL
    #[value(hide = true)]
    Damage,
    /// the C++ program with a block that is freed twice: must end with FAIL
    #[value(hide = true)]
    Misuse,
}

/// What one thread of ours does.
pub(crate) type Driver<'a> = Box<dyn FnOnce() + Send + 'a>;

impl Part {
    /// Whether it is there to show that a soak can fail.
    pub(crate) fn is_flawed(self) -> bool {
        matches!(self, Self::Leak | Self::Damage | Self::Misuse)
    }

    /// Programs that must be installed.
    pub(crate) fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Redis => &["setpriv", "redis-server", "redis-benchmark"],
            Self::Python => &["setpriv", "/usr/bin/python3"],
            Self::Threads | Self::Leak | Self::Damage | Self::Misuse => &["setpriv", "g++"],
            Self::Memcached => &["setpriv", "memcached"],
        }
    }

    /// What takes time before anything runs.
    pub(crate) fn prepare(self, stage: &Stage) -> Result<(), String> {
        match self {
            Self::Redis | Self::Memcached => Ok(()),
            Self::Python => ticking::write_script(stage),
            Self::Threads | Self::Leak | Self::Damage | Self::Misuse => ticking::compile(stage),
        }
    }

    /// What it runs; a driver that cannot go on notes why.
    pub(crate) fn drivers(self, stage: &Stage) -> Vec<Driver<'_>> {
        let short = (stage.length / TURNS).clamp(SHORTEST_TURN, LONGEST_TURN);
        let steady = |name| Role { name, turn: None };
        let restarted = |name| Role { name, turn: Some(short) };
        let driver = |role: Role, drive: fn(&Stage, Role) -> Result<(), String>| -> Driver<'_> {
            Box::new(move || {
                if let Err(why) = drive(stage, role) {
                    stage.fail(format!("{}: {why}", role.name));
                }
            })
        };
        match self {
            Self::Redis => {
                vec![driver(steady("redis"), redis::drive), driver(restarted("redis restarted"), redis::drive)]
            }
            Self::Python => vec![
                driver(steady("python"), ticking::python),
                driver(restarted("python restarted"), ticking::python_with_arenas),
            ],
            Self::Threads => vec![driver(steady("threads"), ticking::threads)],
            Self::Memcached => vec![driver(steady("memcached"), memcached::drive)],
            Self::Leak => vec![driver(steady("leak"), ticking::leaking)],
            Self::Damage => vec![driver(steady("damage"), ticking::damaging)],
            Self::Misuse => vec![driver(steady("misuse"), ticking::misusing)],
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.to_possible_value().expect("every part has a name").get_name())
    }
}
