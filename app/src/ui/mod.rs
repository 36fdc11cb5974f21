//! Pieces that more than one page uses.

mod ready;

#[cfg(feature = "ssr")]
mod failed;

#[cfg(feature = "ssr")]
pub use failed::{Failed, NotFound, answer_status};
pub use ready::Ready;
