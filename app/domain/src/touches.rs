//! What changed since somebody looked.
//!
//! A person decides on what the board showed at some generation. Their intent is stale only when something that it
//! touches has changed since: one of its functions, or a logical port it fills. What happens elsewhere in the rack does
//! not concern them.

use crate::ids::{ChangeId, FunctionId, Generation};
use crate::intent::{Intent, Move};
use crate::ledger::{Entry, Event};
use crate::plan::Plan;
use crate::topology::{Assignment, Place, Topology};
use crate::words::list;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
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

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was {}", self.what, self.by)
    }
}

/// "eth16v5 was changed by ana with change 12 and …".
pub fn in_a_sentence(moved: &[Moved]) -> String {
    list(&moved.iter().map(ToString::to_string).collect::<Vec<_>>())
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
}

impl Touches {
    /// Begins to keep them, with a topology of this generation.
    pub const fn since(generation: Generation) -> Self {
        Self { since: generation, functions: BTreeMap::new(), places: BTreeMap::new() }
    }

    /// Notes what an entry changes. `before` is the topology without the entry.
    pub fn note(&mut self, before: &Topology, entry: &Entry) {
        let generation = before.generation.next();
        match &entry.event {
            Event::ChangeClosed { change, moves, .. } if !moves.is_empty() => {
                let who = before.open.get(change).map(|open| open.actor.to_string()).unwrap_or_default();
                let touch = Touch { generation, by: Arc::new(Toucher::Change { change: *change, who }) };
                for one in moves {
                    self.touch(one.function, [one.from, one.to].map(|at| at.map(|a| a.place())), &touch);
                }
            }
            Event::BindingsFound { differences, .. } => {
                let touch = Touch { generation, by: Arc::new(Toucher::Outside) };
                for one in differences {
                    self.touch(
                        one.function,
                        [one.recorded, one.found].map(|at| at.map(|a| a.place())),
                        &touch,
                    );
                }
            }
            Event::Discovered { switch, picture } => {
                let touch = Touch { generation, by: Arc::new(Toucher::Discovery) };
                let old: BTreeMap<_, _> =
                    before.functions_of_switch(*switch).map(|f| (f.id, f.assigned)).collect();
                for function in &picture.functions {
                    let was = old.get(&function.id).copied();
                    if was != Some(function.assigned) {
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
            _ => {}
        }
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
        self.find(topology, plan.functions(), filled, seen)
    }

    /// What an intent names that has changed since `seen`, for one that cannot be planned any more.
    pub fn stale_intent(&self, topology: &Topology, intent: &Intent, seen: Generation) -> Vec<Moved> {
        let place = |m: &Move| Some(Place { host: topology.destination(m)?, logical_port: m.at? });
        let named = intent.moves.iter().filter_map(place);
        self.find(topology, intent.functions(), named, seen)
    }

    fn find(
        &self,
        topology: &Topology,
        functions: impl Iterator<Item = FunctionId>,
        places: impl Iterator<Item = Place>,
        seen: Generation,
    ) -> Vec<Moved> {
        if seen == topology.generation {
            return Vec::new();
        }
        if seen > topology.generation {
            // Of another history, or of this one before it was put back: nobody knows what was seen.
            let (by, generation) = (Toucher::Unknown, topology.generation);
            return functions
                .map(|id| Moved { what: topology.label(id), by: by.clone(), generation })
                .collect();
        }
        let function = |id: FunctionId| self.moved(self.functions.get(&id), seen, || topology.label(id));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HostId;
    use crate::fixture::{self, *};
    use crate::intent::Reason;
    use crate::ledger::{Actor, Door, Outcome};
    use crate::plan::plan;

    /// Opens and closes a change by ana.
    fn apply(t: &mut Topology, touches: &mut Touches, function: FunctionId, to: Option<HostId>) {
        let intent = Intent::single(function, to);
        let made = plan(t, &intent).expect("allowed");
        let change = ChangeId::new(12);
        let (moves, seen) = (made.recorded_moves(), t.generation);
        let reason = Reason::new("a test").expect("a reason");
        let mut opened = entry(Event::ChangeOpened { change, intent, plan: made, reason, seen });
        opened.actor = Actor::Person { name: "ana".to_owned(), door: Door::Api, from: None };
        let (outcome, reports) = (Outcome::Applied, Vec::new());
        let closed = entry(Event::ChangeClosed { change, outcome, why: None, reports, moves });
        for entry in [opened, closed] {
            touches.note(t, &entry);
            t.apply(&entry);
        }
    }

    #[test]
    fn only_what_the_intent_touches_makes_it_stale() {
        let mut t = fixture::topology();
        let seen = t.generation;
        let mut touches = Touches::since(seen);
        apply(&mut t, &mut touches, NIC_VF2, Some(HOST_B));
        assert!(t.generation > seen);

        let elsewhere = plan(&t, &Intent::single(NIC_VF3, Some(HOST_A))).expect("allowed");
        assert_eq!(touches.stale(&t, &elsewhere, seen), []);
        let same_host = plan(&t, &Intent::single(NIC_VF3, Some(HOST_B))).expect("allowed");
        assert_eq!(touches.stale(&t, &same_host, seen), [], "another logical port of the same host");

        let same_function = plan(&t, &Intent::single(NIC_VF2, Some(HOST_A))).expect("allowed");
        let moved = touches.stale(&t, &same_function, seen);
        assert_eq!(in_a_sentence(&moved), "eth16v2 was changed by ana with change 12");
        assert_eq!(touches.stale(&t, &same_function, t.generation), [], "seen as it is now");
    }

    #[test]
    fn a_place_that_was_filled_and_emptied_again_has_changed() {
        let mut t = fixture::topology();
        let seen = t.generation;
        let mut touches = Touches::since(seen);
        apply(&mut t, &mut touches, NIC_VF2, Some(HOST_B));
        apply(&mut t, &mut touches, NIC_VF2, None);
        let made = plan(&t, &Intent::single(NIC_VF3, Some(HOST_B))).expect("allowed");
        let moved = touches.stale(&t, &made, seen);
        assert_eq!(moved.iter().map(|m| m.what.as_str()).collect::<Vec<_>>(), ["logical port 0 of db-02"]);
    }

    #[test]
    fn a_place_that_is_free_because_another_card_took_the_slot_has_changed() {
        let mut t = fixture::topology();
        let seen = t.generation;
        let mut touches = Touches::since(seen);
        let wanted = plan(&t, &Intent::single(NIC_VF2, Some(HOST_A))).expect("allowed");
        let holder = t.functions_of_host(HOST_A)[0].id;
        let (of, place) =
            (t.functions[&holder].adapter, t.functions[&holder].assigned.expect("assigned").place());
        let switch = &t.switches[&SWITCH];
        let picture = crate::SwitchPicture {
            model: switch.model.clone(),
            firmware: switch.firmware.clone(),
            hosts: t.hosts.values().cloned().collect(),
            adapters: t.adapters.values().filter(|a| a.id != of).cloned().collect(),
            functions: t.functions.values().filter(|f| f.adapter != of).cloned().collect(),
            returned: Vec::new(),
            left: Vec::new(),
        };
        let discovered = entry(Event::Discovered { switch: SWITCH, picture });
        touches.note(&t, &discovered);
        t.apply(&discovered);
        let moved = touches.find(&t, [holder].into_iter(), [place].into_iter(), seen);
        assert_eq!(moved.len(), 2, "the function and its logical port: {moved:?}");
        assert!(moved.iter().all(|m| m.by == Toucher::Discovery), "{moved:?}");
        assert!(!touches.stale(&t, &wanted, seen).is_empty(), "its function has left");
    }

    #[test]
    fn a_generation_that_never_was_is_stale() {
        let mut t = fixture::topology();
        t.generation = Generation::new(4);
        let made = plan(&t, &Intent::single(NIC_VF1, Some(HOST_B))).expect("allowed");
        let touches = Touches::since(t.generation);
        let moved = |seen| touches.stale(&t, &made, Generation::new(seen)).len();
        assert_eq!((moved(4), moved(5), moved(u64::MAX)), (0, 1, 1));
    }

    #[test]
    fn what_was_before_the_start_is_stale_because_nobody_can_tell() {
        let t = fixture::topology();
        let touches = Touches::since(t.generation);
        let made = plan(&t, &Intent::single(NIC_VF2, Some(HOST_B))).expect("allowed");
        let moved = touches.stale(&t, &made, Generation::new(0));
        assert!(moved.iter().all(|m| m.by == Toucher::Unknown) && !moved.is_empty(), "{moved:?}");
    }
}
