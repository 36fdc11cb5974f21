//! Ids that stay, whatever is unplugged.

use crate::lab::{self, HBA, HOST_A, HOST_B, Lab, NIC, NIC_VF1, NIC_VF2, SWITCH, bound, card, observation};
use patchbay_domain::*;
use patchbay_store::{Contradiction, Names, StoreError};
use std::collections::BTreeSet;

#[tokio::test]
async fn a_first_discovery_gives_ids_names_and_assignments() {
    let lab = Lab::discovered().await;
    let t = lab.topology().await;
    let names: Vec<_> = t.hosts.values().map(|h| (h.id, h.name.as_str(), h.port.0)).collect();
    assert_eq!(names, [(HOST_A, "web-01", 0), (HOST_B, "rack-12-pax-p4", 4)]);
    assert_eq!(t.adapters[&NIC].name, "NIC 158b");
    assert_eq!(t.functions.len(), 6);
    let place = Assignment { host: HOST_A, logical_port: LogicalPort(0), number: 0 };
    assert_eq!(t.functions[&NIC_VF1].assigned, Some(place));
    assert_eq!((t.generation, t.switches[&SWITCH].firmware.as_str()), (Generation::new(1), "4.80 B123"));
}

#[tokio::test]
async fn a_reading_of_what_is_known_reconciles_with_what_was_loaded() {
    let lab = Lab::discovered().await;
    let reconciled = reconcile::reconcile(&lab.topology().await, SWITCH, &observation());
    assert!(reconciled.is_empty(), "{reconciled:?}");
}

#[tokio::test]
async fn rediscovery_keeps_ids_and_names_and_takes_the_new_wires() {
    let lab = Lab::discovered().await;
    let before = lab.topology().await;
    let mut seen = observation();
    seen.firmware = "4.90".to_owned();
    seen.slots[0].adapter.as_mut().expect("the NIC").name = "another name".to_owned();
    seen.slots[0].adapter.as_mut().expect("the NIC").functions[2].pdfid =
        Pdfid::new(0x3000).expect("in range");
    seen.host_ports.push(ObservedHostPort { port: PhysicalPort(8), ..seen.host_ports[0].clone() });
    let names = Names {
        hosts: [(PhysicalPort(0), "renamed".to_owned()), (PhysicalPort(8), "gpu-01".to_owned())].into(),
        adapters: [(PhysicalPort(16), "renamed".to_owned())].into(),
    };
    lab.store.discovered(lab::at(2), SWITCH, &seen, &names).await.expect("a sound reading");
    let after = lab.topology().await;
    assert_eq!(after.hosts[&HOST_A].name, "web-01");
    assert_eq!(after.hosts[&HostId::new(3)].name, "gpu-01");
    assert_eq!(after.adapters, before.adapters);
    assert_eq!(after.functions[&NIC_VF2].pdfid.to_string(), "0x3000");
    assert_eq!(after.functions.keys().collect::<Vec<_>>(), before.functions.keys().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_card_that_was_pulled_stays_absent_and_comes_back_as_itself() {
    let lab = Lab::discovered().await;
    let before = lab.topology().await;
    let mut seen = observation();
    seen.slots[0].adapter = None;
    let pulled = lab.discover(&seen).await;
    let Event::Discovered { picture, .. } = &pulled.event else { panic!("{pulled:?}") };
    let names: Vec<_> = picture.left.iter().map(|one| (one.name.as_str(), one.host_name.as_str())).collect();
    assert_eq!(names, [("eth16v1", "web-01")], "who lost what, by name");
    let again = lab.discover(&seen).await;
    let Event::Discovered { picture, .. } = &again.event else { panic!("{again:?}") };
    assert_eq!(picture.left, [], "it left once");
    let lab = lab.reopened().await;
    let without = lab.topology().await;
    let nic = &without.adapters[&NIC];
    assert!(!nic.present && !nic.link.up && nic.link.configured_width == 8);
    assert_eq!(without.functions.len(), 6);
    assert!(without.functions.values().all(|f| f.assigned.is_none()));
    lab.discover(&observation()).await;
    let back = Topology { generation: before.generation, ..lab.topology().await };
    assert_eq!(back, before);
}

#[tokio::test]
async fn another_card_in_the_slot_is_another_adapter_and_the_old_one_can_return() {
    let lab = Lab::discovered().await;
    let before = lab.topology().await;
    let mut seen = observation();
    seen.slots[0].adapter = Some(card(AdapterKind::Nvme, 0x0a54, 0x1000, 3));
    lab.discover(&seen).await;
    let swapped = lab.topology().await;
    assert_eq!(swapped.adapters.keys().copied().collect::<Vec<_>>(), [HBA, AdapterId::new(3)]);
    let old: BTreeSet<_> = before.functions_of_adapter(NIC).iter().map(|f| f.id).collect();
    assert!(swapped.functions.keys().all(|id| !old.contains(id)));

    seen.slots[0].adapter = None;
    lab.discover(&seen).await;
    let empty = lab.topology().await;
    assert!(!empty.adapters.contains_key(&NIC) && !empty.adapters[&AdapterId::new(3)].present);

    lab.discover(&observation()).await;
    let back = Topology { generation: before.generation, ..lab.topology().await };
    assert_eq!(back, before);
}

/// Another card is in the slot of the NIC.
fn another_card() -> Observation {
    let mut seen = observation();
    seen.slots[0].adapter = Some(card(AdapterKind::Nvme, 0x0a54, 0x1000, 3));
    seen
}

/// The NIC with its first VF bound there.
fn with_vf1(at: Option<BoundAt>) -> Observation {
    let mut seen = observation();
    seen.slots[0].adapter.as_mut().expect("the NIC").functions[1].bound = at;
    seen
}

#[tokio::test]
async fn a_card_that_returns_after_another_one_has_its_wishes_again() {
    let lab = Lab::discovered().await;
    let home = lab.topology().await.functions[&NIC_VF1].assigned;
    assert!(home.is_some());
    let swapped = lab.discover(&another_card()).await;
    let Event::Discovered { picture, .. } = &swapped.event else { panic!("{swapped:?}") };
    let names: Vec<_> = picture.left.iter().map(|one| (one.name.as_str(), one.host_name.as_str())).collect();
    assert_eq!((names, picture.returned.len()), (vec![("eth16v1", "web-01")], 0));
    let lab = lab.reopened().await;
    assert!(lab.topology().await.drift.is_empty(), "nothing is wished of what is not shown");

    let back = lab.discover(&with_vf1(None)).await;
    let drift = lab.topology().await.drift;
    assert_eq!(drift, [(NIC_VF1, Drift { wished: home, since: back.seq })].into());
    let entries = lab.entries().await;
    let mut folded = Topology::default();
    entries.iter().for_each(|entry| drop(folded.apply(entry)));
    assert_eq!(folded.drift, drift, "the ledger says it too");

    lab.discover(&another_card()).await;
    let elsewhere = Some(bound(4, 1, 0));
    lab.discover(&with_vf1(elsewhere)).await;
    assert_eq!(
        lab.topology().await.drift_kind(NIC_VF1),
        Some(DriftKind::Moved),
        "not where it was bound last"
    );
    lab.discover(&observation()).await;
    assert!(lab.topology().await.drift.is_empty(), "where it is wished");
}

#[tokio::test]
async fn a_change_that_ended_after_its_card_was_replaced_is_wished_when_that_returns() {
    let lab = Lab::discovered().await;
    let change = lab.open("ada", NIC_VF1, Some(HOST_B), "INC-1").await;
    lab.discover(&another_card()).await;
    let closed = lab.close(change, Outcome::Applied).await;
    let Event::ChangeClosed { moves, .. } = &closed.event else { panic!("{closed:?}") };
    let moved_to = moves[0].to;
    lab.discover(&with_vf1(None)).await;
    assert_eq!(lab.topology().await.wish(NIC_VF1), moved_to);
}

#[tokio::test]
async fn a_reading_of_what_is_known_uses_up_no_ids() {
    let lab = Lab::discovered().await;
    let known = lab.topology().await;
    for _ in 0..3 {
        lab.discover(&observation()).await;
    }
    let mut seen = observation();
    seen.slots.push(ObservedSlot { port: PhysicalPort(24), ..seen.slots[0].clone() });
    seen.slots[2].adapter = Some(card(AdapterKind::Nvme, 0x0a54, 0x3000, 1));
    lab.discover(&seen).await;
    let grown = lab.topology().await;
    assert_eq!(grown.adapters.keys().last().map(|id| id.get()), Some(3));
    let next = known.functions.keys().last().map(|id| id.get() + 1);
    assert_eq!(grown.functions.keys().last().map(|id| id.get()), next);
}

#[tokio::test]
async fn functions_that_a_card_no_longer_has_are_hidden_and_keep_their_ids() {
    let lab = Lab::discovered().await;
    let mut seen = observation();
    seen.slots[0].adapter.as_mut().expect("the NIC").functions.truncate(2);
    lab.discover(&seen).await;
    assert!(!lab.topology().await.functions.contains_key(&NIC_VF2));
    lab.discover(&observation()).await;
    assert_eq!(lab.topology().await.functions[&NIC_VF2].index, 2);
}

#[tokio::test]
async fn a_reading_that_contradicts_itself_leaves_everything_as_it_was() {
    let lab = Lab::discovered().await;
    let before = lab.store.load().await.expect("loaded");
    let pdfid = Pdfid::new(0x1001).expect("in range");
    let mut cases = Vec::new();
    let mut twice = observation();
    twice.slots[1].port = PhysicalPort(0);
    cases.push((twice, Contradiction::PortTwice { port: PhysicalPort(0) }));
    let mut index = observation();
    index.slots[0].adapter.as_mut().expect("the NIC").functions[2].index = 1;
    cases.push((index, Contradiction::FunctionTwice { slot: PhysicalPort(16), index: 1 }));
    let mut name = observation();
    name.slots[1].adapter.as_mut().expect("the HBA").functions[0].pdfid = pdfid;
    cases.push((name, Contradiction::PdfidTwice { pdfid }));
    let mut number = observation();
    number.slots[0].adapter.as_mut().expect("the NIC").functions[1].bound = Some(bound(0, 0, 8));
    cases.push((number, Contradiction::FunctionNumber { pdfid, number: 8 }));
    for (seen, wanted) in cases {
        match lab.store.discovered(lab::at(2), SWITCH, &seen, &Names::default()).await {
            Err(StoreError::Contradiction { source, .. }) => assert_eq!(source, wanted),
            other => panic!("{wanted}: {other:?}"),
        }
    }
    assert_eq!(lab.store.load().await.expect("loaded"), before);
}

#[tokio::test]
async fn an_unknown_switch_or_host_is_an_error_and_nothing_is_written() {
    let lab = Lab::discovered().await;
    let nowhere = SwitchId::new(9);
    let found = lab.store.discovered(lab::at(2), nowhere, &observation(), &Names::default()).await;
    assert!(matches!(found, Err(StoreError::UnknownSwitch { switch }) if switch == nowhere));
    let found = lab::nothing_found(nowhere);
    assert!(matches!(lab.record(lab::at(2), found).await, Err(StoreError::UnknownSwitch { .. })));
    let host = HostId::new(99);
    let drift = difference(NIC_VF2, Some(Assignment { host, logical_port: LogicalPort(1), number: 0 }));
    let found = lab.record(lab::at(2), drift).await;
    assert!(
        matches!(found, Err(StoreError::UnknownHost { host: unknown, .. }) if unknown == host),
        "{found:?}"
    );
    assert_eq!(lab.entries().await.len(), 2);
}

fn difference(function: FunctionId, found: Option<Assignment>) -> Event {
    let name = "eth16v2".to_owned();
    let (recorded, recorded_name, found_name) = (None, None, None);
    let differences =
        vec![Difference { function, name, recorded, recorded_name, found, found_name, left_by: None }];
    Event::BindingsFound { switch: SWITCH, differences }
}

#[tokio::test]
async fn bindings_found_are_in_the_tables_and_links_as_the_last_discovery_had_them() {
    let lab = Lab::discovered().await;
    let found = Assignment { host: HOST_B, logical_port: LogicalPort(5), number: 1 };
    lab.record(lab::at(2), difference(NIC_VF2, Some(found))).await.expect("recorded");
    let down = Link::full(8, Rate::Gen4).lost();
    let mut seen = observation();
    (seen.host_ports[1].link, seen.slots[0].link) = (down, down);
    let adapter = seen.slots[0].adapter.as_mut().expect("the NIC");
    adapter.functions[2].bound = Some(lab::bound(4, 5, 1));
    lab.discover(&seen).await;
    let t = lab.topology().await;
    assert_eq!(t.functions[&NIC_VF2].assigned, Some(found));
    assert_eq!((t.hosts[&HOST_B].link, t.adapters[&NIC].link), (down, down));
    assert!(t.hosts[&HOST_A].link.up);
    assert_eq!(t.generation, Generation::new(3));
}

#[tokio::test]
async fn an_absent_card_has_no_link_and_leaves_when_its_slot_becomes_a_host_port() {
    let lab = Lab::discovered().await;
    let mut seen = observation();
    seen.slots[0].adapter = None;
    lab.discover(&seen).await;
    assert_eq!(lab.topology().await.adapters[&NIC].link, Link::full(8, Rate::Gen4).lost());
    let slot = seen.slots.remove(0);
    seen.host_ports.push(ObservedHostPort { port: slot.port, link: slot.link, logical_ports: 8 });
    lab.discover(&seen).await;
    let t = lab.topology().await;
    assert_eq!(t.adapters.keys().copied().collect::<Vec<_>>(), [HBA]);
    assert_eq!(t.hosts[&HostId::new(3)].port, PhysicalPort(16));
}

#[tokio::test]
async fn a_host_port_that_is_gone_takes_its_host_along_and_brings_it_back() {
    let lab = Lab::discovered().await;
    let mut seen = observation();
    seen.host_ports.remove(0);
    lab.discover(&seen).await;
    let t = lab.topology().await;
    assert_eq!(t.hosts.keys().copied().collect::<Vec<_>>(), [HOST_B]);
    assert_eq!(t.functions[&NIC_VF1].assigned, None);
    lab.discover(&observation()).await;
    assert_eq!(lab.topology().await.hosts[&HOST_A].name, "web-01");
}

#[tokio::test]
async fn events_with_a_method_of_their_own_are_not_recorded_by_themselves() {
    let lab = Lab::discovered().await;
    let event = Event::SwitchAdded { switch: SWITCH, name: String::new(), address: String::new() };
    let refused = lab.record(lab::at(2), event).await;
    assert!(matches!(refused, Err(StoreError::NotRecordable { kind: "switch_added" })), "{refused:?}");
}
