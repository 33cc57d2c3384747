//! Inputs too long to be kept in the repository, the same at every run.

use std::io::{self, Write};

use crate::workload::Xorshift;

/// A script for sqlite3: a table of so many rows, indices, groups, a join, changes.
pub(super) fn rows(into: &mut impl Write, count: u64) -> io::Result<()> {
    let mut random = Xorshift::new(42);
    writeln!(into, "CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, part INTEGER, weight REAL);\nBEGIN;")?;
    for id in 0..count {
        let (number, part, weight) = (random.draw(), random.draw() % 500, random.draw() % 1_000);
        writeln!(into, "INSERT INTO item VALUES({id}, 'name {number} of item {id}', {part}, {weight} / 8.0);")?;
    }
    into.write_all(
        b"COMMIT;
          CREATE INDEX by_name ON item(name);
          CREATE INDEX by_part ON item(part, weight);
          SELECT part, count(*), sum(weight), max(name) FROM item GROUP BY part ORDER BY 3, 1 LIMIT 20;
          SELECT count(*) FROM item a JOIN item b ON a.part = b.part AND a.weight = b.weight WHERE a.id < b.id;
          SELECT substr(name, 6, 3) AS start, length(group_concat(id)) FROM item GROUP BY start ORDER BY start;
          UPDATE item SET name = name || ' again' WHERE part % 3 = 0;
          DELETE FROM item WHERE part % 5 = 0;
          SELECT count(*), sum(length(name)), total(weight), min(name) FROM item;\n",
    )
}

/// So many lines of words and numbers, in no order.
pub(super) fn lines(into: &mut impl Write, count: u64) -> io::Result<()> {
    let mut random = Xorshift::new(42);
    (0..count).try_for_each(|number| {
        let (first, second) = (random.draw(), random.draw());
        writeln!(into, "{first:08x}{second:08x} line {number} of {count}")
    })
}

/// A C++ file of so many parts, each with templates of its own over the standard containers.
pub(super) fn templates(into: &mut impl Write, parts: u64) -> io::Result<()> {
    into.write_all(include_bytes!("scripts/templates_head.cc"))?;
    (0..parts).try_for_each(|part| write_part(into, include_str!("scripts/templates_part.cc"), part))
}

/// A Rust file of so many parts, each with types and closures of its own over the standard collections.
pub(super) fn generics(into: &mut impl Write, parts: u64) -> io::Result<()> {
    writeln!(into, "use std::collections::{{BTreeMap, HashMap}};")?;
    (0..parts).try_for_each(|part| write_part(into, include_str!("scripts/generics_part.rs.in"), part))
}

fn write_part(into: &mut impl Write, text: &str, part: u64) -> io::Result<()> {
    into.write_all(text.replace("PART", &part.to_string()).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{generics, lines, rows, templates};

    #[test]
    fn inputs_are_the_same_at_every_run_and_as_long_as_asked_for() {
        let text = |write: fn(&mut Vec<u8>, u64) -> std::io::Result<()>, count| {
            let mut bytes = Vec::new();
            write(&mut bytes, count).expect("a Vec takes all");
            String::from_utf8(bytes).expect("we write text")
        };
        for (write, mark) in [
            (rows as fn(&mut Vec<u8>, u64) -> std::io::Result<()>, "INSERT"),
            (lines, "line "),
            (templates, "int use_"),
            (generics, "pub fn build_"),
        ] {
            assert_eq!(text(write, 3), text(write, 3));
            assert_eq!(text(write, 3).matches(mark).count(), 3, "{mark}");
            assert!(!text(write, 3).contains("PART"), "{mark}");
        }
    }
}
