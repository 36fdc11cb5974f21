//! The live stream in the browser: everything that happens, in order, resumed after every break.
//!
//! ```text
//!              open                      error
//! Connecting ------> On ---------------------------------> Away
//!     |              |  ^   open (and look again)           | |
//!     | tab hidden   |  '-----------------------------------' |
//!     v              v                                        |
//!   Asleep <------------------------- tab hidden -------------'
//!     '---- tab shown ----> Connecting
//! ```
//!
//! A browser allows six streams to one server over plain HTTP, in all its tabs together: so the stream is closed while
//! the tab is hidden, and resumed after the last entry when it is shown again.

mod backoff;
mod feed;

pub use feed::open;

/// Where Patchbay's own pages find the stream, packed as a data block is. Programs have `/api/v1/stream`.
pub const LIVE_ADDRESS: &str = "/live";

/// How the live stream is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LiveState {
    /// It is being opened for the first time, or again after the tab was hidden.
    #[default]
    Connecting,
    /// What is on screen is what is.
    On,
    /// The tab is hidden and the stream closed on purpose.
    Asleep,
    /// The server cannot be reached. What is on screen may be old.
    Away,
}

impl LiveState {
    /// The word for style sheets and tests.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::On => "on",
            Self::Asleep => "asleep",
            Self::Away => "away",
        }
    }
}
