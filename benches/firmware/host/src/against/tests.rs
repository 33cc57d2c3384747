use super::{Earlier, Worse, complaint, worse};
use crate::figures::Figures;
use crate::options::Options;

const V7: &str = "thumbv7em";
const V6: &str = "thumbv6m";
const TINY: &str = "hakmem-tiny";

fn options(line: &str) -> Options {
    Options::read(line.split_whitespace().map(str::to_owned)).unwrap().unwrap()
}

fn is_worse(figure: &str, was: &str, now: &str) -> bool {
    complaint(figure, was, Some(now)).is_some()
}

#[test]
fn each_kind_of_figure_has_a_direction() {
    let above = [
        "flash",
        "flash_realloc",
        "flash.ram",
        "flash_realloc.data",
        "first.free",
        "rand64.alloc.mean",
        "fifo64.free.max",
        "worst.alloc",
        "worst.refused64",
        "worst.class.free",
        "arena.rand64",
        "arena8.fifo64",
        "tight200.refused",
        "tight200.refused_bytes",
        "lone.mean",
        "vectors.total",
    ];
    above.iter().for_each(|figure| assert_eq!(worse(figure), Some(Worse::Above), "{figure}"));
    for figure in ["room.16", "largest.after", "lone.bytes", "long.largest"] {
        assert_eq!(worse(figure), Some(Worse::Below), "{figure}");
    }
    for figure in ["flash.panics", "flash_realloc.panics", "free-twice", "free-merged"] {
        assert_eq!(worse(figure), Some(Worse::NotAsWanted), "{figure}");
    }
    for figure in ["rand64.alloc.p99", "rand64.peak", "lone.total", "long.live", "pairs.freed", "torture"] {
        assert_eq!(worse(figure), None, "{figure}");
    }
}

#[test]
fn two_per_cent_rounded_up_and_at_least_one_are_allowed() {
    assert!(!is_worse("flash", "1868", "1906"));
    assert!(is_worse("flash", "1868", "1907"));
    assert!(!is_worse("flash", "1850", "1887"));
    assert!(is_worse("flash", "1850", "1888"));
    assert!(!is_worse("rand64.free.mean", "94.71", "96.71"));
    assert!(is_worse("rand64.free.mean", "94.71", "96.72"));
    assert!(!is_worse("flash.ram", "16", "17"));
    assert!(is_worse("flash.ram", "16", "18"));
    assert!(!is_worse("tight200.refused", "0", "1"));
    assert!(is_worse("tight200.refused", "0", "2"));
    assert!(!is_worse("worst.alloc", "127", "90"));
}

#[test]
fn what_is_better_when_higher_must_not_fall() {
    assert!(!is_worse("room.16", "32512", "32512"));
    assert!(!is_worse("lone.bytes", "32320", "32576"));
    assert!(is_worse("largest.after", "32512", "32511"));
}

#[test]
fn words_must_stay_those_that_are_wanted() {
    assert!(is_worse("flash.panics", "no", "yes"));
    assert!(!is_worse("flash.panics", "yes", "no"));
    assert!(is_worse("free-twice", "named: double free", "hangs"));
    assert!(!is_worse("free-twice", "unnoticed", "unnoticed"));
}

#[test]
fn a_complaint_names_both_values() {
    let text = complaint("flash", "432", Some("450"));
    assert_eq!(text.as_deref(), Some("flash: 450, was 432, at most 441"));
    assert_eq!(complaint("room.16", "32768", None).as_deref(), Some("room.16: not measured, was 32768"));
}

#[test]
fn only_what_is_measured_again_is_compared() {
    let text = "target,contender,figure,value\n\
        thumbv6m,hakmem-tiny,flash,400\n\
        thumbv7em,hakmem-tiny,flash,400\n\
        thumbv7em,hakmem-tiny,rand64.peak,1\n\
        thumbv7em,hakmem-bounded,flash,1800\n\
        thumbv7em,llff,flash,1000\n\
        thumbv7em,gone,flash,1000\n";
    let all = Figures::from_csv(text).unwrap();
    let narrow = options("--only hakmem-tiny,llff --target thumbv7em");
    let earlier = Earlier::new(&all, &narrow).unwrap();
    assert_eq!(earlier.count(), 1);
    assert_eq!(Earlier::new(&all, &options("")).unwrap().count(), 3);
    assert!(Earlier::new(&all, &options("--only llff")).is_none());

    let mut now = Figures::default();
    now.put(V7, TINY, "flash", 401);
    now.put(V6, TINY, "flash", 900);
    now.put(V7, "llff", "flash", 9000);
    assert!(earlier.complaints(&narrow, &now).is_empty());
    now.put(V7, TINY, "flash", 409);
    now.put(V7, TINY, "torture", "panics");
    let complaints = earlier.complaints(&narrow, &now);
    let expected = [
        "thumbv7em, hakmem-tiny: panics in the test torture",
        "thumbv7em, hakmem-tiny: flash: 409, was 400, at most 408",
    ];
    assert_eq!(complaints, expected);
}

#[test]
fn what_is_written_is_read() {
    let mut figures = Figures::default();
    figures.put(V7, TINY, "flash", 432);
    figures.put(V7, TINY, "free-twice", "said \"no\", and stopped");
    let read = Figures::from_csv(&figures.csv()).unwrap();
    assert_eq!(read.csv(), figures.csv());
    assert_eq!(read.get(V7, TINY, "free-twice"), Some("said \"no\", and stopped"));
    assert!(Figures::from_csv("a,b\n").is_err());
    assert!(Figures::from_csv("target,contender,figure,value\nthumbv7em,hakmem-tiny,flash\n").is_err());
}
