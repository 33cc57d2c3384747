//! One contender on one target: every figure of it.

use std::time::Duration;

use crate::contender::Contender;
use crate::elf::Sections;
use crate::emulator::{Emulator, Ended};
use crate::figures::Figures;
use crate::firmware::Workshop;

/// What stands in a test's place when it fails.
const PANICS: &str = "panics";
const HANGS: &str = "hangs";

pub(crate) const TESTS: [&str; 7] = ["first", "costs", "worst", "room", "arena", "growth", "torture"];
const MISUSES: [&str; 2] = ["free-twice", "free-merged"];
const MOST_TIME: Duration = Duration::from_secs(300);
const MOST_TIME_MISUSED: Duration = Duration::from_secs(10);

/// The programs of which sizes are compared: their features, and what the figure is called.
const SIZES: [(&str, &str); 2] = [("", "flash"), (",realloc", "flash_realloc")];

pub(crate) struct Bench<'a> {
    workshop: &'a Workshop<'a>,
    emulator: &'a Emulator,
    /// The programs without an allocator.
    bare: [Sections; 2],
}

/// The dearest call of a scene.
fn is_worst(name: &str, call: &str) -> bool {
    name.strip_prefix("worst.").is_some_and(|scene| scene.ends_with(&format!(".{call}")))
}

fn last_line(text: &str) -> &str {
    text.lines().rfind(|line| !line.is_empty() && *line != "done").unwrap_or("nothing")
}

impl<'a> Bench<'a> {
    pub(crate) fn new(workshop: &'a Workshop<'a>, emulator: &'a Emulator) -> Result<Self, String> {
        let mut bare = [Sections::default(); 2];
        for (sections, (feature, _)) in bare.iter_mut().zip(SIZES) {
            let features = format!("null{feature}");
            *sections = Sections::read(&workshop.build("flash", &features)?)?;
            if !workshop.is_free_of_panics("flash", &features)? {
                return Err("the program without an allocator has a panic of its own".to_owned());
            }
        }
        Ok(Self { workshop, emulator, bare })
    }

    pub(crate) fn measure(&self, contender: Contender, figures: &mut Figures) -> Result<(), String> {
        self.sizes(contender, figures)?;
        let program = self.workshop.build("suite", contender.name)?;
        let target = self.workshop.target;
        let tests: &[&str] = if contender.is_floor() { &["first"] } else { &TESTS };
        for test in tests {
            match self.emulator.run(target, &program, test, MOST_TIME)? {
                Ended::Well(text) => {
                    let values = text.lines().filter_map(|line| line.split_once(' '));
                    values.for_each(|(name, value)| figures.put(target.name, contender.name, name, value));
                }
                Ended::Badly(text) => {
                    eprintln!("{}: {test}: {}", contender.name, last_line(&text));
                    figures.put(target.name, contender.name, test, PANICS);
                }
                Ended::Hung => {
                    eprintln!("{}: {test} hangs", contender.name);
                    figures.put(target.name, contender.name, test, HANGS);
                }
            }
        }
        for misuse in MISUSES.iter().filter(|_| !contender.is_floor()) {
            let words = match self.emulator.run(target, &program, misuse, MOST_TIME_MISUSED)? {
                Ended::Well(text) | Ended::Badly(text) => match last_line(&text) {
                    line if line.starts_with("panic: ") => PANICS.to_owned(),
                    line => line.to_owned(),
                },
                Ended::Hung => HANGS.to_owned(),
            };
            figures.put(target.name, contender.name, misuse, words);
        }
        for call in ["alloc", "free"] {
            let of_call = |name: &str| name.ends_with(&format!(".{call}.max")) || is_worst(name, call);
            if let Some(cost) = figures.largest(target.name, contender.name, of_call) {
                figures.put(target.name, contender.name, &format!("worst.{call}"), cost);
            }
        }
        Ok(())
    }

    fn sizes(&self, contender: Contender, figures: &mut Figures) -> Result<(), String> {
        let target = self.workshop.target.name;
        for (bare, (feature, figure)) in self.bare.iter().zip(SIZES) {
            let features = format!("{}{feature}", contender.name);
            let sections = Sections::read(&self.workshop.build("flash", &features)?)?;
            figures.put(target, contender.name, figure, sections.flash() - bare.flash());
            figures.put(target, contender.name, &format!("{figure}.ram"), sections.memory() - bare.memory());
            figures.put(target, contender.name, &format!("{figure}.data"), sections.data - bare.data);
            let free = self.workshop.is_free_of_panics("flash", &features)?;
            figures.put(target, contender.name, &format!("{figure}.panics"), if free { "no" } else { "yes" });
        }
        Ok(())
    }
}
