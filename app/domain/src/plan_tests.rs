//! Plans on the small rack, and their properties on random ones.

use super::*;
use crate::fixture::{self, *};
use crate::ids::HostId;
use proptest::prelude::*;

fn steps(topology: &Topology, intent: &Intent) -> Vec<String> {
    plan(topology, intent).expect("allowed").steps.iter().map(ToString::to_string).collect()
}

fn intent(moves: &[(FunctionId, Option<HostId>)]) -> Intent {
    Intent::moving(moves.iter().map(|&(function, to)| Move::new(function, to)).collect())
}

#[test]
fn assign_move_and_release_are_the_fewest_steps() {
    let t = fixture::topology();
    assert_eq!(steps(&t, &intent(&[(NIC_VF2, Some(HOST_B))])), ["Bind eth16v2 to db-02"]);
    assert_eq!(
        steps(&t, &intent(&[(NIC_VF1, Some(HOST_B))])),
        ["Unbind eth16v1 from web-01", "Bind eth16v1 to db-02"]
    );
    assert_eq!(steps(&t, &intent(&[(NIC_VF1, None)])), ["Unbind eth16v1 from web-01"]);
}

#[test]
fn a_swap_into_a_full_host_empties_it_first() {
    let t = fixture::topology();
    let swap = intent(&[(NIC_VF1, Some(HOST_FULL)), (HBA_VF1, Some(HOST_A))]);
    let made = plan(&t, &swap).expect("allowed");
    assert_eq!(made.title, "Swap eth16v1 and fc20v1");
    assert_eq!(
        made.steps.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "Unbind fc20v1 from tiny-04",
            "Bind fc20v1 to web-01",
            "Unbind eth16v1 from web-01",
            "Bind eth16v1 to tiny-04"
        ]
    );
}

#[test]
fn two_full_hosts_swap_by_emptying_both_first() {
    let mut t = fixture::topology();
    t.hosts.get_mut(&HOST_A).expect("in the fixture").logical_ports = 1;
    let swap = intent(&[(NIC_VF1, Some(HOST_FULL)), (HBA_VF1, Some(HOST_A))]);
    let kinds: Vec<_> = plan(&t, &swap).expect("allowed").steps.iter().map(Step::kind).collect();
    assert_eq!(kinds, [StepKind::Unbind, StepKind::Unbind, StepKind::Bind, StepKind::Bind]);
}

#[test]
fn a_function_that_shares_the_port_is_put_back_and_warned_about() {
    let mut t = fixture::topology();
    assign(&mut t, NIC_VF2, HOST_A, 0, 1);
    let made = plan(&t, &intent(&[(NIC_VF1, None)])).expect("allowed");
    assert_eq!(
        made.steps.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["Unbind eth16v1 and eth16v2 from web-01", "Bind eth16v2 to web-01"]
    );
    assert_eq!(made.moves.len(), 2);
    assert!(made.warnings.iter().any(|w| w.contains("eth16v2 for a moment")), "{:?}", made.warnings);
}

#[test]
fn the_warning_says_what_the_host_keeps() {
    let mut t = fixture::topology();
    let made = plan(&t, &intent(&[(NIC_VF1, None)])).expect("allowed");
    assert_eq!(made.warnings, ["web-01 loses eth16v1 and has no NIC function left."]);
    assign(&mut t, NIC_VF2, HOST_A, 1, 0);
    let made = plan(&t, &intent(&[(NIC_VF1, None)])).expect("allowed");
    assert_eq!(made.warnings, ["web-01 loses eth16v1 and keeps one NIC function."]);
    let made = plan(&t, &intent(&[(NIC_VF3, Some(HOST_B))])).expect("allowed");
    assert_eq!(made.warnings, Vec::<String>::new());
}

#[test]
fn a_topology_travels_as_postcard_and_as_json() {
    let mut t = fixture::topology();
    let plan = plan(&t, &intent(&[(NIC_VF1, None)])).expect("allowed");
    let id = crate::ChangeId::new(3);
    t.open.insert(id, open(id, plan));
    let bytes = postcard::to_stdvec(&t).expect("a topology is postcard");
    assert_eq!(postcard::from_bytes::<Topology>(&bytes).expect("and back"), t);
    let text = serde_json::to_string(&t).expect("a topology is JSON");
    assert_eq!(serde_json::from_str::<Topology>(&text).expect("and back"), t);
}

/// What each logical port holds.
type Ports = BTreeMap<Place, Vec<FunctionId>>;

fn ports(t: &Topology) -> Ports {
    let mut ports = Ports::new();
    for place in t.functions.values().filter_map(|f| f.assigned).map(Assignment::place) {
        ports.insert(place, t.contents(place).iter().map(|f| f.id).collect());
    }
    ports
}

/// A switch in ten lines: it does a step only when the port holds what the step says.
fn do_step(ports: &mut Ports, step: &Step) {
    let ids = |b: &[BoundFunction]| b.iter().map(|f| f.function).collect::<Vec<_>>();
    assert_eq!(ports.get(&step.place).cloned().unwrap_or_default(), ids(&step.before), "before {step}");
    assert!(step.before.is_empty() != step.after.is_empty(), "{step} is one bind or one unbind");
    for arriving in ids(&step.after) {
        assert!(!ports.values().any(|held| held.contains(&arriving)), "{step}: bound elsewhere");
    }
    match ids(&step.after) {
        after if after.is_empty() => ports.remove(&step.place),
        after => ports.insert(step.place, after),
    };
}

/// What a switch with these ports would say of them.
fn contents(t: &Topology, ports: &Ports) -> crate::Held {
    let one = |(place, held): (&Place, &Vec<FunctionId>)| {
        let pdfids = held.iter().map(|function| t.functions[function].pdfid).collect();
        ((t.hosts[&place.host].port, place.logical_port), pdfids)
    };
    crate::Held::on(SWITCH, ports.iter().map(one).collect())
}

/// The small rack with random assignments: up to three functions on one logical port.
fn racks() -> impl Strategy<Value = Topology> {
    let seats = proptest::collection::vec((0_u32..4, 0_u8..3, any::<bool>()), 14);
    seats.prop_map(|seats| {
        let mut t = fixture::topology();
        for host in t.hosts.values_mut() {
            host.logical_ports = 3;
            host.link = crate::Link::full(8, crate::Rate::Gen4);
        }
        let ids: Vec<_> = t.functions.keys().copied().collect();
        for (id, (host, port, used)) in ids.into_iter().zip(seats) {
            let place = Place { host: HostId::new(host + 1), logical_port: crate::LogicalPort(port) };
            t.functions.get_mut(&id).expect("listed").assigned = None;
            let number = u8::try_from(t.contents(place).len()).expect("few");
            if used && number < 3 {
                assign(&mut t, id, place.host, port, number);
            }
        }
        t
    })
}

fn intents() -> impl Strategy<Value = Intent> {
    let wanted = (proptest::option::of(1_u32..5), proptest::option::weighted(0.3, 0_u8..4));
    proptest::collection::btree_map(1_u32..15, wanted, 1..8).prop_map(|moves| {
        let one = |(function, (host, at)): (u32, (Option<u32>, Option<u8>))| Move {
            at: at.filter(|_| host.is_some()).map(crate::LogicalPort),
            ..Move::new(FunctionId::new(function), host.map(HostId::new))
        };
        Intent::moving(moves.into_iter().map(one).collect())
    })
}

/// The rack after a plan, as its change's closing entry makes it.
fn after(t: &Topology, made: &Plan) -> Topology {
    let mut t = t.clone();
    let (change, outcome, reports) = (crate::ChangeId::new(1), crate::Outcome::Applied, [].into());
    t.apply(&entry(crate::Event::ChangeClosed {
        change,
        outcome,
        why: None,
        reports,
        moves: made.recorded_moves(),
    }));
    t
}

proptest! {
    #[test]
    fn a_switch_says_the_last_number_of_steps_that_explains_it(
        t in racks(),
        wanted in intents(),
        foreign in (0_usize..64, 1_u32..15),
    ) {
        let Ok(made) = plan(&t, &wanted) else { return Ok(()) };
        // Model: the touched places after every number of steps.
        let mut states = vec![ports(&t)];
        for step in &made.steps {
            let mut next = states.last().expect("not empty").clone();
            do_step(&mut next, step);
            states.push(next);
        }
        let last_like = |now: &Ports| {
            let same = |state: &Ports| made.steps.iter().all(|s| state.get(&s.place) == now.get(&s.place));
            states.iter().rposition(same)
        };
        for state in &states {
            prop_assert_eq!(made.steps_done(&contents(&t, state)), last_like(state));
        }
        let mut changed = states[foreign.0 % states.len()].clone();
        if let Some(step) = made.steps.get(foreign.0 % made.steps.len().max(1)) {
            changed.entry(step.place).or_default().push(FunctionId::new(foreign.1));
        }
        prop_assert_eq!(made.steps_done(&contents(&t, &changed)), last_like(&changed));
    }

    #[test]
    fn a_plan_does_what_it_says_and_its_inverse_takes_it_back(t in racks(), wanted in intents()) {
        let Ok(made) = plan(&t, &wanted) else { return Ok(()) };
        let before = ports(&t);
        let mut now = before.clone();
        for step in &made.steps {
            do_step(&mut now, step);
        }
        let mut expected = t.clone();
        for one in &made.moves {
            expected.functions.get_mut(&one.function).expect("known").assigned = one.to;
        }
        prop_assert_eq!(&now, &ports(&expected));
        for one in &wanted.moves {
            let found = expected.functions[&one.function].assigned;
            prop_assert_eq!(found.map(|a| a.host), one.to);
            prop_assert!(one.at.is_none() || found.map(|a| a.logical_port) == one.at);
        }
        for step in made.steps.iter().rev() {
            do_step(&mut now, &step.inverse());
        }
        prop_assert_eq!(now, before);
    }

    #[test]
    fn nothing_moves_that_was_not_asked_for(t in racks(), wanted in intents()) {
        let Ok(made) = plan(&t, &wanted) else { return Ok(()) };
        for one in &made.moves {
            let asked = wanted.moves.iter().any(|m| m.function == one.function);
            prop_assert!(asked || !one.changes_host());
            prop_assert_eq!(asked, one.asked);
        }
    }

    #[test]
    fn undoing_an_applied_plan_restores_every_place_and_number(t in racks(), wanted in intents()) {
        let Ok(made) = plan(&t, &wanted) else { return Ok(()) };
        let done = after(&t, &made);
        let (undo, left_out) = made.undo(crate::ChangeId::new(1), &done);
        prop_assert!(left_out.is_empty(), "{:?}", left_out);
        if undo.moves.is_empty() {
            return Ok(());
        }
        let back = plan(&done, &undo);
        prop_assert!(back.is_ok(), "{:?} of {:?}", back, undo);
        prop_assert_eq!(ports(&after(&done, &back.expect("just seen"))), ports(&t));
    }

    #[test]
    fn spelling_a_plan_out_gives_the_same_plan(t in racks(), wanted in intents()) {
        let Ok(made) = plan(&t, &wanted) else { return Ok(()) };
        let again = plan(&t, &made.exact(&wanted)).expect("what was planned is allowed");
        prop_assert_eq!(again.moves, made.moves);
        prop_assert_eq!(again.steps, made.steps);
    }

    #[test]
    fn an_excerpt_gives_the_same_plan_as_the_whole(
        t in racks(), first in intents(), wanted in intents(), drifted in proptest::collection::vec(0_usize..14, 0..4),
    ) {
        let mut t = t;
        if let Ok(made) = plan(&t, &first) {
            let change = crate::ChangeId::new(1);
            t.open.insert(change, open(change, made));
        }
        let ids: Vec<_> = t.functions.keys().copied().collect();
        let home = Assignment { host: HOST_A, logical_port: crate::LogicalPort(2), number: 0 };
        for id in drifted.iter().map(|at| ids[*at]) {
            t.drift.insert(id, crate::Drift { wished: Some(home), since: crate::Seq::new(1) });
        }
        t.hosts.get_mut(&HOST_A).expect("in the fixture").link = crate::Link::full(8, crate::Rate::Gen4).lost();
        let adopting = Intent::adopting(wanted.functions());
        for wanted in [wanted, adopting] {
            let whole = plan(&t, &wanted);
            let exact = whole.as_ref().map_or_else(|_| wanted.clone(), |made| made.exact(&wanted));
            let part = crate::Excerpt::of(&t, &Places::of(&t), crate::Seq::new(9), &exact).topology;
            prop_assert_eq!(plan(&part, &exact), plan(&t, &exact));
            prop_assert_eq!(plan(&part, &wanted), whole);
            prop_assert!(part.functions.iter().all(|(id, function)| t.functions.get(id) == Some(function)));
        }
    }

    #[test]
    fn places_that_follow_are_as_places_read_anew(t in racks(), first in intents(), second in intents()) {
        let mut t = t;
        let mut places = Places::of(&t);
        for (number, wanted) in (1..).zip([first, second]) {
            let Ok(made) = plan_with(&t, &places, &wanted) else { continue };
            let change = crate::ChangeId::new(number);
            let (moves, outcome, reports) = (made.recorded_moves(), crate::Outcome::Applied, [].into());
            let reason = crate::Reason::new("a test").expect("a reason");
            let opened = crate::Event::ChangeOpened { change, intent: wanted, plan: made.into(), reason, seen: t.generation };
            for event in [opened, crate::Event::ChangeClosed { change, outcome, why: None, reports, moves }] {
                let deltas = t.apply(&entry(event));
                places.follow(&t, &deltas);
                prop_assert_eq!(&places, &Places::of(&t));
            }
        }
    }
}

#[test]
fn what_is_adopted_on_a_port_that_is_bound_anew_is_wished_where_it_is_then() {
    let mut t = fixture::topology();
    assign(&mut t, NIC_VF2, HOST_A, 0, 1);
    t.drift.insert(NIC_VF2, crate::Drift { wished: None, since: crate::Seq::new(1) });
    let intent = Intent { adopt: vec![NIC_VF2], ..Intent::single(NIC_VF1, None) };
    let made = plan(&t, &intent).expect("allowed");
    assert_eq!(made.recorded_moves().len(), 2, "each function once: {made:?}");
    let (change, outcome, reports) = (crate::ChangeId::new(1), crate::Outcome::Applied, [].into());
    let moves = made.recorded_moves();
    t.apply(&entry(crate::Event::ChangeClosed { change, outcome, why: None, reports, moves }));
    let bound = made.steps.last().expect("a step");
    assert_eq!(bound.after.iter().map(|b| b.function).collect::<Vec<_>>(), [NIC_VF2], "as number 0");
    assert_eq!(t.functions[&NIC_VF2].assigned.map(|at| at.number), Some(0));
    assert!(t.drift.is_empty(), "{:?}", t.drift);
}
