//! Pieces that more than one page uses.

pub mod badge;
pub mod civil;
pub mod icon;
mod live_mark;
pub mod nav;
mod ready;
mod theme_switch;
mod times;
pub mod when;

#[cfg(feature = "ssr")]
mod failed;
#[cfg(feature = "ssr")]
pub mod layout;

pub use badge::{ACCEPTED, LinkBadge, OutcomeBadge, Stage, StateBadge, Tone};
#[cfg(feature = "ssr")]
pub use failed::{Failed, NotFound, answer_status};
pub use icon::{Glyph, Icon};
#[cfg(feature = "ssr")]
pub use layout::{Layout, Surroundings};
pub use live_mark::LiveMark;
pub use nav::{LAB_PATH, Section, board_path, selected_by, with_selected};
pub use ready::Ready;
pub use theme_switch::ThemeSwitch;
pub use times::Times;
pub use when::{Precision, When};
