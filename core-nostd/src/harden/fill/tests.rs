use std::vec;

use super::{FREED, first_other};

#[test]
fn every_changed_byte_is_found() {
    for bytes in [0, 1, 7, 8, 9, 63, 64, 65, 200] {
        for offset in 0..8 {
            let mut memory = vec![FREED; bytes + 16];
            // SAFETY: as long as the memory, less what is skipped.
            let look = |memory: &mut [u8]| unsafe { first_other(memory.as_mut_ptr().add(offset), bytes, FREED) };
            assert_eq!(look(&mut memory), None);
            for at in (0..bytes).rev() {
                memory[offset + at] ^= 1;
                assert_eq!(look(&mut memory), Some(at), "byte {at} of {bytes} at {offset}");
            }
        }
    }
}
