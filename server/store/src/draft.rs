//! A group of writings, worked out in memory: checked, turned into events, chained and hashed.
//!
//! Nothing here touches a database, so that what is refused and what is written is decided in one place, whatever
//! keeps the records.

use crate::chained::{Head, Written};
use crate::error::StoreError;
use crate::writing::{Closing, Keyed, Opening, WRITINGS_MAX, Writing};
use chrono::{DateTime, Utc};
use patchbay_domain::words::list;
use patchbay_domain::{
    Actor, Assignment, ChangeId, Event, FunctionId, HostId, IdempotencyKey, Seq, SwitchId,
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that the writings of a group name, and that must be looked up before they are written.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Asked {
    /// The switches.
    pub(crate) switches: BTreeSet<SwitchId>,
    /// The hosts that functions are assigned to.
    pub(crate) hosts: BTreeSet<HostId>,
    /// The changes that are closed.
    pub(crate) changes: BTreeSet<ChangeId>,
    /// The idempotency keys.
    pub(crate) keys: BTreeSet<IdempotencyKey>,
}

/// What is known of all that before the group is written.
#[derive(Debug)]
pub(crate) struct Known {
    /// The last entry.
    pub(crate) head: Head,
    /// The id of the change that is opened next.
    pub(crate) next_change: ChangeId,
    /// Those of the switches that there are, with their names.
    pub(crate) switches: BTreeMap<SwitchId, String>,
    /// Those of the hosts that there ever were.
    pub(crate) hosts: BTreeSet<HostId>,
    /// Those of the changes that there are, with the entry that closed them.
    pub(crate) changes: BTreeMap<ChangeId, Option<Seq>>,
    /// Those of the keys that stand for a change already.
    pub(crate) keys: BTreeMap<IdempotencyKey, ChangeId>,
}

/// One entry of a group, and the switch it is about; none for one that has no line in the history.
#[derive(Debug)]
pub(crate) struct Drafted {
    /// The entry with its texts.
    pub(crate) written: Written,
    /// The switch's name.
    pub(crate) switch_name: Option<String>,
}

/// A group that can be written.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// The entries, in order.
    pub(crate) entries: Vec<Drafted>,
    /// The idempotency keys of what is opened.
    pub(crate) keys: Vec<(Keyed, ChangeId)>,
    /// Where functions are after the whole group.
    pub(crate) assigned: BTreeMap<FunctionId, Option<Assignment>>,
    /// By how much the picture's generation rises.
    pub(crate) generations: u64,
}

impl Asked {
    /// What a group asks about.
    ///
    /// # Errors
    /// [`StoreError::TooMany`] for a group of more than [`WRITINGS_MAX`], [`StoreError::NotRecordable`] for events
    /// that are written in another way.
    pub(crate) fn by(writings: &[Writing]) -> Result<Self, StoreError> {
        if writings.len() > WRITINGS_MAX {
            return Err(StoreError::TooMany { writings: writings.len() });
        }
        let mut asked = Self::default();
        for writing in writings {
            match writing {
                Writing::Event { event, .. } => {
                    asked.switches.insert(switch_of(event)?);
                    if let Event::BindingsFound { differences, .. } = event {
                        asked.hosts.extend(differences.iter().filter_map(|d| d.found).map(|at| at.host));
                    }
                }
                Writing::Open(opening) => {
                    asked.switches.extend(&opening.plan.switches);
                    asked.keys.extend(opening.key.iter().map(|keyed| keyed.key.clone()));
                }
                Writing::Close { change, closing, .. } => {
                    asked.changes.insert(*change);
                    asked.hosts.extend(closing.moves.iter().filter_map(|m| m.to).map(|at| at.host));
                }
            }
        }
        Ok(asked)
    }
}

/// The switch of an event that may be recorded by itself.
fn switch_of(event: &Event) -> Result<SwitchId, StoreError> {
    match event {
        Event::LinksChanged { switch, .. }
        | Event::BindingsFound { switch, .. }
        | Event::SwitchLost { switch, .. }
        | Event::SwitchReached { switch } => Ok(*switch),
        Event::SwitchAdded { .. }
        | Event::Discovered { .. }
        | Event::ChangeOpened { .. }
        | Event::ChangeClosed { .. } => Err(StoreError::NotRecordable { kind: event.kind() }),
    }
}

impl Draft {
    /// Works a group out.
    ///
    /// # Errors
    /// Why the group cannot be written; then nothing of it may be.
    pub(crate) fn of(writings: Vec<Writing>, known: Known) -> Result<Self, StoreError> {
        let mut drafting = Drafting { known, draft: Self::default() };
        for writing in writings {
            match writing {
                Writing::Event { at, event } => drafting.event(at, event)?,
                Writing::Open(opening) => drafting.open(*opening)?,
                Writing::Close { at, change, by, closing } => drafting.close(at, change, &by, closing)?,
            }
        }
        Ok(drafting.draft)
    }
}

/// A draft being made: what is known is brought up to date by each writing for the next one.
struct Drafting {
    known: Known,
    draft: Draft,
}

impl Drafting {
    fn append(
        &mut self,
        at: DateTime<Utc>,
        actor: &Actor,
        event: Event,
        switch_name: Option<String>,
    ) -> Result<(), StoreError> {
        let written = Written::after(self.known.head, at, actor, event)?;
        self.known.head = written.head();
        self.draft.entries.push(Drafted { written, switch_name });
        Ok(())
    }

    fn switch_name(&self, switch: SwitchId) -> Result<String, StoreError> {
        self.known.switches.get(&switch).cloned().ok_or(StoreError::UnknownSwitch { switch })
    }

    fn assign(&mut self, function: FunctionId, to: Option<Assignment>) -> Result<(), StoreError> {
        if let Some(host) = to.map(|at| at.host).filter(|host| !self.known.hosts.contains(host)) {
            return Err(StoreError::UnknownHost { host, function });
        }
        self.draft.assigned.insert(function, to);
        Ok(())
    }

    fn event(&mut self, at: DateTime<Utc>, event: Event) -> Result<(), StoreError> {
        let name = self.switch_name(switch_of(&event)?)?;
        if let Event::BindingsFound { differences, .. } = &event {
            for difference in differences {
                self.assign(difference.function, difference.found)?;
            }
            self.draft.generations += 1;
        }
        self.append(at, &Actor::Engine, event, Some(name))
    }

    fn open(&mut self, opening: Opening) -> Result<(), StoreError> {
        let Opening { at, change, actor, intent, plan, reason, seen, key } = opening;
        let names: Result<Vec<_>, _> = plan.switches.iter().map(|&switch| self.switch_name(switch)).collect();
        let name = list(&names?);
        if change != self.known.next_change {
            return Err(StoreError::OutOfOrder { change, next: self.known.next_change });
        }
        if let Some(keyed) = key {
            if let Some(&change) = self.known.keys.get(&keyed.key) {
                return Err(StoreError::KeyTaken { key: keyed.key, change });
            }
            self.known.keys.insert(keyed.key.clone(), change);
            self.draft.keys.push((keyed, change));
        }
        self.known.next_change = change.next();
        self.known.changes.insert(change, None);
        self.append(at, &actor, Event::ChangeOpened { change, intent, plan, reason, seen }, Some(name))
    }

    fn close(
        &mut self,
        at: DateTime<Utc>,
        change: ChangeId,
        by: &Actor,
        closing: Closing,
    ) -> Result<(), StoreError> {
        match self.known.changes.get(&change) {
            None => return Err(StoreError::UnknownChange { change }),
            Some(Some(closed)) => return Err(StoreError::AlreadyClosed { change, closed: *closed }),
            Some(None) => {}
        }
        let Closing { outcome, why, reports, moves } = closing;
        for one in &moves {
            self.assign(one.function, one.to)?;
        }
        self.draft.generations += u64::from(!moves.is_empty());
        self.append(at, by, Event::ChangeClosed { change, outcome, why, reports, moves }, None)?;
        self.known.changes.insert(change, Some(self.known.head.seq));
        Ok(())
    }
}
