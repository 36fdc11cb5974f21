//! Patchbay from outside: its programs as processes, its door for programs over HTTP, its switches over their wire.
//!
//! Nothing here knows how the engine works. Tests and benches that judge it stand on this.
#![allow(dead_code, unused_imports, reason = "each test file and bench uses its own part")]

pub mod board;
pub mod door;
pub mod figures;
pub mod machine;
pub mod places;
pub mod process;
pub mod switches;

pub use board::Board;
pub use door::{Broken, Door, Ended, Stage, Submitted};
pub use process::{Program, Server, SwitchProcess};
