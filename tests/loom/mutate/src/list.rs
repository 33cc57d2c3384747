//! The list: `mutations.txt`.
//!
//! ```text
//! @ core-nostd/src/slab/mailbox.rs        file of those that follow
//! # publishes the link with Relaxed       what it weakens
//! - the exact text, found once            lines that go
//! + what stands there instead             lines that come
//! = why nobody can notice                 optional: it is equivalent, counted apart
//! ~ what the models do not show           optional: it counts as survived, and this is why
//! ```

use std::path::Path;

/// One of them.
pub(crate) struct Mutation {
    /// From 1 on.
    pub(crate) number: usize,
    /// From the root.
    pub(crate) file: String,
    /// What it weakens.
    pub(crate) weakens: String,
    old: String,
    new: String,
    /// Why it may live.
    pub(crate) excuse: Option<String>,
    /// Why nobody notices, though somebody should.
    pub(crate) blind: Option<String>,
}

/// All, in order.
pub(crate) fn read() -> Vec<Mutation> {
    let (mut file, mut all) = (String::new(), Vec::<Mutation>::new());
    for line in include_str!("../mutations.txt").lines() {
        let Some((mark, text)) = line.split_at_checked(2).filter(|_| line.len() > 2) else { continue };
        let text = text.to_owned();
        match (mark, all.last_mut()) {
            ("@ ", _) => file = text,
            ("# ", _) => all.push(Mutation {
                number: all.len() + 1,
                file: file.clone(),
                weakens: text,
                old: String::new(),
                new: String::new(),
                excuse: None,
                blind: None,
            }),
            ("- ", Some(last)) => join(&mut last.old, &text),
            ("+ ", Some(last)) => join(&mut last.new, &text),
            ("= ", Some(last)) => last.excuse = Some(text),
            ("~ ", Some(last)) => last.blind = Some(text),
            _ => panic!("mutations.txt: what is this? {line}"),
        }
    }
    all
}

fn join(lines: &mut String, line: &str) {
    if !lines.is_empty() {
        lines.push('\n');
    }
    lines.push_str(line);
}

impl Mutation {
    /// Says so if its text is not found exactly once.
    pub(crate) fn stale(&self, root: &Path) -> Option<String> {
        let text = std::fs::read_to_string(root.join(&self.file)).unwrap_or_default();
        let found = text.matches(&self.old).count();
        let is_real = !self.old.is_empty() && self.old != self.new;
        (found != 1 || !is_real).then(|| format!("{} {}: found {found} times: {}", self.number, self.file, self.old))
    }

    /// The text with it.
    pub(crate) fn apply(&self, text: &str) -> String {
        text.replacen(&self.old, &self.new, 1)
    }
}
