//! The data-path engine: the only code that makes a driver apply a step.
//!
//! One task per switch owns its driver. It recovers what a crash left open, reads the switch, carries accepted changes
//! out one after another, undoes what fails, and records what it finds. Everything that is written goes through the
//! [`Book`], so the ledger, the picture and the live stream always agree.
//!
//! The life of a change:
//!
//! ```text
//!            accept (durable)          every step applied        read back as promised
//!  request ------------------> open --------------------> done -----------------------> Applied
//!     |                          |                         |
//!     | stale, refused,          | a step fails            | it shows something else
//!     v queue full               v                         v
//!   answer                     undo from the failed step backwards
//!                                |                         |
//!                                | all as before           | neither before nor after, or away for too long
//!                                v                         v
//!                            RolledBack                  Stuck
//! ```

mod accept;
mod book;
mod clock;
mod error;
mod execute;
mod observe;
mod options;
mod recover;
mod worker;

pub use book::{Happening, Happenings, Snapshot};
pub use clock::Clock;
pub use error::{EngineError, SubmitError};
pub use options::{EngineOptions, SwitchConfig};

use crate::book::Book;
use crate::worker::Worker;
use patchbay_domain::{Actor, ChangeId, SwitchId};
use patchbay_store::Store;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// A handle on the running engine; clones share it.
#[derive(Clone)]
pub struct Engine {
    book: Book,
    queues: Arc<BTreeMap<SwitchId, mpsc::Sender<ChangeId>>>,
    stop: Arc<watch::Sender<bool>>,
}

/// The tasks of a started engine. Await [`EngineTasks::finished`] to end them.
pub struct EngineTasks(JoinSet<()>);

impl EngineTasks {
    /// Waits until every switch's task has ended, which happens after [`Engine::stop`].
    pub async fn finished(mut self) {
        while self.0.join_next().await.is_some() {}
    }
}

impl Engine {
    /// Loads what is known, adds the configured switches and starts a task for each. Returns as soon as the picture
    /// can be asked for; the switches are read in the background.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be read or written, or two switches have the same key.
    pub async fn start(
        store: Store,
        switches: Vec<SwitchConfig>,
        options: EngineOptions,
        clock: Clock,
    ) -> Result<(Self, EngineTasks), EngineError> {
        let ids = add_switches(&store, &switches, clock).await?;
        let book = Book::load(store, &ids, clock).await?;
        let (stop, stopping) = watch::channel(false);
        let mut queues = BTreeMap::new();
        let mut tasks = JoinSet::new();
        for (id, config) in ids.into_iter().zip(switches) {
            let (queue, waiting) = mpsc::channel(options.queue_max);
            queues.insert(id, queue);
            let worker = Worker::new(id, config, book.clone(), options, stopping.clone());
            tasks.spawn(worker.run(waiting));
        }
        let engine = Self { book, queues: Arc::new(queues), stop: Arc::new(stop) };
        Ok((engine, EngineTasks(tasks)))
    }

    /// The picture as it is now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.book.snapshot()
    }

    /// The picture as it is now, and everything that happens after it, without a gap between the two.
    pub fn watch(&self) -> (Arc<Snapshot>, Happenings) {
        self.book.watch()
    }

    /// Stops accepting changes. A change that is being carried out is finished or undone first; changes that wait are
    /// closed as rolled back.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Whether [`Engine::stop`] was called.
    pub fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }
}

async fn add_switches(
    store: &Store,
    switches: &[SwitchConfig],
    clock: Clock,
) -> Result<Vec<SwitchId>, EngineError> {
    let mut ids = Vec::with_capacity(switches.len());
    for config in switches {
        let added = store.add_switch(clock.now(), &Actor::Engine, &config.key, &config.name, &config.address);
        let (id, _) = added.await?;
        if ids.contains(&id) {
            return Err(EngineError::SameSwitch { key: config.key.clone() });
        }
        ids.push(id);
    }
    Ok(ids)
}
