//! What was measured: a value for each target, contender and name.

use std::collections::BTreeMap;

use crate::{contender, target};

const HEADER: &str = "target,contender,figure,value";

/// One of them.
pub(crate) struct Figure<'a> {
    pub(crate) target: &'static str,
    pub(crate) contender: &'static str,
    pub(crate) name: &'a str,
    pub(crate) value: &'a str,
}

#[derive(Default)]
pub(crate) struct Figures(BTreeMap<(&'static str, &'static str, String), String>);

impl Figures {
    pub(crate) fn put(&mut self, target: &'static str, contender: &'static str, name: &str, value: impl ToString) {
        self.0.insert((target, contender, name.to_owned()), value.to_string());
    }

    pub(crate) fn get(&self, target: &'static str, contender: &'static str, name: &str) -> Option<&str> {
        self.0.get(&(target, contender, name.to_owned())).map(String::as_str)
    }

    pub(crate) fn number(&self, target: &'static str, contender: &'static str, name: &str) -> Option<f64> {
        self.get(target, contender, name)?.parse().ok()
    }

    /// The largest of those whose names begin and end so.
    pub(crate) fn largest(
        &self,
        target: &'static str,
        contender: &'static str,
        fits: impl Fn(&str) -> bool,
    ) -> Option<f64> {
        let mine = self.0.iter().filter(|((at, who, name), _)| *at == target && *who == contender && fits(name));
        mine.filter_map(|(_, value)| value.parse().ok()).reduce(f64::max)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Figure<'_>> {
        self.0.iter().map(|((target, contender, name), value)| Figure { target, contender, name, value })
    }

    pub(crate) fn csv(&self) -> String {
        let mut text = format!("{HEADER}\n");
        for ((target, contender, name), value) in &self.0 {
            let value =
                if value.contains([',', '"']) { format!("\"{}\"", value.replace('"', "\"\"")) } else { value.clone() };
            text += &format!("{target},{contender},{name},{value}\n");
        }
        text
    }

    /// What `csv` wrote, without the targets and contenders that are no more.
    pub(crate) fn from_csv(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        if lines.next() != Some(HEADER) {
            return Err(format!("its first line is not {HEADER:?}"));
        }
        let mut figures = Self::default();
        for line in lines {
            let [target, contender, name, value] = line.splitn(4, ',').collect::<Vec<_>>()[..] else {
                return Err(format!("not four values: {line:?}"));
            };
            let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            let value = quoted.map_or(value.to_owned(), |value| value.replace("\"\"", "\""));
            if let (Ok(target), Ok(contender)) = (target::by_name(target), contender::by_name(contender)) {
                figures.put(target.name, contender.name, name, value);
            }
        }
        Ok(figures)
    }
}
