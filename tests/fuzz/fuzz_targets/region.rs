//! See `hakmem_tests::fuzzed::region`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hakmem_tests::fuzzed::region::run(bytes));
