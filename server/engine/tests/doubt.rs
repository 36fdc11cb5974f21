//! A database that fails and cannot say what became of a write.

mod common;

use common::{MemorySwitch, config, options, ready, submission, until};
use patchbay_domain::*;
use patchbay_engine::{Clock, Engine, EngineOptions, EngineTasks};
use patchbay_store::memory::{MemoryRecords, WriteFault};
use std::sync::Arc;
use std::time::Duration;

async fn start(records: &MemoryRecords) -> (Engine, EngineTasks) {
    let config = config(Arc::new(MemorySwitch::default()));
    let started = Engine::start(Arc::new(records.clone()), vec![config], options(), Clock::SYSTEM).await;
    let (engine, tasks) = started.expect("the engine starts");
    ready(&engine).await;
    (engine, tasks)
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
    let records = MemoryRecords::default();
    let (engine, _tasks) = start(&records).await;
    let (intent, seen) = assign(&engine);
    records.fail_next(WriteFault::After);
    records.fail_reads(works_first, 3);
    let accepted = engine.submit(submission(intent.clone(), seen)).await.expect("it is durable");
    if let Some(end) = engine.end_of(accepted.change) {
        end.await.expect("it ends");
    }
    let end = records.entries().pop().expect("entries");
    assert!(matches!(end.event, Event::ChangeClosed { outcome: Outcome::Applied, .. }), "{end:?}");
    until(&engine, |now| now.trouble.is_none()).await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_a_database_that_cannot_be_read() {
    let records = MemoryRecords::default();
    let (engine, tasks) = start(&records).await;
    let (intent, seen) = assign(&engine);
    records.fail_next(WriteFault::After);
    records.fail_reads(0, u32::MAX);
    let asking = tokio::spawn({
        let engine = engine.clone();
        async move { engine.submit(submission(intent, seen)).await }
    });
    until(&engine, |now| now.trouble.is_some()).await;
    engine.stop();
    tasks.finished().await;
    assert!(asking.await.expect("no panic").is_err(), "nobody can say that it was accepted");

    records.fail_reads(0, 0);
    let (engine, _tasks) = start(&records).await;
    until(&engine, |now| now.topology.open.is_empty()).await;
    let end = records.entries().pop().expect("entries");
    assert!(matches!(end.event, Event::ChangeClosed { outcome: Outcome::RolledBack, .. }), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_is_good_again_is_noticed_although_readings_come_all_the_time() {
    let (records, switch) = (MemoryRecords::default(), MemorySwitch::default());
    let config = config(Arc::new(switch.clone()));
    let options = EngineOptions { observe_pause: Duration::ZERO, ..options() };
    let started = Engine::start(Arc::new(records.clone()), vec![config], options, Clock::SYSTEM).await;
    let (engine, _tasks) = started.expect("the engine starts");
    ready(&engine).await;
    let (intent, seen) = assign(&engine);
    records.fail_next(WriteFault::Before);
    engine.submit(submission(intent, seen)).await.expect_err("the disk takes nothing");
    assert!(engine.snapshot().trouble.is_some());
    // Each hint is followed by a reading that differs in nothing.
    for _ in 0..20 {
        switch.put(0, 0, &[]);
        tokio::time::sleep(options.retry_every / 2).await;
    }
    assert_eq!(engine.snapshot().trouble, None);
}

#[tokio::test(start_paused = true)]
async fn a_small_write_that_fits_on_a_nearly_full_disk_does_not_make_it_good() {
    let records = MemoryRecords::default();
    let (engine, _tasks) = start(&records).await;
    let (intent, seen) = assign(&engine);
    records.fail_next(WriteFault::Before);
    records.fill(true);
    engine.submit(submission(intent.clone(), seen)).await.expect_err("the disk takes nothing");
    let accepted = engine.submit(submission(intent, seen)).await.expect("this fits");
    if let Some(end) = engine.end_of(accepted.change) {
        end.await.expect("it ends");
    }
    tokio::time::sleep(options().retry_every * 3).await;
    assert!(engine.snapshot().trouble.is_some(), "three probes did not fit");
    records.fill(false);
    until(&engine, |now| now.trouble.is_none()).await;
}
