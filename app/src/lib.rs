//! The face of Patchbay: Leptos in islands mode.
//!
//! Pages are rendered on the server and only there; an island inside a page is the part that also runs in the
//! browser. So the shell, the routes and the pages exist under the feature `ssr` alone, and the browser's half
//! (feature `hydrate`) holds the islands and what they use.

// The type of a view grows with its elements; a page with forms and lists is deeper than the usual 128.
#![recursion_limit = "256"]

pub mod actions;
pub mod block;
pub mod board;
pub mod history;
pub mod live;
pub mod ports;
pub mod theme;
pub mod ui;

#[cfg(feature = "ssr")]
pub mod desk;
#[cfg(feature = "ssr")]
pub mod routes;
#[cfg(feature = "ssr")]
pub mod shell;
