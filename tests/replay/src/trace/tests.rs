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
