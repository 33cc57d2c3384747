//! A program without `unsafe` cannot break memory, whatever it calls with whatever arguments: every safe function of
//! the core and of the Rust door, one after the other. What stands beside is whole afterwards, the core's invariants
//! too; AddressSanitizer looks on in `tests/checkers/run`.

#![forbid(unsafe_code)]

mod arguments;
mod core;
mod door;
mod regions;

#[global_allocator]
static ALLOCATOR: hakmem_alloc::Hakmem = hakmem_alloc::Hakmem;
