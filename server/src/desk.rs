//! The desk of this server: the engine and the store behind one counter.

use async_trait::async_trait;
use chrono::Utc;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use patchbay_api::{
    ApiError, CarriedOut, ChangeRequest, Desk, LiveEvent, LiveEvents, Notice, Picture, Proposal, WayBack,
};
use patchbay_domain::history::LEDGER_PAGE_MAX;
use patchbay_domain::{
    Actor, ChangeId, ChangeRecord, Hash, HistoryPage, HistoryQuery, IdempotencyKey, Intent, LedgerPage,
    Origin, Outcome, Places, Plan, Seq, Vitals,
};
use patchbay_engine::{
    Accepted, CancelError, Ended, Engine, Happening, Happenings, Opened, Snapshot, Submission, SubmitError,
};
use patchbay_store::{Keyed, Store, StoreError};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::timeout;
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

    async fn accept(
        &self,
        actor: Actor,
        request: ChangeRequest,
        key: Option<IdempotencyKey>,
    ) -> Result<Accepted, ApiError> {
        let key = key
            .map(|key| Ok::<_, ApiError>(Keyed { key, asked: fingerprint(&actor, &request)? }))
            .transpose()?;
        let ChangeRequest { intent, reason, seen } = request;
        self.check_origin(&intent).await?;
        self.engine.submit(Submission { actor, intent, reason, seen, key }).await.map_err(refused)
    }

    /// The history says what a change was made from, so that must be there.
    async fn check_origin(&self, intent: &Intent) -> Result<(), ApiError> {
        let of = match intent.origin {
            None | Some(Origin::Revert) => return Ok(()),
            Some(Origin::Undo(id) | Origin::Retry(id) | Origin::Accept(id)) => id,
            Some(Origin::Restore(seq)) => {
                let there = (1..=self.engine.snapshot().seq.get()).contains(&seq.get());
                return if there { Ok(()) } else { Err(ApiError::NotFound { what: format!("entry {seq}") }) };
            }
        };
        let record = self.record(of).await?;
        let outcome = record.closed.as_ref().map(|closed| closed.outcome);
        if let Some(why) = nothing_of(intent.origin, outcome) {
            return Err(ApiError::BadRequest { why: format!("Change {of} {why}") });
        }
        let its: BTreeSet<_> = record.plan.functions().collect();
        if intent.functions().any(|function| its.contains(&function)) {
            return Ok(());
        }
        let why =
            format!("This touches nothing of change {of}, so it is not made from it. Leave `origin` out.");
        Err(ApiError::BadRequest { why })
    }

    /// Waits for the end of a change that was accepted, and gives it without one when that takes too long. What was opened
    /// and closed in this run need not be read from the database.
    async fn ended(&self, accepted: Accepted, patience: Duration) -> Result<CarriedOut, ApiError> {
        let change = accepted.change;
        let (opened, end) = match accepted.now {
            Some(Opened { entry, end }) => (Some(entry), Some(end)),
            None => (None, self.engine.end_of(change)),
        };
        let Some(end) = end else { return Ok(self.record(change).await?.into()) };
        let mut stopping = self.stopping.clone();
        let closed = tokio::select! {
            biased;
            closed = timeout(patience, end) => closed,
            _ = stopping.wait_for(|stop| *stop) => return Err(ApiError::Stopping),
        };
        let Ok(Ok(Ended { entry, generation })) = closed else {
            return Ok(self.record(change).await?.into());
        };
        let record = match opened.and_then(|opened| ChangeRecord::of(&opened, Some(&entry))) {
            Some(record) => record,
            None => self.record(change).await?,
        };
        Ok(CarriedOut { record, generation: Some(generation) })
    }

    /// What would restore the moment of an entry, and what it leaves out.
    async fn restore(&self, seq: Seq) -> Result<(Intent, Vec<String>), ApiError> {
        let wishes = self.store.wishes(seq).await.map_err(|e| storage(&e))?;
        let wishes = wishes.ok_or_else(|| ApiError::NotFound { what: format!("entry {seq}") })?;
        Ok(self.engine.snapshot().topology.restore(seq, &wishes))
    }

    /// What would undo, finish or accept a change; or why there is nothing of it to do that with.
    async fn back_from(&self, way: WayBack, id: ChangeId) -> Result<(Intent, Vec<String>), ApiError> {
        let record = self.record(id).await?;
        let outcome = record.closed.map(|closed| closed.outcome);
        let origin = match way {
            WayBack::Undo(id) => Some(Origin::Undo(id)),
            WayBack::Retry(id) => Some(Origin::Retry(id)),
            WayBack::Accept(id) => Some(Origin::Accept(id)),
            WayBack::Restore(_) | WayBack::RestoreGeneration(_) => None,
        };
        if let Some(why) = nothing_of(origin, outcome) {
            return Ok((Intent::moving(Vec::new()), vec![format!("Change {id} {why}")]));
        }
        let snapshot = self.engine.snapshot();
        Ok(match way {
            WayBack::Retry(_) => record.plan.retry(id, record.opened.seq, &snapshot.topology),
            WayBack::Accept(_) => (record.plan.accept(id, &snapshot.topology), Vec::new()),
            _ => record.plan.undo(id, &snapshot.topology),
        })
    }

    async fn record(&self, id: ChangeId) -> Result<ChangeRecord, ApiError> {
        let found = self.store.change(id).await.map_err(|e| storage(&e))?;
        found.ok_or_else(|| ApiError::NotFound { what: format!("change {id}") })
    }
}

/// Why nothing can be made from a change that ended so, to follow its name; none when something can.
const fn nothing_of(origin: Option<Origin>, outcome: Option<Outcome>) -> Option<&'static str> {
    match (origin, outcome) {
        (_, None) => Some("has not ended. Cancel it, or wait for its end."),
        (Some(Origin::Undo(_) | Origin::Accept(_)), Some(Outcome::RolledBack)) => {
            Some("was rolled back: there is nothing of it on the switch.")
        }
        (Some(Origin::Retry(_) | Origin::Accept(_)), Some(Outcome::Applied)) => {
            Some("was applied: there is nothing to finish. Undo it instead.")
        }
        _ => None,
    }
}

/// Why a way back is empty that could be worked out.
fn nothing_left(way: WayBack) -> String {
    match way {
        WayBack::Undo(id) => format!("Everything is where it was before change {id} already."),
        WayBack::Retry(id) => {
            format!("Everything is where change {id} wanted it, and the history says so too.")
        }
        WayBack::Accept(id) => {
            format!("The switch shows nothing of change {id} that the history does not say too.")
        }
        WayBack::Restore(_) | WayBack::RestoreGeneration(_) => "Everything is as it was then.".to_owned(),
    }
}

/// The cause goes to the log; what people see says what it means for them, and what they can do about it.
fn storage(cause: &StoreError) -> ApiError {
    error!(%cause, source = ?std::error::Error::source(cause), "the store failed");
    ApiError::Storage { why: cause.is_trouble().then(|| cause.to_string()) }
}

fn refused(error: SubmitError) -> ApiError {
    match error {
        SubmitError::Refused(refusal) => ApiError::Refused(refusal),
        SubmitError::Stale { seen, current, moved, now } => ApiError::Stale { seen, current, moved, now },
        SubmitError::KeyReused { change } => ApiError::KeyReused { change },
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
        let rack = self.rack();
        let before = Some(rack.seq.next());
        let query = HistoryQuery { before, limit: Some(RECENT_LINES), ..HistoryQuery::default() };
        let recent = self.store.history(&query).await.map_err(|e| storage(&e))?.items;
        Ok(Picture { recent, ..rack })
    }

    fn rack(&self) -> Picture {
        let snapshot = self.engine.snapshot();
        Picture {
            topology: snapshot.topology.clone(),
            seq: snapshot.seq,
            at: Utc::now(),
            recent: Vec::new(),
            entries: snapshot.seq.get(),
            notices: self.notices.clone(),
            vitals: snapshot.vitals.iter().map(|(id, vitals)| (*id, Vitals::clone(vitals))).collect(),
            begun: snapshot.begun.clone(),
            trouble: snapshot.trouble.clone(),
        }
    }

    async fn plan(&self, intent: &Intent) -> Result<Plan, ApiError> {
        Ok(self.engine.plan(intent)?)
    }

    async fn submit(
        &self,
        actor: Actor,
        request: ChangeRequest,
        key: Option<IdempotencyKey>,
    ) -> Result<ChangeId, ApiError> {
        Ok(self.accept(actor, request, key).await?.change)
    }

    async fn carry_out(
        &self,
        actor: Actor,
        request: ChangeRequest,
        key: Option<IdempotencyKey>,
        patience: Duration,
    ) -> Result<CarriedOut, ApiError> {
        let accepted = self.accept(actor, request, key).await?;
        self.ended(accepted, patience).await
    }

    async fn cancel(&self, actor: Actor, id: ChangeId) -> Result<ChangeRecord, ApiError> {
        match self.engine.cancel(id, actor).await {
            Ok(()) => self.record(id).await,
            Err(CancelError::Begun { change }) => Err(ApiError::Begun { change }),
            Err(CancelError::NotOpen { change }) => {
                self.record(change).await?;
                Err(ApiError::Ended { change })
            }
            Err(CancelError::Unrecorded { .. }) => {
                Err(ApiError::Storage { why: self.engine.snapshot().trouble.clone() })
            }
        }
    }

    async fn way_back(&self, way: WayBack) -> Result<Proposal, ApiError> {
        let (intent, mut left_out) = match way {
            WayBack::Undo(id) | WayBack::Retry(id) | WayBack::Accept(id) => self.back_from(way, id).await?,
            WayBack::Restore(seq) => self.restore(seq).await?,
            WayBack::RestoreGeneration(generation) => {
                let found = self.store.entry_of(generation).await.map_err(|e| storage(&e))?;
                let missing = || ApiError::NotFound { what: format!("generation {generation}") };
                self.restore(found.ok_or_else(missing)?).await?
            }
        };
        if left_out.is_empty() && intent.functions().next().is_none() {
            left_out.push(nothing_left(way));
        }
        let topology = &self.engine.snapshot().topology;
        Ok(Proposal::new(topology, &Places::of(topology), intent, left_out))
    }

    async fn change(&self, id: ChangeId) -> Result<ChangeRecord, ApiError> {
        self.record(id).await
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
        // What is in no entry may have changed since the listener took its picture.
        let Snapshot { topology, begun, trouble, .. } = &*snapshot;
        let readings = stream::iter(LiveEvent::readings(topology, begun, trouble.as_deref()));
        backlog.chain(readings).chain(from_now_on(happenings)).take_until(stop).boxed()
    }
}

/// What a request is, for telling it from another one that comes with the same idempotency key.
fn fingerprint(actor: &Actor, request: &ChangeRequest) -> Result<Hash, ApiError> {
    let who = match actor {
        Actor::Person { name, .. } => name.as_str(),
        Actor::Engine => "",
    };
    let text = serde_json::to_string(&(who, request));
    let text = text.map_err(|error| ApiError::BadRequest { why: error.to_string() })?;
    Ok(Hash::of(text.as_bytes()))
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
            // A page holds fewer entries when they are large: a listener must not be told the later ones as the next.
            Ok(page) if page.next_after.is_some_and(|last| last < now) => vec![LiveEvent::Reset],
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
            Ok(Happening::Begun(change)) => LiveEvent::Begun(change),
            Ok(Happening::Trouble(trouble)) => LiveEvent::Trouble(trouble),
            Ok(Happening::Switch(switch, state)) => LiveEvent::Switch { switch, state },
            Ok(Happening::Links(switch, links)) => LiveEvent::Links { switch, links: links.to_vec() },
            Ok(Happening::Counted(subject, times)) => LiveEvent::Counted { subject, times },
            Ok(Happening::Vitals(switch, vitals)) => {
                LiveEvent::Vitals { switch, vitals: vitals.map(Arc::unwrap_or_clone) }
            }
            Err(RecvError::Lagged(_)) => LiveEvent::Reset,
            Err(RecvError::Closed) => return None,
        };
        Some((event, happenings))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use patchbay_domain::{Generation, Reason};
    use patchbay_store::{Opening, Writing};

    /// A store whose entries 2 to 5 are so large that a page holds only some of them.
    async fn large_entries(folder: &std::path::Path) -> Store {
        let store = Store::open(&folder.join("patchbay.db")).await.expect("a store");
        let added = store.add_switch(Utc::now(), &Actor::Engine, "key", "pax", "nowhere").await;
        let (switch, _) = added.expect("added");
        let plan = Plan {
            title: "large".to_owned(),
            generation: Generation::new(0),
            switches: vec![switch],
            moves: Vec::new(),
            adoptions: Vec::new(),
            warnings: vec!["x".repeat(1_500_000)],
            steps: Vec::new(),
        };
        for id in 1..=4 {
            let (intent, plan) = (Intent::moving(Vec::new()), plan.clone());
            let (reason, seen) = (Reason::new("a test").expect("a reason"), Generation::new(0));
            let (at, change, actor) = (Utc::now(), ChangeId::new(id), Actor::Engine);
            let opening = Opening { at, change, actor, intent, plan: plan.into(), reason, seen, key: None };
            store.write(vec![Writing::Open(Box::new(opening))]).await.expect("written");
        }
        store
    }

    #[tokio::test]
    async fn who_resumes_further_back_than_a_page_of_large_entries_is_told_to_begin_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = large_entries(folder.path()).await;
        let missed = async |after, now| {
            let events = backlog(store.clone(), Some(Seq::new(after)), Seq::new(now));
            events.map(|event| event.name().to_owned()).collect::<Vec<_>>().await
        };
        assert_eq!(missed(1, 5).await, ["reset"]);
        assert_eq!(missed(3, 5).await, ["entry", "entry"]);
        assert_eq!(missed(1, 3).await, ["entry", "entry"], "what came later is told as it comes");
    }
}
