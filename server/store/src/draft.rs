//! A group of writings, worked out in memory: checked, turned into events, chained and hashed.
//!
//! Nothing here touches a database, so that what is refused and what is written is decided in one place, whatever
//! keeps the records.

use crate::chained::{Head, Written};
use crate::error::StoreError;
use crate::moment::Noted;
use crate::writing::{Closing, Keyed, Opening, WRITINGS_MAX, Writing};
use chrono::{DateTime, Utc};
use patchbay_domain::{
    Actor, Assignment, ChangeId, Event, FunctionId, HostId, IdempotencyKey, Seq, Subject, SwitchId, Topology,
};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that the writings of a group name, and that must be looked up before they are written.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// The switches.
    pub(crate) switches: BTreeSet<SwitchId>,
    /// The hosts that functions are assigned to.
    pub(crate) hosts: BTreeSet<HostId>,
    /// The functions that are assigned or released.
    pub(crate) functions: BTreeSet<FunctionId>,
    /// The changes that are closed.
    pub(crate) changes: BTreeSet<ChangeId>,
    /// The idempotency keys.
    pub(crate) keys: BTreeSet<IdempotencyKey>,
    /// What is raised or cleared.
    pub(crate) subjects: BTreeSet<Subject>,
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
    /// Those of the functions that the picture shows, with their drift, the picture's generation, and the troubles that
    /// are open if one is raised or cleared. Nothing else.
    pub(crate) picture: Topology,
    /// Those of the changes that there are, with the entry that closed them.
    pub(crate) changes: BTreeMap<ChangeId, Option<Seq>>,
    /// Those of the keys that stand for a change already.
    pub(crate) keys: BTreeMap<IdempotencyKey, ChangeId>,
}

/// One entry of a group, and the switches it is about; none for one that has no line in the history.
#[derive(Debug)]
pub(crate) struct Drafted {
    /// The entry with its texts.
    pub(crate) written: Written,
    /// Their names.
    pub(crate) switch_name: Option<String>,
}

/// A group that can be written.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The entries, in order.
    pub(crate) entries: Vec<Drafted>,
    /// The idempotency keys of what is opened.
    pub(crate) keys: Vec<(Keyed, ChangeId)>,
    /// The part of the picture that the group touches, before it.
    pub(crate) before: Topology,
    /// The same part after it: folded, so that the tables cannot follow another rule than everybody else.
    pub(crate) after: Topology,
    /// What the entries change of the wishes.
    pub(crate) noted: Noted,
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
                    asked.subjects.extend(event.subject());
                    if let Event::BindingsFound { differences, .. } = event {
                        differences.iter().for_each(|d| asked.assign(d.function, d.found));
                    }
                }
                Writing::Open(opening) => {
                    asked.switches.extend(&opening.plan.switches);
                    asked.keys.extend(opening.key.iter().map(|keyed| keyed.key.clone()));
                }
                Writing::Close { change, closing, .. } => {
                    asked.changes.insert(*change);
                    closing.moves.iter().for_each(|m| asked.assign(m.function, m.to));
                }
            }
        }
        Ok(asked)
    }

    /// The part of a picture with the functions that are assigned or released, their drift, and the generation.
    pub(crate) fn part_of(&self, picture: &Topology) -> Topology {
        let mut part = Topology { generation: picture.generation, ..Topology::default() };
        for id in &self.functions {
            part.functions.extend(picture.functions.get(id).map(|function| (*id, function.clone())));
            part.drift.extend(picture.drift.get(id).map(|drift| (*id, *drift)));
        }
        part
    }

    fn assign(&mut self, function: FunctionId, to: Option<Assignment>) {
        self.functions.insert(function);
        self.hosts.extend(to.map(|at| at.host));
    }
}

/// The switch of an event that may be recorded by itself. What only older ledgers have is written no more.
fn switch_of(event: &Event) -> Result<SwitchId, StoreError> {
    match event {
        Event::BindingsFound { switch, .. }
        | Event::HealthRaised { switch, .. }
        | Event::HealthCleared { switch, .. } => Ok(*switch),
        Event::SwitchAdded { .. }
        | Event::Discovered { .. }
        | Event::LinksChanged { .. }
        | Event::SwitchLost { .. }
        | Event::SwitchReached { .. }
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
        let (before, after) = (known.picture.clone(), known.picture.clone());
        let entries = Vec::with_capacity(writings.len());
        let draft = Self { entries, keys: Vec::new(), before, after, noted: Noted::default() };
        let mut drafting = Drafting { known, draft };
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
        self.draft.noted.fold(&mut self.draft.after, &written.entry);
        self.draft.entries.push(Drafted { written, switch_name });
        Ok(())
    }

    fn switch_name(&self, switch: SwitchId) -> Result<String, StoreError> {
        self.known.switches.get(&switch).cloned().ok_or(StoreError::UnknownSwitch { switch })
    }

    /// Checks that there ever was such a host.
    fn host(&self, function: FunctionId, to: Option<Assignment>) -> Result<(), StoreError> {
        match to.map(|at| at.host).filter(|host| !self.known.hosts.contains(host)) {
            Some(host) => Err(StoreError::UnknownHost { host, function }),
            None => Ok(()),
        }
    }

    fn event(&mut self, at: DateTime<Utc>, event: Event) -> Result<(), StoreError> {
        let name = self.switch_name(switch_of(&event)?)?;
        if let Event::BindingsFound { differences, .. } = &event {
            differences.iter().try_for_each(|d| self.host(d.function, d.found))?;
        }
        self.takes_its_turn(&event)?;
        self.append(at, &Actor::Engine, event, Some(name))
    }

    /// Checks that a trouble is raised once, and cleared only when it was raised.
    fn takes_its_turn(&self, event: &Event) -> Result<(), StoreError> {
        let Some(subject) = event.subject() else { return Ok(()) };
        let open = self.draft.after.health.contains_key(&subject);
        match (open, event) {
            (true, Event::HealthRaised { .. }) => Err(StoreError::AlreadyRaised { subject }),
            (false, Event::HealthCleared { .. }) => Err(StoreError::NotRaised { subject }),
            _ => Ok(()),
        }
    }

    fn open(&mut self, opening: Opening) -> Result<(), StoreError> {
        let Opening { at, change, actor, intent, plan, reason, seen, key } = opening;
        let names = plan.switches.iter().map(|switch| self.switch_name(*switch));
        let names = names.collect::<Result<Vec<_>, _>>()?.join(", ");
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
        self.append(at, &actor, Event::ChangeOpened { change, intent, plan, reason, seen }, Some(names))
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
        moves.iter().try_for_each(|m| self.host(m.function, m.to))?;
        self.append(at, by, Event::ChangeClosed { change, outcome, why, reports, moves }, None)?;
        self.known.changes.insert(change, Some(self.known.head.seq));
        Ok(())
    }
}
