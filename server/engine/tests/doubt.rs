//! A database that fails and cannot say what became of a write.

mod common;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use common::{MemorySwitch, options, submission};
use patchbay_domain::*;
use patchbay_engine::{Clock, Engine, EngineTasks, Snapshot, SwitchConfig};
use patchbay_store::memory::{MemoryRecords, WriteFault};
use patchbay_store::{Loaded, Names, Records, StoreError, Writing};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Records that cannot be read a few times, whatever is read of them.
#[derive(Clone, Default)]
struct Unreadable {
    inner: MemoryRecords,
    times: Arc<AtomicU32>,
    /// How many readings work before.
    first: Arc<AtomicU32>,
}

fn one_less(number: &AtomicU32) -> bool {
    number.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

impl Unreadable {
    async fn read(&self) -> Result<(), StoreError> {
        if one_less(&self.first) || !one_less(&self.times) {
            return Ok(());
        }
        self.inner.fail_next(WriteFault::Before);
        self.inner.probe().await
    }
}

#[async_trait]
impl Records for Unreadable {
    async fn load(&self) -> Result<Loaded, StoreError> {
        self.read().await?;
        self.inner.load().await
    }

    async fn add_switch(
        &self,
        at: DateTime<Utc>,
        actor: &Actor,
        key: &str,
        name: &str,
        address: &str,
    ) -> Result<(SwitchId, Option<Entry>), StoreError> {
        self.inner.add_switch(at, actor, key, name, address).await
    }

    async fn write(&self, writings: Vec<Writing>) -> Result<Vec<Entry>, StoreError> {
        self.inner.write(writings).await
    }

    async fn discovered(
        &self,
        at: DateTime<Utc>,
        switch: SwitchId,
        seen: &Observation,
        names: &Names,
    ) -> Result<Entry, StoreError> {
        self.inner.discovered(at, switch, seen, names).await
    }

    async fn ledger(&self, after: Seq, limit: u32) -> Result<LedgerPage, StoreError> {
        self.read().await?;
        self.inner.ledger(after, limit).await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.inner.probe().await
    }

    async fn change_with_key(&self, key: &IdempotencyKey) -> Result<Option<(ChangeId, Hash)>, StoreError> {
        self.inner.change_with_key(key).await
    }
}

async fn start(records: &Unreadable) -> (Engine, EngineTasks) {
    let config = SwitchConfig {
        key: "memory".to_owned(),
        name: "rack-12-pax".to_owned(),
        address: "memory".to_owned(),
        names: Names::default(),
        driver: Arc::new(MemorySwitch::default()),
    };
    let started = Engine::start(Arc::new(records.clone()), vec![config], options(), Clock::SYSTEM).await;
    let (engine, tasks) = started.expect("the engine starts");
    until(&engine, |now| now.topology.switches.values().all(|s| s.state == SwitchState::Ready)).await;
    (engine, tasks)
}

async fn until(engine: &Engine, wanted: impl Fn(&Snapshot) -> bool) {
    let (_, mut happenings) = engine.watch();
    while !wanted(&engine.snapshot()) {
        happenings.recv().await.expect("the engine runs");
    }
}

/// Gives the second function to the first host.
fn assign(engine: &Engine) -> (Intent, Generation) {
    let topology = &engine.snapshot().topology;
    let function = *topology.functions.keys().nth(1).expect("a function");
    let host = *topology.hosts.keys().next().expect("a host");
    (Intent::single(function, Some(host)), topology.generation)
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_durable_is_carried_out_although_the_database_could_not_say_so_at_first() {
    for works_first in [0, 1] {
        carried_out_when_read_late(works_first).await;
    }
}

/// So many readings work, and then three do not: the ledger is read first, then the rest.
async fn carried_out_when_read_late(works_first: u32) {
    let records = Unreadable::default();
    let (engine, _tasks) = start(&records).await;
    let (intent, seen) = assign(&engine);
    records.inner.fail_next(WriteFault::After);
    records.first.store(works_first, Ordering::SeqCst);
    records.times.store(3, Ordering::SeqCst);
    let accepted = engine.submit(submission(intent.clone(), seen)).await.expect("it is durable");
    if let Some(end) = engine.end_of(accepted.change) {
        end.await.expect("it ends");
    }
    let end = records.inner.entries().pop().expect("entries");
    assert!(matches!(end.event, Event::ChangeClosed { outcome: Outcome::Applied, .. }), "{end:?}");
    assert_eq!(engine.snapshot().trouble, None);
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_a_database_that_cannot_be_read() {
    let records = Unreadable::default();
    let (engine, tasks) = start(&records).await;
    let (intent, seen) = assign(&engine);
    records.inner.fail_next(WriteFault::After);
    records.times.store(u32::MAX, Ordering::SeqCst);
    let asking = tokio::spawn({
        let engine = engine.clone();
        async move { engine.submit(submission(intent, seen)).await }
    });
    until(&engine, |now| now.trouble.is_some()).await;
    engine.stop();
    tasks.finished().await;
    assert!(asking.await.expect("no panic").is_err(), "nobody can say that it was accepted");

    records.times.store(0, Ordering::SeqCst);
    let (engine, _tasks) = start(&records).await;
    until(&engine, |now| now.topology.open.is_empty()).await;
    let end = records.inner.entries().pop().expect("entries");
    assert!(matches!(end.event, Event::ChangeClosed { outcome: Outcome::RolledBack, .. }), "{end:?}");
}
