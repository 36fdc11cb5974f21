//! A gate in front of and behind every command: how tests and labs make a switch fail at an exact moment.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::kind::CommandKind;

/// When a gate is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The command has arrived and nothing has been done.
    Before,
    /// The work is done (and saved, if the switch saves its state), the answer has not been sent.
    After,
}

/// A command at a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandEvent {
    /// Which kind of command.
    pub kind: CommandKind,
    /// When.
    pub phase: Phase,
    /// How many of its kind there have been since the start, this one included.
    pub nth: u64,
}

/// What a gate decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Proceed,
    /// Answer with this result code. Before the work: it is not done. After it: the switch lies.
    Refuse(u32),
    /// Close the connection without an answer.
    DropConnection,
    /// Never answer; the connection stays open until the client or the switch ends it.
    Hang,
}

impl Verdict {
    /// The first verdict that is not to go on.
    pub(crate) fn or(self, other: Self) -> Self {
        if self == Self::Proceed { other } else { self }
    }
}

/// A verdict that may take its time. Other connections' commands are executed meanwhile.
pub type Passing<'a> = Pin<Box<dyn Future<Output = Verdict> + Send + 'a>>;

/// Decides about every executed command, before and after its work.
pub trait Gate: Send + Sync + 'static {
    /// Called once per command and phase.
    fn pass(&self, event: CommandEvent) -> Passing<'_>;
}

/// Which command a [`ScriptedGate`] acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trigger {
    /// The kind; `None` counts binds and unbinds together.
    pub kind: Option<CommandKind>,
    /// Which one, counted from 1 since the gate was made.
    pub nth: u64,
    /// When.
    pub phase: Phase,
    /// What to do.
    pub verdict: Verdict,
}

/// A gate that acts on chosen commands and tells when it has.
#[derive(Debug)]
pub struct ScriptedGate {
    triggers: Vec<Trigger>,
    counts: Mutex<Vec<(CommandKind, u64)>>,
    changes: AtomicU64,
    reached: watch::Sender<usize>,
}

impl ScriptedGate {
    /// A gate that lets everything pass but the triggers' commands.
    pub fn new(triggers: Vec<Trigger>) -> Arc<Self> {
        let counts = Mutex::new(Vec::new());
        Arc::new(Self { triggers, counts, changes: AtomicU64::new(0), reached: watch::Sender::new(0) })
    }

    /// A gate that acts on the `nth` bind or unbind.
    pub fn on_change(nth: u64, phase: Phase, verdict: Verdict) -> Arc<Self> {
        Self::new(vec![Trigger { kind: None, nth, phase, verdict }])
    }

    /// Waits until that many triggers have acted. A verdict is counted before it takes effect.
    pub async fn reached(&self, count: usize) {
        // The sender lives as long as the gate, so waiting cannot fail.
        let _ = self.reached.subscribe().wait_for(|reached| *reached >= count).await;
    }

    /// How many binds and unbinds have arrived.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Counts a command when it arrives; the numbers of its kind and of all changes so far.
    fn count(&self, event: CommandEvent) -> (u64, u64) {
        let arrived = u64::from(event.phase == Phase::Before);
        let is_change = matches!(event.kind, CommandKind::Bind | CommandKind::Unbind);
        let changes = self.changes.fetch_add(arrived * u64::from(is_change), Ordering::AcqRel)
            + arrived * u64::from(is_change);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let at = counts.iter().position(|(kind, _)| *kind == event.kind).unwrap_or_else(|| {
            counts.push((event.kind, 0));
            counts.len() - 1
        });
        counts[at].1 += arrived;
        (counts[at].1, if is_change { changes } else { 0 })
    }

    fn verdict(&self, event: CommandEvent) -> Verdict {
        let (of_kind, of_changes) = self.count(event);
        let hit = self.triggers.iter().find(|trigger| {
            let counted = match trigger.kind {
                Some(kind) => kind == event.kind && trigger.nth == of_kind,
                None => trigger.nth == of_changes,
            };
            counted && trigger.phase == event.phase
        });
        let Some(trigger) = hit else { return Verdict::Proceed };
        self.reached.send_modify(|count| *count += 1);
        trigger.verdict
    }
}

impl Gate for ScriptedGate {
    fn pass(&self, event: CommandEvent) -> Passing<'_> {
        let verdict = self.verdict(event);
        Box::pin(std::future::ready(verdict))
    }
}
