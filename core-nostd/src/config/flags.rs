//! The switches that are sets of bits.

use bitflags::bitflags;

bitflags! {
    /// What every call is watched for. While a bit is set, the thread's fast paths stay closed
    /// (its front is empty, so each call takes the slow path), which is what makes watching free
    /// when it is off.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Watch: u8 {
        /// Count the calls.
        const COUNT = 1;
        /// Claim each freed block by an atomic exchange, so that two threads that free one block
        /// at the same moment are told apart at once, not when the batch leaves the front.
        const DOUBLE_FREE = 2;
        /// The thread holds blocks of a further zone, which the fast paths do not know.
        const ZONES = 4;
    }
}
