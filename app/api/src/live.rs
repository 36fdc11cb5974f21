//! What the live stream carries.

use patchbay_domain::{ChangeId, Entry, StepProgress, SwitchId, SwitchState, Vitals};
use serde::{Deserialize, Serialize};

/// One event of the live stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveEvent {
    /// A ledger entry. The stream's event id is its sequence number, so that a listener can resume after it.
    Entry(Box<Entry>),
    /// A step in flight. Not in the ledger until its change has ended.
    Step(StepProgress),
    /// The first step of a change is being sent: it can no longer be cancelled.
    Begun(ChangeId),
    /// Nothing can be written down, and why, as a sentence; none when it can again.
    Trouble(Option<String>),
    /// A switch's state as it is while the server runs, where no entry says it.
    Switch {
        /// The switch.
        switch: SwitchId,
        /// Its state.
        state: SwitchState,
    },
    /// How a switch is. In no entry: what was read is shown, and gone when the next is read.
    Vitals {
        /// The switch.
        switch: SwitchId,
        /// What was read; none when it does not answer.
        vitals: Option<Vitals>,
    },
    /// The listener has missed something. Ask for a new picture.
    Reset,
}

impl LiveEvent {
    /// Every name that an event of the stream may have: a browser listens by name.
    pub const NAMES: [&'static str; 7] = ["entry", "step", "begun", "trouble", "switch", "vitals", "reset"];

    /// Its name on the stream.
    pub const fn name(&self) -> &'static str {
        let place = match self {
            Self::Entry(_) => 0,
            Self::Step(_) => 1,
            Self::Begun(_) => 2,
            Self::Trouble(_) => 3,
            Self::Switch { .. } => 4,
            Self::Vitals { .. } => 5,
            Self::Reset => 6,
        };
        Self::NAMES[place]
    }
}
