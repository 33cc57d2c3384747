//! One program run twice, without the library and with it: all that can be seen must be equal.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::child::{Outcome, command, find_or_skip, run};
use crate::library::library;
use crate::scratch::Scratch;

/// What to run. Each run has an empty folder of its own to stand in.
pub(crate) struct Comparison<'a> {
    pub(crate) program: &'a str,
    pub(crate) arguments: &'a [&'a str],
    /// The exit code that the program must have without the library.
    pub(crate) code: i32,
    /// Files that the program makes in its folder, compared too.
    pub(crate) products: &'a [&'a str],
    pub(crate) seconds: u64,
}

impl Default for Comparison<'_> {
    fn default() -> Self {
        Self { program: "/bin/true", arguments: &[], code: 0, products: &[], seconds: 60 }
    }
}

impl Comparison<'_> {
    /// Panics if the library makes a difference.
    pub(crate) fn check(&self) {
        let Some(program) = find_or_skip(self.program) else { return };
        let (bare, bare_products) = self.run(&program, false);
        assert_eq!(bare.code(), self.code, "{} fails without us: {}", self.program, bare.stderr);
        let (served, served_products) = self.run(&program, true);
        library().assert_served_quietly(&served);
        assert_eq!(served.code(), bare.code(), "exit code of {}: {}", self.program, served.stderr);
        if served.stdout != bare.stdout {
            panic!("{} prints another text:\n{}", self.program, first_difference(&bare.text(), &served.text()));
        }
        assert!(served_products == bare_products, "{} makes other files", self.program);
    }

    fn run(&self, program: &Path, served: bool) -> (Outcome, Vec<u64>) {
        let folder = Scratch::new();
        let mut command = command(program);
        command.args(self.arguments).current_dir(folder.path()).env("HOME", folder.path());
        if served {
            library().preload(&mut command);
        }
        let outcome = run(&mut command, self.seconds);
        let products = self.products.iter().filter(|_| outcome.status.success());
        let products = products.map(|name| hash_of(&folder.join(name))).collect();
        (outcome, products)
    }
}

/// The path of a file in `workloads/`.
pub(crate) fn workload(name: &str) -> String {
    format!("{}/preload/workloads/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// FNV-1a of a file's words, read in pieces.
fn hash_of(path: &Path) -> u64 {
    let mut file = File::open(path).unwrap_or_else(|error| panic!("no {}: {error}", path.display()));
    let mut piece = vec![0; 1 << 20];
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    loop {
        match file.read(&mut piece).expect("a file of ours can be read") {
            0 => return hash,
            count => piece[..count].iter().for_each(|&byte| {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }),
        }
    }
}

fn first_difference(bare: &str, served: &str) -> String {
    let pair = bare.lines().zip(served.lines()).enumerate().find(|(_, (one, other))| one != other);
    match pair {
        Some((at, (one, other))) => format!("line {}\n  without: {one}\n  with:    {other}", at + 1),
        None => format!("{} bytes without, {} with", bare.len(), served.len()),
    }
}
