//! The ledger: append-only, hash-chained entries. It is the history that people read and what recovery reads.

use crate::address::{Link, PhysicalPort};
use crate::chain::Hash;
use crate::health::Subject;
use crate::ids::{ChangeId, FunctionId, Generation, Seq, SwitchId};
use crate::intent::{Intent, Reason};
use crate::plan::{Plan, PlannedMove};
use crate::topology::{Adapter, Assignment, Function, Host};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// The door through which a person came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// The board in a browser.
    Browser,
    /// The JSON door for programs.
    Api,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person, or a program that a person runs.
    Person {
        /// What the history calls them.
        name: String,
        /// How they came in.
        door: Door,
        /// The network address they came from, where known.
        from: Option<String>,
    },
    /// Patchbay itself: discovery, observation, recovery.
    Engine,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person { name, .. } => f.write_str(name),
            Self::Engine => f.write_str("Patchbay"),
        }
    }
}

/// How a change ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every step is done and was read back from the switch.
    Applied,
    /// The switch is as it was before.
    RolledBack,
    /// The switch is in neither state, or could not be asked. It needs a person.
    Stuck,
}

impl Outcome {
    /// The words on screen.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::RolledBack => "rolled back",
            Self::Stuck => "needs you",
        }
    }
}

/// What the engine was doing when it made a step report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepPhase {
    /// Carrying a step out.
    Apply,
    /// Taking a step back.
    Undo,
    /// Reading the switch back at the end.
    ReadBack,
}

/// What is known of a step of an ended change when no report tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untold {
    /// It was done: the change was applied, or the step was taken back.
    Done,
    /// It was not reached.
    NotReached,
    /// Nobody knows.
    Unknown,
}

impl Untold {
    /// Of the step at this place of the plan, in a change that ended so with these reports. After a crash there are only
    /// reports of taking back.
    pub fn of(outcome: Outcome, reports: &[StepReport], step: usize) -> Self {
        let applied = |report: &StepReport| report.phase == StepPhase::Apply;
        let undone =
            |report: &StepReport| report.phase == StepPhase::Undo && usize::try_from(report.step) == Ok(step);
        match outcome {
            Outcome::Applied => Self::Done,
            _ if reports.iter().any(applied) => Self::NotReached,
            _ if reports.iter().any(undone) => Self::Done,
            Outcome::RolledBack => Self::NotReached,
            Outcome::Stuck => Self::Unknown,
        }
    }
}

/// What became of one step.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct StepReport {
    /// The step's place in the plan, from 0. For [`StepPhase::ReadBack`] the number of steps.
    pub step: u32,
    /// What was being done.
    pub phase: StepPhase,
    /// How long it took, in microseconds.
    pub elapsed_us: u64,
    /// Why it failed; none when it worked.
    pub error: Option<String>,
    /// Whether the switch was told and gave no answer, so that it may still do it, after its time limit. No entry of an
    /// older ledger says it.
    #[serde(default)]
    pub unanswered: bool,
}

/// A function that a switch has elsewhere than the ledger says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Difference {
    /// The function.
    pub function: FunctionId,
    /// Its label at that moment.
    pub name: String,
    /// Where the ledger had it.
    pub recorded: Option<Assignment>,
    /// The name of that host.
    pub recorded_name: Option<String>,
    /// Where the switch has it.
    pub found: Option<Assignment>,
    /// The name of that host.
    pub found_name: Option<String>,
    /// The change that was not finished and left it there, or told the switch to put it there and got no answer; none
    /// when somebody else put it there. No entry of an older ledger says it.
    #[serde(default)]
    pub left_by: Option<ChangeId>,
}

/// Everything one switch showed at a discovery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct SwitchPicture {
    /// The model.
    pub model: String,
    /// The running firmware version.
    pub firmware: String,
    /// The hosts on its host ports.
    pub hosts: Vec<Host>,
    /// The adapters in its slots.
    pub adapters: Vec<Adapter>,
    /// Their functions, with what each was assigned to.
    pub functions: Vec<Function>,
    /// What is wished of those functions that the picture before did not have, and an earlier one had: their card is
    /// back in its slot after another one was there. No entry of an older ledger says it.
    #[serde(default)]
    pub returned: Vec<Returned>,
    /// Functions that were wished on a host and have left with their card: its slot is empty, or another one is in it.
    /// Older ledgers say it of the latter only.
    #[serde(default)]
    pub left: Vec<Left>,
}

/// A function whose card is gone although it was wished on a host, with the names of that day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// The function.
    pub function: FunctionId,
    /// Its label.
    pub name: String,
    /// The host that it was wished on.
    pub host_name: String,
}

/// A function that is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// The function.
    pub function: FunctionId,
    /// Where the ledger wished it last; none for the pool.
    pub wished: Option<Assignment>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A switch was added to the rack.
    SwitchAdded {
        /// Its new id.
        switch: SwitchId,
        /// Its name.
        name: String,
        /// Where it is reached.
        address: String,
    },
    /// A switch was read for the first time, or its ports, adapters or functions changed.
    Discovered {
        /// The switch.
        switch: SwitchId,
        /// What it showed.
        picture: SwitchPicture,
    },
    /// Links came up, went down or trained differently. Older ledgers have it; links are readings now, see
    /// [`crate::health`].
    LinksChanged {
        /// The switch.
        switch: SwitchId,
        /// The ports with their links now.
        links: Vec<(PhysicalPort, Link)>,
    },
    /// The switch has functions elsewhere than the ledger says, and no change of Patchbay's did it. The picture
    /// follows the switch.
    BindingsFound {
        /// The switch.
        switch: SwitchId,
        /// Each difference.
        differences: Vec<Difference>,
    },
    /// The switch stopped answering. Older ledgers have it; it is a trouble like others now.
    SwitchLost {
        /// The switch.
        switch: SwitchId,
        /// What went wrong, as a sentence.
        why: String,
    },
    /// The switch answers again. Older ledgers have it.
    SwitchReached {
        /// The switch.
        switch: SwitchId,
    },
    /// A link or a switch is in trouble: it was bad for long enough, or often enough.
    HealthRaised {
        /// The switch.
        switch: SwitchId,
        /// What is in trouble, and in which way.
        subject: Subject,
        /// What it was called at that moment.
        name: String,
        /// What is known of it, as a sentence.
        why: String,
        /// When it began.
        since: DateTime<Utc>,
        /// How often it came until it was raised.
        times: u32,
    },
    /// That trouble is over.
    HealthCleared {
        /// The switch.
        switch: SwitchId,
        /// What was in trouble.
        subject: Subject,
        /// What it was called when it was raised.
        name: String,
        /// How often it came in all.
        times: u32,
        /// How long it was from when it began to when it was last over, in milliseconds.
        lasted_ms: u64,
        /// Whether it is over only because its subject is in the picture no longer.
        gone: bool,
    },
    /// A change was accepted. Written before the switch is touched.
    ChangeOpened {
        /// The change.
        change: ChangeId,
        /// What was asked for.
        intent: Intent,
        /// What will be done.
        plan: Arc<Plan>,
        /// Why.
        reason: Reason,
        /// The generation the person saw.
        seen: Generation,
    },
    /// A change ended.
    ChangeClosed {
        /// The change.
        change: ChangeId,
        /// How.
        outcome: Outcome,
        /// Why it was not applied, as a sentence.
        why: Option<String>,
        /// What was done, in order.
        reports: Arc<[StepReport]>,
        /// Where the functions are now; empty unless applied.
        moves: Arc<[PlannedMove]>,
    },
}

impl Event {
    /// A stable word for the kind, for programs, filters and the store.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::SwitchAdded { .. } => "switch_added",
            Self::Discovered { .. } => "discovered",
            Self::LinksChanged { .. } => "links_changed",
            Self::BindingsFound { .. } => "bindings_found",
            Self::SwitchLost { .. } => "switch_lost",
            Self::SwitchReached { .. } => "switch_reached",
            Self::HealthRaised { .. } => "health_raised",
            Self::HealthCleared { .. } => "health_cleared",
            Self::ChangeOpened { .. } => "change_opened",
            Self::ChangeClosed { .. } => "change_closed",
        }
    }

    /// The change this is about, if it is about one.
    pub const fn change(&self) -> Option<ChangeId> {
        match self {
            Self::ChangeOpened { change, .. } | Self::ChangeClosed { change, .. } => Some(*change),
            _ => None,
        }
    }
}

/// One entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place, from 1 without gaps.
    pub seq: Seq,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub actor: Actor,
    /// What happened.
    pub event: Event,
    /// The hash of the entry before it.
    pub prev: Hash,
    /// Its own hash, over everything above.
    pub hash: Hash,
}
