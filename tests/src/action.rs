//! The vocabulary, in lists.

pub use hakmem_replay::action::*;

/// Bytes that [`decode`] turns into these actions.
pub fn encode(actions: &[Action]) -> Vec<u8> {
    actions.iter().flat_map(|action| action.encoded().to_vec()).collect()
}

/// The actions that any bytes stand for.
pub fn decode(bytes: &[u8]) -> Vec<Action> {
    Actions::new(bytes).collect()
}

#[cfg(test)]
mod tests;
