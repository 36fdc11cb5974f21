//! The ports of one switch and how it is: links, training, errors, traffic, heat, firmware.
//!
//! The page is drawn on the server; the table also runs in the browser, where it follows what is read.

mod island;
mod rows;

#[cfg(feature = "ssr")]
mod page;

pub use island::Ports;
#[cfg(feature = "ssr")]
pub use page::PortsPage;

use crate::ui::board_path;
use patchbay_domain::SwitchId;

/// Where the ports of a switch are.
pub fn ports_path(switch: SwitchId) -> String {
    format!("{}/ports", board_path(switch))
}
