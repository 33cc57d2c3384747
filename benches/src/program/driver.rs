//! The Rust compiler with whichever `malloc` is preloaded.
//!
//! Rustc's own executable is a main around its library `librustc_driver` and a jemalloc; what an executable
//! defines goes before any preload. Here is the same main without the jemalloc.

use std::fs::read_dir;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::program::folder::Folder;
use crate::tool::first_line;

/// Builds it into the folder.
pub(super) fn build(folder: &Folder) -> Result<PathBuf, String> {
    let sysroot = first_line(Command::new("rustc").args(["--print", "sysroot"])).ok_or("rustc is missing")?;
    let libraries = Path::new(&sysroot).join("lib");
    let library = driver_library(&libraries).ok_or(format!("no librustc_driver in {}", libraries.display()))?;
    let file_name = library.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name = file_name.trim_start_matches("lib").trim_end_matches(".so");
    let entry = entry(&library)?;
    let text = format!(
        "unsafe extern \"C\" {{\n    #[link_name = \"{entry}\"]\n    fn compile() -> u8;\n}}\n\
         fn main() {{\n    std::process::exit(unsafe {{ compile() }}.into())\n}}\n"
    );
    let source = folder.write("main.rs", |file| std::io::Write::write_all(file, text.as_bytes()));
    let program = folder.path("rustc");
    let output = Command::new("rustc")
        .args(["--edition=2024", "-O", "-l", &format!("dylib={name}"), "-o"])
        .arg(&program)
        .arg(format!("-L{}", libraries.display()))
        .arg(format!("-Clink-arg=-Wl,-rpath,{}", libraries.display()))
        .arg(source.map_err(|error| error.to_string())?)
        .output()
        .map_err(|error| format!("rustc: {error}"))?;
    let words = String::from_utf8_lossy(&output.stderr);
    let reason = || format!("a main for librustc_driver: {}", words.lines().next().unwrap_or_default());
    if output.status.success() { Ok(program) } else { Err(reason()) }
}

fn driver_library(folder: &Path) -> Option<PathBuf> {
    let is_driver = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("librustc_driver-") && name.ends_with(".so")
    };
    read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).find(is_driver)
}

/// The symbol of `rustc_driver_impl::main`, read line by line: the list is long (see `Folder::write`).
fn entry(library: &Path) -> Result<String, String> {
    let mut nm = Command::new("nm");
    nm.args(["-D", "--defined-only"]).arg(library).stdout(Stdio::piped());
    let mut child = nm.spawn().map_err(|error| format!("nm: {error} (package binutils)"))?;
    let lines = BufReader::new(child.stdout.take().expect("piped above")).lines().map_while(Result::ok);
    let names: Vec<String> = lines.filter(|line| line.ends_with("rustc_driver_impl4main")).collect();
    child.wait().map_err(|error| format!("nm: {error}"))?;
    let name = names.first().and_then(|line| line.split(' ').next_back());
    name.map(str::to_owned).ok_or(format!("no rustc_driver_impl::main in {}", library.display()))
}
