//! Tests of the board's state.

use super::*;
use crate::board::fixture::{self, *};
use chrono::DateTime;
use patchbay_domain::{Event, Intent, PhysicalPort, Rate, Subject, Temperature};
use std::collections::BTreeSet;

fn picture() -> Picture {
    Picture {
        topology: fixture::topology(),
        seq: Seq::new(10),
        at: DateTime::UNIX_EPOCH,
        recent: Vec::new(),
        entries: 10,
        notices: Vec::new(),
        vitals: BTreeMap::new(),
        begun: BTreeSet::new(),
        trouble: None,
    }
}

fn with_board(test: impl FnOnce(BoardState)) {
    Owner::new().with(|| test(BoardState::new(picture(), None)));
}

fn live(entry: Entry) -> LiveEvent {
    LiveEvent::Entry(Box::new(entry))
}

fn chips(state: BoardState, host: HostId) -> Vec<FunctionId> {
    state.host(host).expect("a host of the fixture").members.get_untracked()
}

#[test]
fn a_change_is_drawn_in_flight_at_both_ends_until_it_closes() {
    with_board(|state| {
        let open = state.with(|t| opened(t, 1, &Intent::single(NIC_VF1, Some(HOST_B))));
        let happened = state.apply(&[live(entry(11, open))]);
        assert_eq!(happened.touched, BTreeSet::from([NIC_VF1]));
        let flight = state.function(NIC_VF1).get_untracked();
        assert_eq!(flight.flight, Some((ChangeId::new(1), Some(HOST_B))));
        assert_eq!(flight.assigned.map(|a| a.host), Some(HOST_A), "nothing is optimistic");
        assert_eq!((chips(state, HOST_A), chips(state, HOST_B)), (vec![NIC_VF1], vec![NIC_VF1]));

        let close = state.with(|t| applied(t, 1));
        let happened = state.apply(&[live(entry(12, close))]);
        assert_eq!(happened.closed, [ChangeId::new(1)]);
        assert_eq!((chips(state, HOST_A), chips(state, HOST_B)), (vec![], vec![NIC_VF1]));
        assert_eq!(state.function(NIC_VF1).get_untracked().flight, None);
        assert_eq!(state.seq(), Seq::new(12));
    });
}

#[test]
fn a_change_that_is_rolled_back_leaves_the_ghost_nowhere() {
    with_board(|state| {
        let open = state.with(|t| opened(t, 1, &Intent::single(NIC_VF1, Some(HOST_B))));
        state.apply(&[live(entry(11, open)), live(entry(12, rolled_back(1, "No.")))]);
        assert_eq!((chips(state, HOST_A), chips(state, HOST_B)), (vec![NIC_VF1], vec![]));
        let ending =
            state.runs.with_untracked(|runs| runs.get(ChangeId::new(1)).and_then(|r| r.ending.clone()));
        assert_eq!(ending.and_then(|e| e.why).as_deref(), Some("No."));
    });
}

#[test]
fn an_entry_seen_before_is_skipped_and_a_hole_asks_for_a_new_picture() {
    with_board(|state| {
        let found = |seq| live(entry(seq, Event::BindingsFound { switch: SWITCH, differences: Vec::new() }));
        assert_eq!(state.apply(&[found(10)]), Happened::default());
        assert!(state.apply(&[found(12)]).missed);
        assert_eq!(state.seq(), Seq::new(10), "the hole is not jumped over");
        assert!(state.apply(&[LiveEvent::Reset]).missed);
    });
}

#[test]
fn links_and_switches_change_by_themselves() {
    with_board(|state| {
        let (port, link) = state.with(|t| (t.hosts[&HOST_A].port, t.hosts[&HOST_A].link.lost()));
        let down = LiveEvent::Links { switch: SWITCH, links: vec![(port, link)] };
        let away = LiveEvent::Switch { switch: SWITCH, state: SwitchState::Unreachable };
        let happened = state.apply(&[down, away]);
        assert!(!happened.redrawn);
        assert!(!state.host(HOST_A).expect("known").link.get_untracked().up);
        let switch = state.switch_state(SWITCH).expect("known").get_untracked();
        assert_eq!(switch, SwitchState::Unreachable);
        assert_eq!(state.counts.get_untracked().cables_up, 4);
    });
}

#[test]
fn a_trouble_is_told_when_it_is_raised_counted_and_cleared() {
    with_board(|state| {
        let subject = Subject::HostDown(HOST_A);
        let (name, why, since) =
            ("web-01".to_owned(), "Port 0 has no link.".to_owned(), DateTime::UNIX_EPOCH);
        let raised =
            Event::HealthRaised { switch: SWITCH, subject, name: name.clone(), why, since, times: 1 };
        let cleared =
            Event::HealthCleared { switch: SWITCH, subject, name, times: 2, lasted_ms: 9, gone: false };
        let told = |events: &[LiveEvent]| {
            assert!(!state.apply(events).redrawn);
            let times = state.with(|t| t.health.get(&subject).map(|raised| raised.times));
            (state.health.get_untracked(), times)
        };
        assert_eq!(told(&[live(entry(11, raised))]), (1, Some(1)));
        assert_eq!(told(&[LiveEvent::Counted { subject, times: 2 }]), (2, Some(2)));
        assert_eq!(told(&[LiveEvent::Counted { subject, times: 2 }]), (2, Some(2)), "nothing new");
        assert_eq!(told(&[live(entry(12, cleared))]), (3, None));
        let lines = state.recent.with_untracked(|recent| recent.items.len());
        assert_eq!(lines, 2);
    });
}

#[test]
fn what_a_listener_is_told_first_brings_an_old_picture_up_to_date() {
    with_board(|state| {
        let mut now = state.with(Topology::clone);
        let port = now.hosts[&HOST_A].port;
        let link = now.hosts[&HOST_A].link.lost();
        now.set_links(SWITCH, &[(port, link)]);
        now.set_switch_state(SWITCH, SwitchState::Unreachable);
        state.apply(&LiveEvent::readings(&now, &BTreeSet::new(), None));
        assert_eq!(state.with(Topology::clone), now);
    });
}

#[test]
fn a_new_structure_is_drawn_again_and_a_new_picture_replaces_all() {
    with_board(|state| {
        let before = state.structure.get_untracked();
        let added =
            Event::SwitchAdded { switch: SwitchId::new(2), name: "b".to_owned(), address: String::new() };
        assert!(state.apply(&[live(entry(11, added))]).redrawn);
        assert!(state.structure.get_untracked() > before);
        assert_eq!(state.switch(), Some(SWITCH));
        state.replace(Picture { topology: Topology::default(), ..picture() });
        assert_eq!(state.switch(), None);
        assert!(state.host(HOST_A).is_none());
    });
}

#[test]
fn a_list_is_made_anew_after_many_changes() {
    with_board(|state| {
        let epoch = state.host(HOST_B).expect("known").epoch;
        let mut seq = 10;
        for change in 1..=u64::from(LIST_LIFE_CHANGES) / 2 {
            let open = state.with(|t| opened(t, change, &Intent::single(NIC_VF2, Some(HOST_B))));
            let close = rolled_back(change, "No.");
            state.apply(&[live(entry(seq + 1, open))]);
            state.apply(&[live(entry(seq + 2, close))]);
            seq += 2;
        }
        assert_eq!(epoch.get_untracked(), 1);
    });
}

#[test]
fn only_the_shown_switchs_vitals_are_taken_and_lost_with_it() {
    with_board(|state| {
        let vitals = Vitals { temperature: Some(Temperature(9_800)), ..Vitals::default() };
        let other = SwitchId::new(SWITCH.get() + 1);
        state.apply(&[LiveEvent::Vitals { switch: other, vitals: Some(vitals.clone()) }]);
        assert_eq!(state.vitals.get_untracked(), None);
        state.apply(&[LiveEvent::Vitals { switch: SWITCH, vitals: Some(vitals.clone()) }]);
        assert_eq!(state.vitals.get_untracked(), Some(vitals));
        state.apply(&[LiveEvent::Vitals { switch: SWITCH, vitals: None }]);
        assert_eq!(state.vitals.get_untracked(), None);
    });
}

#[test]
fn what_comes_while_a_picture_is_on_its_way_is_folded_in_on_top_of_it() {
    with_board(|state| {
        assert!(state.look_begins());
        assert!(!state.look_begins(), "one at a time");
        let open = state.with(|t| opened(t, 1, &Intent::single(NIC_VF1, Some(HOST_B))));
        state.apply(&[live(entry(11, open))]);
        let close = state.with(|t| applied(t, 1));
        state.apply(&[live(entry(12, close))]);
        // The picture was taken before both.
        let happened = state.look_ends(Some(picture()));
        assert_eq!((state.seq(), happened.missed), (Seq::new(12), false));
        assert_eq!((chips(state, HOST_A), chips(state, HOST_B)), (vec![], vec![NIC_VF1]));
        assert!(state.look_begins(), "and the next one can be asked for");
    });
}

#[test]
fn a_hole_that_a_picture_on_its_way_does_not_fill_asks_for_another_one() {
    with_board(|state| {
        assert!(state.look_begins());
        let open = state.with(|t| opened(t, 1, &Intent::single(NIC_VF1, Some(HOST_B))));
        let happened = state.apply(&[live(entry(13, open.clone()))]);
        assert!(!happened.missed, "the picture may have it");
        let newer = Picture { seq: Seq::new(12), ..picture() };
        assert!(!state.look_ends(Some(newer)).missed);
        assert_eq!(state.seq(), Seq::new(13));
        assert!(state.look_begins());
        let happened = state.apply(&[live(entry(15, open))]);
        assert!(!happened.missed && state.look_ends(Some(picture())).missed, "it has it not");
        assert!(state.look_begins());
        assert_eq!(state.look_ends(None), Happened::default(), "it could not be had");
    });
}

#[test]
fn what_the_rules_say_may_change_with_a_link_although_nothing_was_touched() {
    with_board(|state| {
        let down = LiveEvent::Links {
            switch: SWITCH,
            links: vec![(PhysicalPort(4), Link::full(8, Rate::Gen4).lost())],
        };
        let happened = state.apply(&[down]);
        assert!(happened.stirred && happened.touched.is_empty());
    });
}
