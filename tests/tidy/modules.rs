//! A package's modules: the files that its root declares, and what each of them names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ItemMod, ItemUse, UseTree, Visibility};

/// Words with `::` between them: a module's place below its root, or a name as it is written.
pub(crate) type Words = Vec<String>;

/// What a `use` brings into a module.
pub(crate) struct Import {
    /// `*` for all there is.
    pub(crate) name: String,
    pub(crate) path: Words,
    /// It is handed on, and need not be used here.
    pub(crate) is_public: bool,
}

/// A module, or what one file says of it: where platforms have a file each, a module has several.
pub(crate) struct Module {
    pub(crate) place: Words,
    pub(crate) file: String,
    pub(crate) imports: Vec<Import>,
    /// Every path in the code but those of imports.
    pub(crate) paths: Vec<Words>,
}

/// The modules that `root` declares, as far as their files are among `files`, which have their texts.
pub(crate) fn modules_of(root: &str, files: &BTreeMap<String, String>) -> Vec<Module> {
    let mut reader = Reader { files, modules: Vec::new(), open: Vec::new(), folder: PathBuf::new() };
    let folder = Path::new(root).parent().unwrap_or(Path::new("")).to_owned();
    reader.read_file(Vec::new(), root, folder);
    reader.modules
}

struct Reader<'a> {
    files: &'a BTreeMap<String, String>,
    modules: Vec<Module>,
    /// Places in `modules` of the module being read and of those around it.
    open: Vec<usize>,
    /// Where the files of the module's children are.
    folder: PathBuf,
}

impl Reader<'_> {
    fn module(&mut self) -> &mut Module {
        let open = *self.open.last().expect("the root is open");
        &mut self.modules[open]
    }

    fn read_file(&mut self, place: Words, file: &str, folder: PathBuf) {
        let Some(text) = self.files.get(file) else { return };
        let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        self.within(place, file, folder, |reader| reader.visit_file(&parsed));
    }

    fn within(&mut self, place: Words, file: &str, folder: PathBuf, read: impl FnOnce(&mut Self)) {
        let around = std::mem::replace(&mut self.folder, folder);
        self.open.push(self.modules.len());
        self.modules.push(Module { place, file: file.to_owned(), imports: Vec::new(), paths: Vec::new() });
        read(self);
        self.open.pop();
        self.folder = around;
    }

    /// The files that a declaration may mean, each with the folder of its children.
    fn homes(&mut self, declared: &ItemMod) -> Vec<(PathBuf, PathBuf)> {
        let name = declared.ident.to_string();
        let beside = Path::new(&self.module().file).parent().unwrap_or(Path::new("")).to_owned();
        let mut homes: Vec<_> =
            declared.attrs.iter().filter_map(path_attribute).map(|path| beside.join(path)).collect();
        if homes.is_empty() {
            let door = self.folder.join(&name).join("mod.rs");
            return vec![
                (self.folder.join(format!("{name}.rs")), self.folder.join(&name)),
                (door, self.folder.join(&name)),
            ];
        }
        homes.drain(..).map(|home| (home.clone(), home.parent().unwrap_or(Path::new("")).to_owned())).collect()
    }

    fn note_tokens(&mut self, tokens: TokenStream) {
        let (mut path, mut marks) = (Words::new(), 2);
        for token in tokens {
            match token {
                TokenTree::Ident(word) => {
                    if marks != 2 {
                        self.note(std::mem::take(&mut path));
                    }
                    path.push(word.to_string());
                    marks = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => marks += 1,
                other => {
                    self.note(std::mem::take(&mut path));
                    marks = 2;
                    if let TokenTree::Group(group) = other {
                        self.note_tokens(group.stream());
                    }
                }
            }
        }
        self.note(path);
    }

    fn note(&mut self, path: Words) {
        if !path.is_empty() {
            self.module().paths.push(path);
        }
    }

    fn import(&mut self, tree: &UseTree, stem: &Words, is_public: bool) {
        let with = |word: &syn::Ident| [stem.as_slice(), &[word.to_string()]].concat();
        let (name, path) = match tree {
            UseTree::Path(path) => return self.import(&path.tree, &with(&path.ident), is_public),
            UseTree::Group(group) => return group.items.iter().for_each(|tree| self.import(tree, stem, is_public)),
            UseTree::Name(name) if name.ident == "self" => (stem.last().cloned().unwrap_or_default(), stem.clone()),
            UseTree::Name(name) => (name.ident.to_string(), with(&name.ident)),
            UseTree::Rename(rename) if rename.ident == "self" => (rename.rename.to_string(), stem.clone()),
            UseTree::Rename(rename) => (rename.rename.to_string(), with(&rename.ident)),
            UseTree::Glob(_) => ("*".to_owned(), stem.clone()),
        };
        self.module().imports.push(Import { name, path, is_public });
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, declared: &'ast ItemMod) {
        let name = declared.ident.to_string();
        let place = [self.module().place.as_slice(), std::slice::from_ref(&name)].concat();
        if declared.content.is_some() {
            let (file, folder) = (self.module().file.clone(), self.folder.join(name));
            return self.within(place, &file, folder, |reader| visit::visit_item_mod(reader, declared));
        }
        for (file, folder) in self.homes(declared) {
            self.read_file(place.clone(), &plain(&file), folder);
        }
    }

    fn visit_item_use(&mut self, used: &'ast ItemUse) {
        self.import(&used.tree, &Words::new(), !matches!(used.vis, Visibility::Inherited));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.note(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.note_tokens(called.tokens.clone());
        visit::visit_macro(self, called);
    }

    fn visit_item_macro(&mut self, defined: &'ast syn::ItemMacro) {
        if let Some(name) = &defined.ident
            && defined.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export"))
        {
            // Its name stands at the root.
            let path = [&["crate".to_owned()], self.module().place.as_slice(), &[name.to_string()]].concat();
            self.modules[0].imports.push(Import { name: name.to_string(), path, is_public: true });
        }
        visit::visit_item_macro(self, defined);
    }

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

/// The file that `#[path = "…"]` names, a condition around it or not.
fn path_attribute(attribute: &Attribute) -> Option<String> {
    fn find(tokens: TokenStream) -> Option<String> {
        let tokens: Vec<_> = tokens.into_iter().collect();
        tokens.windows(3).find_map(|three| match three {
            [TokenTree::Ident(word), TokenTree::Punct(_), TokenTree::Literal(path)] if word == "path" => {
                Some(path.to_string().trim_matches('"').to_owned())
            }
            _ => None,
        })
    }
    match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg_attr") => find(list.tokens.clone()),
        syn::Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(path), .. }) => Some(path.value()),
            _ => None,
        },
        _ => None,
    }
}

/// The path without `..`.
fn plain(path: &Path) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.iter().filter_map(|part| part.to_str()) {
        match part {
            ".." if !parts.is_empty() => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}
