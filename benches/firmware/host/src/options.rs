//! What the command line asks for.

use std::path::PathBuf;

use crate::contender::{self, Contender};
use crate::target::{self, Target};

pub(crate) struct Options {
    pub(crate) name: Option<String>,
    pub(crate) check: bool,
    pub(crate) against: Option<PathBuf>,
    pub(crate) contenders: Vec<Contender>,
    pub(crate) targets: Vec<Target>,
}

impl Options {
    /// Nothing if help is asked for.
    pub(crate) fn read(words: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self {
            name: None,
            check: false,
            against: None,
            contenders: contender::ALL.to_vec(),
            targets: target::ALL.to_vec(),
        };
        let mut words = words;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--name" => options.name = Some(value()?),
                "--check" => options.check = true,
                "--against" => options.against = Some(value()?.into()),
                "--only" => {
                    options.contenders = value()?.split(',').map(contender::by_name).collect::<Result<_, _>>()?
                }
                "--target" => options.targets = value()?.split(',').map(target::by_name).collect::<Result<_, _>>()?,
                "--help" | "-h" => return Ok(None),
                _ => return Err(format!("what is {word:?}?")),
            }
        }
        Ok(Some(options))
    }

    pub(crate) fn is_everything(&self) -> bool {
        self.contenders.len() == contender::ALL.len() && self.targets.len() == target::ALL.len()
    }
}

pub(crate) fn help() -> String {
    let mut text = String::from(
        "benches/firmware/run [--name NAME] [--check] [--against FILE.csv] [--only CONTENDER,…]\n\
         \x20                    [--target TARGET,…]\n\
         \n\
         Builds each contender for each target, runs it under QEMU, prints the table. With a name, or if nothing is\n\
         left out, it is written to benches/results/firmware-NAME.md and .csv; otherwise NAME is the date.\n\
         \n\
         --check    exit with 1 and name the bounds that ours miss\n\
         --against  exit with 1 and name the figures of ours that are worse than in FILE.csv, an earlier result\n\
         --only     these contenders; bounds against the best rival hold if there is one\n\
         --target   these targets\n\
         \n\
         Contenders:\n",
    );
    for contender in contender::ALL {
        text += &format!("  {:<15} {}: {}\n", contender.name, contender.package, contender.words);
    }
    text += "\nTargets:\n";
    for target in target::ALL {
        text += &format!("  {:<15} {} on {}\n", target.name, target.triple, target.board);
    }
    text
}
