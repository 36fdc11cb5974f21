//! What changed since somebody looked.
//!
//! A person decides on what the board showed at some generation. Their intent is stale only when something that it
//! touches has changed since: one of its functions, or a logical port it fills. What happens elsewhere in the rack does
//! not concern them.

use crate::health::Subject;
use crate::ids::{ChangeId, FunctionId, Generation, SwitchId};
use crate::intent::{Intent, Move};
use crate::ledger::{Difference, Entry, Event, Outcome, StepPhase, StepReport, SwitchPicture};
use crate::plan::{Plan, PlannedMove, StepKind};
use crate::topology::{Assignment, Place, Topology};
use crate::words::list;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// Who changed something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Toucher {
    /// A person, with a change.
    Change {
        /// The change.
        change: ChangeId,
        /// Who asked for it.
        who: String,
    },
    /// Somebody at the switch, past Patchbay.
    Outside,
    /// A change that was not finished, and left it somewhere or had it put there late.
    Left {
        /// The change.
        change: ChangeId,
    },
    /// The switch was discovered anew.
    Discovery,
    /// Nobody can say: it was before Patchbay was last started, or the generation that was seen is of another history.
    Unknown,
}

/// The end of a sentence: "by ana with change 12".
impl fmt::Display for Toucher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Change { change, who } => write!(f, "changed by {who} with change {change}"),
            Self::Outside => f.write_str("changed at the switch, past Patchbay"),
            Self::Left { change } => {
                write!(f, "left elsewhere by change {change}, which was not finished")
            }
            Self::Discovery => f.write_str("on a switch that was discovered anew"),
            Self::Unknown => f.write_str("perhaps changed before Patchbay was restarted"),
        }
    }
}

/// One thing that changed since a person looked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// What, as in "eth16v5" or "logical port 2 of web-03".
    pub what: String,
    /// Who changed it.
    pub by: Toucher,
    /// The generation it changed with.
    pub generation: Generation,
}

/// "eth16v5 was changed by ana with change 12, and eth16v6 and eth16v7 were changed at the switch, past Patchbay": what
/// the same one did stands together.
pub fn in_a_sentence(moved: &[Moved]) -> String {
    let mut by: Vec<(&Toucher, Vec<String>)> = Vec::new();
    for one in moved {
        match by.iter_mut().find(|(toucher, _)| **toucher == one.by) {
            Some((_, whats)) => whats.push(one.what.clone()),
            None => by.push((&one.by, vec![one.what.clone()])),
        }
    }
    let clause = |(toucher, whats): (&Toucher, Vec<String>)| {
        let were = if whats.len() == 1 { "was" } else { "were" };
        format!("{} {were} {toucher}", list(&whats))
    };
    by.into_iter().map(clause).collect::<Vec<_>>().join(", and ")
}

#[derive(Clone, Debug)]
struct Touch {
    generation: Generation,
    by: Arc<Toucher>,
}

/// When everything last changed, as far back as this was kept.
#[derive(Clone, Debug)]
pub struct Touches {
    /// Nothing is known of what happened up to this generation, only that it did.
    since: Generation,
    functions: BTreeMap<FunctionId, Touch>,
    places: BTreeMap<Place, Touch>,
    /// Functions of changes that could not be finished, until a reading of their switch is recorded.
    unsettled: BTreeMap<FunctionId, Unsettled>,
    /// What switches were told and did not answer, and may still do.
    unanswered: BTreeMap<FunctionId, Unanswered>,
    /// Open changes in the middle of which a switch was discovered: what that recorded of them is not where they end.
    midway: BTreeSet<ChangeId>,
}

/// Where a change may have left a function that it could not finish with.
#[derive(Clone, Debug)]
struct Unsettled {
    change: ChangeId,
    places: [Option<Assignment>; 3],
}

/// Where an unanswered step would put a function.
#[derive(Clone, Debug)]
struct Unanswered {
    change: ChangeId,
    places: BTreeSet<Option<Place>>,
    until: DateTime<Utc>,
}

/// How long after its change has ended a step that got no answer may still be done: twenty times the limit in which
/// an answer is waited for. Who finds the same later has more likely met somebody's hand.
const LATE_MAX: TimeDelta = TimeDelta::minutes(10);

impl Touches {
    /// Begins to keep them, with a topology of this generation.
    pub const fn since(generation: Generation) -> Self {
        Self {
            since: generation,
            functions: BTreeMap::new(),
            places: BTreeMap::new(),
            unsettled: BTreeMap::new(),
            unanswered: BTreeMap::new(),
            midway: BTreeSet::new(),
        }
    }

    /// As [`Touches::since`], with what the newest entries of the ledger, oldest first, say of before the topology that they
    /// led to. Those up to the last discovery among them only say who opened what: what a discovery changed is not in its
    /// entry alone.
    pub fn recalled(now: &Topology, newest: &[Entry]) -> Self {
        let discovery = newest.iter().rposition(|entry| matches!(entry.event, Event::Discovered { .. }));
        let (earlier, later) = newest.split_at(discovery.map_or(0, |index| index + 1));
        let mut before = Topology::default();
        let opened = earlier.iter().filter(|entry| matches!(entry.event, Event::ChangeOpened { .. }));
        opened.for_each(|entry| drop(before.apply(entry)));
        let mut raised = Topology::default();
        later.iter().for_each(|entry| drop(raised.apply(entry)));
        before.generation = Generation::new(now.generation.get().saturating_sub(raised.generation.get()));
        let mut touches = Self::since(before.generation);
        for entry in later {
            touches.note(&before, entry);
            before.apply(entry);
            if let Event::BindingsFound { differences, .. } = &entry.event {
                touches.unsettled.retain(|id, _| differences.iter().all(|one| one.function != *id));
            }
        }
        // No entry says that a switch was read, but one that is away was not.
        touches.unsettled.retain(|id, _| {
            let switch = now.functions.get(id).and_then(|function| now.switch_of(function));
            switch.is_some_and(|switch| now.health.contains_key(&Subject::SwitchAway(switch)))
        });
        touches
    }

    /// Notes what an entry changes. `before` is the topology without the entry.
    pub fn note(&mut self, before: &Topology, entry: &Entry) {
        match &entry.event {
            Event::ChangeClosed { change, outcome, moves, reports, .. } => {
                self.not_answered(before, *change, reports, entry.at);
                let midway = self.midway.remove(change);
                if !moves.is_empty() {
                    self.applied(before, *change, moves);
                } else if midway || *outcome == Outcome::Stuck {
                    self.leave(before, *change);
                }
            }
            Event::BindingsFound { differences, .. } => {
                for one in differences {
                    let by = one.left_by.map_or(Toucher::Outside, |change| Toucher::Left { change });
                    let places = [one.recorded, one.found].map(|at| at.map(|a| a.place()));
                    self.unanswered.remove(&one.function);
                    self.touch(one.function, places, &touch(before, by));
                }
            }
            Event::Discovered { switch, picture } => self.discovered(before, *switch, picture),
            _ => {}
        }
    }

    /// A change was applied.
    fn applied(&mut self, before: &Topology, change: ChangeId, moves: &[PlannedMove]) {
        let who = before.open.get(&change).map(|open| open.actor.to_string());
        let who = who.unwrap_or_else(|| "somebody".to_owned());
        let touch = touch(before, Toucher::Change { change, who });
        for one in moves {
            self.unsettled.remove(&one.function);
            self.unanswered.remove(&one.function);
            self.touch(one.function, [one.from, one.to].map(|at| at.map(|a| a.place())), &touch);
        }
    }

    /// A change ended without having moved its functions, and they may not be where the picture has them.
    fn leave(&mut self, before: &Topology, change: ChangeId) {
        let moves = before.open.get(&change).into_iter().flat_map(|open| &open.plan.moves);
        self.unsettled
            .extend(moves.map(|one| (one.function, Unsettled { change, places: [one.from, one.to, None] })));
    }

    /// A change has ended, and those of its steps that got no answer may still be done.
    fn not_answered(
        &mut self,
        before: &Topology,
        change: ChangeId,
        reports: &[StepReport],
        at: DateTime<Utc>,
    ) {
        self.unanswered.retain(|_, late| at < late.until);
        let Some(plan) = before.open.get(&change).map(|open| &open.plan) else { return };
        for report in reports.iter().filter(|report| report.unanswered) {
            let step = usize::try_from(report.step).ok().and_then(|index| plan.steps.get(index));
            let Some(step) = step else { continue };
            let binds = (step.kind() == StepKind::Bind) == (report.phase == StepPhase::Apply);
            for one in step.functions() {
                let until = at + LATE_MAX;
                let new = || Unanswered { change, places: BTreeSet::new(), until };
                let late = self.unanswered.entry(one.function).or_insert_with(new);
                late.places.insert(binds.then_some(step.place));
            }
        }
    }

    fn discovered(&mut self, before: &Topology, switch: SwitchId, picture: &SwitchPicture) {
        // A change that has done nothing yet, or nothing here, has left nothing in its middle.
        let shown: BTreeMap<_, _> = picture.functions.iter().map(|f| (f.id, f.assigned)).collect();
        let moved = |one: &PlannedMove| shown.get(&one.function).is_some_and(|at| *at != one.from);
        let midway = before.open.values().filter(|open| open.plan.moves.iter().any(moved));
        self.midway.extend(midway.map(|open| open.id));
        let touch = touch(before, Toucher::Discovery);
        let old: BTreeMap<_, _> = before.functions_of_switch(switch).map(|f| (f.id, f.assigned)).collect();
        for function in &picture.functions {
            let was = old.get(&function.id).copied();
            if was != Some(function.assigned) {
                self.unanswered.remove(&function.id);
                let places = [was.flatten(), function.assigned].map(|at| at.map(|a| a.place()));
                self.touch(function.id, places, &touch);
            }
        }
        // Another card in a slot takes the functions of the one before it out of the picture.
        let left = old.iter().filter(|(id, _)| picture.functions.iter().all(|f| f.id != **id));
        for (id, was) in left {
            self.touch(*id, [was.map(Assignment::place), None], &touch);
        }
    }

    /// Says of what a reading found at this time whether a change left it there that was not finished, or told the switch
    /// to put it there and got no answer: one that had to do with the function, and could have left it there.
    pub fn attribute(&self, found: &mut [Difference], at: DateTime<Utc>) {
        for one in found {
            let unsettled = self.unsettled.get(&one.function);
            let left = unsettled.filter(|left| left.places.contains(&one.found)).map(|left| left.change);
            one.left_by = left.or_else(|| self.late(one, at));
        }
    }

    /// The change whose unanswered step was done after all, if one can have put a function where it was found.
    fn late(&self, found: &Difference, at: DateTime<Utc>) -> Option<ChangeId> {
        let late = self.unanswered.get(&found.function).filter(|late| at < late.until)?;
        late.places.contains(&found.found.map(Assignment::place)).then_some(late.change)
    }

    /// A reading of a switch is recorded: whatever is found there from now on is somebody else's. It does not say anything
    /// about functions in flight.
    pub fn read(&mut self, topology: &Topology, switch: SwitchId) {
        if self.unsettled.is_empty() {
            return;
        }
        let in_flight = topology.in_flight();
        self.unsettled.retain(|id, _| {
            let elsewhere = |function| topology.switch_of(function) != Some(switch);
            topology.functions.get(id).is_some_and(elsewhere) || in_flight.contains(id)
        });
    }

    fn touch(&mut self, function: FunctionId, places: [Option<Place>; 2], touch: &Touch) {
        self.functions.insert(function, touch.clone());
        for place in places.into_iter().flatten() {
            self.places.insert(place, touch.clone());
        }
    }

    /// What a plan touches that has changed since `seen`; empty when the plan is as good as when it was looked at.
    pub fn stale(&self, topology: &Topology, plan: &Plan, seen: Generation) -> Vec<Moved> {
        let filled = plan.steps.iter().filter(|step| !step.after.is_empty()).map(|step| step.place);
        // One that is gone has the name that it had in the plan.
        let planned = |id: &FunctionId| plan.moves.iter().chain(&plan.adoptions).find(|m| m.function == *id);
        let name = |id: FunctionId| {
            let gone = Some(id).filter(|id| !topology.functions.contains_key(id));
            gone.as_ref().and_then(planned).map_or_else(|| topology.label(id), |m| m.name.clone())
        };
        self.find(topology, plan.functions(), name, filled, seen)
    }

    /// The functions that have changed since `seen`, as far as it is known who changed them.
    pub fn functions_since(&self, seen: Generation) -> impl Iterator<Item = FunctionId> {
        self.functions.iter().filter(move |(_, touch)| touch.generation > seen).map(|(id, _)| *id)
    }

    /// What an intent names that has changed since `seen`, for one that cannot be planned any more.
    pub fn stale_intent(&self, topology: &Topology, intent: &Intent, seen: Generation) -> Vec<Moved> {
        let place = |m: &Move| Some(Place { host: topology.destination(m)?, logical_port: m.at? });
        let named = intent.moves.iter().filter_map(place);
        self.find(topology, intent.functions(), |id| topology.label(id), named, seen)
    }

    fn find(
        &self,
        topology: &Topology,
        functions: impl Iterator<Item = FunctionId>,
        name: impl Fn(FunctionId) -> String,
        places: impl Iterator<Item = Place>,
        seen: Generation,
    ) -> Vec<Moved> {
        if seen == topology.generation {
            return Vec::new();
        }
        if seen > topology.generation {
            // Of another history, or of this one before it was put back: nobody knows what was seen.
            let (by, generation) = (Toucher::Unknown, topology.generation);
            return functions.map(|id| Moved { what: name(id), by: by.clone(), generation }).collect();
        }
        let function = |id: FunctionId| self.moved(self.functions.get(&id), seen, || name(id));
        let place = |place: Place| {
            let what =
                || format!("logical port {} of {}", place.logical_port, topology.host_name(place.host));
            self.moved(self.places.get(&place), seen, what)
        };
        let mut found: Vec<Moved> = functions.filter_map(function).chain(places.filter_map(place)).collect();
        found.dedup();
        found
    }

    fn moved(&self, touch: Option<&Touch>, seen: Generation, what: impl Fn() -> String) -> Option<Moved> {
        match touch {
            Some(touch) if touch.generation > seen => {
                Some(Moved { what: what(), by: touch.by.as_ref().clone(), generation: touch.generation })
            }
            None if seen < self.since => {
                Some(Moved { what: what(), by: Toucher::Unknown, generation: self.since })
            }
            _ => None,
        }
    }
}

/// What is noted of everything that the next entry changes.
fn touch(before: &Topology, by: Toucher) -> Touch {
    Touch { generation: before.generation.next(), by: Arc::new(by) }
}

#[cfg(test)]
#[path = "touches_tests.rs"]
mod tests;
