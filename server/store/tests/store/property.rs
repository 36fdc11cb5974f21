//! Whatever is written in whatever order: the tables, the ledger and the records in memory tell the same story.

use crate::lab::{Lab, at, closed, opening};
use patchbay_domain::*;
use patchbay_store::memory::MemoryRecords;
use patchbay_store::{Closing, Keyed, Loaded, Names, Records, Store, Writing};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Something that is tried on the records. What fails must change nothing.
#[derive(Clone, Debug)]
enum Act {
    Add(u8, String),
    Discover(u32, Observation),
    Name(u32, u8),
    Group(Vec<Part>),
    Count(Subject, u32),
    Reopen,
}

/// One writing of a group. Functions, hosts to move to, and changes are counted among those there are; the other
/// numbers are ids and keys, and may name what does not exist, or what is taken.
#[derive(Clone, Debug)]
enum Part {
    Found(u32, Vec<(u32, Option<Assignment>)>),
    Health(u32, Subject, bool),
    Open(usize, Option<usize>, Option<u8>),
    Close(usize, Outcome),
}

/// Links of ports that were configured for eight lanes or for four, whose training may have failed.
fn links() -> impl Strategy<Value = Link> {
    (0_u8..3, prop::bool::weighted(0.8), any::<bool>()).prop_map(|(narrow, up, wide)| {
        let width = if wide { 8 } else { 4 };
        let full = Link { configured_rate: None, ..Link::full(width, Rate::Gen4) };
        if up { Link { width: width >> narrow, ..full } } else { full.lost() }
    })
}

fn places() -> impl Strategy<Value = Assignment> {
    (1_u32..6, 0_u8..4, 0_u8..2).prop_map(|(host, port, number)| Assignment {
        host: HostId::new(host),
        logical_port: LogicalPort(port),
        number,
    })
}

/// One of three models of card, with some of its functions, some of them bound.
fn cards() -> impl Strategy<Value = ObservedAdapter> {
    let bound = of((0_u8..6, 0_u8..4, 0_u8..2));
    (0_u16..3, btree_map(0_u16..4, bound, 0..4)).prop_map(|(model, functions)| {
        let kinds = [AdapterKind::Nic, AdapterKind::Hba, AdapterKind::Nvme];
        let mut card = crate::lab::card(kinds[usize::from(model)], model, 0, 4);
        card.functions.retain(|f| functions.contains_key(&f.index));
        for function in &mut card.functions {
            function.bound = functions[&function.index].map(|(p, l, n)| crate::lab::bound(p, l, n));
        }
        card
    })
}

/// Six ports, each a host port, a slot with or without a card, or not there.
fn readings() -> impl Strategy<Value = Observation> {
    let port = of((links(), any::<bool>(), of(cards())));
    (vec(port, 6), 0_u8..2).prop_map(|(ports, firmware)| {
        let (model, firmware) = ("PAX".to_owned(), format!("4.{firmware}"));
        let mut seen = Observation { model, firmware, host_ports: Vec::new(), slots: Vec::new() };
        for (number, port) in (0_u8..).zip(ports) {
            let Some((link, host, mut adapter)) = port else { continue };
            let (port, base) = (PhysicalPort(number), u16::from(number) * 16);
            if host {
                seen.host_ports.push(ObservedHostPort { port, link, logical_ports: 4 });
                continue;
            }
            for function in adapter.iter_mut().flat_map(|a| &mut a.functions) {
                function.pdfid = Pdfid::new(base + function.index).expect("in range");
            }
            seen.slots.push(ObservedSlot { port, link, adapter });
        }
        seen
    })
}

/// Few, so that they meet.
fn subjects() -> impl Strategy<Value = Subject> {
    let id = 1_u32..3;
    prop_oneof![
        id.clone().prop_map(|id| Subject::SwitchAway(SwitchId::new(id))),
        id.clone().prop_map(|id| Subject::HostDown(HostId::new(id))),
        id.prop_map(|id| Subject::AdapterNarrow(AdapterId::new(id))),
    ]
}

fn parts() -> impl Strategy<Value = Part> {
    let outcome =
        prop_oneof![3 => Just(Outcome::Applied), 1 => Just(Outcome::RolledBack), 1 => Just(Outcome::Stuck)];
    prop_oneof![
        2 => (1_u32..3, vec((1_u32..20, of(places())), 0..3)).prop_map(|(switch, found)| Part::Found(switch, found)),
        3 => (1_u32..4, subjects(), any::<bool>()).prop_map(|(switch, subject, up)| Part::Health(switch, subject, up)),
        7 => (0_usize..24, of(0_usize..6), of(0_u8..40)).prop_map(|(f, host, key)| Part::Open(f, host, key)),
        6 => (0_usize..12, outcome).prop_map(|(which, outcome)| Part::Close(which, outcome)),
    ]
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        1 => (0_u8..3, "[a-c]{1,2}").prop_map(|(key, name)| Act::Add(key, name)),
        4 => (1_u32..4, readings()).prop_map(|(switch, seen)| Act::Discover(switch, seen)),
        1 => (1_u32..4, 0_u8..6).prop_map(|(switch, port)| Act::Name(switch, port)),
        12 => vec(parts(), 0..6).prop_map(Act::Group),
        2 => (subjects(), 1_u32..9).prop_map(|(subject, times)| Act::Count(subject, times)),
        1 => Just(Act::Reopen),
    ]
}

/// Tries one act on what there was before; gives the entries it wrote, or what it was refused with.
async fn act(records: &dyn Records, act: &Act, before: &Loaded) -> Result<Vec<Entry>, String> {
    let (now, names) = (at(7), Names::default());
    let done = match act {
        Act::Add(key, name) => {
            let added =
                records.add_switch(now, &Actor::Engine, &format!("pax-{key}"), name, "10.0.0.1").await;
            added.map(|(_, entry)| entry.into_iter().collect())
        }
        Act::Discover(switch, seen) => {
            let found = records.discovered(now, SwitchId::new(*switch), seen, &names).await;
            found.map(|entry| vec![entry])
        }
        Act::Name(switch, port) => {
            let hosts = [(PhysicalPort(*port), format!("named-{port}"))].into();
            let named = Names { hosts, ..Names::default() };
            records.name_hosts(SwitchId::new(*switch), &named).await.map(|()| Vec::new())
        }
        Act::Group(parts) => {
            let mut group = Group::after(before.clone());
            parts.iter().for_each(|part| group.add(part));
            records.write(group.writings).await
        }
        Act::Count(subject, times) => records.count(&[(*subject, *times)]).await.map(|()| Vec::new()),
        Act::Reopen => Ok(Vec::new()),
    };
    done.map_err(|error| error.to_string())
}

/// A group being made: each part is planned on the picture as it was before the group.
struct Group {
    topology: Topology,
    open: BTreeMap<ChangeId, Arc<Plan>>,
    next: ChangeId,
    writings: Vec<Writing>,
}

impl Group {
    /// A group for the picture that the engine has when every switch answers.
    fn after(loaded: Loaded) -> Self {
        let (mut topology, next) = (loaded.topology, loaded.next_change);
        topology.switches.values_mut().for_each(|switch| switch.state = SwitchState::Ready);
        let open = topology.open.values().map(|open| (open.id, open.plan.clone())).collect();
        Self { topology, open, next, writings: Vec::new() }
    }

    fn event(&mut self, event: Event) {
        self.writings.push(Writing::Event { at: at(7), event });
    }

    fn add(&mut self, part: &Part) {
        match part {
            Part::Found(switch, found) => {
                let differences = found.iter().copied().map(difference).collect();
                self.event(Event::BindingsFound { switch: SwitchId::new(*switch), differences });
            }
            &Part::Health(switch, subject, over) => self.health(SwitchId::new(switch), subject, over),
            Part::Open(function, host, key) => drop(self.open(*function, *host, *key)),
            Part::Close(which, outcome) => self.close(*which, *outcome),
        }
    }

    fn health(&mut self, switch: SwitchId, subject: Subject, over: bool) {
        let (name, why) = (format!("\"{subject}\""), "No answer.".to_owned());
        self.event(if over {
            Event::HealthCleared { switch, subject, name, times: 2, lasted_ms: 9, gone: false }
        } else {
            Event::HealthRaised { switch, subject, name, why, since: at(6), times: 2 }
        });
    }

    fn open(&mut self, function: usize, host: Option<usize>, key: Option<u8>) -> Option<()> {
        let topology = &self.topology;
        let function = nth(topology.functions.keys().copied(), function)?;
        let switch = topology.switch_of(&topology.functions[&function]);
        let near = topology.hosts.values().filter(|h| Some(h.switch) == switch).map(|h| h.id);
        let intent = Intent::single(function, host.and_then(|host| nth(near, host)));
        let plan = plan(topology, &intent).ok()?;
        let change = self.next;
        let mut opening = opening(change, "ada", intent, plan.clone(), "a test");
        opening.key = key.map(keyed);
        self.writings.push(Writing::Open(Box::new(opening)));
        (self.next, _) = (change.next(), self.open.insert(change, plan.into()));
        Some(())
    }

    /// Closes the nth open change, also one that the group opens; sometimes tries an id that was never opened.
    fn close(&mut self, which: usize, outcome: Outcome) {
        let never = Some(ChangeId::new(10_000)).filter(|_| which == 11);
        let Some(id) = never.or(nth(self.open.keys().copied(), which)) else { return };
        let plan = self.open.remove(&id).filter(|_| outcome == Outcome::Applied);
        let moves = plan.map(|plan| plan.recorded_moves()).unwrap_or_default();
        let why = (outcome == Outcome::Stuck).then(|| "Nobody \"knows\".\n".to_owned());
        self.writings.push(closed(id, Closing { outcome, why, reports: [].into(), moves }));
    }
}

/// After a discovery, the same reading has nothing new in it.
fn settled(topology: Topology, switch: u32, seen: &Observation) {
    let settled = Topology { open: BTreeMap::new(), ..topology };
    let again = reconcile::reconcile(&settled, SwitchId::new(switch), seen);
    assert!(again.is_empty(), "{again:?}");
}

fn keyed(number: u8) -> Keyed {
    Keyed { key: format!("key-{number}").parse().expect("a key"), asked: Hash::new([number; 32]) }
}

fn difference((function, found): (u32, Option<Assignment>)) -> Difference {
    let name = format!("function {function}");
    let (function, found_name) = (FunctionId::new(function), found.map(|at| format!("host {}", at.host)));
    Difference { function, name, recorded: None, recorded_name: None, found, found_name, left_by: None }
}

/// The nth of them, counting round.
fn nth<T: Copy>(all: impl Iterator<Item = T> + Clone, nth: usize) -> Option<T> {
    all.clone().nth(nth % all.count().max(1))
}

/// Leaves out what is in no entry: whether a switch answers, what it or a host was renamed to, and how often troubles came.
fn comparable(mut topology: Topology) -> Topology {
    for switch in topology.switches.values_mut() {
        if switch.state == SwitchState::Ready {
            switch.state = SwitchState::Connecting;
        }
        switch.name.clear();
    }
    topology.health.values_mut().for_each(|raised| raised.times = 0);
    topology.hosts.values_mut().for_each(|host| host.name.clear());
    topology
}

/// What was wished at every entry, and which entry each generation came about with, is what folding up to there gives.
async fn moments(store: &Store, written: &[Entry]) {
    let wishes = async |seq| store.wishes(seq).await.expect("readable");
    let entry_of = async |generation| store.entry_of(generation).await.expect("readable");
    let mut folded = Topology::default();
    for entry in written {
        let before = folded.generation;
        folded.apply(entry);
        assert_eq!(wishes(entry.seq).await, Some(folded.wishes()), "as of entry {}", entry.seq);
        if folded.generation != before {
            assert_eq!(entry_of(folded.generation).await, Some(entry.seq));
        }
    }
    let last = written.last().map_or(Seq::new(0), |entry| entry.seq);
    assert_eq!((wishes(last.next()).await, wishes(Seq::new(0)).await), (None, None));
    assert_eq!(entry_of(folded.generation.next()).await, None);
}

/// The tables are read after some of the acts only: reading them tells the store what it otherwise knows from before.
async fn check(acts: Vec<(Act, bool)>) {
    let (mut lab, memory) = (Lab::new().await, MemoryRecords::default());
    let mut written = Vec::new();
    for (one, look) in acts {
        if matches!(one, Act::Reopen) {
            lab = lab.reopened().await;
        }
        let before = memory.load().await.expect("loaded");
        let done = act(&lab.store, &one, &before).await;
        assert_eq!(act(&memory, &one, &before).await, done, "{one:?}");
        let after = memory.load().await.expect("loaded");
        if look {
            assert_eq!(lab.store.load().await.expect("sound"), after, "{one:?}");
        }
        match done {
            Ok(entries) => written.extend(entries),
            Err(_) => assert_eq!(after, before, "{one:?}"),
        }
        if let (Act::Discover(switch, seen), true) = (&one, after.seq > before.seq) {
            settled(after.topology, *switch, seen);
        }
    }
    assert_eq!(lab.entries().await, written);
    assert_eq!(memory.entries(), written);
    let mut folded = Topology::default();
    written.iter().for_each(|entry| drop(folded.apply(entry)));
    let loaded = lab.store.load().await.expect("sound");
    assert_eq!(memory.load().await.expect("loaded"), loaded);
    assert_eq!(comparable(folded), comparable(loaded.topology));
    moments(&lab.store, &written).await;
    let verified = lab.store.verify().await.expect("a chain");
    assert_eq!((verified.entries, verified.head), (loaded.seq.get(), loaded.head));
    assert_eq!(verified.entries, written.len() as u64);
    for key in (0..40).map(|number| keyed(number).key) {
        let found = lab.store.change_with_key(&key).await.expect("readable");
        assert_eq!(memory.change_with_key(&key).await.expect("loaded"), found);
    }
    let lab = lab.older_than_wishes().await;
    moments(&lab.store, &written).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn tables_ledger_and_memory_agree(first in readings(), acts in vec((acts(), prop::bool::weighted(0.2)), 1..40)) {
        let start = [Act::Add(0, "a".to_owned()), Act::Add(1, "b".to_owned()), Act::Discover(1, first)];
        let acts = start.map(|act| (act, true)).into_iter().chain(acts).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(check(acts));
    }
}
