extern crate std;

use std::string::ToString;

use super::*;

#[test]
fn lines_are_read_as_they_are_written() {
    let head = Head { profile: "tiny", bytes: 4096, origin: 0x2000_0010 };
    assert_eq!(Line::read(&head.to_string()), Line::Begin(head));
    for action in [
        Action::Take { slot: 5, bytes: 24 },
        Action::TakeAligned { slot: 255, bytes: 0x12_3456, align_shift: 21 },
        Action::Give { slot: 0 },
        Action::Trim,
    ] {
        let line = ActionLine::new(&action.encoded());
        let text = core::str::from_utf8(&line).expect("letters").strip_suffix('\n').expect("a line's end");
        assert_eq!(Line::read(text), Line::Action(action));
    }
    assert_eq!(Line::read("END 3 actions"), Line::End("3 actions"));
    for other in ["", "ok streams", "> ", "> 0", "> 00051", "> é", "BEGIN tiny", "hakmem: double free of 0x10"] {
        assert_eq!(Line::read(other), Line::Other(other));
    }
}

#[test]
fn a_trace_ends_with_its_summary_or_where_the_next_one_begins() {
    let text = "ok\nBEGIN tiny, 64 bytes at 0x8\n> 0005\n> 000518\nnoise\nEND 1 action\n> 0505\nEND 2 actions\n";
    let trace = Trace::find(text).expect("there is one");
    assert_eq!((trace.head.profile, trace.head.bytes, trace.head.origin), ("tiny", 64, 8));
    assert_eq!(trace.actions().collect::<std::vec::Vec<_>>(), [Action::Take { slot: 5, bytes: 24 }]);
    assert_eq!(trace.end(), Some("1 action"));
    let broken_off = "BEGIN tiny, 64 bytes at 0x8\n> 000518\nBEGIN tiny, 64 bytes at 0x8\nEND 0 actions\n";
    let trace = Trace::find(broken_off).expect("there is one");
    assert_eq!((trace.actions().count(), trace.end()), (1, None));
    assert!(Trace::find("> 000518\nEND 1 action\n").is_none());
}
