//! The board: hosts left, the switch in the middle, adapters right.

pub mod island;
#[cfg(feature = "ssr")]
pub mod page;
