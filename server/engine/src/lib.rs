//! The data-path engine: the only code that makes a driver reprogram a switch.
//!
//! * [`Engine`] accepts and cancels changes, and shows the picture;
//! * `scribe`, `draft`, `asks`: one task that plans and writes for everybody, in groups, each one commit;
//! * `book`: the picture as everybody sees it, and who is told what;
//! * `life`: the states of a change as types, with the chart;
//! * `lanes`: whose turn it is on each switch; `crew`: what every task has at hand;
//! * `execute`, `back`, `recover`: carrying a change out, taking it back, closing what a crash left open; `foresight`: reading
//!   it while it is written; `meant`: never on another card than was meant;
//! * `recall`: what happened shortly before a start;
//! * `observe`: one task for each switch that reads it; `health`: one that has its troubles raised and cleared.
//!
//! A change costs two durable writes: when it is opened, before a switch is touched, and when it is closed.

mod asks;
mod back;
mod book;
mod clock;
mod crew;
mod draft;
mod error;
mod execute;
mod foresight;
mod health;
mod lanes;
mod life;
mod meant;
mod observe;
mod options;
mod recall;
mod recover;
mod scribe;

pub use asks::{Accepted, Opened, Submission};
pub use book::{Ended, Happening, Happenings, Snapshot};
pub use clock::Clock;
pub use error::{CancelError, EngineError, SubmitError};
pub use options::{EngineOptions, SwitchConfig};

use crate::asks::Asks;
use crate::book::Book;
use crate::crew::{Bench, Crew, Trust};
use crate::draft::Draft;
use crate::health::{Chart, Doctor};
use crate::life::Unfinished;
use crate::observe::Observer;
use crate::recall::recall;
use crate::recover::recover;
use crate::scribe::Scribe;
use patchbay_domain::{Actor, ChangeId, Intent, Plan, Refusal, SwitchId};
use patchbay_store::{Names, Records};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A handle on the running engine; clones share it.
#[derive(Clone)]
pub struct Engine {
    crew: Crew,
    /// An engine that nobody holds any more stops too.
    _stop: Arc<DropGuard>,
}

/// The tasks of a started engine. Await [`EngineTasks::finished`] to end them.
pub struct EngineTasks {
    crew: Crew,
    scribe: JoinHandle<()>,
}

impl EngineTasks {
    /// Waits until everything has ended, which happens after [`Engine::stop`].
    pub async fn finished(self) {
        self.crew.stopping.cancelled().await;
        // A group that was being written may still open changes, which then are turned away. None comes after it.
        self.crew.asks.barrier().await;
        self.crew.tasks.close();
        self.crew.tasks.wait().await;
        self.crew.asks.end().await;
        let _ = self.scribe.await;
    }
}

impl Engine {
    /// Loads what is known, adds the configured switches with the names of their hosts, and starts to look at them. Returns as soon as the picture can
    /// be asked for; switches are read, and open changes recovered, in the background.
    ///
    /// # Errors
    /// [`EngineError`] when the records cannot be read or written, or two switches have the same key.
    pub async fn start(
        records: Arc<dyn Records>,
        switches: Vec<SwitchConfig>,
        options: EngineOptions,
        clock: Clock,
    ) -> Result<(Self, EngineTasks), EngineError> {
        let ids = add_switches(records.as_ref(), &switches, clock).await?;
        let loaded = records.load().await?;
        let mut topology = loaded.topology;
        topology.keep_switches(&ids.iter().copied().collect::<BTreeSet<_>>());
        let unfinished: Vec<_> = topology.open.values().map(Unfinished::new).collect();
        let book = Book::new(topology.clone(), loaded.seq);
        let stopping = CancellationToken::new();
        let stop = Arc::new(stopping.clone().drop_guard());
        let (asks, asked) = Asks::channel();
        let (benches, names) = benches(ids, switches, |id| Chart::of(&topology, id, options.patience));
        let crew = Crew::new(book.clone(), asks, benches, options, stopping);
        let newest = recall(records.as_ref(), loaded.seq).await?;
        let draft = Draft::new(topology, loaded.seq, loaded.next_change, &newest);
        let scribe = Scribe { records, book, draft, clock, crew: crew.clone(), doubt: false };
        let scribe = tokio::spawn(scribe.run(asked));
        for change in unfinished {
            crew.tasks.spawn(recover(crew.clone(), change));
        }
        for (switch, names) in names {
            crew.tasks.spawn(Observer { crew: crew.clone(), switch, names }.run());
            crew.tasks.spawn(Doctor { crew: crew.clone(), clock, switch }.run());
        }
        let engine = Self { crew: crew.clone(), _stop: stop };
        Ok((engine, EngineTasks { crew, scribe }))
    }

    /// Accepts a change. It is durable when this returns, and is carried out when its turn comes. The same request sent
    /// again with the same idempotency key is answered with the same change.
    ///
    /// # Errors
    /// [`SubmitError`]: nothing was recorded then, and nothing will happen.
    pub async fn submit(&self, submission: Submission) -> Result<Accepted, SubmitError> {
        self.crew.asks.submit(submission).await
    }

    /// Cancels a change that waits for its turn: it ends as rolled back, which is recorded when this returns.
    ///
    /// # Errors
    /// [`CancelError::Begun`] once its first step was sent.
    pub async fn cancel(&self, change: ChangeId, by: Actor) -> Result<(), CancelError> {
        match self.crew.cancel(change, by).await {
            Some(true) => return Ok(()),
            Some(false) => return Err(CancelError::Unrecorded { change }),
            None => {}
        }
        let (begun, troubled) =
            self.crew.book.look(|now| (now.begun.contains(&change), now.trouble.is_some()));
        let Some(end) = self.end_of(change) else { return Err(CancelError::NotOpen { change }) };
        if begun {
            return Err(CancelError::Begun { change });
        }
        // Somebody else is cancelling it, or it is being turned away.
        if troubled {
            return Err(CancelError::Unrecorded { change });
        }
        Err(match timeout(self.crew.options.call_limit, end).await {
            Ok(_) => CancelError::NotOpen { change },
            Err(_) => CancelError::Unrecorded { change },
        })
    }

    /// Waits for the end of a change that is open now. None for one that is not open.
    pub fn end_of(&self, change: ChangeId) -> Option<oneshot::Receiver<Ended>> {
        self.crew.book.end_of(change)
    }

    /// Plans an intent on the picture as it is now, and changes nothing. Costs what the intent names, however large the
    /// rack is.
    ///
    /// # Errors
    /// The [`Refusal`] of the first rule it breaks.
    pub fn plan(&self, intent: &Intent) -> Result<Plan, Refusal> {
        self.crew.book.plan(intent)
    }

    /// The picture as it is now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.crew.book.snapshot()
    }

    /// The picture as it is now, and everything that happens after it, without a gap between the two.
    pub fn watch(&self) -> (Arc<Snapshot>, Happenings) {
        self.crew.book.watch()
    }

    /// Stops accepting changes. A change that is being carried out is finished or undone first; changes that wait are
    /// closed as rolled back.
    pub fn stop(&self) {
        self.crew.stopping.cancel();
    }

    /// Whether [`Engine::stop`] was called.
    pub fn is_stopping(&self) -> bool {
        self.crew.stopping.is_cancelled()
    }
}

async fn add_switches(
    records: &dyn Records,
    switches: &[SwitchConfig],
    clock: Clock,
) -> Result<Vec<SwitchId>, EngineError> {
    let mut ids = Vec::with_capacity(switches.len());
    for config in switches {
        let added =
            records.add_switch(clock.now(), &Actor::Engine, &config.key, &config.name, &config.address);
        let (id, _) = added.await?;
        records.name_hosts(id, &config.names).await?;
        if ids.contains(&id) {
            return Err(EngineError::SameSwitch { key: config.key.clone() });
        }
        ids.push(id);
    }
    Ok(ids)
}

fn benches(
    ids: Vec<SwitchId>,
    switches: Vec<SwitchConfig>,
    chart: impl Fn(SwitchId) -> Chart,
) -> (BTreeMap<SwitchId, Bench>, BTreeMap<SwitchId, Names>) {
    let (mut benches, mut names) = (BTreeMap::new(), BTreeMap::new());
    for (id, config) in ids.into_iter().zip(switches) {
        let (name, driver, look) = (config.name, config.driver, Notify::new());
        benches.insert(id, Bench { name, driver, look, chart: chart(id), trust: Trust::default() });
        names.insert(id, config.names);
    }
    (benches, names)
}
