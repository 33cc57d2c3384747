//! Label: what a libhakmem.so says of itself in its file, see `label.rs` of the library.

/// The first line; another number means another form.
const FORM: &str = "hakmem label 1";

/// A row of the library's own table of settings.
#[derive(Debug)]
pub(crate) struct Setting<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// `switch`, `milliseconds`, `bytes`, or the words it takes.
    pub(crate) unit: &'a str,
    /// The largest value; empty for words.
    pub(crate) most: &'a str,
    /// What it does, and the default.
    pub(crate) about: &'a str,
}

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Label<'a> {
    /// Names and values, in the library's order.
    pub(crate) facts: Vec<(&'a str, &'a str)>,
    /// Every setting.
    pub(crate) settings: Vec<Setting<'a>>,
}

impl<'a> Label<'a> {
    /// Reads the section's text.
    pub(crate) fn read(text: &'a str) -> Result<Self, String> {
        let mut lines = text.lines();
        let form = lines.next().unwrap_or_default();
        if form != FORM {
            return Err(format!(
                "its label says `{form}`, this program reads `{FORM}`; take the program hakmem that was built with it"
            ));
        }
        let mut label = Self { facts: vec![], settings: vec![] };
        for line in lines {
            let words: Vec<&str> = line.split('\t').collect();
            match *words.as_slice() {
                ["setting", name, unit, most, about] => label.settings.push(Setting { name, unit, most, about }),
                [name, value] => label.facts.push((name, value)),
                _ => return Err(format!("its label is damaged: `{line}`; build the library anew")),
            }
        }
        Ok(label)
    }

    /// The value of a fact.
    pub(crate) fn fact(&self, name: &str) -> Option<&'a str> {
        self.facts.iter().find(|fact| fact.0 == name).map(|fact| fact.1)
    }
}
