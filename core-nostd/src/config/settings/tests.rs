use std::vec::Vec;

use super::*;

fn after(text: &str) -> (Settings, Vec<BadSetting>) {
    let mut settings = Settings::new();
    let mut bad = Vec::new();
    settings.set_all(text.as_bytes(), |_, _, why| bad.push(why));
    (settings, bad)
}

#[test]
fn every_row_sets_its_own_field() {
    let values = [
        "1",
        "1",
        "double_free",
        "report",
        "250ms",
        "1M",
        "0",
        "1",
        "2M",
        "64",
        "remap",
        "3M",
        "1",
        "100",
        "16",
        "start",
        "1",
        "1",
    ];
    assert_eq!(values.len(), TABLE.len(), "a value for each row");
    let mut seen = Vec::new();
    for (row, value) in TABLE.iter().zip(values) {
        let mut settings = Settings::new();
        settings.set(row.name.as_bytes(), value.as_bytes()).expect("the value suits the row");
        assert_ne!(settings, Settings::new(), "{} changes something", row.name);
        assert!(!seen.contains(&settings), "{} changes something of its own", row.name);
        seen.push(settings);
    }
}

#[test]
fn a_switch_may_be_left_to_us() {
    let thread = |text| after(text).0.purge_thread;
    assert_eq!([thread("purge_thread:Auto"), thread("stats:1")], [PurgeThread::Auto; 2]);
    assert_eq!([thread("purge_thread:no"), thread("purge_thread:yes")], [PurgeThread::Never, PurgeThread::Always]);
    assert_eq!(after("purge_thread:2").1, [BadSetting::BadValue { row: 7 }]);
    assert_eq!(after("verbose:auto").1, [BadSetting::BadValue { row: 0 }]);
}

#[test]
fn several_in_one_text() {
    let (settings, bad) = after("purge_delay_ms:2s, stats:on ,large_cache_bytes=3K,,");
    assert_eq!(bad, []);
    assert_eq!((settings.purge_delay_ms, settings.stats, settings.large_cache_bytes), (2000, true, 3072));
}

#[test]
fn a_bad_one_is_named_and_the_others_are_taken() {
    let (settings, bad) = after("purge_dealy_ms:1,verbose:maybe,stats:1,purge_delay_ms:9999999999999999999999");
    assert_eq!(
        bad,
        [
            BadSetting::UnknownName { nearest: "purge_delay_ms" },
            BadSetting::BadValue { row: 0 },
            BadSetting::BadValue { row: 4 },
        ]
    );
    assert!(settings.stats && !settings.verbose);
    assert_eq!(settings.purge_delay_ms, 1000);
}

#[test]
fn words_and_bounds() {
    assert_eq!(after("harden:double_free+none").0.harden, Harden::DOUBLE_FREE);
    assert_eq!(after("harden:none").0.harden, Harden::empty());
    assert_eq!(after("harden:all").1, [BadSetting::BadValue { row: 2 }]);
    assert_eq!(after("purge_delay_ms:3600001").1, [BadSetting::BadValue { row: 4 }]);
    assert_eq!(after("purge_delay_ms:").1, [BadSetting::BadValue { row: 4 }]);
    assert_eq!(after("x").1.len(), 1);
}

#[test]
fn every_measure_has_its_word() {
    for (word, (name, flag)) in Harden::WORDS.iter().skip(1).zip(Harden::all().iter_names()) {
        assert_eq!(*word, name.to_lowercase());
        assert_eq!(after(&std::format!("harden:{word}")).0.harden, flag);
    }
    assert_eq!(after("harden=zero+Junk").0.harden, Harden::FILLS);
}

#[test]
fn every_mechanism_has_its_word() {
    for (word, (name, flag)) in Off::WORDS.iter().skip(1).zip(Off::all().iter_names()) {
        assert_eq!(*word, name.to_lowercase());
        assert_eq!(after(&std::format!("off:{word}")).0.off, flag);
    }
    assert_eq!(after("off=Starters+reserve").0.off, Off::STARTERS | Off::RESERVE);
    assert_eq!(after("off=none").0.off, Off::empty());
}
