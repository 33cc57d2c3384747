//! What is different from board to board. Each has
//!
//! | function | what it does |
//! |---|---|
//! | `start` | sets up what the others need |
//! | `write` | prints |
//! | `with_last_word` | what the program was started with: behind `-append` |
//! | `start_ticks`, `stop_ticks` | a timer's interrupt calls `ticks::tick`, about 2,000 times a second, until it is stopped |
//! | `exit` | ends QEMU, with a code for success or failure |

#[cfg(any(target_arch = "arm", target_arch = "riscv32"))]
mod semihosting;
pub mod sizes;

#[cfg_attr(target_arch = "arm", path = "cortex_m.rs")]
#[cfg_attr(target_arch = "riscv32", path = "riscv.rs")]
#[cfg_attr(target_arch = "x86_64", path = "x86_64/mod.rs")]
mod here;

pub use here::*;
