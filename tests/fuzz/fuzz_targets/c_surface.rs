//! See `hakmem_tests::fuzzed::c_surface`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hakmem_tests::fuzzed::c_surface::run(bytes));
