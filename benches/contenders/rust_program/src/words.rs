//! Text: words found by regular expressions, counted and joined; strings that come and go.

use std::collections::{BTreeMap, HashMap};

use regex::Regex;

use crate::draw::Draw;

/// How often each word stands in the text, by its first letters.
pub(crate) fn count(text: &str) -> BTreeMap<String, HashMap<String, usize>> {
    let word = Regex::new(r"(?P<start>[a-z]{2})(?P<rest>[a-z]*) ?(?P<number>\d*)").expect("a valid expression");
    let mut counts: BTreeMap<String, HashMap<String, usize>> = BTreeMap::new();
    for found in word.captures_iter(text) {
        let name = format!("{}{}", &found["rest"], &found["number"]);
        *counts.entry(found["start"].to_owned()).or_default().entry(name).or_default() += 1;
    }
    counts
}

/// The text with every name replaced.
pub(crate) fn replace(text: &str) -> String {
    let name = Regex::new(r#""name (\d+)""#).expect("a valid expression");
    name.replace_all(text, "\"called $1\"").into_owned()
}

/// Strings that grow, are cut, joined and dropped in a window; their length in all.
pub(crate) fn churn(steps: usize) -> usize {
    let mut draw = Draw::new(7);
    let mut window: Vec<String> = vec![String::new(); 1_000];
    let mut total = 0;
    for step in 0..steps {
        let place = draw.below(window.len());
        let other = draw.below(window.len());
        match draw.below(4) {
            0 => window[place] = format!("{step} {}", "x".repeat(draw.below(200))),
            1 => window[place] = window[place].split(' ').rev().collect::<Vec<_>>().join("-"),
            2 if window[place].len() < 2_000 => {
                let more = window[other].clone();
                window[place].push_str(&more);
            }
            _ => window[place] = window[other].chars().take(100).collect(),
        }
        total += window[place].len();
    }
    total
}
