//! The crew: what every task of the engine has at hand, and the changes that wait for their turn.

use crate::asks::Asks;
use crate::book::Book;
use crate::execute::{carry_out, settle};
use crate::foresight::Foresight;
use crate::health::Chart;
use crate::lanes::Lanes;
use crate::life::Waiting;
use crate::options::EngineOptions;
use patchbay_domain::{Actor, ChangeId, Plan, SwitchId};
use patchbay_driver::{DriverError, SwitchDriver};
use patchbay_store::StoreError;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;
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
    pub(crate) trust: Trust,
}

/// How far what was last read of a switch can be relied on.
#[derive(Default)]
pub(crate) struct Trust {
    /// It was away since it was read, or what was read could not be recorded: other cards may be in its slots.
    doubt: AtomicBool,
    /// How many calls in a row found it away.
    away: AtomicU32,
}

impl Trust {
    /// What was read is recorded now, or could not be.
    pub(crate) fn recorded(&self, done: bool) {
        self.doubt.store(!done, Relaxed);
    }

    /// A call has ended. True when it is the second in a row that found the switch away: one alone may be a connection
    /// that broke.
    fn called(&self, found_away: bool) -> bool {
        if found_away {
            self.doubt.store(true, Relaxed);
            return self.away.fetch_add(1, Relaxed) == 1;
        }
        self.away.store(0, Relaxed);
        false
    }
}

/// A change that waits for its turn.
struct Kept {
    change: Waiting,
    /// Dropped with this, which tells the change's task that it was taken out.
    _taken: oneshot::Sender<()>,
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
    /// Where the engine runs, for what is begun by a caller who may run elsewhere.
    runtime: Handle,
    /// Changes that wait. Whoever takes one out decides what becomes of it: it begins, is cancelled or turned away.
    waiting: Mutex<BTreeMap<ChangeId, Kept>>,
    /// What is read of changes that are being written.
    pub(crate) foresight: Foresight,
}

impl std::ops::Deref for Crew {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
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
        let (foresight, runtime) = (Foresight::default(), Handle::current());
        let inner =
            Inner { book, asks, lanes, benches, options, stopping, tasks, runtime, waiting, foresight };
        Self(Arc::new(inner))
    }

    /// Puts an accepted change into the queue, and carries it out when its turn has come.
    pub(crate) fn launch(&self, change: Waiting, person: &str) {
        let (id, plan) = (change.change(), change.plan());
        let (sender, taken) = oneshot::channel();
        self.waiting().insert(id, Kept { change, _taken: sender });
        let (queued, foreseen) = match self.foresight.take(id) {
            Some((queued, foreseen)) => (queued, Some(foreseen)),
            None => (self.lanes.queue_change(id, person, &plan.switches), None),
        };
        let crew = self.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = crew.stopping.cancelled() => {
                    if let Some(change) = crew.take(id) {
                        settle(&crew, change.turned_away()).await;
                    }
                }
                // Cancelled, or carried out in company.
                _ = taken => {}
                turn = queued.turn() => carry_out(&crew, id, turn, foreseen).await,
            }
        });
    }

    /// Takes a change out that waits; none when somebody else was first.
    pub(crate) fn take(&self, change: ChangeId) -> Option<Waiting> {
        self.waiting().remove(&change).map(|kept| kept.change)
    }

    /// The plan of a change that waits.
    pub(crate) fn plan_of(&self, change: ChangeId) -> Option<Arc<Plan>> {
        self.waiting().get(&change).map(|kept| kept.change.plan())
    }

    /// Cancels a change if it waits, and gives whether that could be recorded within [`EngineOptions::call_limit`]; it will
    /// be, as soon as it can.
    pub(crate) async fn cancel(&self, change: ChangeId, by: Actor) -> Option<bool> {
        let cancelled = self.take(change)?.cancelled(by);
        let crew = self.clone();
        // A task of its own: it must come to its end even if the person who asked for it has gone.
        let settle = async move { settle(&crew, cancelled).await };
        let settled = self.tasks.spawn_on(settle, &self.runtime);
        Some(timeout(self.options.call_limit, settled).await.is_ok_and(|settled| settled.unwrap_or(false)))
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<ChangeId, Kept>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
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
        let result = timeout(limit, call).await.unwrap_or_else(|_| {
            let address = self.benches.get(&switch).map(|bench| bench.name.clone()).unwrap_or_default();
            let source = Box::new(TooLong(limit.as_secs()));
            Err(DriverError::Interrupted { address, operation: operation.to_owned(), source })
        });
        let away = result.as_ref().err().filter(|error| error.is_away());
        if self.benches.get(&switch).is_some_and(|bench| bench.trust.called(away.is_some()))
            && let Some(error) = away
        {
            // Who has a turn on it keeps its reader from finding out.
            let (crew, why) = (self.clone(), error.to_string());
            self.tasks.spawn(async move {
                crew.show_away(switch, why).await;
                crew.look_at(switch);
            });
        }
        result
    }

    /// Shows that a switch does not answer, and why. None when the scribe has ended.
    pub(crate) async fn show_away(&self, switch: SwitchId, why: String) -> Option<Result<(), StoreError>> {
        self.book.set_vitals(switch, None);
        let shown = self.asks.lost(switch).await;
        if let (Some(Ok(())), Some(bench)) = (&shown, self.benches.get(&switch)) {
            self.book.look(|now| bench.chart.read(&now.topology, Some(why)));
        }
        shown
    }

    /// Whether other cards may be in the slots of a switch than the picture has.
    pub(crate) fn is_in_doubt(&self, switch: SwitchId) -> bool {
        self.benches.get(&switch).is_some_and(|bench| bench.trust.doubt.load(Relaxed))
    }
}
