//! A change with everything the ledger knows about it.

use crate::chain::Hash;
use crate::ids::{ChangeId, Generation, Seq};
use crate::intent::{Intent, Reason};
use crate::ledger::{Actor, Entry, Event, Outcome, StepReport};
use crate::plan::Plan;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where an entry stands in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryMark {
    /// Its sequence number.
    pub seq: Seq,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// The hash of the entry before it.
    pub prev: Hash,
    /// Its hash.
    pub hash: Hash,
}

/// How a change ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeClosing {
    /// The entry that says so.
    pub entry: EntryMark,
    /// Applied, rolled back, stuck.
    pub outcome: Outcome,
    /// Why it was not applied, as a sentence.
    pub why: Option<String>,
    /// What was done, in order.
    pub reports: Arc<[StepReport]>,
}

/// A change with everything known about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRecord {
    /// Its id.
    pub id: ChangeId,
    /// Who asked for it.
    pub actor: Actor,
    /// Why.
    pub reason: Reason,
    /// What was asked for.
    pub intent: Intent,
    /// The generation the person saw.
    pub seen: Generation,
    /// What is, or was, to be done.
    pub plan: Arc<Plan>,
    /// The entry that opened it.
    pub opened: EntryMark,
    /// How it ended; none while it runs.
    pub closed: Option<ChangeClosing>,
}

impl EntryMark {
    /// Where this entry stands.
    pub fn of(entry: &Entry) -> Self {
        Self { seq: entry.seq, at: entry.at, prev: entry.prev, hash: entry.hash }
    }
}

impl ChangeRecord {
    /// The record of a change from the entries that opened and closed it; none when they did something else.
    pub fn of(opened: &Entry, closed: Option<&Entry>) -> Option<Self> {
        let Event::ChangeOpened { change, intent, plan, reason, seen } = &opened.event else { return None };
        let closed = match closed.map(|entry| (entry, &entry.event)) {
            None => None,
            Some((entry, Event::ChangeClosed { change: ended, outcome, why, reports, .. }))
                if ended == change =>
            {
                let (outcome, why, reports) = (*outcome, why.clone(), Arc::clone(reports));
                Some(ChangeClosing { entry: EntryMark::of(entry), outcome, why, reports })
            }
            Some(_) => return None,
        };
        Some(Self {
            id: *change,
            actor: opened.actor.clone(),
            reason: reason.clone(),
            intent: intent.clone(),
            seen: *seen,
            plan: Arc::clone(plan),
            opened: EntryMark::of(opened),
            closed,
        })
    }
}
