//! Somebody who listens, as a browser does: a picture once, and then only what happens.

use crate::turns::Turns;
use crate::world::World;
use patchbay_domain::{ChangeId, Event, Seq, SwitchId, Topology, Vitals};
use patchbay_engine::{Engine, Happening, Happenings, Snapshot};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::broadcast::error::TryRecvError;

/// A listener with what it has made of the stream so far.
pub struct Listener {
    topology: Topology,
    seq: Seq,
    vitals: BTreeMap<SwitchId, Arc<Vitals>>,
    begun: BTreeSet<ChangeId>,
    trouble: Option<String>,
    happenings: Happenings,
    turns: Turns,
    /// It was too slow, and has to ask for a new picture.
    behind: bool,
}

impl Listener {
    /// Begins to listen.
    pub fn new(engine: &Engine, world: &World) -> Self {
        let (shown, happenings) = engine.watch();
        let Snapshot { topology, seq, vitals, begun, trouble } = Snapshot::clone(&shown);
        let (turns, behind) = (Turns::new(world.with(|state| state.habits.company_max)), false);
        Self { topology, seq, vitals, begun, trouble, happenings, turns, behind }
    }

    /// Folds everything that has happened; says what must not be.
    pub fn catch_up(&mut self) -> Vec<String> {
        let mut wrong = Vec::new();
        loop {
            match self.happenings.try_recv() {
                Ok(happening) => wrong.extend(self.fold(happening)),
                Err(TryRecvError::Lagged(_)) => self.behind = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => return wrong,
            }
        }
    }

    fn fold(&mut self, happening: Happening) -> Vec<String> {
        match happening {
            Happening::Entry(entry) => {
                let wrong = (entry.seq != self.seq.next() && !self.behind)
                    .then(|| format!("entry {} is told after entry {}", entry.seq, self.seq));
                if let Event::ChangeClosed { change, .. } = &entry.event {
                    self.begun.remove(change);
                }
                self.turns.take(&entry);
                self.topology.apply(&entry);
                self.seq = entry.seq;
                return wrong.into_iter().collect();
            }
            Happening::Begun(change) => {
                self.begun.insert(change);
                return if self.behind { Vec::new() } else { self.turns.begun(change) };
            }
            Happening::Switch(switch, state) => drop(self.topology.set_switch_state(switch, state)),
            Happening::Links(switch, links) => drop(self.topology.set_links(switch, &links)),
            Happening::Counted(subject, times) => drop(self.topology.count_trouble(subject, times)),
            Happening::Vitals(switch, Some(vitals)) => drop(self.vitals.insert(switch, vitals)),
            Happening::Vitals(switch, None) => drop(self.vitals.remove(&switch)),
            Happening::Trouble(trouble) => self.trouble = trouble,
            Happening::Step(_) => {}
        }
        Vec::new()
    }

    /// What differs from the picture that the engine shows now.
    pub fn compare(&mut self, shown: &Snapshot) -> Vec<String> {
        let mut wrong = self.catch_up();
        if self.behind {
            return wrong;
        }
        let same = [
            ("topology", self.topology == shown.topology),
            ("sequence number", self.seq == shown.seq),
            ("vitals", self.vitals == shown.vitals),
            ("begun changes", self.begun == shown.begun),
            ("trouble", self.trouble == shown.trouble),
        ];
        let differing = same.into_iter().filter(|(_, same)| !same);
        wrong.extend(differing.map(|(what, _)| format!("the {what} of a listener is not what is shown")));
        wrong
    }
}
