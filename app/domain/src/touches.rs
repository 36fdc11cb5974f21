//! What changed since somebody looked.
//!
//! A person decides on what the board showed at some generation. Their intent is stale only when something that it
//! touches has changed since: one of its functions, or a logical port it fills. What happens elsewhere in the rack does
//! not concern them.

use crate::ids::{ChangeId, FunctionId, Generation, SwitchId};
use crate::intent::{Intent, Move};
use crate::ledger::{Difference, Entry, Event, Outcome, SwitchPicture};
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
    /// A change that could not be finished, and left it somewhere.
    Stuck {
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
            Self::Stuck { change } => {
                write!(f, "left elsewhere by change {change}, which could not be finished")
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
    /// Functions of changes that could not be finished, until their switch was read.
    unsettled: BTreeMap<FunctionId, ChangeId>,
}

impl Touches {
    /// Begins to keep them, with a topology of this generation.
    pub const fn since(generation: Generation) -> Self {
        Self {
            since: generation,
            functions: BTreeMap::new(),
            places: BTreeMap::new(),
            unsettled: BTreeMap::new(),
        }
    }

    /// As [`Touches::since`], with what the newest entries of the ledger, oldest first, say of before. Those up to the last
    /// discovery among them only say who opened what: what a discovery changed is not in its entry alone.
    pub fn recalled(generation: Generation, newest: &[Entry]) -> Self {
        let discovery = newest.iter().rposition(|entry| matches!(entry.event, Event::Discovered { .. }));
        let (earlier, later) = newest.split_at(discovery.map_or(0, |index| index + 1));
        let mut before = Topology::default();
        let opened = earlier.iter().filter(|entry| matches!(entry.event, Event::ChangeOpened { .. }));
        opened.for_each(|entry| drop(before.apply(entry)));
        let mut raised = Topology::default();
        later.iter().for_each(|entry| drop(raised.apply(entry)));
        before.generation = Generation::new(generation.get().saturating_sub(raised.generation.get()));
        let mut touches = Self::since(before.generation);
        for entry in later {
            touches.note(&before, entry);
            before.apply(entry);
        }
        // Whether their switches were read since is in no entry.
        touches.unsettled.clear();
        touches
    }

    /// Notes what an entry changes. `before` is the topology without the entry.
    pub fn note(&mut self, before: &Topology, entry: &Entry) {
        match &entry.event {
            Event::ChangeClosed { change, outcome: Outcome::Stuck, .. } => {
                let functions = before.open.get(change).into_iter().flat_map(|open| open.plan.functions());
                self.unsettled.extend(functions.map(|function| (function, *change)));
            }
            Event::ChangeClosed { change, moves, .. } if !moves.is_empty() => {
                let who = before.open.get(change).map(|open| open.actor.to_string());
                let who = who.unwrap_or_else(|| "somebody".to_owned());
                let touch = touch(before, Toucher::Change { change: *change, who });
                for one in moves {
                    self.touch(one.function, [one.from, one.to].map(|at| at.map(|a| a.place())), &touch);
                }
            }
            Event::BindingsFound { differences, .. } => {
                for one in differences {
                    let by = one.left_by.map_or(Toucher::Outside, |change| Toucher::Stuck { change });
                    let places = [one.recorded, one.found].map(|at| at.map(|a| a.place()));
                    self.touch(one.function, places, &touch(before, by));
                }
            }
            Event::Discovered { switch, picture } => self.discovered(before, *switch, picture),
            _ => {}
        }
    }

    fn discovered(&mut self, before: &Topology, switch: SwitchId, picture: &SwitchPicture) {
        let touch = touch(before, Toucher::Discovery);
        let old: BTreeMap<_, _> = before.functions_of_switch(switch).map(|f| (f.id, f.assigned)).collect();
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

    /// Says of what a reading of a switch found whether a change left it there that could not be finished. After that
    /// reading, whatever is found there is somebody else's.
    pub fn attribute(&mut self, topology: &Topology, switch: SwitchId, found: &mut [Difference]) {
        for one in found {
            one.left_by = self.unsettled.get(&one.function).copied();
        }
        self.unsettled.retain(|id, _| {
            topology.functions.get(id).is_some_and(|function| topology.switch_of(function) != Some(switch))
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

/// What is noted of everything that the next entry changes.
fn touch(before: &Topology, by: Toucher) -> Touch {
    Touch { generation: before.generation.next(), by: Arc::new(by) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HostId;
    use crate::fixture::{self, *};
    use crate::intent::Reason;
    use crate::ledger::{Actor, Door};
    use crate::plan::plan;

    /// Opens and closes a change by ana.
    fn apply(
        t: &mut Topology,
        touches: &mut Touches,
        function: FunctionId,
        to: Option<HostId>,
    ) -> [Entry; 2] {
        let intent = Intent::single(function, to);
        let made = plan(t, &intent).expect("allowed");
        let change = ChangeId::new(12);
        let (moves, seen) = (made.recorded_moves(), t.generation);
        let reason = Reason::new("a test").expect("a reason");
        let mut opened = entry(Event::ChangeOpened { change, intent, plan: made, reason, seen });
        opened.actor = Actor::Person { name: "ana".to_owned(), door: Door::Api, from: None };
        let (outcome, reports) = (Outcome::Applied, Vec::new());
        let closed = entry(Event::ChangeClosed { change, outcome, why: None, reports, moves });
        let entries = [opened, closed];
        for entry in &entries {
            touches.note(t, entry);
            t.apply(entry);
        }
        entries
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
    fn the_newest_entries_recall_who_changed_what() {
        let (mut t, mut entries) = (fixture::topology(), Vec::new());
        let start = t.generation;
        let live = &mut Touches::since(start);
        for (function, host) in [(NIC_VF2, HOST_B), (NIC_VF3, HOST_A)] {
            entries.extend(apply(&mut t, live, function, Some(host)));
        }
        let made = |function| plan(&t, &Intent::single(function, None)).expect("allowed");
        let recalled = Touches::recalled(t.generation, &entries);
        for seen in (start.get()..=t.generation.get()).map(Generation::new) {
            for function in [NIC_VF2, NIC_VF3] {
                let (told, known) =
                    (recalled.stale(&t, &made(function), seen), live.stale(&t, &made(function), seen));
                assert_eq!(told, known, "{function} as of {seen}");
            }
        }
        assert!(
            live.stale(&t, &made(NIC_VF2), start)[0].to_string().contains("changed by ana with change 12")
        );
        let half = Touches::recalled(t.generation, &entries[2..]);
        assert_eq!(
            half.stale(&t, &made(NIC_VF2), start)[0].by,
            Toucher::Unknown,
            "older than what is recalled"
        );
        assert_eq!(half.stale(&t, &made(NIC_VF2), start.next()), []);
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
