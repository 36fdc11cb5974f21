//! What must hold when a change has ended, however it ended. Nothing here asks the engine what it thinks.

use crate::rig::{Held, Rig};
use chrono::SecondsFormat;
use patchbay_domain::chain::EntryText;
use patchbay_domain::*;
use patchbay_store::Store;

/// The ledger as read so far, with its fold.
#[derive(Default)]
pub struct Ledger {
    entries: Vec<Entry>,
    topology: Topology,
}

impl Ledger {
    /// The last entry.
    pub fn seq(&self) -> Seq {
        self.entries.last().map_or(Seq::new(0), |entry| entry.seq)
    }

    pub fn entries_after(&self, seq: Seq) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.seq > seq)
    }

    /// Reads what was written since, and whether each entry follows from the one before.
    pub async fn goes_on(&mut self, store: &Store) -> Result<(), String> {
        let page = store.ledger(self.seq(), u32::MAX).await.map_err(|error| error.to_string())?;
        for entry in page.entries {
            let prev = self.entries.last().map_or(Hash::ZERO, |last| last.hash);
            if entry.seq != self.seq().next() || entry.prev != prev || entry.hash != hash(&entry) {
                return Err(format!("entry {} does not follow from entry {}", entry.seq, self.seq()));
            }
            self.topology.apply(&entry);
            self.entries.push(entry);
        }
        Ok(())
    }

    /// What happened, without what differs from run to run.
    pub fn in_short(&self) -> impl Iterator<Item = String> {
        self.entries.iter().map(|entry| format!("{} {}", entry.seq, entry.event.kind()))
    }
}

/// The hash that an entry must have.
fn hash(entry: &Entry) -> Hash {
    let at = entry.at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let actor = serde_json::to_string(&entry.actor).expect("an actor is JSON");
    let event = serde_json::to_string(&entry.event).expect("an event is JSON");
    EntryText { seq: entry.seq, at: &at, actor: &actor, event: &event }.hash(&entry.prev)
}

/// What the switches hold after every step of a plan, from what they hold before: a step fits, or there is no answer.
pub fn after_steps(before: &Held, plan: &Plan) -> Result<Held, String> {
    let mut held = before.clone();
    for step in &plan.steps {
        let switch = index(step.switch);
        let at = (switch, step.port.0, step.place.logical_port.0);
        let functions = |of: &[BoundFunction]| of.iter().map(|b| b.pdfid.get()).collect::<Vec<_>>();
        if held.remove(&at).unwrap_or_default() != functions(&step.before) {
            return Err(format!("{step} does not fit"));
        }
        if !step.after.is_empty() {
            held.insert(at, functions(&step.after));
        }
    }
    Ok(held)
}

/// The index of a switch among those of the rack.
fn index(switch: SwitchId) -> usize {
    usize::try_from(switch.get()).expect("small") - 1
}

/// What a picture says that the switches hold.
fn shown(topology: &Topology) -> Held {
    let mut held = Held::new();
    let mut assigned: Vec<_> =
        topology.functions.values().filter_map(|f| Some((f.assigned?, f.pdfid.get()))).collect();
    assigned.sort_unstable();
    for (at, pdfid) in assigned {
        let host = &topology.hosts[&at.host];
        held.entry((index(host.switch), host.port.0, at.logical_port.0)).or_default().push(pdfid);
    }
    held
}

/// Picture, ledger, database and switches say the same, and nothing is on its way.
pub async fn at_rest(rig: &Rig, ledger: &Ledger, held: &Held) -> Result<(), String> {
    let now = rig.engine.snapshot();
    let loaded = rig.store.load().await.map_err(|error| error.to_string())?;
    let pictures = [("board", &now.topology), ("ledger", &ledger.topology), ("database", &loaded.topology)];
    for (whose, topology) in pictures {
        let says = shown(topology);
        if says != *held {
            return Err(format!("the {whose} says {says:?}, the switches hold {held:?}"));
        }
        if !topology.open.is_empty() || !topology.drift.is_empty() {
            return Err(format!("the {whose} has {:?} open and {:?} drifted", topology.open, topology.drift));
        }
    }
    if now.topology != ledger.topology || now.seq != ledger.seq() {
        return Err("the board is not the fold of the ledger".to_owned());
    }
    if !now.begun.is_empty() || now.trouble.is_some() {
        return Err(format!("{:?} are shown as begun, trouble: {:?}", now.begun, now.trouble));
    }
    Ok(())
}
