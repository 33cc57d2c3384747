//! Real programs, each started with a contender preloaded (or, the one in Rust, built with it) and measured as a
//! whole: wall time, CPU time, peak memory, page faults.
//!
//! ```text
//! recipe    what is written to a folder of its own,   ──▶ job      runs it once, says if the outcome is right
//!   │       and how the program is started                  │
//!   ▼                                                        ▼
//! input, scripts, driver, builds, redis                  process, usage, binding
//! ```

mod binding;
mod builds;
mod digest;
mod driver;
mod folder;
mod input;
mod job;
mod process;
mod recipe;
mod redis;
mod usage;

use std::fmt;

use clap::ValueEnum;

pub(crate) use crate::program::job::Job;

/// One that can be measured.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
#[value(rename_all = "snake_case")]
pub(crate) enum Program {
    /// redis-server under redis-benchmark: the time is the client's, the rest the server's
    Redis,
    /// sqlite3: inserts into memory, indices, groups, a join, from a script
    Sqlite,
    /// python3: JSON, dictionaries, strings, lists, objects
    Python,
    /// the same with PYTHONMALLOC=malloc, so that small objects come from malloc too
    PythonMalloc,
    /// g++ -O1 on a file of templates and containers
    #[value(name = "g++")]
    Gxx,
    /// perl: words, hashes of hashes, lists, regular expressions
    Perl,
    /// node: buffers, zlib, JSON, maps
    Node,
    /// lua5.4: tables, strings, closures
    Lua,
    /// GNU sort of one large file
    Sort,
    /// rustc -O on a file of generics and collections, started by a main without rustc's own jemalloc
    Rustc,
    /// a Rust program with the contender as its #[global_allocator]: serde_json, regex, maps, strings, channels
    Rust,
}

impl Program {
    /// What a reader of its row should know.
    pub(crate) fn note(self) -> Option<&'static str> {
        match self {
            Self::Redis => Some(
                "Debian's redis-server is linked to jemalloc, by the names of libc: a preload takes all of its \
                 calls. For the row of glibc, libc.so.6 itself is preloaded",
            ),
            Self::Python => Some(
                "small objects come from Python's own arenas, which are mapped: few calls reach malloc. \
                 python_malloc is the same without the arenas",
            ),
            Self::Sort => Some("it asks for a handful of large blocks: how their pages come and go is all there is"),
            Self::Rust => Some(
                "the contender is the #[global_allocator], a crate whose version is in \
                 benches/contenders/rust_program/Cargo.lock",
            ),
            Self::Node => Some("the objects of JavaScript lie in V8's own heap: buffers, zlib and C++ reach malloc"),
            Self::Rustc => Some(
                "rustc's own executable holds a jemalloc, which goes before any preload; here its library \
                 librustc_driver runs behind a main of ours, so that its malloc is the contender's",
            ),
            _ => None,
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value().expect("no program is hidden");
        f.pad(value.get_name())
    }
}
