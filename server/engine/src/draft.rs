//! The scribe's draft: the picture as it will be when what is being written is durable.
//!
//! A group is worked out on it, each writing on top of the ones before; when the group could not be written the draft is
//! taken from the book again.

use crate::asks::{Reading, Submission};
use crate::book::Snapshot;
use crate::error::SubmitError;
use crate::options::EngineOptions;
use chrono::{DateTime, Utc};
use patchbay_domain::reconcile::{Reconciliation, reconcile};
use patchbay_domain::{
    Actor, ChangeId, Entry, Event, Excerpt, Hash, Moved, Places, Plan, Seq, SwitchId, SwitchState, Topology,
    Touches, plan_with,
};
use patchbay_store::{Opening, Writing};
use std::sync::Arc;
use tracing::{info, warn};

/// The picture to come.
pub(crate) struct Draft {
    topology: Topology,
    places: Places,
    touches: Touches,
    seq: Seq,
    next_change: ChangeId,
}

/// What a reading comes to.
pub(crate) enum Noted {
    /// These are to be written; perhaps none.
    Writings(Vec<Writing>),
    /// The switch has to be discovered anew, which says everything.
    Discovery,
}

impl Draft {
    /// Begins with what was loaded, and with what the newest entries say of who changed what.
    pub(crate) fn new(topology: Topology, seq: Seq, next_change: ChangeId, newest: &[Entry]) -> Self {
        let (places, touches) = (Places::of(&topology), Touches::recalled(&topology, newest));
        Self { topology, places, touches, seq, next_change }
    }

    /// Begins again from what is durable.
    pub(crate) fn reset(&mut self, durable: &Snapshot, next_change: ChangeId) {
        self.topology = durable.topology.clone();
        self.places = Places::of(&self.topology);
        (self.seq, self.next_change) = (durable.seq, next_change);
    }

    /// Plans what somebody asks for, and what to write when it is allowed.
    pub(crate) fn open(
        &mut self,
        at: DateTime<Utc>,
        asked: &Submission,
        options: &EngineOptions,
    ) -> Result<Opening, SubmitError> {
        let Submission { actor, intent, reason, seen, key } = asked.clone();
        let plan = match plan_with(&self.topology, &self.places, &intent) {
            Ok(plan) => Arc::new(plan),
            Err(refusal) => return Err(self.refused(asked, refusal)),
        };
        let moved = self.touches.stale(&self.topology, &plan, seen);
        if !moved.is_empty() {
            return Err(self.stale(asked, moved));
        }
        self.check_queues(&plan, options)?;
        let change = self.next_change;
        let event = Event::ChangeOpened {
            change,
            intent: intent.clone(),
            plan: Arc::clone(&plan),
            reason: reason.clone(),
            seen,
        };
        self.fold(at, &actor, event);
        self.next_change = change.next();
        Ok(Opening { at, change, actor, intent, plan, reason, seen, key })
    }

    /// A rule may refuse only because something moved since the person looked: then that is what they are told.
    fn refused(&self, asked: &Submission, refusal: patchbay_domain::Refusal) -> SubmitError {
        let moved = self.touches.stale_intent(&self.topology, &asked.intent, asked.seen);
        if moved.is_empty() { refusal.into() } else { self.stale(asked, moved) }
    }

    /// Says what moved, with what they need in order to plan again.
    fn stale(&self, asked: &Submission, moved: Vec<Moved>) -> SubmitError {
        let now = Box::new(Excerpt::of(&self.topology, &self.places, self.seq, &asked.intent));
        SubmitError::Stale { seen: asked.seen, current: self.topology.generation, moved, now }
    }

    /// Checked before the change is recorded, so that an accepted change always has its place in the queue.
    fn check_queues(&self, plan: &Plan, options: &EngineOptions) -> Result<(), SubmitError> {
        for &switch in &plan.switches {
            let waiting = self.places.waiting_for(switch);
            if waiting >= options.queue_max {
                let switch_name = self.switch_name(switch);
                return Err(SubmitError::QueueFull { switch_name, waiting });
            }
        }
        Ok(())
    }

    fn switch_name(&self, switch: SwitchId) -> String {
        self.topology.switches.get(&switch).map(|s| s.name.clone()).unwrap_or_default()
    }

    /// What differs between a reading and the picture.
    pub(crate) fn note(&mut self, at: DateTime<Utc>, reading: &Reading) -> Noted {
        let switch = reading.switch;
        let Reconciliation { structure, links, mut differences } =
            reconcile(&self.topology, switch, &reading.seen);
        if structure {
            return Noted::Discovery;
        }
        match self.topology.switches.get(&switch).map(|s| s.state) {
            Some(SwitchState::Unreachable) => {
                info!(switch = %self.switch_name(switch), "the switch answers again");
            }
            Some(SwitchState::Connecting) => info!(switch = %self.switch_name(switch), "the switch was read"),
            Some(SwitchState::Ready) | None => {}
        }
        // Whoever asks next is refused over a cable that was pulled; everybody is shown it when all of this is written.
        self.topology.set_links(switch, &links);
        self.touches.attribute(&mut differences, at);
        if differences.is_empty() {
            return Noted::Writings(Vec::new());
        }
        let (count, left) =
            (differences.len(), differences.iter().filter(|one| one.left_by.is_some()).count());
        warn!(switch = %self.switch_name(switch), count, left, "functions are elsewhere than recorded");
        Noted::Writings(vec![self.event(at, Event::BindingsFound { switch, differences })])
    }

    /// Works out what the engine found, and how to write it.
    pub(crate) fn event(&mut self, at: DateTime<Utc>, event: Event) -> Writing {
        self.fold(at, &Actor::Engine, event.clone());
        Writing::Event { at, event }
    }

    /// Folds what is about to be written. Its hashes do not matter here.
    pub(crate) fn fold(&mut self, at: DateTime<Utc>, actor: &Actor, event: Event) {
        let seq = self.seq.next();
        self.follow(&Entry { seq, at, actor: actor.clone(), event, prev: Hash::ZERO, hash: Hash::ZERO });
    }

    /// Folds an entry.
    pub(crate) fn follow(&mut self, entry: &Entry) {
        self.touches.note(&self.topology, entry);
        let deltas = self.topology.apply(entry);
        self.places.follow(&self.topology, &deltas);
        self.seq = entry.seq;
    }

    /// Notes what a durable entry changes, whether it was worked out here or not. `before` is the picture without it.
    pub(crate) fn touched(&mut self, before: &Topology, entry: &Entry) {
        self.touches.note(before, entry);
    }

    /// A reading of a switch is durable, with all that it says.
    pub(crate) fn read(&mut self, switch: SwitchId) {
        self.topology.set_switch_state(switch, SwitchState::Ready);
        self.touches.read(&self.topology, switch);
    }

    pub(crate) fn set_switch_state(&mut self, switch: SwitchId, state: SwitchState) {
        self.topology.set_switch_state(switch, state);
    }
}
