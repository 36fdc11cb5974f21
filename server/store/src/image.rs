//! What groups need to know, kept from one group to the next.
//!
//! Nobody else writes to the database, so what was read or written once need not be read again. Should somebody else
//! have written after all, the ledger no longer ends where this says: it then refuses the next entry, and all of this
//! is forgotten. What is not known here is read.

use crate::chained::Head;
use crate::draft::{Asked, Draft, Known};
use crate::picture::Loaded;
use patchbay_domain::{ChangeId, Event, HostId, SwitchId, Topology};
use std::collections::{BTreeMap, BTreeSet};

/// What is known as of the end of the ledger.
#[derive(Debug)]
pub(crate) struct Image {
    head: Head,
    next_change: ChangeId,
    /// Changes that are open. Others may be open too.
    open: BTreeSet<ChangeId>,
    switches: BTreeMap<SwitchId, String>,
    hosts: BTreeSet<HostId>,
    /// The generation, and functions with their drift. Nothing else.
    picture: Topology,
}

impl Image {
    /// Everything that was loaded.
    pub(crate) fn of(loaded: &Loaded) -> Self {
        let Loaded { topology, seq, head, next_change } = loaded;
        let (functions, drift) = (topology.functions.clone(), topology.drift.clone());
        let generation = topology.generation;
        Self {
            head: Head { seq: *seq, hash: *head },
            next_change: *next_change,
            open: topology.open.keys().copied().collect(),
            switches: topology.switches.values().map(|switch| (switch.id, switch.name.clone())).collect(),
            hosts: topology.hosts.keys().copied().collect(),
            picture: Topology { generation, functions, drift, ..Topology::default() },
        }
    }

    /// What was read for a group.
    pub(crate) fn read(known: &Known) -> Self {
        let mut image = Self {
            head: known.head,
            next_change: known.next_change,
            open: BTreeSet::new(),
            switches: BTreeMap::new(),
            hosts: BTreeSet::new(),
            picture: Topology { generation: known.picture.generation, ..Topology::default() },
        };
        image.learn(known);
        image
    }

    /// Adds what was read for a group, as of the same entry.
    pub(crate) fn learn(&mut self, known: &Known) {
        let open = known.changes.iter().filter(|(_, closed)| closed.is_none());
        self.open.extend(open.map(|(change, _)| *change));
        self.switches.extend(known.switches.iter().map(|(id, name)| (*id, name.clone())));
        self.hosts.extend(&known.hosts);
        self.picture.functions.extend(known.picture.functions.iter().map(|(id, f)| (*id, f.clone())));
        self.picture.drift.extend(&known.picture.drift);
    }

    /// Whether this is as of the same entry.
    pub(crate) fn is_as_of(&self, head: Head) -> bool {
        self.head == head
    }

    /// What a group needs to know, but for its keys; none when some of that is not known here. Troubles never are.
    pub(crate) fn known(&self, asked: &Asked) -> Option<Known> {
        if !asked.subjects.is_empty()
            || !asked.changes.is_subset(&self.open)
            || !asked.hosts.is_subset(&self.hosts)
        {
            return None;
        }
        let picture = asked.part_of(&self.picture);
        if picture.functions.len() < asked.functions.len() {
            return None;
        }
        let switch = |id: &SwitchId| Some((*id, self.switches.get(id)?.clone()));
        Some(Known {
            head: self.head,
            next_change: self.next_change,
            switches: asked.switches.iter().map(switch).collect::<Option<_>>()?,
            hosts: asked.hosts.clone(),
            picture,
            changes: asked.changes.iter().map(|change| (*change, None)).collect(),
            keys: BTreeMap::new(),
        })
    }

    /// What is known once a group is written.
    pub(crate) fn follow(&mut self, draft: &Draft) {
        self.replace(&draft.before, &draft.after);
        for written in draft.entries.iter().map(|drafted| &drafted.written) {
            self.head = written.head();
            match written.entry.event {
                Event::ChangeOpened { change, .. } => {
                    self.open.insert(change);
                    self.next_change = change.next();
                }
                Event::ChangeClosed { change, .. } => {
                    self.open.remove(&change);
                }
                _ => {}
            }
        }
    }

    /// What is known once a switch was discovered: all of its part of the picture before and after.
    pub(crate) fn discover(&mut self, before: &Topology, after: &Topology, head: Head) {
        self.replace(before, after);
        self.hosts.extend(after.hosts.keys());
        self.head = head;
    }

    fn replace(&mut self, before: &Topology, after: &Topology) {
        let Topology { generation, functions, drift, .. } = &mut self.picture;
        for id in before.functions.keys().filter(|id| !after.functions.contains_key(id)) {
            functions.remove(id);
        }
        functions.extend(after.functions.iter().map(|(id, function)| (*id, function.clone())));
        for id in before.drift.keys().filter(|id| !after.drift.contains_key(id)) {
            drift.remove(id);
        }
        drift.extend(&after.drift);
        *generation = after.generation;
    }
}
