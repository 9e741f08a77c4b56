//! Fuzzes `gantry_fuzz_bodies::properties`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gantry_fuzz_bodies::properties(data));
