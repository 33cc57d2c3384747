//! Actions made small enough for what there is: a fuzzer's time is better spent on many programs than on large ones.

use hakmem_replay::Action;

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct Folding {
    /// No request is larger.
    pub most_bytes: u32,
    /// Nor at a larger multiple.
    pub most_align_shift: u8,
    /// Bytes that may still be asked for; then there are no requests any more.
    pub left_bytes: u64,
}

impl Folding {
    /// The action, or one like it; `None` where it is not to be done.
    pub fn fold(&mut self, action: Action) -> Option<Action> {
        let most_bytes = u64::from(self.most_bytes) + 1;
        let fold = |bytes: u32| (u64::from(bytes) % most_bytes) as u32;
        let folded = match action {
            Action::Take { slot, bytes } => Action::Take { slot, bytes: fold(bytes) },
            Action::TakeZeroed { slot, bytes } => Action::TakeZeroed { slot, bytes: fold(bytes) },
            Action::TakeAligned { slot, bytes, align_shift } => {
                let align_shift = align_shift % (self.most_align_shift + 1);
                Action::TakeAligned { slot, bytes: fold(bytes), align_shift }
            }
            Action::Resize { slot, bytes } => Action::Resize { slot, bytes: fold(bytes) },
            other => return Some(other),
        };
        let asked = match folded {
            Action::Take { bytes, .. } | Action::TakeZeroed { bytes, .. } | Action::Resize { bytes, .. } => bytes,
            Action::TakeAligned { bytes, align_shift, .. } => bytes.max(1 << align_shift),
            _ => 0,
        };
        self.left_bytes = self.left_bytes.checked_sub(asked.into())?;
        Some(folded)
    }
}
