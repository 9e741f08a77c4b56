//! Fuzzes `gantry_fuzz_bodies::sql`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gantry_fuzz_bodies::sql(data));
