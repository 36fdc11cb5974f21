//! Who changed what, when, why, and how it went.
//!
//! The pages are drawn on the server. What also runs in the browser is the timeline, which stays up to date, and the
//! watch over a change that is still on its way.

mod days;
mod line;
#[cfg(not(feature = "ssr"))]
mod refresh;
pub mod timeline;
mod watch;

#[cfg(feature = "ssr")]
pub mod address;
#[cfg(feature = "ssr")]
mod change;
#[cfg(feature = "ssr")]
mod evidence;
#[cfg(feature = "ssr")]
mod filters;
#[cfg(all(test, feature = "ssr"))]
mod fixture;
#[cfg(feature = "ssr")]
mod moves;
#[cfg(feature = "ssr")]
mod page;
#[cfg(feature = "ssr")]
mod steps;

#[cfg(feature = "ssr")]
pub use change::ChangePage;
#[cfg(feature = "ssr")]
pub use page::HistoryPage;

/// Where the history is.
pub const HISTORY_PATH: &str = "/history";
