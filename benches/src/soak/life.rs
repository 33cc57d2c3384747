//! What was seen of each process: memory, threads and mappings, second by second.

use crate::stage::Role;

/// One look at one process.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look {
    /// Since the start of the run.
    pub(crate) second: f64,
    pub(crate) rss_kb: u64,
    /// The most it ever had.
    pub(crate) peak_kb: u64,
    pub(crate) threads: u64,
    pub(crate) mappings: u64,
}

/// One process, as long as it was there.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    pub(crate) role: Role,
    pub(crate) turn: u32,
    pub(crate) process: u32,
    /// When it was started, in the kernel's ticks: numbers of processes are used again.
    pub(crate) born: u64,
    /// Forked by the process that we started, or by a child of it.
    pub(crate) is_child: bool,
    pub(crate) looks: Vec<Look>,
}

impl Life {
    /// As it is called in tables.
    pub(crate) fn name(&self) -> String {
        if self.is_child { format!("{}, children", self.role.name) } else { self.role.name.to_owned() }
    }

    /// The most memory it ever had.
    pub(crate) fn peak_kb(&self) -> u64 {
        self.looks.iter().map(|look| look.peak_kb).max().unwrap_or_default()
    }

    /// Whether it is to be there for the whole run.
    pub(crate) fn is_steady(&self) -> bool {
        !self.is_child && self.role.turn.is_none()
    }
}

/// All processes that were seen, in the order of their first look.
#[derive(Default, Debug)]
pub(crate) struct Lives(pub(crate) Vec<Life>);

impl Lives {
    /// Adds a look to a process, which may be new.
    pub(crate) fn add(&mut self, life: Life, look: Look) {
        let same = |known: &&mut Life| known.process == life.process && known.born == life.born;
        match self.0.iter_mut().rev().find(same) {
            Some(known) => known.looks.push(look),
            None => self.0.push(Life { looks: vec![look], ..life }),
        }
    }

    /// The names of all, each once.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for name in self.0.iter().map(Life::name) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    pub(crate) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Life> + Clone {
        self.0.iter().filter(move |life| life.name() == name)
    }

    /// What the last look at each name showed, for the line of progress.
    pub(crate) fn now(&self) -> String {
        let newest = self.0.iter().filter_map(|life| life.looks.last()).map(|look| look.second).fold(0.0, f64::max);
        let current = self.0.iter().filter(|life| !life.is_child);
        let words = current.filter_map(|life| {
            let last = life.looks.last().filter(|look| look.second == newest)?;
            Some(format!("{} {}", life.role.name, last.rss_kb >> 10))
        });
        words.collect::<Vec<_>>().join(", ") + " MiB"
    }
}
