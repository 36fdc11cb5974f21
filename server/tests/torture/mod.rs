//! Killing the server and its switches at every moment, and looking at what is left.
#![allow(dead_code, reason = "the quick tests and the long run use their own parts")]

pub mod boundaries;
pub mod crowd;
pub mod hold;
pub mod inspector;
pub mod kills;
pub mod wishes;
