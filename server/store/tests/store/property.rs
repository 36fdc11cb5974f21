//! Whatever is written in whatever order: the tables and the ledger tell the same story.

use crate::lab::{Lab, at, closed, opening};
use patchbay_domain::*;
use patchbay_store::{Closing, Names, Writing};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;

/// Something that is tried on a store. What fails must change nothing. Functions, hosts to move to, and changes are
/// counted among those there are; the other numbers are ids, and may name what does not exist.
#[derive(Clone, Debug)]
enum Act {
    Add(u8, String),
    Discover(u32, Observation),
    Links(u32, Vec<(u8, Link)>),
    Found(u32, Vec<(u32, Option<Assignment>)>),
    Reach(u32, bool),
    Open(usize, Option<usize>),
    Close(usize, Outcome),
    Reopen,
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

fn acts() -> impl Strategy<Value = Act> {
    let outcome = prop_oneof![Just(Outcome::Applied), Just(Outcome::RolledBack), Just(Outcome::Stuck)];
    prop_oneof![
        1 => (0_u8..3, "[a-c]{1,2}").prop_map(|(key, name)| Act::Add(key, name)),
        4 => (1_u32..4, readings()).prop_map(|(switch, seen)| Act::Discover(switch, seen)),
        2 => (1_u32..4, vec((0_u8..7, links()), 0..4)).prop_map(|(switch, links)| Act::Links(switch, links)),
        2 => (1_u32..4, vec((1_u32..20, of(places())), 0..3)).prop_map(|(switch, found)| Act::Found(switch, found)),
        1 => (1_u32..4, any::<bool>()).prop_map(|(switch, up)| Act::Reach(switch, up)),
        6 => (0_usize..24, of(0_usize..6)).prop_map(|(function, host)| Act::Open(function, host)),
        5 => (0_usize..3, outcome).prop_map(|(which, outcome)| Act::Close(which, outcome)),
        1 => Just(Act::Reopen),
    ]
}

/// Tries one act; gives the entry when it worked and wrote one.
async fn act(lab: &Lab, act: Act) -> Option<Entry> {
    let now = at(7);
    match act {
        Act::Add(key, name) => {
            let added =
                lab.store.add_switch(now, &Actor::Engine, &format!("pax-{key}"), &name, "10.0.0.1").await;
            added.expect("always works").1
        }
        Act::Discover(switch, seen) => discover(lab, SwitchId::new(switch), &seen).await,
        Act::Links(switch, links) => {
            let links = links.into_iter().map(|(port, link)| (PhysicalPort(port), link)).collect();
            lab.record(now, Event::LinksChanged { switch: SwitchId::new(switch), links }).await.ok()
        }
        Act::Found(switch, found) => {
            let differences = found.into_iter().map(difference).collect();
            lab.record(now, Event::BindingsFound { switch: SwitchId::new(switch), differences }).await.ok()
        }
        Act::Reach(switch, up) => {
            let (switch, why) = (SwitchId::new(switch), "No answer.".to_owned());
            let event = if up { Event::SwitchReached { switch } } else { Event::SwitchLost { switch, why } };
            lab.record(now, event).await.ok()
        }
        Act::Open(function, host) => open(lab, function, host).await,
        Act::Close(which, outcome) => close(lab, which, outcome).await,
        Act::Reopen => None,
    }
}

/// After a discovery, the same reading has nothing new in it.
async fn discover(lab: &Lab, switch: SwitchId, seen: &Observation) -> Option<Entry> {
    let entry = lab.store.discovered(at(7), switch, seen, &Names::default()).await.ok()?;
    let settled = Topology { open: Default::default(), ..lab.topology().await };
    let again = reconcile::reconcile(&settled, switch, seen);
    assert!(again.is_empty(), "{again:?}");
    Some(entry)
}

fn difference((function, found): (u32, Option<Assignment>)) -> Difference {
    let name = format!("function {function}");
    let (function, found_name) = (FunctionId::new(function), found.map(|at| format!("host {}", at.host)));
    Difference { function, name, recorded: None, recorded_name: None, found, found_name }
}

/// The nth of them, counting round.
fn nth<T: Copy>(all: impl Iterator<Item = T> + Clone, nth: usize) -> Option<T> {
    all.clone().nth(nth % all.count().max(1))
}

async fn open(lab: &Lab, function: usize, host: Option<usize>) -> Option<Entry> {
    let topology = lab.ready().await;
    let function = nth(topology.functions.keys().copied(), function)?;
    let switch = topology.switch_of(&topology.functions[&function]);
    let near = topology.hosts.values().filter(|h| Some(h.switch) == switch).map(|h| h.id);
    let intent = Intent::single(function, host.and_then(|host| nth(near, host)));
    let plan = plan(&topology, &intent).ok()?;
    let change = lab.store.load().await.expect("sound").next_change;
    let opening = opening(change, "ada", intent, plan, "a test");
    Some(lab.write(Writing::Open(Box::new(opening))).await.expect("a plan that was just made"))
}

/// Closes the nth open change; tries an id that was never opened when there is none.
async fn close(lab: &Lab, which: usize, outcome: Outcome) -> Option<Entry> {
    let open = lab.topology().await.open;
    let found = nth(open.values(), which);
    let moves =
        found.filter(|_| outcome == Outcome::Applied).map(|o| o.plan.moves.clone()).unwrap_or_default();
    let id = found.map_or(ChangeId::new(10_000), |o| o.id);
    let closing = Closing { outcome, why: None, reports: Vec::new(), moves };
    let written = lab.write(closed(id, closing)).await;
    assert_eq!(written.is_ok(), found.is_some());
    written.ok()
}

/// Leaves out what is in no entry: whether a switch answers, and what it was renamed to.
fn comparable(mut topology: Topology) -> Topology {
    for switch in topology.switches.values_mut() {
        if switch.state == SwitchState::Ready {
            switch.state = SwitchState::Connecting;
        }
        switch.name.clear();
    }
    topology
}

async fn check(acts: Vec<Act>) {
    let mut lab = Lab::new().await;
    let mut written = Vec::new();
    for one in acts {
        if matches!(one, Act::Reopen) {
            lab = lab.reopened().await;
        }
        let before = lab.store.load().await.expect("sound");
        match act(&lab, one.clone()).await {
            Some(entry) => written.push(entry),
            None => {
                let after = lab.store.load().await.expect("sound");
                assert_eq!(comparable(after.topology), comparable(before.topology), "{one:?}");
                assert_eq!(after.seq, before.seq, "{one:?}");
            }
        }
    }
    assert_eq!(lab.entries().await, written);
    let mut folded = Topology::default();
    written.iter().for_each(|entry| drop(folded.apply(entry)));
    let loaded = lab.store.load().await.expect("sound");
    assert_eq!(comparable(folded), comparable(loaded.topology));
    let verified = lab.store.verify().await.expect("a chain");
    assert_eq!((verified.entries, verified.head), (loaded.seq.get(), loaded.head));
    assert_eq!(verified.entries, written.len() as u64);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn folding_the_ledger_gives_what_the_tables_say(first in readings(), acts in vec(acts(), 1..40)) {
        let start = [Act::Add(0, "a".to_owned()), Act::Add(1, "b".to_owned()), Act::Discover(1, first)];
        let acts = start.into_iter().chain(acts).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(check(acts));
    }
}
