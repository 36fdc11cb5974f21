//! The judge: reads every durable entry and sees every step, and says what must never be.
//!
//! It keeps plain maps of its own: what is wished of each function, when each was last changed, what each logical port
//! held when a change was opened. Nothing in it asks the engine.

use crate::cards::Cards;
use crate::switch::{At, Bindings, Switch, at, pdfids};
use crate::verdict;
use crate::world::time_of_day;
use chrono::{DateTime, TimeDelta, Utc};
use patchbay_domain::*;
use std::collections::{BTreeMap, BTreeSet};

/// Times are written down in milliseconds, and so may be a little earlier than they were.
const ROUNDED: TimeDelta = TimeDelta::milliseconds(1);

/// A switch and one of its logical ports.
pub type Spot = (usize, At);

/// A change that the ledger says is open.
pub struct Opened {
    pub plan: Plan,
    /// What the plan's logical ports held when it was opened.
    pub before: BTreeMap<Spot, Vec<Pdfid>>,
    /// Somebody else did something where it works.
    pub disturbed: bool,
    /// Something failed that it may have needed, or the engine was killed.
    pub faulted: bool,
    /// A step of it was sent.
    pub begun: bool,
}

#[derive(Default)]
pub struct Judge {
    pub violations: Vec<String>,
    /// The fold of the ledger.
    pub topology: Topology,
    pub open: BTreeMap<ChangeId, Opened>,
    pub ended: BTreeMap<ChangeId, (Outcome, bool)>,
    /// What those were to do that did not do it.
    undone: BTreeMap<ChangeId, Vec<PlannedMove>>,
    /// What every change was asked for with: requests have numbers, which are their reasons.
    pub requests: BTreeMap<String, ChangeId>,
    /// Requests that were answered with an error: nothing may come of them.
    pub turned_down: BTreeMap<String, String>,
    pub(crate) wishes: BTreeMap<FunctionId, Option<Assignment>>,
    /// What was wished of functions whose card was replaced, for when it is back.
    kept: BTreeMap<FunctionId, Option<Assignment>>,
    pub(crate) changed: BTreeMap<FunctionId, Generation>,
    /// When what a logical port holds was last changed.
    filled: BTreeMap<Place, Generation>,
    /// The earliest and the latest time of day that there ever was.
    clock: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Functions that somebody else may have moved.
    pub(crate) excused: BTreeSet<(usize, Pdfid)>,
    last: Option<(Seq, Hash)>,
    /// Which switches are being sent a step.
    busy: BTreeSet<usize>,
    /// Where something failed or somebody else did something since the present write began: what is opened by it may be read
    /// meanwhile.
    unquiet: BTreeSet<usize>,
    pub(crate) cards: Cards,
}

/// An event in a few words, for the trace.
pub fn in_short(event: &Event) -> String {
    match event {
        Event::ChangeOpened { change, plan, reason, .. } => {
            format!("opened {change} ({reason}): {}", plan.title)
        }
        Event::ChangeClosed { change, outcome, why, .. } => format!("closed {change} {outcome:?} {why:?}"),
        Event::BindingsFound { switch, differences } => {
            let found = differences.iter().map(|d| format!("{} {:?}", d.name, d.found.map(place)));
            format!("found on {switch}: {}", found.collect::<Vec<_>>().join(", "))
        }
        other => other.kind().to_owned(),
    }
}

fn place(at: Assignment) -> (u32, u8, u8) {
    (at.host.get(), at.logical_port.0, at.number)
}

/// What every logical port holds, as a picture says.
fn contents(topology: &Topology) -> BTreeMap<Place, BTreeSet<(u8, FunctionId)>> {
    let mut held = BTreeMap::<Place, BTreeSet<_>>::new();
    for (at, function) in topology.functions.values().filter_map(|f| Some((f.assigned?, f.id))) {
        held.entry(at.place()).or_default().insert((at.number, function));
    }
    held
}

/// The index of a switch among those of the simulation.
pub fn index(switch: SwitchId) -> usize {
    usize::try_from(switch.get()).expect("small") - 1
}

pub fn spot(step: &Step) -> Spot {
    (index(step.switch), at(step))
}

impl Judge {
    pub fn violated(&mut self, what: impl Into<String>) {
        self.violations.push(what.into());
    }

    pub fn violated_all(&mut self, what: Vec<String>) {
        self.violations.extend(what);
    }

    pub fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.violated(what());
        }
    }

    /// The last entry it has read.
    pub fn seq(&self) -> Seq {
        self.last.map_or(Seq::new(0), |(seq, _)| seq)
    }

    /// Reads an entry that is durable now.
    pub fn take(&mut self, entry: &Entry, switches: &[Switch]) {
        if let Err(why) = verdict::chained(self.last, entry) {
            self.violated(why);
        }
        self.last = Some((entry.seq, entry.hash));
        match &entry.event {
            Event::ChangeOpened { change, plan, reason, seen, .. } => {
                self.opened(*change, plan, reason, *seen, switches);
            }
            Event::ChangeClosed { change, outcome, moves, .. } => {
                self.closed(*change, *outcome, moves, &entry.actor, switches);
            }
            Event::BindingsFound { switch, differences } => self.found(*switch, differences, switches),
            Event::Discovered { switch, picture } => self.discovered(*switch, picture),
            _ => {}
        }
        if let Some(subject) = entry.event.subject() {
            let (raises, open) =
                (entry.event.kind() == "health_raised", self.topology.health.contains_key(&subject));
            self.check(raises != open, || format!("{subject} was not {}'s turn", entry.event.kind()));
        }
        self.dated(entry);
        let before = contents(&self.topology);
        self.topology.apply(entry);
        for open in self.open.values_mut() {
            // What is to be adopted is somewhere else by now.
            open.disturbed |= still_found(&open.plan.adoptions, &self.topology).is_err();
        }
        let after = contents(&self.topology);
        for place in before.keys().chain(after.keys()).filter(|at| before.get(at) != after.get(at)) {
            self.filled.insert(*place, self.topology.generation);
        }
        let wishes = self.topology.wishes();
        if self.wishes != wishes {
            let what =
                format!("entry {}: {:?} is wished, the model says {:?}", entry.seq, wishes, self.wishes);
            self.violated(what);
        }
    }

    fn opened(&mut self, id: ChangeId, plan: &Plan, reason: &Reason, seen: Generation, switches: &[Switch]) {
        if let Some(before) = self.requests.insert(reason.to_string(), id) {
            self.violated(format!("{reason} was opened twice: as change {before} and {id}"));
        }
        for (other, open) in &self.open {
            let functions: BTreeSet<_> = open.plan.functions().collect();
            let spots: BTreeSet<_> = open.plan.steps.iter().map(spot).collect();
            if plan.functions().any(|f| functions.contains(&f))
                || plan.steps.iter().any(|s| spots.contains(&spot(s)))
            {
                self.violations.push(format!("changes {other} and {id} are open and touch the same"));
            }
        }
        for function in plan.functions() {
            let changed = self.changed.get(&function).copied();
            self.check(changed.is_none_or(|changed| changed <= seen), || {
                format!("change {id} was decided at generation {seen}, but function {function} changed at {changed:?}")
            });
        }
        for place in plan.steps.iter().filter(|step| !step.after.is_empty()).map(|step| step.place) {
            let changed = self.filled.get(&place).copied();
            self.check(changed.is_none_or(|changed| changed <= seen), || {
                format!("change {id} was decided at generation {seen}, but {place:?} changed at {changed:?}")
            });
        }
        let mut before = BTreeMap::new();
        for step in &plan.steps {
            let (switch, at) = spot(step);
            before
                .entry((switch, at))
                .or_insert_with(|| switches[switch].held.get(&at).cloned().unwrap_or_default());
        }
        let mut first = BTreeSet::new();
        let unready =
            plan.steps.iter().any(|s| first.insert(spot(s)) && before[&spot(s)] != pdfids(&s.before));
        let elsewhere = plan.moves.iter().any(|m| self.is_elsewhere(m, switches));
        let unquiet = plan.switches.iter().any(|switch| self.unquiet.contains(&index(*switch)));
        let (disturbed, faulted) = (unready || elsewhere || unquiet, unquiet);
        let open = Opened { plan: plan.clone(), before, disturbed, faulted, begun: false };
        self.open.insert(id, open);
    }

    /// Whether a function is not where a plan believes it to be.
    fn is_elsewhere(&self, planned: &PlannedMove, switches: &[Switch]) -> bool {
        let Some(function) = self.topology.functions.get(&planned.function) else { return true };
        let Some(switch) = self.topology.switch_of(function) else { return true };
        let switch = &switches[index(switch)];
        let adapter = &self.topology.adapters[&function.adapter];
        if !switch.is_in(adapter) || !switch.pdfids().contains(&function.pdfid) {
            return true;
        }
        let bound = switch.bound(function.pdfid).map(|at| (at.port, at.logical_port));
        let planned =
            planned.from.and_then(|at| Some((self.topology.hosts.get(&at.host)?.port, at.logical_port)));
        bound != planned
    }

    fn closed(
        &mut self,
        id: ChangeId,
        outcome: Outcome,
        moves: &[PlannedMove],
        by: &Actor,
        switches: &[Switch],
    ) {
        let Some(open) = self.open.remove(&id) else {
            return self.violated(format!("change {id} was closed and was not open"));
        };
        for why in verdict::ended(&open, outcome, *by != Actor::Engine, switches) {
            self.violated(format!("change {id} ended as {outcome:?}: {why}"));
        }
        if outcome != Outcome::Applied {
            self.undone.insert(id, open.plan.moves.clone());
        }
        if outcome == Outcome::Stuck || open.disturbed {
            for step in &open.plan.steps {
                self.excused.extend(step.functions().iter().map(|f| (index(step.switch), f.pdfid)));
            }
        }
        let adopted = still_found(&open.plan.adoptions, &self.topology);
        self.check(outcome != Outcome::Applied || adopted.is_ok(), || format!("change {id}: {adopted:?}"));
        self.ended.insert(id, (outcome, open.begun));
        self.check((outcome == Outcome::Applied) != moves.is_empty(), || format!("change {id}: {moves:?}"));
        let generation = self.topology.generation.next();
        for one in moves {
            self.changed.insert(one.function, generation);
            // Its card was replaced meanwhile: this is wished when it comes back.
            if !self.topology.functions.contains_key(&one.function) {
                if one.asked {
                    self.kept.insert(one.function, one.to);
                }
                continue;
            }
            let drifted = self.topology.drift.contains_key(&one.function);
            if one.asked || !drifted {
                self.wishes.insert(one.function, one.to);
            }
        }
    }

    fn found(&mut self, switch: SwitchId, differences: &[Difference], _switches: &[Switch]) {
        let generation = self.topology.generation.next();
        for one in differences {
            self.changed.insert(one.function, generation);
            let pdfid = self.topology.functions.get(&one.function).map(|f| f.pdfid);
            let excused = pdfid.is_some_and(|pdfid| self.excused.contains(&(index(switch), pdfid)));
            self.check(excused || one.left_by.is_some(), || {
                format!("{} is said to have been moved by somebody else", one.name)
            });
            let could = |change| {
                let moves = self.undone.get(change).into_iter().flatten();
                moves
                    .filter(|m| m.function == one.function)
                    .any(|m| [m.from, m.to, None].contains(&one.found))
            };
            let left = one.left_by.as_ref().is_none_or(could);
            self.check(left, || format!("{} was left there by no change that failed", one.name));
        }
    }

    /// What is new is wished where it is; what is gone is wished nowhere until it is back.
    fn discovered(&mut self, switch: SwitchId, picture: &SwitchPicture) {
        self.cards.discovered(index(switch), picture);
        let generation = self.topology.generation.next();
        let known: BTreeMap<_, _> =
            self.topology.functions_of_switch(switch).map(|f| (f.id, f.assigned)).collect();
        for function in &picture.functions {
            let kept = self.kept.remove(&function.id);
            self.wishes.entry(function.id).or_insert(kept.unwrap_or(function.assigned));
            if known.get(&function.id) != Some(&function.assigned) {
                self.changed.insert(function.id, generation);
            }
        }
        // A card that was pulled is still shown, absent: its functions are missed once, when it goes.
        let absent = |cards: &mut dyn Iterator<Item = &Adapter>| -> BTreeSet<AdapterId> {
            cards.filter(|card| !card.present).map(|card| card.id).collect()
        };
        let before = absent(&mut self.topology.adapters.values());
        let now = absent(&mut picture.adapters.iter());
        let pulled =
            picture.functions.iter().filter(|f| now.contains(&f.adapter) && !before.contains(&f.adapter));
        let wished = |id: &FunctionId| self.wishes.get(id).is_some_and(Option::is_some);
        let mut missed: BTreeSet<_> = pulled.map(|f| f.id).filter(wished).collect();
        for gone in known.keys().filter(|id| picture.functions.iter().all(|f| f.id != **id)) {
            let wished = self.wishes.remove(gone).flatten();
            missed.extend(wished.map(|_| *gone));
            self.kept.insert(*gone, wished);
        }
        let told: BTreeSet<_> = picture.left.iter().map(|one| one.function).collect();
        self.check(told == missed, || format!("{told:?} are said to be missed, and {missed:?} are"));
    }

    /// A step is about to be sent to a switch.
    pub fn sends(&mut self, switch: usize, step: &Step) {
        let inverse = step.inverse();
        let mut of = None;
        for (id, open) in &mut self.open {
            if open.plan.steps.iter().any(|s| s == step || *s == inverse) {
                open.begun = true;
                of = Some(*id);
            }
        }
        self.check(of.is_some(), || format!("{step}: sent to switch {} without an open change", switch + 1));
        let free = self.busy.insert(switch);
        self.check(free, || format!("{step}: sent to switch {} while another step is", switch + 1));
    }

    pub fn sent(&mut self, switch: usize) {
        self.busy.remove(&switch);
    }

    /// Something begins to be written.
    pub fn begins_writing(&mut self) {
        self.unquiet.clear();
    }

    /// A call of a switch goes wrong.
    pub fn faulted(&mut self, switch: usize) {
        self.unquiet.insert(switch);
        for open in self.open.values_mut() {
            open.faulted |= open.plan.switches.iter().any(|s| index(*s) == switch);
        }
    }

    /// The clock of the machine said this.
    pub fn clock_showed(&mut self, time: DateTime<Utc>) {
        let (first, last) = self.clock.unwrap_or((time, time));
        self.clock = Some((first.min(time), last.max(time)));
    }

    /// An entry is dated by the clock, whatever the clock said before: the order of entries is that of their numbers.
    fn dated(&mut self, entry: &Entry) {
        self.clock_showed(time_of_day());
        let there = self.clock.is_some_and(|(first, last)| first - ROUNDED <= entry.at && entry.at <= last);
        self.check(there, || format!("entry {} is dated {}, which never was", entry.seq, entry.at));
        self.check(entry.at.timestamp_subsec_nanos().is_multiple_of(1_000_000), || {
            format!("entry {} is dated finer than it is hashed: {}", entry.seq, entry.at)
        });
    }

    /// The engine was killed: nothing is on its way to a switch any more.
    pub fn crashed(&mut self) {
        self.busy.clear();
        self.interrupted();
    }

    /// The engine was killed or is stopped: what is open need not be applied.
    pub fn interrupted(&mut self) {
        self.open.values_mut().for_each(|open| open.faulted = true);
    }

    /// Somebody else changed what a switch holds.
    pub fn outsider(&mut self, switch: usize, before: &Bindings, after: &Bindings) {
        self.unquiet.insert(switch);
        let spots: BTreeSet<At> =
            before.keys().chain(after.keys()).copied().filter(|at| before.get(at) != after.get(at)).collect();
        let touched: BTreeSet<Pdfid> = spots
            .iter()
            .flat_map(|at| [before.get(at), after.get(at)])
            .flatten()
            .flatten()
            .copied()
            .collect();
        self.excused.extend(touched.iter().map(|pdfid| (switch, *pdfid)));
        for open in self.open.values_mut() {
            let meets = |step: &Step| {
                index(step.switch) == switch
                    && (spots.contains(&at(step))
                        || step.functions().iter().any(|f| touched.contains(&f.pdfid)))
            };
            open.disturbed |= open.plan.steps.iter().any(meets);
        }
    }

    /// A card or a whole switch went or came: everything there may fail.
    pub fn upheaval(&mut self, switch: usize) {
        self.unquiet.insert(switch);
        for open in self.open.values_mut() {
            open.disturbed |= open.plan.switches.iter().any(|s| index(*s) == switch);
        }
    }
}
