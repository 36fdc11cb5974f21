//! The board: hosts left, the switch in the middle, adapters right.
//!
//! Plain structs hold the logic and have the tests: [`drag`], [`offer`], [`walk`], [`sheet`], [`draft`], [`run`],
//! [`trace`], [`geometry`], [`attention`]. [`state`] turns live events into signals, [`scene`] is what a person does, [`parts`] are
//! the components, and [`pointer`], [`keys`] and [`paint`] are where they meet the page.

pub mod attention;
pub mod choices;
pub mod dom;
pub mod draft;
pub mod drag;
pub mod facts;
#[cfg(test)]
pub(crate) mod fixture;
pub mod geometry;
pub mod hands;
pub mod island;
pub mod keys;
pub mod layout;
pub mod offer;
#[cfg(feature = "ssr")]
pub mod page;
pub mod paint;
pub mod parts;
pub mod pointer;
pub mod recent;
pub mod run;
pub mod scene;
pub mod sheet;
pub mod state;
pub mod toast;
pub mod trace;
pub mod walk;
