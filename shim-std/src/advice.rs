//! What the system was asked for and does not do: refused once, an advice is not given again. A sandbox that refuses it
//! does so for good, and some write each refusal into a log.

#![allow(unsafe_code, reason = "advises on memory")]

use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, Ordering};

use rustix::io::Errno;
use rustix::mm::{self, Advice};

/// A bit for each advice that was refused, by its number.
static REFUSED: AtomicU32 = AtomicU32::new(0);

/// The kernel does not know it, or somebody forbids it.
const fn is_for_good(why: Errno, advice: Advice) -> bool {
    match why {
        Errno::PERM | Errno::NOSYS | Errno::ACCESS => true,
        // Of pages that are locked this one is refused so; of others it never is.
        Errno::INVAL => !matches!(advice, Advice::LinuxDontNeed),
        _ => false,
    }
}

/// Gives it; says why not, where it is refused or was before.
///
/// # Safety
///
/// The pages are the caller's, and may become what the advice makes of them.
pub(crate) unsafe fn give(start: NonNull<u8>, bytes: usize, advice: Advice) -> Result<(), Errno> {
    let bit = 1 << (advice as u32 % u32::BITS);
    if REFUSED.load(Ordering::Relaxed) & bit != 0 {
        return Err(Errno::NOSYS);
    }
    // SAFETY: the caller's promise.
    let given = unsafe { mm::madvise(start.as_ptr().cast(), bytes, advice) };
    if given.is_err_and(|why| is_for_good(why, advice)) {
        REFUSED.fetch_or(bit, Ordering::Relaxed);
    }
    given
}
