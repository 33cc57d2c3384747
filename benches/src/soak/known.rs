//! Keys whose values we know: each value follows from its key and from how often it was written.

/// Longest but for one in sixteen, which has up to ten times as much.
const LONGEST: u64 = 4_000;
const PIECE: usize = 24;

/// What was written last under each key.
pub(crate) struct Known {
    /// How often the key was written; 0 where it is not there.
    written: Vec<u32>,
    next: usize,
}

impl Known {
    pub(crate) fn new(keys: usize) -> Self {
        Self { written: vec![0; keys], next: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.written.len()
    }

    /// The next keys in turn, each with the value that it now has.
    pub(crate) fn write(&mut self, keys: usize) -> Vec<(usize, Vec<u8>)> {
        let mut pairs = Vec::new();
        for _ in 0..keys {
            let key = self.next;
            self.next = (key + 1) % self.written.len();
            self.written[key] += 1;
            pairs.push((key, value(key, self.written[key])));
        }
        pairs
    }

    /// `Err` says what is wrong with what was read; nothing was right before, or is now.
    pub(crate) fn check(&self, key: usize, read: &[u8]) -> Result<(), String> {
        let expected = value(key, self.written[key]);
        if self.written[key] == 0 {
            return Err(format!("key {key} has {} bytes and was never written", read.len()));
        }
        let differs = expected.iter().zip(read).position(|(expected, read)| expected != read);
        match differs {
            None if expected.len() == read.len() => Ok(()),
            None => Err(format!("key {key} has {} bytes instead of {}", read.len(), expected.len())),
            Some(at) => Err(format!("key {key} is wrong at byte {at} of {}", expected.len())),
        }
    }
}

/// At least a byte, so that what is there can be told from what is not.
fn value(key: usize, written: u32) -> Vec<u8> {
    let mixed = mix(key as u64 ^ u64::from(written) << 32);
    let longest = if mixed >> 60 == 0 { 10 * LONGEST } else { LONGEST };
    let length = (mixed % longest + 1) as usize;
    let mut bytes = Vec::with_capacity(length + PIECE);
    while bytes.len() < length {
        bytes.extend_from_slice(format!("{key:07}-{written:07}-{:07};", bytes.len()).as_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// The last step of splitmix64.
fn mix(number: u64) -> u64 {
    let number = (number ^ number >> 30).wrapping_add(0x9E37_79B9_7F4A_7C15).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ number >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ number >> 31
}

#[cfg(test)]
mod tests {
    use super::Known;

    #[test]
    fn what_was_written_is_right_and_nothing_else() {
        let mut known = Known::new(50);
        let first = known.write(50);
        let second = known.write(50);
        for ((key, old), (_, new)) in first.iter().zip(&second) {
            assert_eq!(known.check(*key, new), Ok(()));
            assert!(known.check(*key, old).is_err(), "{key}");
            let mut wrong = new.clone();
            wrong[new.len() / 2] ^= 1;
            assert!(known.check(*key, &wrong).unwrap_err().contains("wrong at byte"), "{key}");
            assert!(known.check(*key, &new[1..]).is_err(), "{key}");
        }
        assert!(Known::new(1).check(0, b"x").unwrap_err().contains("never written"));
    }

    #[test]
    fn values_are_of_many_lengths() {
        let lengths: std::collections::BTreeSet<usize> =
            Known::new(2_000).write(2_000).iter().map(|(_, value)| value.len()).collect();
        assert!(lengths.len() > 1_000 && lengths.iter().any(|&length| length > 10_000), "{}", lengths.len());
    }
}
