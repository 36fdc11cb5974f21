//! Restarting the switch, as RESET or a loss of power does (section 5.14).

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::switch::Switch;

/// What a restart does to the bindings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retention {
    /// They stay, and so does the configuration of the ports.
    Keep,
    /// They and the configuration of the ports are again as the rack file has them: its static configuration.
    Rebuild,
    /// Nothing is bound, and the ports are configured as the rack file has them.
    Lose,
}

/// Asks for a restart.
pub(crate) struct Restart {
    pub(crate) bindings: Retention,
    /// Told when the switch listens again; the error is the result code of a state that cannot be saved.
    pub(crate) done: Option<oneshot::Sender<Result<(), u32>>>,
}

impl Switch {
    /// The state after power-up: no events, registers at rest, port control as the rack file has it. Cables, adapters
    /// and what links train to are as they were: they are not the switch's.
    pub(crate) fn power_up(&mut self, retention: Retention) {
        let mut fresh = self.rebuilt();
        for (number, old) in self.ports() {
            fresh.change_port(number, |port| {
                port.plugged = old.plugged;
                port.trains_to = old.trains_to;
                if retention == Retention::Keep {
                    port.config = old.config;
                }
            });
        }
        let bindings = match retention {
            Retention::Keep => self.bindings(),
            Retention::Rebuild => self.built().bindings.clone(),
            Retention::Lose => Vec::new(),
        };
        for binding in &bindings {
            if let Err(code) = fresh.bind_again(binding) {
                let (port, logical_port) = (binding.port, binding.logical_port);
                let code = format_args!("0x{code:X}");
                tracing::warn!(%port, %logical_port, code, "a binding does not survive the restart");
            }
        }
        *self = fresh;
    }
}
