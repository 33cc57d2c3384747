//! Tools: git, sqlite3, compilers, sort.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::child::find_or_skip;
use crate::comparison::{Comparison, workload};
use crate::scratch::Scratch;

#[test]
fn git() {
    if find_or_skip("git").is_some() {
        Comparison { program: "bash", arguments: &[&workload("repository.sh")], ..Comparison::default() }.check();
    }
}

#[test]
fn sqlite3() {
    let read = format!(".read {}", workload("tables.sql"));
    Comparison { program: "sqlite3", arguments: &["tables.db", &read], ..Comparison::default() }.check();
}

#[test]
fn gcc() {
    let arguments = ["-O1", "-c", &workload("../c/edges.c"), "-o", "edges.o"];
    Comparison { program: "gcc", arguments: &arguments, products: &["edges.o"], ..Comparison::default() }.check();
}

#[test]
fn gxx() {
    let arguments = ["-std=c++17", "-O1", "-c", &workload("templates.cc"), "-o", "templates.o"];
    Comparison { program: "g++", arguments: &arguments, products: &["templates.o"], ..Comparison::default() }.check();
}

#[test]
fn sort_of_200_megabytes() {
    if find_or_skip("sort").is_none() {
        return;
    }
    let folder = Scratch::new();
    let unsorted = folder.join("unsorted");
    write_lines(&unsorted, 200_000_000);
    let unsorted = unsorted.to_str().expect("a plain path");
    let arguments = ["--parallel=2", "--buffer-size=100M", "--temporary-directory=.", "-o", "sorted", unsorted];
    Comparison { program: "sort", arguments: &arguments, products: &["sorted"], seconds: 120, ..Comparison::default() }
        .check();
}

/// Lines of 39 digits and a few more, the same in every run.
fn write_lines(path: &Path, bytes: usize) {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path).expect("scratch can be written"));
    let (mut state, mut written) = (1u64, 0);
    while written < bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let line = format!("{:039}{}\n", u128::from(state) * u128::from(state >> 3), state >> 54);
        file.write_all(line.as_bytes()).expect("the disk has room");
        written += line.len();
    }
    file.flush().expect("the disk has room");
}
