//! See `patchbay_fuzz::sections`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| patchbay_fuzz::sections::run(data));
