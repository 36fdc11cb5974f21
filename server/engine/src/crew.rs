//! The crew: what every task of the engine has at hand, and the changes that wait for their turn.

use crate::asks::Asks;
use crate::book::Book;
use crate::execute::carry_out;
use crate::health::Chart;
use crate::lanes::Lanes;
use crate::life::Waiting;
use crate::options::EngineOptions;
use patchbay_domain::{Actor, ChangeId, SwitchId};
use patchbay_driver::{DriverError, SwitchDriver};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use thiserror::Error;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// One switch and what talks to it.
pub(crate) struct Bench {
    pub(crate) name: String,
    pub(crate) driver: Arc<dyn SwitchDriver>,
    /// Asks for a reading soon.
    pub(crate) look: Notify,
    /// What its readings say about its health.
    pub(crate) chart: Chart,
}

/// A wish to cancel a change: who, and whom to tell when it is recorded.
pub(crate) struct Cancellation {
    pub(crate) by: Actor,
    pub(crate) recorded: oneshot::Sender<()>,
}

/// Everything at hand; clones share it.
#[derive(Clone)]
pub(crate) struct Crew(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) book: Book,
    pub(crate) asks: Asks,
    pub(crate) lanes: Lanes,
    pub(crate) benches: BTreeMap<SwitchId, Bench>,
    pub(crate) options: EngineOptions,
    /// Wakes in the order of asking, so that a simulation is the same every time.
    pub(crate) stopping: CancellationToken,
    pub(crate) tasks: TaskTracker,
    /// Changes that wait, with how to cancel them. Whoever takes an entry out decides: it begins, or it is cancelled.
    waiting: Mutex<BTreeMap<ChangeId, oneshot::Sender<Cancellation>>>,
}

impl std::ops::Deref for Crew {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// What becomes of a change that waited.
pub(crate) enum Called {
    /// It is its turn.
    Turn(crate::lanes::Turn),
    /// A person cancelled it.
    Cancelled(Cancellation),
    /// The engine stops.
    Stop,
}

/// A driver took longer than it may.
#[derive(Debug, Error)]
#[error("no answer within {0} s")]
struct TooLong(u64);

impl Crew {
    pub(crate) fn new(
        book: Book,
        asks: Asks,
        benches: BTreeMap<SwitchId, Bench>,
        options: EngineOptions,
        stopping: CancellationToken,
    ) -> Self {
        let (lanes, tasks, waiting) = (Lanes::default(), TaskTracker::new(), Mutex::default());
        Self(Arc::new(Inner { book, asks, lanes, benches, options, stopping, tasks, waiting }))
    }

    /// Puts an accepted change into the queue, and carries it out when its turn has come.
    pub(crate) fn launch(&self, change: Waiting, person: &str) {
        let queued = self.lanes.queue(person, &change.plan().switches);
        let (sender, mut cancelled) = oneshot::channel();
        self.waiting().insert(change.change(), sender);
        let crew = self.clone();
        self.tasks.spawn(async move {
            let called = tokio::select! {
                biased;
                () = crew.stopping.cancelled() => Called::Stop,
                Ok(cancellation) = &mut cancelled => Called::Cancelled(cancellation),
                turn = queued.turn() => Called::Turn(turn),
            };
            let called = match (called, crew.begins(change.change())) {
                // Whoever took the entry out is about to say so.
                (Called::Turn(_) | Called::Stop, false) => match cancelled.await {
                    Ok(cancellation) => Called::Cancelled(cancellation),
                    Err(_) => Called::Stop,
                },
                (called, _) => called,
            };
            carry_out(&crew, change, called).await;
        });
    }

    /// Takes a change out of those that wait. False when somebody has cancelled it meanwhile.
    fn begins(&self, change: ChangeId) -> bool {
        self.waiting().remove(&change).is_some()
    }

    /// Cancels a change that waits. None when it does not wait, or no longer.
    pub(crate) fn cancel(&self, change: ChangeId, by: Actor) -> Option<oneshot::Receiver<()>> {
        let sender = self.waiting().remove(&change)?;
        let (recorded, end) = oneshot::channel();
        sender.send(Cancellation { by, recorded }).ok()?;
        Some(end)
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<ChangeId, oneshot::Sender<Cancellation>>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it is time to try again. True when the engine stops first.
    pub(crate) async fn stops_before_retry(&self) -> bool {
        tokio::select! {
            biased;
            () = self.stopping.cancelled() => true,
            () = tokio::time::sleep(self.options.retry_every) => false,
        }
    }

    /// Calls a driver, and gives it up after [`EngineOptions::call_limit`]. Nobody knows then whether it took effect.
    pub(crate) async fn limited<T>(
        &self,
        switch: SwitchId,
        operation: &str,
        call: impl Future<Output = Result<T, DriverError>>,
    ) -> Result<T, DriverError> {
        let limit = self.options.call_limit;
        tokio::time::timeout(limit, call).await.unwrap_or_else(|_| {
            let address = self.benches.get(&switch).map(|bench| bench.name.clone()).unwrap_or_default();
            let source = Box::new(TooLong(limit.as_secs()));
            Err(DriverError::Interrupted { address, operation: operation.to_owned(), source })
        })
    }
}
