//! What is written: one thing to write, and what each is made of.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    Actor, ChangeId, Event, Generation, Hash, IdempotencyKey, Intent, Outcome, Plan, PlannedMove, Reason,
    StepReport,
};
use std::sync::Arc;

/// The most writings in one group. A few hundred already cost next to nothing each; more would only make the ones in
/// front wait.
pub const WRITINGS_MAX: usize = 1_024;

/// One thing to write; several are written in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Writing {
    /// What the engine found: bindings found changed, a trouble raised or cleared.
    Event {
        /// When.
        at: DateTime<Utc>,
        /// What.
        event: Event,
    },
    /// A change, before the switch is touched. The caller gives the id: ids are given in order, beginning with
    /// [`crate::Loaded::next_change`].
    Open(Box<Opening>),
    /// Ends a change.
    Close {
        /// When.
        at: DateTime<Utc>,
        /// The change.
        change: ChangeId,
        /// The person who cancelled it, or the engine.
        by: Actor,
        /// How it ended.
        closing: Closing,
    },
}

/// A change to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// When.
    pub at: DateTime<Utc>,
    /// Its id.
    pub change: ChangeId,
    /// Who asked for it.
    pub actor: Actor,
    /// What was asked for.
    pub intent: Intent,
    /// What will be done.
    pub plan: Arc<Plan>,
    /// Why.
    pub reason: Reason,
    /// The generation the person saw.
    pub seen: Generation,
    /// The idempotency key that the request came with.
    pub key: Option<Keyed>,
}

/// An idempotency key and the fingerprint (SHA-256) of the request it came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// The key.
    pub key: IdempotencyKey,
    /// The fingerprint.
    pub asked: Hash,
}

/// How a change ended. Moves of functions that have left the picture meanwhile are recorded and otherwise without
/// effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Applied, rolled back, stuck.
    pub outcome: Outcome,
    /// Why it was not applied, as a sentence.
    pub why: Option<String>,
    /// What was done, in order.
    pub reports: Arc<[StepReport]>,
    /// Where the functions are now; empty unless applied.
    pub moves: Arc<[PlannedMove]>,
}

impl Closing {
    /// The event that says so of a change.
    pub fn event(self, change: ChangeId) -> Event {
        let Self { outcome, why, reports, moves } = self;
        Event::ChangeClosed { change, outcome, why, reports, moves }
    }
}
