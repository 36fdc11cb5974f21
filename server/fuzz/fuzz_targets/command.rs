//! See `patchbay_fuzz::command`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| patchbay_fuzz::command::run(data));
