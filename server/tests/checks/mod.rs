//! Checkers: whether what clients were told, what the ledger says and what was seen can all be true at once.
//!
//! They are pure and know nothing of how the engine works: they are given entries, answers and looks, and name the first
//! thing that cannot be.
#![allow(dead_code, unused_imports, reason = "each test file and bench uses its own part")]

pub mod linear;
pub mod promises;
pub mod story;

#[cfg(test)]
mod made_up;

pub use promises::{Asked, Heard};
pub use story::{Story, Wrong};
