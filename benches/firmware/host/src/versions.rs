//! Versions of packages, as locked.

use std::path::Path;

/// Each package's name and version.
pub(crate) fn of(lock: &Path) -> Result<Vec<(String, String)>, String> {
    let text = std::fs::read_to_string(lock).map_err(|error| format!("{}: {error}", lock.display()))?;
    let value = |line: &str, key: &str| Some(line.strip_prefix(key)?.strip_prefix(" = ")?.trim_matches('"').to_owned());
    let names = text.lines().filter_map(|line| value(line, "name"));
    // The first line of that kind is the format's own.
    let versions = text.lines().skip_while(|line| *line != "[[package]]").filter_map(|line| value(line, "version"));
    Ok(names.zip(versions).collect())
}
