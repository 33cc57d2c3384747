//! Which file of a package uses which. A name that a module hands on (`pub use`) counts as its home's, and to name a
//! module on the way to something in it is no use of the module.

use std::collections::{BTreeMap, BTreeSet};

use crate::modules::{Import, Module, Words};

/// Imports of imports, at most so many.
const DEEPEST: usize = 16;

/// For each file the others that it uses.
pub(crate) type Uses = BTreeMap<String, BTreeSet<String>>;

pub(crate) fn uses_of(modules: &[Module]) -> Uses {
    let names = Names::new(modules);
    let mut uses = Uses::new();
    for module in modules {
        let own = uses.entry(module.file.clone()).or_default();
        let imported = module.imports.iter().filter(|import| !import.is_public);
        for import in imported {
            let used = match import.name.as_str() {
                "*" => names.absolute(module, &import.path, 0).map(|place| names.files(&place)).unwrap_or_default(),
                _ => names.homes(module, &import.path, 0),
            };
            own.extend(used);
        }
        for path in &module.paths {
            own.extend(names.homes(module, path, 0));
        }
        own.remove(&module.file);
    }
    uses
}

struct Names<'a> {
    modules: BTreeMap<&'a [String], Vec<&'a Module>>,
}

impl<'a> Names<'a> {
    fn new(all: &'a [Module]) -> Self {
        let mut modules: BTreeMap<&[String], Vec<&Module>> = BTreeMap::new();
        for module in all {
            modules.entry(&module.place).or_default().push(module);
        }
        Self { modules }
    }

    fn at(&self, place: &[String]) -> &[&'a Module] {
        self.modules.get(place).map_or(&[], Vec::as_slice)
    }

    fn files(&self, place: &[String]) -> BTreeSet<String> {
        self.at(place).iter().map(|module| module.file.clone()).collect()
    }

    fn import(&self, place: &[String], name: &str) -> Option<(&'a Module, &'a Import)> {
        let mut own =
            self.at(place).iter().flat_map(|module| module.imports.iter().map(move |import| (*module, import)));
        own.find(|(_, import)| import.name == name)
    }

    /// A path as it is written in a module, from the root on; none if it leads out of the package.
    fn absolute(&self, module: &Module, path: &[String], depth: usize) -> Option<Words> {
        let (first, rest) = path.split_first()?;
        let mut place = match first.as_str() {
            "crate" => Words::new(),
            "self" => module.place.clone(),
            "super" => module.place.split_last()?.1.to_vec(),
            name => {
                let child = [module.place.as_slice(), &[name.to_owned()]].concat();
                if !self.at(&child).is_empty() {
                    return Some([child.as_slice(), rest].concat());
                }
                let (home, import) = self.import(&module.place, name).filter(|_| depth < DEEPEST)?;
                let start = self.absolute(home, &import.path, depth + 1)?;
                return Some([start.as_slice(), rest].concat());
            }
        };
        let ups = rest.iter().take_while(|word| *word == "super").count();
        place.truncate(place.len().checked_sub(ups)?);
        place.extend_from_slice(&rest[ups..]);
        Some(place)
    }

    /// The files in which what a path names is at home; none for a module, or what is another package's.
    fn homes(&self, module: &Module, path: &[String], depth: usize) -> BTreeSet<String> {
        self.absolute(module, path, depth).map(|place| self.homes_of(&place, depth)).unwrap_or_default()
    }

    fn homes_of(&self, path: &[String], depth: usize) -> BTreeSet<String> {
        let known = (0..=path.len()).rev().find(|&length| !self.at(&path[..length]).is_empty()).unwrap_or(0);
        let (place, rest) = path.split_at(known);
        let Some(name) = rest.first() else { return BTreeSet::new() };
        if depth < DEEPEST {
            if let Some((home, import)) = self.import(place, name) {
                let onward = [import.path.as_slice(), &rest[1..]].concat();
                let homes = self.homes(home, &onward, depth + 1);
                if !homes.is_empty() {
                    return homes;
                }
            }
            if let Some((home, import)) = self.import(place, "*").filter(|(_, import)| import.is_public) {
                let onward = [import.path.as_slice(), rest].concat();
                return &self.files(place) | &self.homes(home, &onward, depth + 1);
            }
        }
        self.files(place)
    }
}
