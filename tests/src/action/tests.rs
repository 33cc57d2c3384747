use super::*;

#[test]
fn decoding_undoes_encoding() {
    let mut actions = vec![Action::Trim, Action::Audit];
    for bytes in [0, 1, 255, 256, 65_535, 65_536, BYTES_END - 1] {
        let slot = 200;
        actions.extend([
            Action::Take { slot, bytes },
            Action::TakeZeroed { slot, bytes },
            Action::TakeAligned { slot, bytes, align_shift: ALIGN_SHIFT_MOST },
            Action::Give { slot },
            Action::Resize { slot, bytes },
            Action::GiveRemote { slot },
            Action::EndThread { thread: 3 },
            Action::SwitchThread { thread: 255 },
        ]);
        let wrongs = [Wrong::Twice, Wrong::Inside, Wrong::Astray, Wrong::Foreign];
        actions.extend(wrongs.map(|wrong| Action::Misuse { slot, wrong, offset: bytes }));
    }
    assert_eq!(decode(&encode(&actions)), actions);
}

#[test]
fn any_bytes_decode_and_encode_again_to_the_same_actions() {
    for head in 0..=255u8 {
        for length in 0..8 {
            let bytes: Vec<u8> = core::iter::repeat_n(head, length).collect();
            let actions = decode(&bytes);
            assert_eq!(decode(&encode(&actions)), actions, "{bytes:?}");
        }
    }
}
