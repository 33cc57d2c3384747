//! Text of `HAKMEM_CONF`, and single settings.

use hakmem_core::seam::{TABLE, Unit};
use hakmem_core::{BadSetting, Settings};

use super::Input;

/// Takes one setting, and checks all that holds whatever it is.
fn set(settings: &mut Settings, name: &[u8], value: &[u8]) -> Result<(), BadSetting> {
    let before = *settings;
    let answer = settings.set(name, value);
    let mut again = before;
    assert_eq!((again.set(name, value), again), (answer, *settings), "the same answer to the same words");
    let mut louder = before;
    let name = name.to_ascii_uppercase();
    assert_eq!((louder.set(&name, value), louder), (answer, *settings), "letter case does not matter in names");
    let row = TABLE.iter().position(|row| row.name.as_bytes().eq_ignore_ascii_case(&name));
    match answer {
        Ok(()) => {
            let row = row.expect("what is set is in the table");
            assert_eq!((again.set(&name, value), again), (Ok(()), *settings), "twice is once");
            check_bounds(settings);
            check_alone(before, *settings, row);
        }
        Err(why) => {
            assert_eq!(*settings, before, "what is not taken changes nothing");
            match why {
                BadSetting::BadValue { row: told } => assert_eq!(Some(told), row, "the row is the name's"),
                BadSetting::UnknownName { nearest } => {
                    assert_eq!(row, None, "no row has the name");
                    assert!(TABLE.iter().any(|row| row.name == nearest), "{nearest} can be set");
                }
            }
        }
    }
    answer
}

fn most(name: &str) -> u64 {
    TABLE.iter().find(|row| row.name == name).expect("a row").most
}

fn check_bounds(settings: &Settings) {
    let numbers = [
        ("purge_delay_ms", u64::from(settings.purge_delay_ms)),
        ("large_cache_bytes", settings.large_cache_bytes as u64),
        ("prewarm_bytes", settings.prewarm_bytes as u64),
        ("prewarm_blocks", u64::from(settings.prewarm_blocks)),
    ];
    for (name, number) in numbers {
        assert!(number <= most(name), "{name}: {number}");
    }
}

/// A value that the row takes and that is not its default.
fn other_value(row: usize) -> String {
    match TABLE[row].unit {
        Unit::Switch | Unit::SwitchOrAuto => {
            let mut on = Settings::new();
            on.set(TABLE[row].name.as_bytes(), b"on").expect("a switch can be on");
            if on == Settings::new() { "off" } else { "on" }.to_owned()
        }
        Unit::Words(words) => words.last().expect("a word").to_string(),
        Unit::Count | Unit::Bytes | Unit::Milliseconds => TABLE[row].most.to_string(),
    }
}

/// Every other row can be set behind it, and back: what `row` changed, it changed alone.
fn check_alone(before: Settings, after: Settings, row: usize) {
    for other in (0..TABLE.len()).filter(|&other| other != row) {
        let (mut of_before, mut of_after) = (before, after);
        for settings in [&mut of_before, &mut of_after] {
            settings.set(TABLE[other].name.as_bytes(), other_value(other).as_bytes()).expect("every row can be set");
        }
        assert_eq!(of_before == of_after, before == after, "{} and {}", TABLE[row].name, TABLE[other].name);
    }
}

/// All of a text at once is the same as one piece after the other.
fn text(text: &[u8]) {
    let mut whole = Settings::new();
    let mut bad = Vec::new();
    whole.set_all(text, |name, value, why| bad.push((name, value, why)));
    let (mut pieces, mut expected) = (Settings::new(), Vec::new());
    for piece in text.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|piece| !piece.is_empty()) {
        let mut parts = piece.splitn(2, |&byte| byte == b':' || byte == b'=');
        let (name, value) = (parts.next().unwrap_or(b"").trim_ascii(), parts.next().unwrap_or(b"").trim_ascii());
        if let Err(why) = set(&mut pieces, name, value) {
            expected.push((name, value, why));
        }
    }
    assert_eq!(bad, expected, "each piece that is bad is told once, in its order");
    assert_eq!(whole, pieces);
    let mut again = Settings::new();
    again.set_all(text, |_, _, _| ());
    assert_eq!(again, whole);
}

/// Names, values and what stands between them.
pub fn words() -> Vec<&'static str> {
    let names = TABLE.iter().map(|row| row.name);
    let values = TABLE.iter().flat_map(|row| if let Unit::Words(words) = row.unit { words } else { &[] });
    let others =
        ["on", "off", "true", "false", "yes", "no", "ms", "s", "K", "M", "G", ",", ":", "=", "+", "1099511627776"];
    names.chain(values.copied()).chain(others).collect()
}

/// A row's number, or 255 for a text, then the value.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    match usize::from(input.byte()) {
        row if row < TABLE.len() => {
            let mut settings = Settings::new();
            let _ = set(&mut settings, TABLE[row].name.as_bytes(), input.rest());
        }
        _ => text(input.rest()),
    }
}
