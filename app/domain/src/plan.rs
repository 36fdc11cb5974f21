//! Plans: the ordered, complete steps that carry out an intent. A plan leaves no choice open.

use crate::address::{Pdfid, PhysicalPort};
use crate::ids::{FunctionId, Generation, SwitchId};
use crate::intent::{Intent, Move};
use crate::places::Places;
use crate::plan_words::{title, warnings};
use crate::refusal::Refusal;
use crate::rules::{Resolved, Target, resolve};
use crate::topology::{Assignment, Function, Host, Place, Topology};
use crate::words::list;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// A function on a logical port, as a step names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundFunction {
    /// The function.
    pub function: FunctionId,
    /// Its name on the wire.
    pub pdfid: Pdfid,
    /// Its label when the plan was made.
    pub name: String,
}

/// What a step does to its logical port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// Puts functions on an empty logical port.
    Bind,
    /// Empties a logical port.
    Unbind,
}

/// One compare-and-set on one logical port: it holds `before`, it shall hold `after`. One of the two is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The switch to reprogram.
    pub switch: SwitchId,
    /// The host port on it.
    pub port: PhysicalPort,
    /// The logical port.
    pub place: Place,
    /// The host's name when the plan was made.
    pub host_name: String,
    /// What the logical port holds, in order of function number.
    pub before: Vec<BoundFunction>,
    /// What it shall hold.
    pub after: Vec<BoundFunction>,
}

impl Step {
    /// Bind or unbind.
    pub fn kind(&self) -> StepKind {
        if self.after.is_empty() { StepKind::Unbind } else { StepKind::Bind }
    }

    /// The step that takes this one back.
    pub fn inverse(&self) -> Self {
        Self { before: self.after.clone(), after: self.before.clone(), ..self.clone() }
    }

    /// The functions it moves, whichever way.
    pub fn functions(&self) -> &[BoundFunction] {
        if self.after.is_empty() { &self.before } else { &self.after }
    }
}

/// "Bind eth16v5 to web-03" or "Unbind eth16v5 from db-02".
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.functions().iter().map(|b| b.name.clone()).collect();
        let (verb, preposition) = match self.kind() {
            StepKind::Bind => ("Bind", "to"),
            StepKind::Unbind => ("Unbind", "from"),
        };
        write!(f, "{verb} {} {preposition} {}", list(&names), self.host_name)
    }
}

/// Where one function is before the plan and after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedMove {
    /// The function.
    pub function: FunctionId,
    /// Its label when the plan was made.
    pub name: String,
    /// Where it is; none for the pool.
    pub from: Option<Assignment>,
    /// The name of the host it leaves.
    pub from_name: Option<String>,
    /// Where it will be; none for the pool.
    pub to: Option<Assignment>,
    /// The name of the host it comes to.
    pub to_name: Option<String>,
    /// Whether the intent names it. Otherwise it only shares a logical port with one that does.
    pub asked: bool,
}

/// The complete answer to an intent: what happens to whom, in which order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What it does, as a title: "Move eth16v5 to web-03".
    pub title: String,
    /// The generation it was made for.
    pub generation: Generation,
    /// The switches it concerns, lowest id first. All of it happens on all of them, or nothing on any.
    pub switches: Vec<SwitchId>,
    /// Every function it touches. A function that shares a logical port with a moving one is touched too.
    pub moves: Vec<PlannedMove>,
    /// Functions whose wish it changes to where they already are, with the old wish as `from`.
    pub adoptions: Vec<PlannedMove>,
    /// What it disrupts, in plain sentences.
    pub warnings: Vec<String>,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// Plans an intent on a topology.
///
/// # Errors
/// The [`Refusal`] of the first rule it breaks.
pub fn plan(topology: &Topology, intent: &Intent) -> Result<Plan, Refusal> {
    plan_with(topology, &Places::of(topology), intent)
}

/// Plans an intent on a topology whose places are known already: costs what the intent names, however large the rack.
///
/// # Errors
/// The [`Refusal`] of the first rule it breaks.
pub fn plan_with(topology: &Topology, places: &Places, intent: &Intent) -> Result<Plan, Refusal> {
    let resolved = resolve(topology, places, intent)?;
    let mut draft = Draft::new(topology, places, &resolved.moves);
    draft.immediate_moves(&resolved.moves)?;
    draft.deferred_moves(&resolved.moves)?;
    let mut moves = draft.planned_moves(&resolved.moves);
    let mut adoptions =
        resolved.adoptions.iter().map(|&f| draft.adoption(f)).collect::<Result<Vec<_>, _>>()?;
    let warnings = warnings(topology, places, &moves);
    adopt_where_bound_anew(&mut moves, &mut adoptions);
    Ok(Plan {
        title: title(&moves, &adoptions, intent.origin),
        generation: topology.generation,
        switches: resolved.switches.into_iter().collect(),
        warnings,
        steps: draft.steps,
        moves,
        adoptions,
    })
}

/// What is adopted on a logical port that is bound anew is wished where it is afterwards: that is one move, asked for, and
/// not a move and an adoption of another function number.
fn adopt_where_bound_anew(moves: &mut [PlannedMove], adoptions: &mut Vec<PlannedMove>) {
    adoptions.retain(|adopted| {
        let Some(bound) = moves.iter_mut().find(|one| one.function == adopted.function) else { return true };
        bound.asked = true;
        (bound.from, bound.from_name) = (adopted.from, adopted.from_name.clone());
        false
    });
}

/// A plan being written.
struct Draft<'a> {
    topology: &'a Topology,
    places: &'a Places,
    moving: BTreeSet<FunctionId>,
    vacated: BTreeSet<Place>,
    steps: Vec<Step>,
}

impl<'a> Draft<'a> {
    fn new(topology: &'a Topology, places: &'a Places, resolved: &[Resolved<'a>]) -> Self {
        let moving = resolved.iter().map(|r| r.function.id).collect();
        Self { topology, places, moving, vacated: BTreeSet::new(), steps: Vec::new() }
    }

    /// Releases, and moves onto ports that are free now: unbind and bind stand next to each other, so that each
    /// function is away as briefly as possible.
    fn immediate_moves(&mut self, resolved: &[Resolved<'a>]) -> Result<(), Refusal> {
        for wanted in resolved.iter().filter(|r| r.to.is_none_or(|to| !to.deferred)) {
            self.vacate(wanted)?;
            self.occupy(wanted)?;
        }
        Ok(())
    }

    /// Moves onto ports that this plan frees, and onto ports that several share: everything leaves before anything
    /// arrives.
    fn deferred_moves(&mut self, resolved: &[Resolved<'a>]) -> Result<(), Refusal> {
        let deferred = || resolved.iter().filter(|r| r.to.is_some_and(|to| to.deferred));
        for wanted in deferred() {
            self.vacate(wanted)?;
        }
        let mut arriving: BTreeMap<Place, Vec<BoundFunction>> = BTreeMap::new();
        let mut order = Vec::new();
        for (wanted, target) in deferred().filter_map(|r| Some((r, r.to?))) {
            let here = arriving.entry(target.place).or_default();
            if here.is_empty() {
                order.push(target.place);
            }
            here.push(bound(wanted.function, wanted.label()));
        }
        for place in order {
            let functions = arriving.remove(&place).unwrap_or_default();
            self.push(place, Vec::new(), functions)?;
        }
        Ok(())
    }

    /// What is on a place, in order of function number.
    fn contents(&self, place: Place) -> impl Iterator<Item = &'a Function> {
        self.places.on(place).filter_map(|id| self.topology.functions.get(&id))
    }

    /// Unbinds the logical port a function leaves, once, and binds again what stays there: the switch unbinds a
    /// logical port as a whole (protocol sheet, section 5.4).
    fn vacate(&mut self, wanted: &Resolved<'a>) -> Result<(), Refusal> {
        let Some(place) = wanted.function.assigned.map(Assignment::place) else { return Ok(()) };
        if !self.vacated.insert(place) {
            return Ok(());
        }
        let all: Vec<_> = self.contents(place).map(|f| bound(f, self.topology.label_of(f))).collect();
        let rest: Vec<_> = all.iter().filter(|f| !self.moving.contains(&f.function)).cloned().collect();
        self.push(place, all, Vec::new())?;
        if !rest.is_empty() {
            self.push(place, Vec::new(), rest)?;
        }
        Ok(())
    }

    fn occupy(&mut self, wanted: &Resolved<'a>) -> Result<(), Refusal> {
        let Some(target) = wanted.to else { return Ok(()) };
        let function = bound(wanted.function, wanted.label());
        self.push(target.place, Vec::new(), vec![function])
    }

    fn push(
        &mut self,
        place: Place,
        before: Vec<BoundFunction>,
        after: Vec<BoundFunction>,
    ) -> Result<(), Refusal> {
        let Host { switch, port, name, .. } = self.topology.host(place.host)?;
        let (switch, port, host_name) = (*switch, *port, name.clone());
        self.steps.push(Step { switch, port, place, host_name, before, after });
        Ok(())
    }

    /// The moves asked for, then the functions that stay but share a logical port with one that leaves.
    fn planned_moves(&self, resolved: &[Resolved<'a>]) -> Vec<PlannedMove> {
        let asked = resolved.iter().map(|r| {
            let (named, from) = ((r.function.id, r.label()), r.function.assigned);
            self.planned_move(named, from, r.to.map(Target::assignment), true)
        });
        let touched = self.vacated.iter().flat_map(|&place| {
            let stays = self.contents(place).filter(|f| !self.moving.contains(&f.id));
            (0..).zip(stays).map(|(number, f)| {
                let to = f.assigned.map(|a| Assignment { number, ..a });
                self.planned_move((f.id, self.topology.label_of(f)), f.assigned, to, false)
            })
        });
        asked.chain(touched).collect()
    }

    fn planned_move(
        &self,
        (function, name): (FunctionId, String),
        from: Option<Assignment>,
        to: Option<Assignment>,
        asked: bool,
    ) -> PlannedMove {
        let host_name = |a: Assignment| self.topology.host_name(a.host);
        PlannedMove {
            function,
            name,
            from,
            from_name: from.map(host_name),
            to,
            to_name: to.map(host_name),
            asked,
        }
    }

    fn adoption(&self, function: FunctionId) -> Result<PlannedMove, Refusal> {
        let found = self.topology.function(function)?;
        let named = (function, self.topology.label_of(found));
        Ok(self.planned_move(named, self.topology.wish(function), found.assigned, true))
    }
}

fn bound(function: &Function, name: String) -> BoundFunction {
    BoundFunction { function: function.id, pdfid: function.pdfid, name }
}

impl Plan {
    /// The moves that its closing records: those on the switches, and the adoptions.
    pub fn recorded_moves(&self) -> Arc<[PlannedMove]> {
        self.moves.iter().chain(&self.adoptions).cloned().collect()
    }

    /// Whether no switch is touched: the ledger only follows what was found.
    pub const fn only_adopts(&self) -> bool {
        self.steps.is_empty()
    }

    /// The functions it touches or adopts.
    pub fn functions(&self) -> impl Iterator<Item = FunctionId> {
        self.moves.iter().chain(&self.adoptions).map(|m| m.function)
    }

    /// The intent that this plan carries out, with every place spelt out: what was shown is what will be done, or
    /// nothing.
    pub fn exact(&self, intent: &Intent) -> Intent {
        let places: BTreeMap<FunctionId, _> = self.moves.iter().map(|m| (m.function, m.to)).collect();
        let spelt = |m: &Move| places.get(&m.function).map_or(*m, |to| Move::exact(m.function, *to));
        let moves = intent.moves.iter().map(spelt);
        Intent { moves: moves.collect(), ..intent.clone() }
    }
}

impl PlannedMove {
    /// Whether the function ends on another host than it started on. One that only shares a port does not.
    pub fn changes_host(&self) -> bool {
        self.from.map(|a| a.host) != self.to.map(|a| a.host)
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
