//! Records in memory, for simulations: no thread, no disk, no clock, the same every time.
//!
//! Groups are worked out and things are given ids by the same code as in [`Store`]; only the tables are missing, and
//! the picture is what the entries fold to.

use crate::chained::{Head, Written};
use crate::draft::{Asked, Draft, Known};
use crate::error::StoreError;
use crate::identify::{Identify, Names, NextIds, Register, check, returned};
use crate::picture::Loaded;
use crate::records::Records;
use crate::writing::Writing;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use patchbay_domain::wishes::{Wish, Wished};
use patchbay_domain::{
    Actor, Assignment, ChangeId, Entry, Event, FunctionId, Hash, IdempotencyKey, LedgerPage, Observation,
    Returned, Seq, Subject, SwitchId, SwitchState, Topology,
};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::RwLock;

#[cfg(doc)]
use crate::Store;

/// When a write that is made to fail does so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteFault {
    /// Before it took effect: nothing is written.
    Before,
    /// After it took effect: everything is durable, and the caller is told that it failed.
    After,
}

/// Records in memory. Clones share them, as clones of a [`Store`] share a database: what a server that crashed has
/// left is read by [`Records::load`] on a clone.
#[derive(Clone, Debug, Default)]
pub struct MemoryRecords(Arc<Mutex<Memory>>);

#[derive(Debug)]
struct Memory {
    entries: Vec<Entry>,
    picture: Topology,
    closed: BTreeMap<ChangeId, Option<Seq>>,
    keys: BTreeMap<IdempotencyKey, (ChangeId, Hash)>,
    switches: BTreeMap<String, SwitchId>,
    registers: BTreeMap<SwitchId, Register>,
    /// What was last wished of every function that there ever was.
    wished: BTreeMap<FunctionId, Option<Assignment>>,
    next: NextIds,
    /// How many writes work first, and what becomes of the one after.
    fault: Option<(u32, WriteFault)>,
    counted: u32,
    /// How many readings work before some fail, and how many fail then.
    reads_fail: (u32, u32),
    /// The most entries on a page.
    page_max: usize,
    /// Whether there is room for a small write only.
    nearly_full: bool,
    gate: Arc<RwLock<()>>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            picture: Topology::default(),
            closed: BTreeMap::new(),
            keys: BTreeMap::new(),
            switches: BTreeMap::new(),
            registers: BTreeMap::new(),
            wished: BTreeMap::new(),
            next: NextIds { host: 1, adapter: 1, function: 1 },
            fault: None,
            counted: 0,
            reads_fail: (0, 0),
            page_max: usize::MAX,
            nearly_full: false,
            gate: Arc::default(),
        }
    }
}

impl MemoryRecords {
    /// Makes the next write fail that would have worked. One that is refused for what it says does not count.
    pub fn fail_next(&self, fault: WriteFault) {
        self.fail_after(0, fault);
    }

    /// The same when so many have worked first.
    pub fn fail_after(&self, work_first: u32, fault: WriteFault) {
        self.memory().fault = Some((work_first, fault));
    }

    /// Makes readings fail: so many work first, then so many fail. Forgets what was asked for before.
    pub fn fail_reads(&self, work_first: u32, then_fail: u32) {
        self.memory().reads_fail = (work_first, then_fail);
    }

    /// Gives at most so many entries at once, as a [`Store`] does when they are large.
    pub fn short_pages(&self, most: usize) {
        self.memory().page_max = most.max(1);
    }

    /// Leaves room for what is written, and not for a probe; or makes room again.
    pub fn fill(&self, nearly: bool) {
        self.memory().nearly_full = nearly;
    }

    /// Whoever holds this for writing holds up what opens a change.
    pub fn gate(&self) -> Arc<RwLock<()>> {
        Arc::clone(&self.memory().gate)
    }

    /// Every entry, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.memory().entries.clone()
    }

    /// How many times counts of troubles were kept.
    pub fn counted(&self) -> u32 {
        self.memory().counted
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn head(&self) -> Head {
        self.entries.last().map_or(Head { seq: Seq::new(0), hash: Hash::ZERO }, |last| Head {
            seq: last.seq,
            hash: last.hash,
        })
    }

    fn next_change(&self) -> ChangeId {
        self.closed.last_key_value().map_or(ChangeId::new(1), |(last, _)| last.next())
    }

    /// What is known of everything that a group names.
    fn known(&self, asked: &Asked) -> Known {
        let switch = |id: &SwitchId| Some((*id, self.picture.switches.get(id)?.name.clone()));
        let mut picture = asked.part_of(&self.picture);
        for subject in &asked.subjects {
            picture.health.extend(self.picture.health.get(subject).map(|raised| (*subject, raised.clone())));
        }
        Known {
            head: self.head(),
            next_change: self.next_change(),
            switches: asked.switches.iter().filter_map(switch).collect(),
            hosts: asked.hosts.iter().copied().filter(|host| host.get() < self.next.host).collect(),
            picture,
            changes: asked.changes.iter().filter_map(|id| Some((*id, *self.closed.get(id)?))).collect(),
            keys: asked.keys.iter().filter_map(|key| Some((key.clone(), self.keys.get(key)?.0))).collect(),
        }
    }

    /// Counts a reading, which may be made to fail.
    fn read(&mut self) -> Result<(), StoreError> {
        match &mut self.reads_fail {
            (0, 0) => Ok(()),
            (0, fail) => {
                *fail -= 1;
                Err(made_to_fail("when read"))
            }
            (work, _) => {
                *work -= 1;
                Ok(())
            }
        }
    }

    /// Carries a write out, unless it is made to fail.
    fn commit<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> Result<T, StoreError> {
        let failed = |when| Err(made_to_fail(when));
        match self.fault.take() {
            None => Ok(write(self)),
            Some((0, WriteFault::Before)) => failed("before the commit"),
            Some((0, WriteFault::After)) => {
                write(self);
                failed("after the commit")
            }
            Some((work, fault)) => {
                self.fault = Some((work - 1, fault));
                Ok(write(self))
            }
        }
    }

    fn append(&mut self, entry: Entry) -> Entry {
        match &entry.event {
            Event::ChangeOpened { change, .. } => {
                self.closed.insert(*change, None);
            }
            Event::ChangeClosed { change, .. } => {
                self.closed.insert(*change, Some(entry.seq));
            }
            _ => {}
        }
        let (_, changed) = self.picture.apply_with_wishes(&entry);
        for Wished { function, wish } in changed {
            match wish {
                Wish::Unshown => continue,
                Wish::Pool => self.wished.insert(function, None),
                Wish::Later(at) => self.wished.insert(function, at),
                Wish::On(at) => self.wished.insert(function, Some(at)),
            };
        }
        self.entries.push(entry.clone());
        entry
    }
}

fn made_to_fail(when: &str) -> StoreError {
    StoreError::Sqlite(sqlx::Error::Io(io::Error::other(format!("made to fail {when}"))))
}

#[async_trait]
impl Records for MemoryRecords {
    /// After a start no switch has been read yet: all are connecting.
    async fn load(&self) -> Result<Loaded, StoreError> {
        let mut memory = self.memory();
        memory.read()?;
        let mut topology = memory.picture.clone();
        topology.switches.values_mut().for_each(|switch| switch.state = SwitchState::Connecting);
        let Head { seq, hash: head } = memory.head();
        Ok(Loaded { topology, seq, head, next_change: memory.next_change() })
    }

    async fn add_switch(
        &self,
        at: DateTime<Utc>,
        actor: &Actor,
        key: &str,
        name: &str,
        address: &str,
    ) -> Result<(SwitchId, Option<Entry>), StoreError> {
        let mut memory = self.memory();
        if let Some(&id) = memory.switches.get(key) {
            return memory.commit(|memory| {
                if let Some(switch) = memory.picture.switches.get_mut(&id) {
                    (switch.name, switch.address) = (name.to_owned(), address.to_owned());
                }
                (id, None)
            });
        }
        let last = memory.switches.values().max().map_or(0, |last| last.get());
        let switch = SwitchId::new(last + 1);
        let event = Event::SwitchAdded { switch, name: name.to_owned(), address: address.to_owned() };
        let written = Written::after(memory.head(), at, actor, event)?;
        memory.commit(|memory| {
            memory.switches.insert(key.to_owned(), switch);
            (switch, Some(memory.append(written.entry)))
        })
    }

    async fn name_hosts(&self, switch: SwitchId, names: &Names) -> Result<(), StoreError> {
        if names.hosts.is_empty() {
            return Ok(());
        }
        self.memory().commit(|memory| {
            let Some(register) = memory.registers.get_mut(&switch) else { return };
            for (port, name) in names.given_hosts() {
                let Some((id, called)) = register.hosts.get_mut(&port) else { continue };
                name.clone_into(called);
                memory.picture.hosts.entry(*id).and_modify(|host| name.clone_into(&mut host.name));
            }
        })
    }

    async fn write(&self, writings: Vec<Writing>) -> Result<Vec<Entry>, StoreError> {
        let asked = Asked::by(&writings)?;
        if writings.is_empty() {
            return Ok(Vec::new());
        }
        if writings.iter().any(|writing| matches!(writing, Writing::Open(_))) {
            drop(self.gate().read().await);
        }
        let mut memory = self.memory();
        let draft = Draft::of(writings, memory.known(&asked))?;
        memory.commit(|memory| {
            memory.keys.extend(draft.keys.into_iter().map(|(keyed, id)| (keyed.key, (id, keyed.asked))));
            draft.entries.into_iter().map(|drafted| memory.append(drafted.written.entry)).collect()
        })
    }

    async fn ledger(&self, after: Seq, limit: u32) -> Result<LedgerPage, StoreError> {
        let mut memory = self.memory();
        memory.read()?;
        let first = usize::try_from(after.get()).unwrap_or(usize::MAX).min(memory.entries.len());
        let rest = &memory.entries[first..];
        let wanted = usize::try_from(limit.max(1)).unwrap_or(usize::MAX).min(rest.len()).min(memory.page_max);
        let entries = rest[..wanted].to_vec();
        let next_after = entries.last().map(|last| last.seq).filter(|_| wanted < rest.len());
        Ok(LedgerPage { entries, next_after })
    }

    async fn probe(&self) -> Result<(), StoreError> {
        let mut memory = self.memory();
        if memory.nearly_full {
            return Err(made_to_fail("as large as a probe"));
        }
        memory.commit(|_| ())
    }

    async fn discovered(
        &self,
        at: DateTime<Utc>,
        switch: SwitchId,
        seen: &Observation,
        names: &Names,
    ) -> Result<Entry, StoreError> {
        check(seen).map_err(|source| StoreError::Contradiction { switch, source })?;
        let mut memory = self.memory();
        let Some(known) = memory.picture.switches.get(&switch) else {
            return Err(StoreError::UnknownSwitch { switch });
        };
        let switch_name = known.name.clone();
        let mut register = memory.registers.get(&switch).cloned().unwrap_or_default();
        let mut next = memory.next;
        let identify =
            Identify { register: &mut register, next: &mut next, switch, switch_name: &switch_name, names };
        let first = memory.next;
        let mut picture = identify.picture(&memory.picture, seen);
        let back = returned(&memory.picture, &picture, first).into_iter();
        let wished = |function| Some(Returned { function, wished: *memory.wished.get(&function)? });
        picture.returned = back.filter_map(wished).collect();
        let event = Event::Discovered { switch, picture };
        let written = Written::after(memory.head(), at, &Actor::Engine, event)?;
        memory.commit(|memory| {
            memory.registers.insert(switch, register);
            memory.next = next;
            memory.append(written.entry)
        })
    }

    async fn count(&self, counts: &[(Subject, u32)]) -> Result<(), StoreError> {
        self.memory().commit(|memory| {
            memory.counted += 1;
            for &(subject, times) in counts {
                memory.picture.count_trouble(subject, times);
            }
        })
    }

    async fn change_with_key(&self, key: &IdempotencyKey) -> Result<Option<(ChangeId, Hash)>, StoreError> {
        let mut memory = self.memory();
        memory.read()?;
        Ok(memory.keys.get(key).copied())
    }
}
