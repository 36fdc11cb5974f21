//! The desk of this server: the engine and the store behind one counter.

use async_trait::async_trait;
use chrono::Utc;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use patchbay_api::{ApiError, ChangeRequest, Desk, LiveEvent, LiveEvents, Notice, Picture};
use patchbay_domain::history::LEDGER_PAGE_MAX;
use patchbay_domain::{
    Actor, ChangeId, ChangeRecord, Event, HistoryPage, HistoryQuery, Intent, LedgerPage, Plan, Seq, Vitals,
};
use patchbay_engine::{Engine, Happening, Happenings, SubmitError};
use patchbay_store::{Store, StoreError};
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tracing::error;

/// How many history lines a picture carries for the board's corner.
const RECENT_LINES: u32 = 12;

/// The desk over one engine and its store.
#[derive(Clone)]
pub struct ServerDesk {
    engine: Engine,
    store: Store,
    notices: Vec<Notice>,
    /// True once the server stops: live streams end then, or they would keep it from ending.
    stopping: watch::Receiver<bool>,
}

impl ServerDesk {
    /// A desk that shows these notices, and ends its streams when `stopping` turns true.
    pub fn new(engine: Engine, store: Store, notices: Vec<Notice>, stopping: watch::Receiver<bool>) -> Self {
        Self { engine, store, notices, stopping }
    }

    async fn record(&self, id: ChangeId) -> Result<ChangeRecord, ApiError> {
        let found = self.store.change(id).await.map_err(|e| storage(&e))?;
        found.ok_or_else(|| ApiError::NotFound { what: format!("change {id}") })
    }
}

/// The cause goes to the log; what people see says only what it means for them.
fn storage(cause: &StoreError) -> ApiError {
    error!(%cause, source = ?std::error::Error::source(cause), "the store failed");
    ApiError::Storage
}

fn refused(error: SubmitError) -> ApiError {
    match error {
        SubmitError::Refused(refusal) => ApiError::Refused(refusal),
        SubmitError::Stale { seen, current } => ApiError::Stale { seen, current },
        SubmitError::QueueFull { switch_name, waiting } => {
            ApiError::QueueFull { switch_name, waiting: waiting as u64 }
        }
        SubmitError::Stopping => ApiError::Stopping,
        SubmitError::Store(cause) => storage(&cause),
    }
}

#[async_trait]
impl Desk for ServerDesk {
    async fn picture(&self) -> Result<Picture, ApiError> {
        let snapshot = self.engine.snapshot();
        let before = Some(snapshot.seq.next());
        let query = HistoryQuery { before, limit: Some(RECENT_LINES), ..HistoryQuery::default() };
        let recent = self.store.history(&query).await.map_err(|e| storage(&e))?.items;
        Ok(Picture {
            topology: snapshot.topology.clone(),
            seq: snapshot.seq,
            at: Utc::now(),
            recent,
            entries: snapshot.seq.get(),
            notices: self.notices.clone(),
            vitals: snapshot.vitals.iter().map(|(id, vitals)| (*id, Vitals::clone(vitals))).collect(),
        })
    }

    async fn plan(&self, intent: &Intent) -> Result<Plan, ApiError> {
        Ok(patchbay_domain::plan(&self.engine.snapshot().topology, intent)?)
    }

    async fn submit(&self, actor: Actor, request: ChangeRequest) -> Result<ChangeId, ApiError> {
        let ChangeRequest { intent, reason, seen } = request;
        self.engine.submit(&actor, &intent, &reason, seen).await.map_err(refused)
    }

    async fn change(&self, id: ChangeId) -> Result<ChangeRecord, ApiError> {
        self.record(id).await
    }

    async fn ended(&self, id: ChangeId) -> Result<ChangeRecord, ApiError> {
        let mut stopping = self.stopping.clone();
        let (_, mut happenings) = self.engine.watch();
        loop {
            let record = self.record(id).await?;
            if record.closed.is_some() {
                return Ok(record);
            }
            tokio::select! {
                () = closed(&mut happenings, id) => {}
                _ = stopping.wait_for(|stop| *stop) => return Err(ApiError::Stopping),
            }
        }
    }

    async fn history(&self, query: &HistoryQuery) -> Result<HistoryPage, ApiError> {
        self.store.history(query).await.map_err(|e| storage(&e))
    }

    async fn ledger(&self, after: Seq, limit: u32) -> Result<LedgerPage, ApiError> {
        self.store.ledger(after, limit.min(LEDGER_PAGE_MAX)).await.map_err(|e| storage(&e))
    }

    fn live(&self, after: Option<Seq>) -> LiveEvents {
        let (snapshot, happenings) = self.engine.watch();
        let backlog = backlog(self.store.clone(), after, snapshot.seq);
        let mut stopping = self.stopping.clone();
        let stop = async move {
            // An error means that the server is gone, which is stopping too.
            let _ = stopping.wait_for(|stop| *stop).await;
        };
        backlog.chain(from_now_on(happenings)).take_until(stop).boxed()
    }
}

/// Returns when the change has ended, or when a look is needed because happenings were missed.
async fn closed(happenings: &mut Happenings, id: ChangeId) {
    loop {
        match happenings.recv().await {
            Ok(Happening::Entry(entry)) => {
                if matches!(&entry.event, Event::ChangeClosed { change, .. } if *change == id) {
                    return;
                }
            }
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            // The engine is gone; whoever waits learns it from the stop signal.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// The entries a listener has missed. One that is further behind than a page, or ahead of this ledger, is told to ask
/// for a new picture.
fn backlog(store: Store, after: Option<Seq>, now: Seq) -> BoxStream<'static, LiveEvent> {
    let Some(after) = after.filter(|after| *after != now) else { return stream::empty().boxed() };
    let behind = now.get().checked_sub(after.get());
    if behind.is_none_or(|behind| behind > u64::from(LEDGER_PAGE_MAX)) {
        return stream::iter([LiveEvent::Reset]).boxed();
    }
    let read = async move {
        match store.ledger(after, LEDGER_PAGE_MAX).await {
            Ok(page) => page.entries.into_iter().take_while(|e| e.seq <= now).map(entry_event).collect(),
            Err(cause) => {
                storage(&cause);
                vec![LiveEvent::Reset]
            }
        }
    };
    stream::once(read).flat_map(stream::iter).boxed()
}

fn entry_event(entry: patchbay_domain::Entry) -> LiveEvent {
    LiveEvent::Entry(Box::new(entry))
}

fn from_now_on(happenings: Happenings) -> impl futures::Stream<Item = LiveEvent> + Send {
    stream::unfold(happenings, async |mut happenings| {
        let event = match happenings.recv().await {
            Ok(Happening::Entry(entry)) => entry_event((*entry).clone()),
            Ok(Happening::Step(progress)) => LiveEvent::Step(progress),
            Ok(Happening::Switch(switch, state)) => LiveEvent::Switch { switch, state },
            Ok(Happening::Vitals(switch, vitals)) => {
                LiveEvent::Vitals { switch, vitals: vitals.map(Arc::unwrap_or_clone) }
            }
            Err(RecvError::Lagged(_)) => LiveEvent::Reset,
            Err(RecvError::Closed) => return None,
        };
        Some((event, happenings))
    })
}
