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

    /// The intent that finishes what could not be finished: every function to where the plan wanted it, and wished there
    /// where it is there by now; and what it leaves out, as [`Plan::undo`] does.
    pub fn retry(&self, change: ChangeId, topology: &Topology) -> (Intent, Vec<String>) {
        let (mut left_out, mut go) = (Vec::new(), BTreeMap::new());
        for one in &self.moves {
            match later(one, topology) {
                // Where somebody else put it, and no later change wished it: nothing is decided about that here.
                Some(_) if topology.is_at(one.function, one.to) => {}
                Some(stays) => left_out.push(stays),
                None => {
                    go.insert(one.function, one.to);
                }
            }
        }
        let to = go.clone();
        let intent = topology.bring(go, |id| to.get(&id).copied().flatten());
        (intent.made_from(Origin::Retry(change)), left_out)
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
#[path = "goback_tests.rs"]
mod tests;
