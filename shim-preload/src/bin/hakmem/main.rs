//! hakmem
fn main() {}
