//! Tells cargo that the migrations are compiled in, so that a new one is not missed.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
