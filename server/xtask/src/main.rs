//! Patchbay.
fn main() {}
