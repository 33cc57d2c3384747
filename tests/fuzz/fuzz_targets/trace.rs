//! See `hakmem_tests::fuzzed::trace`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hakmem_tests::fuzzed::trace::run(bytes));
