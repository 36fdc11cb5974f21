use super::*;
use crate::fixture::{self, *};
use crate::ledger::{Difference, Event};
use crate::plan::plan;
use crate::topology::Drift;
use crate::{LogicalPort, Refusal};

const CHANGE: ChangeId = ChangeId::new(9);
/// What is found in these tests is found by entry 1, which is not before this one.
const OPENED: Seq = Seq::new(1);

/// Carries a plan out on a topology, as an applied change does.
fn carry_out(t: &mut Topology, made: &Plan) {
    let moves = made.recorded_moves();
    let (outcome, reports) = (crate::Outcome::Applied, [].into());
    t.apply(&entry(Event::ChangeClosed { change: CHANGE, outcome, why: None, reports, moves }));
}

/// Plans an intent that is allowed, and carries it out.
fn done(t: &mut Topology, intent: &Intent) -> Plan {
    let made = plan(t, intent).expect("nothing stands against it");
    carry_out(t, &made);
    made
}

/// Undoes a plan as a whole.
fn undone(t: &mut Topology, made: &Plan) -> Plan {
    let (intent, left_out) = made.undo(CHANGE, t);
    assert_eq!(left_out, [""; 0]);
    done(t, &intent)
}

/// Somebody else moves a function.
fn found(t: &mut Topology, function: FunctionId, at: Option<Assignment>) {
    let recorded = t.functions[&function].assigned;
    let one = Difference {
        function,
        name: t.label(function),
        recorded,
        recorded_name: None,
        left_by: None,
        found: at,
        found_name: None,
    };
    t.apply(&entry(Event::BindingsFound { switch: SWITCH, differences: vec![one] }));
}

fn where_all_are(t: &Topology) -> BTreeMap<FunctionId, Option<Assignment>> {
    t.functions.values().map(|f| (f.id, f.assigned)).collect()
}

#[test]
fn undo_goes_back_to_the_same_logical_port_although_a_lower_one_is_free() {
    let mut t = fixture::topology();
    assign(&mut t, NIC_VF2, HOST_A, 5, 0);
    let before = where_all_are(&t);
    let made = done(&mut t, &Intent::single(NIC_VF2, None));
    assert_eq!(undone(&mut t, &made).title, "Undo change 9: assign eth16v2 to web-01");
    assert_eq!(where_all_are(&t), before);
}

#[test]
fn undo_puts_functions_that_shared_a_port_back_together() {
    let mut t = fixture::topology();
    assign(&mut t, NIC_VF2, HOST_A, 0, 1);
    let before = where_all_are(&t);
    let made = done(&mut t, &Intent::single(NIC_VF1, Some(HOST_B)));
    assert_eq!(t.functions[&NIC_VF2].assigned.map(|a| a.number), Some(0), "alone, it gets number 0");
    undone(&mut t, &made);
    assert_eq!(where_all_are(&t), before);
}

#[test]
fn undo_is_refused_where_somebody_else_took_the_place() {
    let mut t = fixture::topology();
    let made = done(&mut t, &Intent::single(NIC_VF1, None));
    assign(&mut t, NIC_VF3, HOST_A, 0, 0);
    let refusal = plan(&t, &made.undo(CHANGE, &t).0).expect_err("taken");
    assert_eq!(refusal.code(), "place_taken");
    assert!(refusal.to_string().contains("eth16v3"), "{refusal}");
}

#[test]
fn undo_leaves_what_a_later_change_put_elsewhere_and_says_so() {
    let mut t = fixture::topology();
    let made = done(&mut t, &Intent::single(NIC_VF1, Some(HOST_B)));
    done(&mut t, &Intent::single(NIC_VF1, None));
    let (intent, left_out) = made.undo(CHANGE, &t);
    assert_eq!(left_out, ["eth16v1 stays in the pool, where a later change put it."]);
    assert_eq!(plan(&t, &intent).expect_err("nothing is left").code(), "empty");
}

#[test]
fn undo_takes_what_is_back_already_for_done_and_brings_back_the_rest() {
    let mut t = fixture::topology();
    let before = where_all_are(&t);
    let both = [NIC_VF2, NIC_VF3].map(|function| crate::Move::new(function, Some(HOST_A)));
    let made = done(&mut t, &Intent::moving(both.into()));
    found(&mut t, NIC_VF2, None);
    let undo = undone(&mut t, &made);
    assert_eq!((undo.steps.len(), undo.adoptions.len()), (1, 1), "{undo:?}");
    assert_eq!((where_all_are(&t), t.drift.len()), (before, 0));
}

#[test]
fn undo_has_nothing_to_do_for_one_that_only_got_another_number() {
    let mut t = fixture::topology();
    assign(&mut t, NIC_VF2, HOST_A, 0, 1);
    let made = done(&mut t, &Intent::single(NIC_VF1, Some(HOST_B)));
    done(&mut t, &Intent::single(NIC_VF1, None));
    let (intent, left_out) = made.undo(CHANGE, &t);
    assert_eq!((intent.moves, intent.adopt), (vec![], vec![]));
    assert_eq!(left_out, ["eth16v1 stays in the pool, where a later change put it."]);
}

#[test]
fn a_moment_is_restored_as_a_wish_too() {
    let mut t = fixture::topology();
    let then = where_all_are(&t);
    done(&mut t, &Intent::single(NIC_VF2, Some(HOST_A)));
    found(&mut t, NIC_VF2, None);
    let (intent, _) = t.restore(Seq::new(4), &then);
    let made = done(&mut t, &intent);
    assert_eq!((made.steps.len(), t.drift.len()), (0, 0), "it is there, and wished there now");
    assert_eq!(where_all_are(&t), then);
}

#[test]
fn trying_again_leaves_what_a_later_change_put_elsewhere_and_says_so() {
    let mut t = fixture::topology();
    let made = plan(&t, &Intent::single(NIC_VF1, Some(HOST_B))).expect("allowed");
    found(&mut t, NIC_VF1, None);
    assign(&mut t, NIC_VF3, HOST_A, 6, 0);
    let there = Assignment { host: HOST_A, logical_port: LogicalPort(7), number: 0 };
    done(&mut t, &Intent::moving(vec![crate::Move::exact(NIC_VF1, Some(there))]));
    let (intent, left_out) = made.retry(CHANGE, OPENED, &t);
    assert_eq!(intent.moves, []);
    assert_eq!(left_out.len(), 1);
    assert!(left_out[0].ends_with("where a later change put it."), "{left_out:?}");
}

#[test]
fn trying_again_takes_for_done_what_is_there_and_moves_the_rest() {
    let mut t = fixture::topology();
    let both = [NIC_VF2, NIC_VF3].map(|function| crate::Move::new(function, Some(HOST_B)));
    let made = plan(&t, &Intent::moving(both.into())).expect("allowed");
    assert_eq!(made.retry(CHANGE, OPENED, &t).0.moves.len(), 2, "nothing of it is there");
    found(&mut t, NIC_VF2, made.moves[0].to);
    let (intent, left_out) = made.retry(CHANGE, OPENED, &t);
    assert_eq!(left_out, [] as [&str; 0]);
    let again = done(&mut t, &intent);
    assert_eq!((again.adoptions.len(), again.moves.len()), (1, 1), "{again:?}");
    assert_eq!(t.wish(NIC_VF2), made.moves[0].to);
    assert!(made.moves.iter().all(|one| t.functions[&one.function].assigned == one.to) && t.drift.is_empty());
    let (intent, left_out) = made.retry(CHANGE, OPENED, &t);
    assert!(intent.functions().next().is_none() && left_out.is_empty(), "nothing is left of it");
}

#[test]
fn trying_again_binds_a_shared_port_with_everything_that_was_to_share_it() {
    let mut t = fixture::topology();
    let place = |number| Some(Assignment { host: HOST_B, logical_port: LogicalPort(2), number });
    let both = [NIC_VF2, NIC_VF3].map(|function| crate::Move::exact(function, place(0)));
    let made = plan(&t, &Intent::moving(both.into())).expect("allowed");
    found(&mut t, NIC_VF2, place(0));
    let (intent, _) = made.retry(CHANGE, OPENED, &t);
    done(&mut t, &intent);
    assert_eq!([NIC_VF2, NIC_VF3].map(|id| t.functions[&id].assigned), [place(0), place(1)]);
    assert!(t.drift.is_empty());
    let (intent, left_out) = made.retry(CHANGE, OPENED, &t);
    assert!(intent.functions().next().is_none() && left_out.is_empty(), "nothing is interrupted: {intent:?}");
}

#[test]
fn a_shared_port_that_somebody_else_put_back_is_only_adopted() {
    let mut t = fixture::topology();
    assign(&mut t, NIC_VF2, HOST_A, 0, 1);
    let before = where_all_are(&t);
    let both = [NIC_VF1, NIC_VF2].map(|function| crate::Move::new(function, None));
    let made = done(&mut t, &Intent::moving(both.into()));
    found(&mut t, NIC_VF1, before[&NIC_VF1]);
    found(&mut t, NIC_VF2, before[&NIC_VF2]);
    let undo = undone(&mut t, &made);
    assert_eq!((undo.steps.len(), undo.adoptions.len(), t.drift.len()), (0, 2, 0), "{undo:?}");
    assert_eq!(where_all_are(&t), before);
}

#[test]
fn trying_again_moves_what_was_wished_elsewhere_before_already() {
    let mut t = fixture::topology();
    found(&mut t, NIC_VF1, None);
    let made = plan(&t, &Intent::single(NIC_VF1, Some(HOST_B))).expect("allowed");
    let (intent, left_out) = made.retry(CHANGE, OPENED.next(), &t);
    assert_eq!(left_out, [""; 0], "no later change wished it where it is wished");
    done(&mut t, &intent);
    assert_eq!((t.functions[&NIC_VF1].assigned, t.drift.len()), (made.moves[0].to, 0));
}

#[test]
fn trying_again_says_what_a_later_change_wished_elsewhere_although_it_is_there() {
    let mut t = fixture::topology();
    let made = plan(&t, &Intent::single(NIC_VF1, Some(HOST_B))).expect("allowed");
    let there = Assignment { host: HOST_A, logical_port: LogicalPort(7), number: 0 };
    done(&mut t, &Intent::moving(vec![crate::Move::exact(NIC_VF1, Some(there))]));
    found(&mut t, NIC_VF1, made.moves[0].to);
    let (intent, left_out) = made.retry(CHANGE, OPENED, &t);
    assert!(intent.functions().next().is_none());
    assert_eq!(
        left_out,
        [
            "eth16v1 is where it was wanted, but a later change wished it on web-01, logical port 7: accept or revert that."
        ]
    );
}

#[test]
fn trying_again_accepts_what_was_to_be_accepted_where_it_still_is() {
    let mut t = fixture::topology();
    let at = |port| Some(Assignment { host: HOST_B, logical_port: LogicalPort(port), number: 0 });
    found(&mut t, NIC_VF1, at(3));
    let made = plan(&t, &Intent::adopting([NIC_VF1])).expect("allowed");
    let (intent, left_out) = made.retry(CHANGE, OPENED, &t);
    assert_eq!((intent.moves, intent.adopt, left_out), (vec![], vec![NIC_VF1], vec![]));
    found(&mut t, NIC_VF1, at(4));
    let (intent, left_out) = made.retry(CHANGE, OPENED, &t);
    assert!(intent.functions().next().is_none());
    assert_eq!(
        left_out,
        ["eth16v1 was to be accepted on db-02, logical port 3, and is on db-02, logical port 4."]
    );
}

/// The card of the NIC is pulled.
fn pull(t: &mut Topology) {
    let mut pulled = t.clone();
    pulled.adapters.get_mut(&NIC).expect("in the fixture").present = false;
    for function in [NIC_VF1, NIC_VF2, NIC_VF3] {
        pulled.functions.get_mut(&function).expect("in the fixture").assigned = None;
    }
    t.apply(&entry(Event::Discovered { switch: SWITCH, picture: picture(&pulled) }));
}

#[test]
fn a_way_back_leaves_out_what_is_gone_and_brings_back_the_rest() {
    let mut t = fixture::topology();
    let then = where_all_are(&t);
    let moves = [NIC_VF1, HBA_VF1].map(|function| crate::Move::new(function, None));
    let made = done(&mut t, &Intent::moving(moves.into()));
    pull(&mut t);
    let stays = "eth16v1 stays where it is, since its adapter is not in its slot.";
    for (intent, left_out) in [made.undo(CHANGE, &t), t.restore(Seq::new(4), &then)] {
        assert_eq!(left_out, [stays]);
        assert_eq!(plan(&t, &intent).expect("allowed").functions().collect::<Vec<_>>(), [HBA_VF1]);
    }
    t.functions.remove(&NIC_VF1);
    let (intent, left_out) = made.undo(CHANGE, &t);
    assert_eq!(left_out, ["eth16v1 is no longer there, so nothing can be done about it."]);
    assert!(plan(&t, &intent).is_ok());
}

#[test]
fn a_moment_is_restored_around_a_card_that_is_wished_there_already() {
    let mut t = fixture::topology();
    let then = where_all_are(&t);
    done(&mut t, &Intent::single(HBA_VF1, None));
    pull(&mut t);
    let (intent, left_out) = t.restore(Seq::new(4), &then);
    assert_eq!(left_out, [""; 0], "it comes back with its card");
    assert_eq!(plan(&t, &intent).expect("allowed").functions().collect::<Vec<_>>(), [HBA_VF1]);
}

#[test]
fn undoing_what_could_not_be_finished_brings_back_only_what_is_elsewhere() {
    let mut t = fixture::topology();
    let before = where_all_are(&t);
    let made = plan(&t, &Intent::single(NIC_VF1, Some(HOST_B))).expect("allowed");
    assert_eq!(made.undo(CHANGE, &t).0.moves, [], "it never left");
    found(&mut t, NIC_VF1, None);
    undone(&mut t, &made);
    assert_eq!((where_all_are(&t), t.drift.len()), (before, 0));
}

#[test]
fn undoing_what_could_not_be_finished_brings_back_what_shared_a_port_beside_what_is_there() {
    let mut t = fixture::topology();
    assign(&mut t, NIC_VF2, HOST_A, 0, 1);
    let before = where_all_are(&t);
    let made = plan(&t, &Intent::single(NIC_VF1, Some(HOST_B))).expect("allowed");
    found(&mut t, NIC_VF2, None);
    undone(&mut t, &made);
    assert_eq!((where_all_are(&t), t.drift.len()), (before, 0));
}

#[test]
fn undoing_an_adoption_puts_the_function_where_it_was_wished() {
    let mut t = fixture::topology();
    let before = where_all_are(&t);
    found(&mut t, NIC_VF1, Some(Assignment { host: HOST_B, logical_port: LogicalPort(3), number: 0 }));
    let made = done(&mut t, &Intent::adopting([NIC_VF1]));
    undone(&mut t, &made);
    assert_eq!((where_all_are(&t), t.drift.len()), (before, 0));
}

#[test]
fn what_shares_a_logical_port_is_reverted_and_restored_with_those_that_stayed() {
    let mut t = fixture::topology();
    assign(&mut t, NIC_VF2, HOST_A, 0, 1);
    let before = where_all_are(&t);
    found(&mut t, NIC_VF2, None);
    for intent in [t.revert(&[NIC_VF2].into()), t.restore(Seq::new(4), &before).0] {
        let mut again = t.clone();
        done(&mut again, &intent);
        assert_eq!((where_all_are(&again), again.drift.len()), (before.clone(), 0));
    }
}

#[test]
fn drift_is_reverted_or_adopted_each_by_a_plan() {
    let t = fixture::topology();
    let at = Assignment { host: HOST_B, logical_port: LogicalPort(3), number: 0 };
    let mut drifted = t.clone();
    found(&mut drifted, NIC_VF1, Some(at));
    assert_eq!(drifted.drift_kind(NIC_VF1), Some(DriftKind::Moved));
    assert_eq!(drifted.wish(NIC_VF1), t.functions[&NIC_VF1].assigned);

    let mut reverted = drifted.clone();
    let made = plan(&reverted, &reverted.revert(&[NIC_VF1].into())).expect("allowed");
    assert_eq!(made.steps.len(), 2);
    carry_out(&mut reverted, &made);
    assert_eq!((where_all_are(&reverted), reverted.drift.len()), (where_all_are(&t), 0));

    let mut adopted = drifted.clone();
    let made = plan(&adopted, &Intent::adopting([NIC_VF1])).expect("allowed");
    assert!(made.steps.is_empty(), "no switch is touched: {made:?}");
    assert_eq!(made.title, "Accept eth16v1 on db-02");
    carry_out(&mut adopted, &made);
    assert_eq!((adopted.functions[&NIC_VF1].assigned, adopted.drift.len()), (Some(at), 0));
    assert_eq!(plan(&adopted, &Intent::adopting([NIC_VF1])).expect_err("agreed").code(), "not_drifted");
}

#[test]
fn drift_keeps_the_first_wish_and_ends_when_the_switch_agrees_again() {
    let mut t = fixture::topology();
    let home = t.functions[&NIC_VF1].assigned;
    let at = |port| Some(Assignment { host: HOST_B, logical_port: LogicalPort(port), number: 0 });
    found(&mut t, NIC_VF1, at(3));
    found(&mut t, NIC_VF1, at(4));
    assert_eq!(t.drift.get(&NIC_VF1).map(|d| d.wished), Some(home));
    found(&mut t, NIC_VF1, home);
    assert!(t.drift.is_empty());
}

#[test]
fn a_swap_behind_our_back_is_one_plan_back() {
    let mut t = fixture::topology();
    let before = where_all_are(&t);
    let (a, b) = (t.functions[&NIC_VF1].assigned, t.functions[&HBA_VF1].assigned);
    found(&mut t, NIC_VF1, b);
    found(&mut t, HBA_VF1, a);
    let all: BTreeSet<_> = t.drifted(SWITCH).collect();
    let made = plan(&t, &t.revert(&all)).expect("allowed");
    carry_out(&mut t, &made);
    assert_eq!((where_all_are(&t), t.drift.len()), (before, 0));
}

#[test]
fn a_host_without_a_link_gets_back_what_it_had_and_nothing_else() {
    let mut t = fixture::topology();
    assign(&mut t, NIC_VF2, HOST_DOWN, 0, 0);
    found(&mut t, NIC_VF1, None);
    found(&mut t, NIC_VF2, None);
    let all: BTreeSet<_> = t.drifted(SWITCH).collect();
    let made = plan(&t, &t.revert(&all)).expect("a switch that came up empty is restored by one plan");
    carry_out(&mut t, &made);
    assert!(t.drift.is_empty());
    let new = plan(&t, &Intent::single(NIC_VF3, Some(HOST_DOWN))).expect_err("nothing new");
    assert_eq!(new.code(), "cable_down");
}

#[test]
fn a_moment_is_restored_and_what_is_gone_is_said() {
    let mut t = fixture::topology();
    let mut then = where_all_are(&t);
    let gone = FunctionId::new(999);
    then.insert(gone, t.functions[&NIC_VF1].assigned);
    let made = plan(&t, &Intent::single(NIC_VF1, Some(HOST_B))).expect("allowed");
    carry_out(&mut t, &made);
    let (intent, left_out) = t.restore(Seq::new(4), &then);
    assert_eq!(left_out, ["Function 999 is no longer there, so nothing can be done about it."]);
    let more: BTreeMap<_, _> =
        then.clone().into_iter().chain((1_000..1_005).map(|id| (FunctionId::new(id), then[&gone]))).collect();
    assert_eq!(
        t.restore(Seq::new(4), &more).1,
        [
            "6 functions are no longer there, so nothing can be done about them: numbers 999, 1000, 1001 and 3 more."
        ]
    );
    let made = plan(&t, &intent).expect("allowed");
    assert_eq!(made.title, "Restore entry 4: move eth16v1 to web-01");
    carry_out(&mut t, &made);
    then.remove(&gone);
    assert_eq!(where_all_are(&t), then);
}

#[test]
fn a_card_that_is_pulled_keeps_its_wishes_until_it_is_back() {
    let mut t = fixture::topology();
    let whole = picture(&t);
    let mut pulled = t.clone();
    pulled.adapters.get_mut(&NIC).expect("in the fixture").present = false;
    pulled.functions.get_mut(&NIC_VF1).expect("in the fixture").assigned = None;
    t.apply(&entry(Event::Discovered { switch: SWITCH, picture: picture(&pulled) }));
    assert_eq!(t.drift_kind(NIC_VF1), Some(DriftKind::Absent));
    let home = Some(Assignment { host: HOST_A, logical_port: LogicalPort(0), number: 0 });
    assert_eq!(t.drift.get(&NIC_VF1), Some(&Drift { wished: home, since: Seq::new(1) }));
    assert_eq!(plan(&t, &t.revert(&[NIC_VF1].into())).expect_err("absent").code(), "adapter_absent");
    t.apply(&entry(Event::Discovered { switch: SWITCH, picture: whole }));
    assert!(t.drift.is_empty(), "back with its binding, everything is as wished");
}

#[test]
fn what_could_not_be_finished_is_tried_again_or_accepted() {
    let mut t = fixture::topology();
    let made = plan(&t, &Intent::single(NIC_VF1, Some(HOST_B))).expect("allowed");
    found(&mut t, NIC_VF1, None);
    let retry = plan(&t, &made.retry(CHANGE, OPENED, &t).0).expect("allowed");
    assert_eq!(retry.steps.iter().map(ToString::to_string).collect::<Vec<_>>(), ["Bind eth16v1 to db-02"]);
    assert_eq!(retry.title, "Finish change 9: assign eth16v1 to db-02");
    let accept = plan(&t, &made.accept(CHANGE, &t)).expect("allowed");
    assert_eq!(accept.title, "Accept the end of change 9: accept eth16v1 in the pool");
    assert!(matches!(plan(&t, &Intent::default()), Err(Refusal::Empty)));
}
