//! What the live stream carries.

use patchbay_domain::{Entry, StepProgress, SwitchId, SwitchState};
use serde::{Deserialize, Serialize};

/// One event of the live stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveEvent {
    /// A ledger entry. The stream's event id is its sequence number, so that a listener can resume after it.
    Entry(Box<Entry>),
    /// A step in flight. Not in the ledger until its change has ended.
    Step(StepProgress),
    /// A switch's state as it is while the server runs, where no entry says it.
    Switch {
        /// The switch.
        switch: SwitchId,
        /// Its state.
        state: SwitchState,
    },
    /// The listener has missed something. Ask for a new picture.
    Reset,
}
