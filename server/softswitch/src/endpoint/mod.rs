//! What an emulated switch keeps for the functions of its adapters: tunnels, configuration spaces, memory.
//!
//! All of it goes when the adapter does.

mod config_space;
mod memory;

use std::collections::BTreeSet;

use patchbay_switchtec::Pdfid;
use patchbay_switchtec::command::endpoint::TunnelState;

pub(crate) use config_space::{BadPlace, ConfigSpaces};
pub(crate) use memory::{BarMemory, MemoryError};

/// Tunnels, configuration spaces and memory by function; bounded by the functions of the rack, and memory by itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Endpoints {
    tunnels: BTreeSet<Pdfid>,
    pub(crate) config: ConfigSpaces,
    pub(crate) memory: BarMemory,
}

impl Endpoints {
    /// Opens or closes the tunnel to a function.
    pub(crate) fn set_tunnel(&mut self, function: Pdfid, state: TunnelState) {
        match state {
            TunnelState::Enabled => self.tunnels.insert(function),
            TunnelState::Disabled => self.tunnels.remove(&function),
        };
    }

    /// Whether the tunnel to a function is open.
    pub(crate) fn tunnel(&self, function: Pdfid) -> TunnelState {
        if self.tunnels.contains(&function) { TunnelState::Enabled } else { TunnelState::Disabled }
    }

    /// Forgets everything about some functions: their adapter was reset or is gone.
    pub(crate) fn forget(&mut self, functions: &[Pdfid]) {
        for function in functions {
            self.tunnels.remove(function);
            self.config.forget(*function);
            self.memory.forget(*function);
        }
    }
}
