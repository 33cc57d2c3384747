//! See `hakmem_tests::fuzzed::core_static`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hakmem_tests::fuzzed::core_static::run(bytes));
