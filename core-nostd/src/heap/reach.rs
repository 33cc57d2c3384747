//! How far a request may go.

/// See the file's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub enum Reach {
    /// To the spans that the heap has of the class.
    Spans,
    /// To its starters too.
    Starters,
    /// To the pool's free slabs too: as far as one may go with a lock held.
    Pool,
    /// To the provider too.
    Provider,
}
