//! Plans: the ordered, complete steps that carry out an intent. A plan leaves no choice open.

use crate::address::{Pdfid, PhysicalPort};
use crate::ids::{FunctionId, Generation, SwitchId};
use crate::intent::{Intent, Move};
use crate::refusal::Refusal;
use crate::rules::{Resolved, resolve};
use crate::topology::{AdapterKind, Assignment, Function, Host, Place, Topology};
use crate::words::list;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

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
}

/// The complete answer to an intent: what happens to whom, in which order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What it does, as a title: "Move eth16v5 to web-03".
    pub title: String,
    /// The generation it was made for.
    pub generation: Generation,
    /// The switch it reprograms.
    pub switch: SwitchId,
    /// Every function it touches. A function that shares a logical port with a moving one is touched too.
    pub moves: Vec<PlannedMove>,
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
    let resolved = resolve(topology, intent)?;
    let first = topology.function(intent.moves.first().ok_or(Refusal::Empty)?.function)?;
    let switch = topology.switch_of(first).ok_or(Refusal::UnknownFunction { function: first.id })?;
    let mut draft = Draft::new(topology, switch, &resolved);
    draft.immediate_moves(&resolved)?;
    draft.deferred_moves(&resolved)?;
    let moves = draft.planned_moves(&resolved);
    Ok(Plan {
        title: title(&moves),
        generation: topology.generation,
        switch,
        warnings: warnings(topology, &moves),
        moves,
        steps: draft.steps,
    })
}

/// A plan being written.
struct Draft<'a> {
    topology: &'a Topology,
    switch: SwitchId,
    moving: BTreeSet<FunctionId>,
    /// Everything on a logical port, by place: read once, since a rack has thousands of functions.
    contents: BTreeMap<Place, Vec<&'a Function>>,
    vacated: BTreeSet<Place>,
    steps: Vec<Step>,
}

impl<'a> Draft<'a> {
    fn new(topology: &'a Topology, switch: SwitchId, resolved: &[Resolved]) -> Self {
        let mut contents: BTreeMap<Place, Vec<&Function>> = BTreeMap::new();
        for function in topology.functions.values() {
            if let Some(assigned) = function.assigned {
                contents.entry(assigned.place()).or_default().push(function);
            }
        }
        for functions in contents.values_mut() {
            functions.sort_by_key(|f| f.assigned.map(|a| a.number));
        }
        let moving = resolved.iter().map(|r| r.function).collect();
        Self { topology, switch, moving, contents, vacated: BTreeSet::new(), steps: Vec::new() }
    }

    /// Releases, and moves onto ports that are free now: unbind and bind stand next to each other, so that each
    /// function is away as briefly as possible.
    fn immediate_moves(&mut self, resolved: &[Resolved]) -> Result<(), Refusal> {
        for wanted in resolved.iter().filter(|r| r.to.is_none_or(|to| to.free_now)) {
            self.vacate(wanted)?;
            self.occupy(wanted)?;
        }
        Ok(())
    }

    /// Moves onto ports that this plan frees: everything leaves before anything arrives.
    fn deferred_moves(&mut self, resolved: &[Resolved]) -> Result<(), Refusal> {
        let deferred = || resolved.iter().filter(|r| r.to.is_some_and(|to| !to.free_now));
        for wanted in deferred() {
            self.vacate(wanted)?;
        }
        for wanted in deferred() {
            self.occupy(wanted)?;
        }
        Ok(())
    }

    /// Unbinds the logical port a function leaves, once, and binds again what stays there: the switch unbinds a
    /// logical port as a whole (protocol sheet, section 5.4).
    fn vacate(&mut self, wanted: &Resolved) -> Result<(), Refusal> {
        let Some(place) = wanted.from.map(Assignment::place) else { return Ok(()) };
        if !self.vacated.insert(place) {
            return Ok(());
        }
        let here = self.contents.get(&place).cloned().unwrap_or_default();
        let all = here.iter().map(|f| self.bound(f)).collect::<Vec<_>>();
        let rest: Vec<_> =
            here.iter().filter(|f| !self.moving.contains(&f.id)).map(|f| self.bound(f)).collect();
        self.push(place, all, Vec::new())?;
        if !rest.is_empty() {
            self.push(place, Vec::new(), rest)?;
        }
        Ok(())
    }

    fn occupy(&mut self, wanted: &Resolved) -> Result<(), Refusal> {
        let Some(target) = wanted.to else { return Ok(()) };
        let function = self.bound(self.topology.function(wanted.function)?);
        self.push(target.place, Vec::new(), vec![function])
    }

    fn push(
        &mut self,
        place: Place,
        before: Vec<BoundFunction>,
        after: Vec<BoundFunction>,
    ) -> Result<(), Refusal> {
        let Host { port, name, .. } = self.topology.host(place.host)?;
        let (port, host_name) = (*port, name.clone());
        self.steps.push(Step { switch: self.switch, port, place, host_name, before, after });
        Ok(())
    }

    fn bound(&self, function: &Function) -> BoundFunction {
        BoundFunction { function: function.id, pdfid: function.pdfid, name: self.topology.label(function.id) }
    }

    /// The moves asked for, then the functions that stay but share a logical port with one that leaves.
    fn planned_moves(&self, resolved: &[Resolved]) -> Vec<PlannedMove> {
        let asked = resolved.iter().map(|r| {
            let arrive =
                |place: Place| Assignment { host: place.host, logical_port: place.logical_port, number: 0 };
            self.planned_move(r.function, r.from, r.to.map(|to| arrive(to.place)))
        });
        let touched = self.vacated.iter().filter_map(|place| self.contents.get(place)).flat_map(|here| {
            let stays = here.iter().filter(|f| !self.moving.contains(&f.id));
            (0..).zip(stays).map(|(number, f)| {
                self.planned_move(f.id, f.assigned, f.assigned.map(|a| Assignment { number, ..a }))
            })
        });
        asked.chain(touched).collect()
    }

    fn planned_move(
        &self,
        function: FunctionId,
        from: Option<Assignment>,
        to: Option<Assignment>,
    ) -> PlannedMove {
        let host_name = |a: Assignment| self.topology.host_name(a.host);
        PlannedMove {
            function,
            name: self.topology.label(function),
            from,
            from_name: from.map(host_name),
            to,
            to_name: to.map(host_name),
        }
    }
}

impl Plan {
    /// The intent that puts every function back on the host it came from. It goes through the same rules as any other
    /// and may be refused where the world moved on.
    pub fn undo(&self) -> Intent {
        let moves = self.moves.iter().filter(|m| m.changes_host());
        Intent { moves: moves.map(|m| Move { function: m.function, to: m.from.map(|a| a.host) }).collect() }
    }
}

impl PlannedMove {
    /// Whether the function ends on another host than it started on. One that only shares a port does not.
    pub fn changes_host(&self) -> bool {
        self.from.map(|a| a.host) != self.to.map(|a| a.host)
    }
}

/// "Move eth16v5 to web-03", "Swap …", or a count.
fn title(moves: &[PlannedMove]) -> String {
    let moving: Vec<_> = moves.iter().filter(|m| m.changes_host()).collect();
    match moving.as_slice() {
        [one] => match (&one.from_name, &one.to_name) {
            (None, Some(to)) => format!("Assign {} to {to}", one.name),
            (Some(_), Some(to)) => format!("Move {} to {to}", one.name),
            (Some(from), None) => format!("Release {} from {from}", one.name),
            (None, None) => format!("Leave {} in the pool", one.name),
        },
        [a, b] if is_swap(a, b) => format!("Swap {} and {}", a.name, b.name),
        many => {
            let first = many.first().and_then(|m| m.to_name.clone());
            match first.filter(|_| many.iter().all(|m| m.to_name == many[0].to_name)) {
                Some(to) => format!("Move {} functions to {to}", many.len()),
                None if many.iter().all(|m| m.to.is_none()) => format!("Release {} functions", many.len()),
                None => format!("Move {} functions", many.len()),
            }
        }
    }
}

fn is_swap(a: &PlannedMove, b: &PlannedMove) -> bool {
    let host = |place: Option<Assignment>| place.map(|p| p.host);
    a.from.is_some() && b.from.is_some() && host(a.from) == host(b.to) && host(b.from) == host(a.to)
}

/// What the plan takes away or interrupts, one sentence for each host and kind.
fn warnings(topology: &Topology, moves: &[PlannedMove]) -> Vec<String> {
    let mut losses: BTreeMap<(&str, AdapterKind), Vec<&PlannedMove>> = BTreeMap::new();
    for one in moves.iter().filter(|m| m.from.is_some() && m.changes_host()) {
        let kind = topology.functions.get(&one.function).and_then(|f| topology.adapter_of(f)).map(|a| a.kind);
        if let (Some(host), Some(kind)) = (one.from_name.as_deref(), kind) {
            losses.entry((host, kind)).or_default().push(one);
        }
    }
    let lost = losses.iter().map(|((host, kind), lost)| loss(topology, host, *kind, lost, moves));
    let shared = moves.iter().filter(|m| m.from.is_some() && !m.changes_host()).map(|m| {
        let host = m.from_name.as_deref().unwrap_or("its host");
        format!("{host} loses {} for a moment: it shares a logical port with a function that leaves.", m.name)
    });
    lost.chain(shared).collect()
}

fn loss(
    topology: &Topology,
    host: &str,
    kind: AdapterKind,
    lost: &[&PlannedMove],
    moves: &[PlannedMove],
) -> String {
    let names: Vec<_> = lost.iter().map(|m| m.name.clone()).collect();
    let id = lost.first().and_then(|m| m.from).map(|a| a.host);
    let is_kind = |f: FunctionId| {
        topology.functions.get(&f).and_then(|f| topology.adapter_of(f)).is_some_and(|a| a.kind == kind)
    };
    let had = id.map_or(0, |id| topology.functions_of_host(id).iter().filter(|f| is_kind(f.id)).count());
    let gained =
        moves.iter().filter(|m| m.changes_host() && m.to.map(|a| a.host) == id && is_kind(m.function));
    let left = (had + gained.count()).saturating_sub(lost.len());
    let names = list(&names);
    match left {
        0 => format!("{host} loses {names} and has no {kind} function left."),
        1 => format!("{host} loses {names} and keeps one {kind} function."),
        n => format!("{host} loses {names} and keeps {n} {kind} functions."),
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
