#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| steep_fuzz::descriptions(data));
