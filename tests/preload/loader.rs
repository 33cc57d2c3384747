//! What the loader can do to a preloaded library: bind at once, watch, load it twice, load others late.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::child::{command, find_or_skip, run};
use crate::compiled::Compiled;
use crate::library::library;

fn says_hello(command: &mut Command) {
    let outcome = run(command, 20);
    assert_eq!((outcome.code(), outcome.text().as_str()), (0, "hello\n"), "{}", outcome.stderr);
    library().assert_served_quietly(&outcome);
}

/// The banner of a copy whose malloc nobody finds: that of another file stands before it.
fn goes_first(banner: &str, other: &Path) -> bool {
    banner.ends_with(&format!(", but malloc is that of {}, which goes first", other.display()))
}

#[test]
fn binds_at_once() {
    says_hello(library().preload(command("/bin/echo").arg("hello")).env("LD_BIND_NOW", "1"));
}

#[test]
fn is_watched() {
    let Some(auditor) = Compiled::new("auditor.c", &["-shared", "-fPIC"]) else { return };
    says_hello(library().preload(command("/bin/echo").arg("hello")).env("LD_AUDIT", auditor.path()));
}

#[test]
fn is_loaded_twice() {
    if !library().is_ours_or_skip("the banner") {
        return;
    }
    let Some(other) = Compiled::new("static.c", &[]) else { return };
    let second = other.path().with_file_name("libhakmem-second.so");
    fs::copy(&library().shared, &second).expect("scratch can be written");
    let both = format!("{}:{}", library().shared.display(), second.display());
    let outcome = run(library().preload(command("/bin/echo").arg("hello")).env("LD_PRELOAD", &both), 20);
    assert_eq!((outcome.code(), outcome.text().as_str()), (0, "hello\n"), "{}", outcome.stderr);
    // Each says of itself whether it is asked; the one that is loaded last starts first.
    let lines = outcome.library_lines();
    assert!(goes_first(lines[0], &library().shared), "{}", outcome.stderr);
    assert!(lines[1].contains(" serves process ") && lines.len() == 2, "{}", outcome.stderr);
    let outcome = run(library().preload(&mut command(other.path())).env("LD_PRELOAD", both), 20);
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
}

/// Extension modules are plugins: their blocks cross the border both ways.
#[test]
fn loads_plugins_late() {
    let Some(perl) = find_or_skip("perl") else { return };
    let program = "use Socket; use POSIX; use Fcntl; use Data::Dumper; print 'hello', qq(\\n)";
    says_hello(library().preload(command(perl).args(["-e", program])));
}

/// It once looked for the kernel's words behind an environment that stood elsewhere by then.
#[test]
fn is_loaded_late_with_a_moved_environment() {
    if !library().is_ours_or_skip("the banner") {
        return;
    }
    let Some(host) = Compiled::new("environment.c", &[]) else { return };
    let path = library().shared.to_str().expect("a plain path");
    let outcome = host.run(&[path], false, 20);
    assert_eq!((outcome.code(), outcome.text().as_str()), (0, "loaded\n"), "{}", outcome.stderr);
    let banner = outcome.library_lines()[0];
    let c_library = banner.rsplit('/').next().filter(|name| name.starts_with("libc"));
    assert!(c_library.is_some_and(|name| name.ends_with(", which goes first")), "{}", outcome.stderr);
}
