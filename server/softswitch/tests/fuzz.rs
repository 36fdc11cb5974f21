//! The fuzz targets on a few thousand mutations of their seeds: what fuzzing found once stays found.
//!
//! The same number always makes the same mutations, and a failure tells it. `cargo xtask fuzz` goes on from here with
//! the help of coverage, for as long as one likes.

#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};

use targets::{Body, TARGETS, seeds};

/// Mutations of each target; a session runs a whole switch and gets fewer.
const MUTATIONS: u64 = 4000;
const SESSIONS: u64 = 1000;
/// Most changes to one seed.
const MAX_CHANGES: u64 = 6;
/// Longest input: as long as the fuzzer's own.
const MAX_INPUT_BYTES: usize = 4096;

/// A small generator of numbers that look random (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// One of the seeds with a few changes: bytes, numbers at their edges, pieces cut out, doubled, or of another seed.
fn mutated(seeds: &[Vec<u8>], number: u64) -> Vec<u8> {
    const EDGES: [u8; 8] = [0, 1, 2, 0x1F, 0x7F, 0x80, 0xFE, 0xFF];
    let mut numbers = Numbers(number);
    let mut bytes = seeds[numbers.below(seeds.len())].clone();
    for _ in 0..numbers.next() % MAX_CHANGES {
        let at = numbers.below(bytes.len());
        let length = numbers.below(bytes.len() - at).min(64);
        match numbers.next() % 6 {
            0 if !bytes.is_empty() => bytes[at] = numbers.next() as u8,
            1 if !bytes.is_empty() => bytes[at] = EDGES[numbers.below(EDGES.len())],
            2 if !bytes.is_empty() => bytes[at] ^= 1 << numbers.below(8),
            3 => drop(bytes.drain(at..at + length)),
            4 => {
                let piece = bytes[at..at + length].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                let other = &seeds[numbers.below(seeds.len())];
                bytes.splice(at.., other[numbers.below(other.len())..].iter().copied());
            }
        }
    }
    bytes.truncate(MAX_INPUT_BYTES);
    bytes
}

fn run(name: &str, body: Body, mutations: u64) {
    let seeds = seeds::of(name);
    assert!(seeds.len() > 5, "{name} starts from {} seeds", seeds.len());
    for seed in &seeds {
        body(seed);
    }
    for number in 0..mutations {
        let input = mutated(&seeds, number);
        if catch_unwind(AssertUnwindSafe(|| body(&input))).is_err() {
            panic!("target {name} fails on mutation {number}: {input:02X?}");
        }
    }
}

#[test]
fn every_target_stands_mutations_of_its_seeds() {
    for (name, body) in TARGETS {
        run(name, body, if name == "session" { SESSIONS } else { MUTATIONS });
    }
}
