//! Entries as they are before they are written: texts, chained and hashed in memory.

use crate::error::StoreError;
use crate::row::moment;
use chrono::{DateTime, SubsecRound, Utc};
use patchbay_domain::chain::EntryText;
use patchbay_domain::{Actor, Entry, Event, Hash, Seq};

/// How fine the moments of the ledger are: milliseconds.
const MOMENT_DIGITS: u16 = 3;

/// The end of the ledger; number 0 and [`Hash::ZERO`] before the first entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The number of the last entry.
    pub(crate) seq: Seq,
    /// Its hash.
    pub(crate) hash: Hash,
}

/// An entry with the texts that its hash covers.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// The entry, as it will be read back.
    pub(crate) entry: Entry,
    /// Its moment, as stored.
    pub(crate) at: String,
    /// Its actor, as stored.
    pub(crate) actor: String,
    /// Its event, as stored.
    pub(crate) event: String,
}

impl Written {
    /// The entry that follows `head`.
    pub(crate) fn after(
        head: Head,
        at: DateTime<Utc>,
        actor: &Actor,
        event: Event,
    ) -> Result<Self, StoreError> {
        let seq = head.seq.next();
        let (at, at_text) = (at.trunc_subsecs(MOMENT_DIGITS), moment(at));
        let (actor_text, event_text) = (serde_json::to_string(actor)?, serde_json::to_string(&event)?);
        let text = EntryText { seq, at: &at_text, actor: &actor_text, event: &event_text };
        let hash = text.hash(&head.hash);
        let entry = Entry { seq, at, actor: actor.clone(), event, prev: head.hash, hash };
        Ok(Self { entry, at: at_text, actor: actor_text, event: event_text })
    }

    /// The end of the ledger once this is written.
    pub(crate) fn head(&self) -> Head {
        Head { seq: self.entry.seq, hash: self.entry.hash }
    }
}
