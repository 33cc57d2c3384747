//! See `hakmem_tests::fuzzed::settings`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hakmem_tests::fuzzed::settings::run(bytes));
