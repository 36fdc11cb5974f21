//! Going back: the intents that undo a change, restore a moment, and make switch and ledger agree again.
//!
//! Each is an ordinary intent. It goes through the same rules and the same plan sheet as any other, and is refused with
//! the same reasons where the world has moved on.

use crate::ids::{ChangeId, FunctionId, Seq, SwitchId};
use crate::intent::{Intent, Move, Origin};
use crate::plan::{Plan, PlannedMove};
use crate::topology::{Assignment, Place, Topology};
use crate::words::whereabouts;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What somebody else did to a function that the ledger wishes elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftKind {
    /// Its adapter is not in its slot. The wish is kept for when it comes back.
    Absent,
    /// It is wished on a host and is in the pool.
    Unbound,
    /// It is wished in the pool and is on a host.
    Bound,
    /// It is wished on one place and is on another.
    Moved,
}

impl Plan {
    /// The intent that puts every function back on the place it came from, or that it was wished on when the plan adopted
    /// another; and what it leaves out, in sentences: a function that a later change gave another place stays there. One
    /// that only shared a logical port is named too, so that they share it again.
    pub fn undo(&self, change: ChangeId, topology: &Topology) -> (Intent, Vec<String>) {
        let (mut left_out, mut back, mut before) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        for one in self.moves.iter().chain(&self.adoptions) {
            before.insert(one.function, one.from);
            match later(one, topology) {
                Some(stays) => left_out.push(stays),
                // It never left.
                None if topology.wish(one.function) != one.to && topology.is_at(one.function, one.from) => {}
                None => {
                    back.insert(one.function, one.from);
                }
            }
        }
        let intent = topology.bring(back, |id| before.get(&id).copied().flatten());
        (intent.made_from(Origin::Undo(change)), left_out)
    }

    /// The intent that finishes what could not be finished: every function to where the plan wanted it, but for those
    /// that are there by now; and what it leaves out, as [`Plan::undo`] does.
    pub fn retry(&self, change: ChangeId, topology: &Topology) -> (Intent, Vec<String>) {
        let missing = self.moves.iter().filter(|one| !topology.is_at(one.function, one.to));
        let (stay, go): (Vec<_>, Vec<_>) = missing.partition(|one| later(one, topology).is_some());
        let left_out = stay.into_iter().filter_map(|one| later(one, topology)).collect();
        (to(go.into_iter()).made_from(Origin::Retry(change)), left_out)
    }

    /// The intent that accepts what the switch says about every function of the plan.
    pub fn accept(&self, change: ChangeId, topology: &Topology) -> Intent {
        let drifted = self.functions().filter(|id| topology.drift.contains_key(id));
        Intent::adopting(drifted).made_from(Origin::Accept(change))
    }
}

/// Says so when a later change gave a function another place: neither where this one wanted it, nor where that found it.
fn later(one: &PlannedMove, topology: &Topology) -> Option<String> {
    let wish = topology.wish(one.function);
    let elsewhere = topology.functions.contains_key(&one.function) && wish != one.to && wish != one.from;
    elsewhere.then(|| {
        let (name, now) = (topology.label(one.function), whereabouts(topology, wish));
        format!("{name} stays {now}, where a later change put it.")
    })
}

fn to<'a>(moves: impl Iterator<Item = &'a PlannedMove>) -> Intent {
    exact(moves.map(|m| (m.function, m.to)))
}

/// Sorted by place and number, so that functions that shared a logical port get their old numbers.
fn exact(wanted: impl Iterator<Item = (FunctionId, Option<Assignment>)>) -> Intent {
    let mut wanted: Vec<_> = wanted.collect();
    wanted.sort_by_key(|&(function, at)| (at, function));
    Intent::moving(wanted.into_iter().map(|(function, at)| Move::exact(function, at)).collect())
}

impl Topology {
    /// Where the ledger wishes every function.
    pub fn wishes(&self) -> BTreeMap<FunctionId, Option<Assignment>> {
        self.functions.keys().map(|&id| (id, self.wish(id))).collect()
    }

    /// The functions that have drifted and whose switch this is.
    pub fn drifted(&self, switch: SwitchId) -> impl Iterator<Item = FunctionId> {
        let here = move |id: &FunctionId| {
            self.functions.get(id).is_some_and(|function| self.switch_of(function) == Some(switch))
        };
        self.drift.keys().copied().filter(here)
    }

    /// What happened to a function that is not where the ledger wishes it; none for one that is.
    pub fn drift_kind(&self, id: FunctionId) -> Option<DriftKind> {
        let drift = self.drift.get(&id)?;
        let function = self.functions.get(&id)?;
        let absent = self.adapter_of(function).is_some_and(|adapter| !adapter.present);
        Some(match (drift.wished, function.assigned) {
            (Some(_), None) if absent => DriftKind::Absent,
            (Some(_), None) => DriftKind::Unbound,
            (None, _) => DriftKind::Bound,
            (Some(_), Some(_)) => DriftKind::Moved,
        })
    }

    /// What happened to a function that is not where the ledger wishes it, as a sentence.
    pub fn drift_in_words(&self, id: FunctionId) -> String {
        let name = self.label(id);
        let (wish, found) = (self.wish(id), self.functions.get(&id).and_then(|f| f.assigned));
        let (wished, now) = (whereabouts(self, wish), whereabouts(self, found));
        match self.drift_kind(id) {
            None => format!("{name} is {now}."),
            Some(DriftKind::Absent) => {
                format!("{name} is wished {wished}, and its adapter is not in its slot.")
            }
            Some(_) => format!("{name} is wished {wished}, and is {now}."),
        }
    }

    /// The intent that makes a switch follow the ledger for these functions. Those whose adapter is absent are left
    /// out, since nothing can be done about them, unless nothing else is asked for.
    pub fn revert(&self, functions: &BTreeSet<FunctionId>) -> Intent {
        let drifted: BTreeMap<_, _> =
            functions.iter().filter_map(|id| Some((*id, self.drift.get(id)?.wished))).collect();
        let here = |id: FunctionId| self.drift_kind(id) != Some(DriftKind::Absent);
        let any_here = drifted.keys().any(|&id| here(id));
        let wanted = drifted.into_iter().filter(|&(id, _)| here(id) || !any_here).collect();
        exact(self.with_sharers(wanted, |id| self.wish(id))).made_from(Origin::Revert)
    }

    /// The intent that has functions where they are wanted, and wished there. What the switch has there already is only
    /// adopted, unless others come to its logical port: then that is bound anew with all of them.
    fn bring(
        &self,
        wanted: BTreeMap<FunctionId, Option<Assignment>>,
        wished: impl Fn(FunctionId) -> Option<Assignment>,
    ) -> Intent {
        let place = |at: Option<Assignment>| at.map(Assignment::place);
        let all: BTreeMap<_, _> = self.with_sharers(wanted, wished).collect();
        let mut coming: BTreeMap<Place, usize> = BTreeMap::new();
        all.values().flatten().for_each(|at| *coming.entry(at.place()).or_default() += 1);
        let alone = |at: Option<Assignment>| place(at).is_none_or(|place| coming.get(&place) == Some(&1));
        let there = |&(&id, &at): &(&FunctionId, &Option<Assignment>)| {
            self.functions.get(&id).is_some_and(|f| place(f.assigned) == place(at)) && alone(at)
        };
        let (here, moving): (Vec<_>, Vec<_>) = all.iter().partition(there);
        let adopt = here.into_iter().filter(|(id, _)| self.drift.contains_key(id)).map(|(&id, _)| id);
        Intent { adopt: adopt.collect(), ..exact(moving.into_iter().map(|(&id, &at)| (id, at))) }
    }

    /// Whether the switch has a function there.
    fn is_at(&self, function: FunctionId, at: Option<Assignment>) -> bool {
        self.functions.get(&function).is_some_and(|f| f.assigned == at)
    }

    /// With every function that is where it was wished, on a logical port that others come back to: a port is bound as a
    /// whole, so it is bound anew with them.
    fn with_sharers(
        &self,
        mut wanted: BTreeMap<FunctionId, Option<Assignment>>,
        wished: impl Fn(FunctionId) -> Option<Assignment>,
    ) -> impl Iterator<Item = (FunctionId, Option<Assignment>)> {
        let places: BTreeSet<Place> = wanted.values().flatten().map(|at| at.place()).collect();
        let stays = self.functions.values().filter(|function| {
            let at = function.assigned;
            at.is_some_and(|at| places.contains(&at.place())) && wished(function.id) == at
        });
        for function in stays {
            wanted.entry(function.id).or_insert(function.assigned);
        }
        wanted.into_iter()
    }

    /// The intent that restores what was wished at an earlier moment, and what it cannot restore, in sentences.
    pub fn restore(
        &self,
        seq: Seq,
        wishes: &BTreeMap<FunctionId, Option<Assignment>>,
    ) -> (Intent, Vec<String>) {
        let mut left_out = Vec::new();
        let mut wanted = BTreeMap::new();
        for (&id, &wished) in wishes {
            let Some(function) = self.functions.get(&id) else {
                if wished.is_some() {
                    left_out.push(format!("Function {id} is no longer there, so it cannot be restored."));
                }
                continue;
            };
            if function.assigned == wished && self.wish(id) == wished {
                continue;
            }
            match wished.filter(|at| !self.hosts.contains_key(&at.host)) {
                Some(at) => left_out.push(format!(
                    "{} was on a host that is no longer cabled (host {}), so it stays where it is.",
                    self.label(id),
                    at.host
                )),
                None => {
                    wanted.insert(id, wished);
                }
            }
        }
        let wished = |id| wishes.get(&id).copied().flatten();
        (self.bring(wanted, wished).made_from(Origin::Restore(seq)), left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, *};
    use crate::ledger::{Difference, Event};
    use crate::plan::plan;
    use crate::topology::Drift;
    use crate::{LogicalPort, Refusal};

    const CHANGE: ChangeId = ChangeId::new(9);

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
        let (intent, left_out) = made.retry(CHANGE, &t);
        assert_eq!(intent.moves, []);
        assert_eq!(left_out.len(), 1);
        assert!(left_out[0].ends_with("where a later change put it."), "{left_out:?}");
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
        assert_eq!(left_out, ["Function 999 is no longer there, so it cannot be restored."]);
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
        let retry = plan(&t, &made.retry(CHANGE, &t).0).expect("allowed");
        assert_eq!(
            retry.steps.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["Bind eth16v1 to db-02"]
        );
        assert_eq!(retry.title, "Finish change 9: assign eth16v1 to db-02");
        let accept = plan(&t, &made.accept(CHANGE, &t)).expect("allowed");
        assert_eq!(accept.title, "Accept the end of change 9: accept eth16v1 in the pool");
        assert!(matches!(plan(&t, &Intent::default()), Err(Refusal::Empty)));
    }
}
