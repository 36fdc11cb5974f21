//! A card that is replaced while changes wait.

mod common;

use common::{MemorySwitch, config, options, submission, until};
use patchbay_domain::*;
use patchbay_engine::{Clock, Engine, EngineOptions};
use patchbay_store::memory::MemoryRecords;
use std::sync::Arc;
use std::time::Duration;

/// Gives the n-th function to the first host.
async fn assign(engine: &Engine, nth: usize) -> ChangeId {
    let topology = &engine.snapshot().topology;
    let function = *topology.functions.keys().nth(nth).expect("a function");
    let host = *topology.hosts.keys().next().expect("a host");
    let intent = Intent::single(function, Some(host));
    engine.submit(submission(intent, topology.generation)).await.expect("accepted").change
}

#[tokio::test(start_paused = true)]
async fn a_change_that_waited_does_not_move_functions_of_another_card() {
    let (records, switch) = (MemoryRecords::default(), MemorySwitch::default());
    let config = config(Arc::new(switch.clone()));
    let options = EngineOptions { observe_pause: Duration::ZERO, ..options() };
    let started = Engine::start(Arc::new(records.clone()), vec![config], options, Clock::SYSTEM).await;
    let (engine, _tasks) = started.expect("the engine starts");
    until(&engine, |now| now.topology.switches.values().all(|s| s.state == SwitchState::Ready)).await;

    let closed = switch.gate.write().await;
    let first = assign(&engine, 1).await;
    until(&engine, |now| now.begun.contains(&first)).await;
    switch.replace_card();
    // Paused time goes on when nobody has anything to do: the reading waits for its turn by then.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let second = assign(&engine, 2).await;
    let end = engine.end_of(second).expect("it waits");
    drop(closed);

    let end = end.await.expect("it ends").entry;
    let Event::ChangeClosed { outcome: Outcome::RolledBack, why: Some(why), .. } = &end.event else {
        panic!("{end:?}")
    };
    assert!(why.starts_with("eth16v2 is not what it was when this was planned"), "{why}");
    let held: Vec<_> = switch.held().into_values().flatten().collect();
    assert_eq!(held, [Pdfid::new(0x1001).expect("in range")], "only what was moved before");
}
