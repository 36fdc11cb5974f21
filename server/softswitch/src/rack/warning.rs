//! What a rack file may say but perhaps did not mean.

use patchbay_switchtec::PhysicalPort;

use super::{MAX_FUNCTIONS_OF_VENDOR_TOOL, Rack, Slot};

/// Something that is allowed and still worth knowing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// An adapter with more functions than the vendor's tool has room for (section 8).
    #[error(
        "{switch}: the vendor's tool cannot rightly dump slot {port} ({adapter}) or the whole switch: it has room for {MAX_FUNCTIONS_OF_VENDOR_TOOL} functions of an adapter, and this one has {functions}"
    )]
    BeyondVendorTool {
        /// The switch.
        switch: String,
        /// The slot.
        port: PhysicalPort,
        /// The adapter in it.
        adapter: String,
        /// How many functions it has.
        functions: usize,
    },
    /// A switch without hosts.
    #[error("{switch}: there is no host, so nothing can be assigned; add a [[host]]")]
    NoHost {
        /// The switch.
        switch: String,
    },
    /// A switch without adapters.
    #[error("{switch}: there is no adapter, so there is nothing to assign; add a [[slot]]")]
    NoAdapter {
        /// The switch.
        switch: String,
    },
}

/// The warnings about one switch.
pub(super) fn warnings(rack: &Rack) -> Vec<Warning> {
    let switch = || rack.name.clone();
    let beyond = |slot: &&Slot| slot.adapter.functions.len() > MAX_FUNCTIONS_OF_VENDOR_TOOL;
    let beyond_vendor_tool = |slot: &Slot| Warning::BeyondVendorTool {
        switch: switch(),
        port: slot.port,
        adapter: slot.adapter.name.clone(),
        functions: slot.adapter.functions.len(),
    };
    let mut warnings: Vec<_> = rack.slots.iter().filter(beyond).map(beyond_vendor_tool).collect();
    if rack.hosts.is_empty() {
        warnings.push(Warning::NoHost { switch: switch() });
    }
    if rack.slots.is_empty() {
        warnings.push(Warning::NoAdapter { switch: switch() });
    }
    warnings
}
