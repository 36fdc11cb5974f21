//! What the live stream carries.

use patchbay_domain::{ChangeId, Entry, StepPhase, SwitchId, SwitchState};
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

/// How far a step of a running change is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepProgress {
    /// The change.
    pub change: ChangeId,
    /// The step's place in the plan, from 0. For [`StepPhase::ReadBack`] the number of steps.
    pub step: u32,
    /// What is being done with it.
    pub phase: StepPhase,
    /// How far it is.
    pub stage: StepStage,
}

/// Started, done or failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStage {
    /// Sent to the switch.
    Started,
    /// Done, and seen to be done.
    Done {
        /// How long it took, in microseconds.
        elapsed_us: u64,
    },
    /// Not done.
    Failed {
        /// Why, as a sentence.
        why: String,
    },
}
