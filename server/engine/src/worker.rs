//! The task that owns one switch.
//!
//! ```text
//!  start --> read --> recover open changes --> loop { change from the queue | hint | timers | stop }
//!             ^  away: record it, wait, again
//! ```

use crate::book::Book;
use crate::execute::without_effect;
use crate::options::{EngineOptions, SwitchConfig};
use patchbay_domain::{ChangeId, Outcome, SwitchId, SwitchState};
use patchbay_driver::SwitchDriver;
use patchbay_store::{Closing, Names, StoreError};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tracing::{error, info};

/// How often a store that failed is tried again before the change is left to recovery at the next start.
const CLOSE_TRIES_MAX: u32 = 5;

/// One switch's task.
pub(crate) struct Worker {
    pub(crate) switch: SwitchId,
    pub(crate) name: String,
    pub(crate) names: Names,
    pub(crate) driver: Arc<dyn SwitchDriver>,
    pub(crate) book: Book,
    pub(crate) options: EngineOptions,
    pub(crate) stopping: watch::Receiver<bool>,
}

/// What the task does next.
enum Next {
    Change(ChangeId),
    Observe,
    Vitals,
    Stop,
}

/// When the switch is read next.
struct Due {
    observation: Instant,
    vitals: Instant,
    /// Not before this, whatever hints at it.
    vitals_soonest: Instant,
}

impl Worker {
    pub(crate) fn new(
        switch: SwitchId,
        config: SwitchConfig,
        book: Book,
        options: EngineOptions,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let SwitchConfig { name, names, driver, .. } = config;
        Self { switch, name, names, driver, book, options, stopping }
    }

    pub(crate) async fn run(mut self, mut queue: mpsc::Receiver<ChangeId>) {
        let mut hints = self.driver.hints();
        let mut recovered = false;
        let now = Instant::now();
        let mut due = Due { observation: now, vitals: now, vitals_soonest: now };
        loop {
            match self.next(&mut queue, &mut hints, &due).await {
                Next::Stop => break,
                Next::Observe => {
                    hints.mark_unchanged();
                    let read = self.observe(&mut recovered).await;
                    due.observation = Instant::now()
                        + if read { self.options.observe_every } else { self.options.retry_every };
                    due.vitals = due.vitals.min(due.vitals_soonest);
                }
                Next::Vitals => {
                    self.read_vitals().await;
                    due.vitals = Instant::now() + self.options.vitals_every;
                    due.vitals_soonest = Instant::now() + self.options.vitals_pause;
                }
                Next::Change(change) => {
                    self.execute(change).await;
                    due.observation = Instant::now();
                }
            }
        }
        self.turn_away(&mut queue).await;
        info!(switch = %self.name, "the switch's task has ended");
    }

    /// Stopping first, then changes, then readings: a change reads what it touches itself.
    async fn next(
        &mut self,
        queue: &mut mpsc::Receiver<ChangeId>,
        hints: &mut watch::Receiver<u64>,
        due: &Due,
    ) -> Next {
        tokio::select! {
            biased;
            _ = self.stopping.wait_for(|stop| *stop) => Next::Stop,
            change = queue.recv() => change.map_or(Next::Stop, Next::Change),
            Ok(()) = hints.changed() => Next::Observe,
            () = sleep_until(due.observation) => Next::Observe,
            () = sleep_until(due.vitals) => Next::Vitals,
        }
    }

    /// Closes what still waits when the engine stops: none of it has begun.
    async fn turn_away(&self, queue: &mut mpsc::Receiver<ChangeId>) {
        queue.close();
        while let Some(change) = queue.recv().await {
            let why = "Patchbay was stopped before this change began. Nothing was touched.";
            self.close(change, without_effect(Outcome::RolledBack, why.to_owned(), Vec::new())).await;
        }
    }

    /// Closes a change; a store that fails is tried again. If it goes on failing the change stays open, and recovery
    /// at the next start closes it from what the switch says.
    pub(crate) async fn close(&self, change: ChangeId, closing: Closing) {
        let outcome = closing.outcome;
        for _ in 0..CLOSE_TRIES_MAX {
            let pen = self.book.pen().await;
            match pen.close_change(change, closing.clone()).await {
                Ok(()) => {
                    info!(%change, switch = %self.name, outcome = outcome.words(), "change closed");
                    return;
                }
                Err(failure) => error!(%change, %failure, "the end of a change could not be recorded"),
            }
            drop(pen);
            tokio::time::sleep(self.options.retry_every).await;
        }
    }

    pub(crate) fn log_store(&self, failure: &StoreError) {
        error!(switch = %self.name, %failure, "what was read could not be recorded");
    }

    pub(crate) fn state(&self) -> Option<SwitchState> {
        self.book.snapshot().topology.switches.get(&self.switch).map(|s| s.state)
    }
}
