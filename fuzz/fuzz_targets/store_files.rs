//! Fuzzes `gantry_fuzz_bodies::store_files`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gantry_fuzz_bodies::store_files(data));
