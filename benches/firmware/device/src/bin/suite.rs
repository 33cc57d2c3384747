//! Every test that runs on the device. The last word of the command line names one; each prints `NAME NUMBER` lines.

#![no_std]
#![no_main]

#[path = "../suite/mod.rs"]
mod suite;

use firmware_device::say;
use firmware_device::semihosting::{exit, last_word};

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut line = [0; 1024];
    let test = last_word(&mut line);
    suite::clock::start();
    let known = suite::run(test);
    say!("{}", if known { "done" } else { "unknown test" });
    exit(known)
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    say!("panic: {}", info.message());
    exit(false)
}
