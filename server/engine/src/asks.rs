//! What the scribe is asked to write.

use crate::book::Ended;
use crate::error::SubmitError;
use crate::life::Settled;
use patchbay_domain::{
    Actor, ChangeId, Entry, Event, Generation, Intent, Observation, Reason, Subject, SwitchId,
};
use patchbay_store::{Keyed, Names, StoreError};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// How many asks may wait for the scribe. Everybody waits for their answer, so this is a limit on callers.
const ASKS_MAX: usize = 4_096;

/// A change that somebody asks for.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Who.
    pub actor: Actor,
    /// What.
    pub intent: Intent,
    /// Why.
    pub reason: Reason,
    /// The generation they looked at while deciding.
    pub seen: Generation,
    /// What makes the same request sent twice one change.
    pub key: Option<Keyed>,
}

/// The answer to a submission.
#[derive(Debug)]
pub struct Accepted {
    /// The change.
    pub change: ChangeId,
    /// What comes of it; none for a change that was accepted earlier under the same idempotency key.
    pub now: Option<Opened>,
}

/// A change that was opened now.
#[derive(Debug)]
pub struct Opened {
    /// The entry that says so.
    pub entry: Arc<Entry>,
    /// Tells how it ends. It is there from the beginning: a change may have ended before anybody asks.
    pub end: oneshot::Receiver<Ended>,
}

/// Where it will be said what became of something to write; nothing when the scribe has ended.
pub(crate) type Answer = oneshot::Receiver<Result<(), StoreError>>;

/// One thing to write, and whom to answer when it is durable.
pub(crate) enum Ask {
    /// Plan a change and open it.
    Submit(Box<Submission>, oneshot::Sender<Result<Accepted, SubmitError>>),
    /// Close a change.
    Settle(Settled, oneshot::Sender<Result<(), StoreError>>),
    /// Compare what was read of a switch with the picture, and record what differs.
    Note(Box<Reading>, oneshot::Sender<Result<(), StoreError>>),
    /// Show that a switch does not answer.
    Lost(SwitchId, oneshot::Sender<Result<(), StoreError>>),
    /// Record troubles that are raised or cleared.
    Health(Vec<Event>, oneshot::Sender<Result<(), StoreError>>),
    /// Keep how often open troubles came so far.
    Count(Vec<(Subject, u32)>, oneshot::Sender<Result<(), StoreError>>),
    /// Say when everything that was asked before is written.
    Barrier(oneshot::Sender<()>),
    /// There is nothing more to write.
    End,
}

/// What was read of a switch.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) switch: SwitchId,
    pub(crate) seen: Observation,
    pub(crate) names: Names,
}

/// The way to the scribe; clones lead to the same one.
#[derive(Clone)]
pub(crate) struct Asks(mpsc::Sender<Ask>);

impl Asks {
    pub(crate) fn channel() -> (Self, mpsc::Receiver<Ask>) {
        let (sender, receiver) = mpsc::channel(ASKS_MAX);
        (Self(sender), receiver)
    }

    pub(crate) async fn submit(&self, submission: Submission) -> Result<Accepted, SubmitError> {
        let (answer, answered) = oneshot::channel();
        let asked = self.0.send(Ask::Submit(Box::new(submission), answer)).await;
        asked.map_err(|_| SubmitError::Stopping)?;
        answered.await.unwrap_or(Err(SubmitError::Stopping))
    }

    /// Asks to close a change; what is asked after this returns is worked out with the change closed. None when the
    /// scribe has ended.
    pub(crate) async fn settle(&self, settled: Settled) -> Option<Answer> {
        self.send(|answer| Ask::Settle(settled, answer)).await
    }

    /// None when the scribe has ended.
    pub(crate) async fn note(&self, reading: Reading) -> Option<Result<(), StoreError>> {
        self.ask(|answer| Ask::Note(Box::new(reading), answer)).await
    }

    /// None when the scribe has ended.
    pub(crate) async fn lost(&self, switch: SwitchId) -> Option<Result<(), StoreError>> {
        self.ask(|answer| Ask::Lost(switch, answer)).await
    }

    /// None when the scribe has ended.
    pub(crate) async fn health(&self, events: Vec<Event>) -> Option<Result<(), StoreError>> {
        self.ask(|answer| Ask::Health(events, answer)).await
    }

    /// None when the scribe has ended.
    pub(crate) async fn count(&self, counts: Vec<(Subject, u32)>) -> Option<Result<(), StoreError>> {
        self.ask(|answer| Ask::Count(counts, answer)).await
    }

    /// Waits until everything that was asked before is written.
    pub(crate) async fn barrier(&self) {
        let (answer, answered) = oneshot::channel();
        if self.0.send(Ask::Barrier(answer)).await.is_ok() {
            let _ = answered.await;
        }
    }

    /// Lets the scribe end after what was asked before.
    pub(crate) async fn end(&self) {
        let _ = self.0.send(Ask::End).await;
    }

    async fn ask(
        &self,
        ask: impl FnOnce(oneshot::Sender<Result<(), StoreError>>) -> Ask,
    ) -> Option<Result<(), StoreError>> {
        self.send(ask).await?.await.ok()
    }

    /// Asks, and gives where the answer will be.
    async fn send(&self, ask: impl FnOnce(oneshot::Sender<Result<(), StoreError>>) -> Ask) -> Option<Answer> {
        let (answer, answered) = oneshot::channel();
        self.0.send(ask(answer)).await.ok()?;
        Some(answered)
    }
}
