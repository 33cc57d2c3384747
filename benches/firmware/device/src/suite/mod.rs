//! The tests, and what they stand on.
//!
//! ```text
//! costs worst first              instructions
//! room arena torture             bytes
//! growth                         both
//! misuse                         words
//! stream                         which blocks are asked for and given back, in what order
//! blocks                         blocks that are out
//! heap                           the contender, which can begin anew, and its calls, counted
//! clock random                   instructions, numbers
//! ```

pub(crate) mod clock;

mod arena;
mod blocks;
mod costs;
mod first;
mod growth;
mod heap;
mod misuse;
mod random;
mod room;
mod stream;
mod torture;
mod worst;

/// False for a name that is none.
pub(crate) fn run(test: &str) -> bool {
    match test {
        "first" => first::run(),
        "costs" => costs::run(),
        "worst" => worst::run(),
        "room" => room::run(),
        "arena" => arena::run(),
        "growth" => growth::run(),
        "torture" => torture::run(),
        "free-twice" => misuse::free_twice(),
        "free-merged" => misuse::free_merged(),
        _ => return false,
    }
    true
}
