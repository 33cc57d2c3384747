//! Circles: files that use one another, however many lie between.

use std::collections::BTreeSet;

use crate::uses::Uses;

/// All that a file uses, directly or not.
fn reach(uses: &Uses, from: &str) -> BTreeSet<String> {
    let (mut reached, mut open) = (BTreeSet::new(), vec![from.to_owned()]);
    while let Some(file) = open.pop() {
        for next in uses.get(&file).into_iter().flatten() {
            if reached.insert(next.clone()) {
                open.push(next.clone());
            }
        }
    }
    reached
}

/// Each circle as its files, and which of them uses which.
pub(crate) fn circles(uses: &Uses) -> Vec<String> {
    let reached: Vec<_> = uses.keys().map(|file| (file, reach(uses, file))).collect();
    let mut found: BTreeSet<BTreeSet<&String>> = BTreeSet::new();
    for (file, reach) in reached.iter().filter(|(file, reach)| reach.contains(*file)) {
        let with = |(other, theirs): &&(&String, BTreeSet<String>)| reach.contains(*other) && theirs.contains(*file);
        found.insert(reached.iter().filter(with).map(|(other, _)| *other).collect());
    }
    found.into_iter().map(|circle| words(uses, &circle)).collect()
}

fn words(uses: &Uses, circle: &BTreeSet<&String>) -> String {
    let arrows = circle.iter().map(|file| {
        let within: Vec<_> = uses[*file].iter().filter(|used| circle.contains(used)).map(String::as_str).collect();
        format!("{file} -> {}", within.join(", "))
    });
    arrows.collect::<Vec<_>>().join("\n    ")
}
