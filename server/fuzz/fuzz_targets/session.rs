//! See `patchbay_fuzz::session`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| patchbay_fuzz::session::run(data));
