//! A server with two cables, on a small pair of switches and on random ones.

use crate::fixture::{self, *};
use crate::intent::{Intent, Move};
use crate::plan::plan;
use crate::rules::check;
use crate::topology::{Host, Place, Topology};
use crate::touches::Touches;
use crate::{Excerpt, FunctionId, Generation, HostId, LogicalPort, Places, Seq};
use proptest::prelude::*;

fn code(t: &Topology, function: FunctionId, host: HostId) -> &'static str {
    check(t, &Intent::single(function, Some(host))).expect_err("must be refused").code()
}

#[test]
fn a_server_is_reached_by_the_cable_to_the_functions_switch() {
    let t = fixture::pair();
    let reach = |host: HostId, switch| t.reach(&t.hosts[&host], switch).map(|h| h.id);
    assert_eq!((reach(HOST_A, SWITCH), reach(HOST_A, OTHER)), (Some(HOST_A), Some(TWIN_A)));
    assert_eq!((reach(TWIN_B, SWITCH), reach(HOST_FULL, OTHER)), (Some(HOST_B), None));
    let also = |host: HostId| t.also_on(&t.hosts[&host]).map(|s| s.name.as_str()).collect::<Vec<_>>();
    assert_eq!((also(HOST_A), also(TWIN_A)), (vec!["rack-13-pax"], vec!["rack-12-pax"]));
    assert!(also(HOST_FULL).is_empty());
}

#[test]
fn functions_of_both_switches_come_to_one_server_by_one_plan() {
    let t = fixture::pair();
    let both = Intent::moving(vec![Move::new(NIC_VF1, Some(TWIN_B)), Move::new(FAR_VF1, Some(TWIN_B))]);
    let made = plan(&t, &both).expect("one plan over two switches");
    assert_eq!(
        (made.title.as_str(), made.switches.as_slice()),
        ("Move 2 functions to db-02", &[SWITCH, OTHER][..])
    );
    let ends: Vec<_> = made.moves.iter().map(|m| m.to.map(|a| a.host)).collect();
    assert_eq!(ends, [Some(HOST_B), Some(TWIN_B)]);
    let exact: Vec<_> = made.exact(&both).moves.iter().map(|m| (m.to, m.at)).collect();
    assert_eq!(exact, [(Some(HOST_B), Some(LogicalPort(0))), (Some(TWIN_B), Some(LogicalPort(0)))]);
    let lost = "web-01 loses eth16v1 of rack-12-pax and eth16v1 of rack-13-pax and has no NIC function left.";
    assert_eq!(made.warnings, [lost]);
    let one = plan(&t, &Intent::single(NIC_VF1, Some(TWIN_B))).expect("allowed");
    assert_eq!(one.warnings, ["web-01 loses eth16v1 and keeps one NIC function."], "by the other cable");
}

#[test]
fn functions_of_two_switches_change_servers() {
    let mut t = fixture::pair();
    assign(&mut t, FAR_VF1, TWIN_B, 0, 0);
    let swap = Intent::moving(vec![Move::new(NIC_VF1, Some(TWIN_B)), Move::new(FAR_VF1, Some(HOST_A))]);
    let made = plan(&t, &swap).expect("allowed");
    assert_eq!(made.title, "Swap eth16v1 and eth16v1");
}

#[test]
fn rules_judge_the_host_that_was_reached() {
    let mut t = fixture::pair();
    assert_eq!(code(&t, NIC_VF1, TWIN_A), "already_there");
    assert_eq!(code(&t, FAR_VF1, HOST_FULL), "other_switch");
    t.hosts.get_mut(&HOST_B).expect("in the fixture").link = t.hosts[&HOST_DOWN].link;
    assert_eq!(code(&t, NIC_VF1, TWIN_B), "cable_down");
    assert_eq!(check(&t, &Intent::single(FAR_VF1, Some(HOST_B))), Ok(()), "the other cable is up");
    t.hosts.get_mut(&TWIN_B).expect("in the fixture").logical_ports = 0;
    assert_eq!(code(&t, FAR_VF1, HOST_B), "host_full");
}

#[test]
fn which_of_several_hosts_of_a_name_is_meant_is_never_guessed() {
    let mut t = fixture::pair();
    t.hosts.get_mut(&HOST_FULL).expect("in the fixture").name = "db-02".to_owned();
    let refusal = check(&t, &Intent::single(NIC_VF1, Some(TWIN_B))).expect_err("two are called so");
    assert_eq!(
        refusal.to_string(),
        "rack-12-pax has several hosts called db-02. Choose the one that eth16v1 shall go to on the board of rack-12-pax."
    );
    assert_eq!(check(&t, &Intent::single(NIC_VF1, Some(HOST_B))), Ok(()), "named on its own switch");
}

#[test]
fn undo_names_the_hosts_that_were_reached() {
    let t = fixture::pair();
    let made = plan(&t, &Intent::single(FAR_VF1, Some(HOST_B))).expect("allowed");
    let mut done = t.clone();
    let moves = made.recorded_moves();
    let (change, outcome, reports) = (crate::ChangeId::new(3), crate::Outcome::Applied, [].into());
    done.apply(&entry(crate::Event::ChangeClosed { change, outcome, why: None, reports, moves }));
    let (undo, _) = made.undo(change, &done);
    assert_eq!((undo.moves[0].to, undo.moves[0].at), (Some(TWIN_A), Some(LogicalPort(0))));
}

#[test]
fn an_intent_that_cannot_be_planned_is_stale_by_the_place_that_it_reaches() {
    let mut t = fixture::pair();
    t.generation = Generation::new(4);
    let at = Some(LogicalPort(7));
    let intent = Intent::moving(vec![Move { at, ..Move::new(FAR_VF2, Some(HOST_B)) }]);
    let moved = Touches::since(t.generation).stale_intent(&t, &intent, Generation::new(1));
    assert!(moved.iter().any(|m| m.what == "logical port 7 of db-02"), "{moved:?}");
    assert_eq!(t.destination(&intent.moves[0]), Some(TWIN_B));
}

/// The pair with random assignments, and now and then a second host of a name on one switch.
fn pairs() -> impl Strategy<Value = Topology> {
    let seats = proptest::collection::vec((0_usize..4, 0_u8..2, any::<bool>()), 19);
    (seats, prop::bool::weighted(0.2), any::<bool>()).prop_map(|(seats, doubled, down)| {
        let mut t = fixture::pair();
        t.hosts.values_mut().for_each(|host| host.logical_ports = 2);
        if doubled {
            t.hosts.get_mut(&HOST_FULL).expect("in the fixture").name = "db-02".to_owned();
        }
        if down {
            t.hosts.get_mut(&TWIN_B).expect("in the fixture").link = t.hosts[&HOST_DOWN].link;
        }
        let ids: Vec<_> = t.functions.keys().copied().collect();
        for (id, (host, port, used)) in ids.into_iter().zip(seats) {
            let switch = t.switch_of(&t.functions[&id]);
            let hosts: Vec<_> = t.hosts.values().filter(|h| Some(h.switch) == switch).map(|h| h.id).collect();
            let place = Place { host: hosts[host % hosts.len()], logical_port: LogicalPort(port) };
            t.functions.get_mut(&id).expect("listed").assigned = None;
            if used && t.contents(place).is_empty() {
                assign(&mut t, id, place.host, port, 0);
            }
        }
        t
    })
}

/// Moves of any functions to any hosts, and which host of the same name to say instead.
fn wishes() -> impl Strategy<Value = (Intent, Vec<usize>)> {
    let wanted = (prop::option::weighted(0.9, 1_u32..7), prop::option::weighted(0.3, 0_u8..3), 0_usize..3);
    proptest::collection::btree_map(prop_oneof![1_u32..15, 21_u32..26], wanted, 1..6).prop_map(|moves| {
        let one = |(function, (host, at, _)): (&u32, &(Option<u32>, Option<u8>, usize))| Move {
            at: at.filter(|_| host.is_some()).map(LogicalPort),
            ..Move::new(FunctionId::new(*function), host.map(HostId::new))
        };
        let intent = Intent::moving(moves.iter().map(one).collect());
        (intent, moves.values().map(|(_, _, instead)| *instead).collect())
    })
}

/// The same move to another host of the same name; itself when the function's switch has the named host or several of
/// the name, because then it makes a difference which is said.
fn said_otherwise(t: &Topology, wanted: Move, instead: usize) -> Move {
    let Some(named) = wanted.to.map(|id| &t.hosts[&id]) else { return wanted };
    let switch = t.switch_of(&t.functions[&wanted.function]).expect("it has an adapter");
    let alike = |h: &&Host| h.name == named.name && t.reach(h, switch) == t.reach(named, switch);
    let twins: Vec<_> = t.hosts.values().filter(alike).map(|h| h.id).collect();
    Move { to: Some(twins[instead % twins.len()]), ..wanted }
}

proptest! {
    #[test]
    fn whichever_host_of_a_server_is_named_the_plan_is_the_same(t in pairs(), (wanted, instead) in wishes()) {
        let moves = wanted.moves.iter().zip(instead).map(|(one, n)| said_otherwise(&t, *one, n));
        let otherwise = Intent::moving(moves.collect());
        let code = |refused: crate::Refusal| refused.code();
        prop_assert_eq!(plan(&t, &otherwise).map_err(code), plan(&t, &wanted).map_err(code));
    }

    #[test]
    fn a_plan_over_two_switches_ends_where_it_was_said_and_keeps_functions_on_their_switch(
        t in pairs(), (wanted, _) in wishes(),
    ) {
        let Ok(made) = plan(&t, &wanted) else { return Ok(()) };
        for (planned, said) in made.moves.iter().zip(&wanted.moves) {
            prop_assert_eq!(planned.to.map(|a| a.host), t.destination(said));
            prop_assert_eq!(planned.to_name.clone(), said.to.map(|host| t.host_name(host)));
            let on = planned.to.map(|a| t.hosts[&a.host].switch);
            prop_assert!(on.is_none() || on == t.switch_of(&t.functions[&planned.function]));
        }
        let exact = made.exact(&wanted);
        let again = plan(&t, &exact).expect("what was planned is allowed");
        prop_assert_eq!((&again.moves, &again.steps), (&made.moves, &made.steps));
        prop_assert!(exact.moves.iter().all(|m| t.destination(m) == m.to), "its hosts are spelt out");
    }

    #[test]
    fn an_excerpt_of_two_switches_gives_the_same_plan_as_the_whole(t in pairs(), (wanted, _) in wishes()) {
        let part = Excerpt::of(&t, &Places::of(&t), Seq::new(9), &wanted).topology;
        prop_assert_eq!(plan(&part, &wanted), plan(&t, &wanted));
    }
}
