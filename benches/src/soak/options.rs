//! What a soak is asked for on the command line.

use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::part::Part;

/// A day.
const MOST_MINUTES: f64 = 1_440.0;

const EXAMPLES: &str = "\
Examples:
  cargo soak                                     30 minutes, every part
  cargo soak --minutes 1                         the short form
  cargo soak --only redis --library none         redis under glibc's malloc, to compare";

/// Runs servers under load with libhakmem.so preloaded, and says PASS when nothing failed and no memory grows.
///
/// Every answer and every object is compared with what it must be. The memory, threads and mappings of every process are
/// read once a second. Table, CSV and picture go to benches/results. Ends with 0 for PASS, 1 for FAIL.
#[derive(Parser, Debug)]
#[command(name = "hakmem-soak", bin_name = "cargo soak", after_help = EXAMPLES)]
pub(crate) struct Options {
    /// How long it runs, above 0 and at most 1440.
    #[arg(long, default_value_t = 30.0, value_parser = minutes)]
    pub(crate) minutes: f64,
    /// Only these parts, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "PART")]
    only: Vec<Part>,
    /// The library to preload instead of the one that is built; `none` is glibc's own malloc.
    #[arg(long, value_name = "PATH")]
    pub(crate) library: Option<String>,
    /// Name of the files written to benches/results: NAME.csv, NAME.md, NAME.svg; soak- and the date by default.
    #[arg(long)]
    pub(crate) name: Option<String>,
}

impl Options {
    /// The time as such.
    pub(crate) fn length(&self) -> Duration {
        Duration::from_secs_f64(self.minutes * 60.0)
    }

    /// All that are in the help where none is named.
    pub(crate) fn parts(&self) -> Vec<Part> {
        if self.only.is_empty() {
            return Part::value_variants().iter().copied().filter(|part| !part.is_flawed()).collect();
        }
        self.only.clone()
    }
}

fn minutes(text: &str) -> Result<f64, String> {
    let minutes: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    let allowed = minutes > 0.0 && minutes <= MOST_MINUTES;
    allowed.then_some(minutes).ok_or(format!("must be above 0 and at most {MOST_MINUTES}"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{Options, minutes};
    use crate::part::Part;

    #[test]
    fn flawed_parts_run_only_where_they_are_named() {
        let parts = |arguments: &str| Options::parse_from(arguments.split(' ')).parts();
        assert_eq!(parts("soak"), [Part::Redis, Part::Python, Part::Threads, Part::Memcached]);
        assert_eq!(parts("soak --only leak,redis"), [Part::Leak, Part::Redis]);
    }

    #[test]
    fn a_time_lies_between_0_and_a_day() {
        assert_eq!(minutes("0.5"), Ok(0.5));
        for wrong in ["0", "-1", "1441", "NaN", "long"] {
            assert!(minutes(wrong).is_err(), "{wrong}");
        }
    }
}
