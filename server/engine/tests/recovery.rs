//! What a crash left open is closed, and what the switch shows then is known at once.

mod common;

use async_trait::async_trait;
use common::{MemorySwitch, config, end_in, leave_open, options, ready, until};
use patchbay_domain::*;
use patchbay_driver::{Applied, Capabilities, DriverError, SwitchDriver};
use patchbay_engine::{CancelError, Clock, Engine, EngineTasks, Snapshot};
use patchbay_store::memory::MemoryRecords;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;
use tokio::time::Instant;

/// A switch that can be read as a whole, and does not say at first what its ports hold.
struct Tongue {
    switch: MemorySwitch,
    tied: AtomicBool,
}

#[async_trait]
impl SwitchDriver for Tongue {
    fn capabilities(&self) -> Capabilities {
        self.switch.capabilities()
    }

    async fn observe(&self) -> Result<Observation, DriverError> {
        self.switch.observe().await
    }

    async fn contents(&self, ports: &BTreeSet<PhysicalPort>) -> Result<Contents, DriverError> {
        if self.tied.swap(false, Ordering::SeqCst) {
            let (address, source) = ("memory".to_owned(), Box::new(io::Error::other("not yet")));
            return Err(DriverError::Unreachable { address, source });
        }
        self.switch.contents(ports).await
    }

    async fn vitals(&self) -> Result<Vitals, DriverError> {
        self.switch.vitals().await
    }

    async fn apply(&self, step: &Step) -> Result<Applied, DriverError> {
        self.switch.apply(step).await
    }

    async fn program(&self, step: &Step) -> Result<(), DriverError> {
        self.switch.program(step).await
    }

    fn hints(&self) -> watch::Receiver<u64> {
        self.switch.hints()
    }
}

async fn start(records: &MemoryRecords, switch: &MemorySwitch, tied: bool) -> (Engine, EngineTasks) {
    let driver = Arc::new(Tongue { switch: switch.clone(), tied: AtomicBool::new(tied) });
    let started =
        Engine::start(Arc::new(records.clone()), vec![config(driver)], options(), Clock::SYSTEM).await;
    started.expect("the engine starts")
}

/// Runs until the switch was read and everything is as wanted; what was known at the end.
async fn before_the_crash(
    records: &MemoryRecords,
    switch: &MemorySwitch,
    wanted: impl Fn(&Snapshot) -> bool,
) -> Topology {
    let (engine, tasks) = start(records, switch, false).await;
    ready(&engine).await;
    until(&engine, wanted).await;
    engine.stop();
    tasks.finished().await;
    engine.snapshot().topology.clone()
}

fn first_vf(topology: &Topology) -> FunctionId {
    *topology.functions.keys().nth(1).expect("a function")
}

#[tokio::test(start_paused = true)]
async fn what_somebody_did_to_a_change_that_a_crash_left_open_is_seen_as_soon_as_it_is_closed() {
    let (records, switch) = (MemoryRecords::default(), MemorySwitch::default());
    let topology = before_the_crash(&records, &switch, |_| true).await;
    let (function, host) = (first_vf(&topology), topology.hosts.keys().next());
    leave_open(&records, &topology, Intent::single(function, host.copied())).await;
    let pdfid = topology.functions[&function].pdfid;
    // Where the change would put it, with a stranger: no state of the plan.
    switch.put(0, 0, &[pdfid.get(), pdfid.get() + 1]);

    // The switch is read while the change is open, so what happened to its functions is not compared.
    let (engine, _tasks) = start(&records, &switch, true).await;
    let began = Instant::now();
    until(&engine, |now| now.topology.drift.contains_key(&function)).await;
    let took = began.elapsed();
    let entries = records.entries();
    let ended = |e: &Entry| matches!(e.event, Event::ChangeClosed { outcome: Outcome::Stuck, .. });
    assert!(entries.iter().any(ended), "{entries:?}");
    assert!(took < options().observe_every, "it was seen by the next reading on the timer, after {took:?}");
}

/// Somebody moved a function, it was to be adopted there, and Patchbay ended; then `put` says what was done to it.
async fn adoption_left_open(put: impl Fn(&MemorySwitch)) -> (Outcome, Topology) {
    let (records, switch) = (MemoryRecords::default(), MemorySwitch::default());
    before_the_crash(&records, &switch, |_| true).await;
    switch.put(0, 0, &[0x1001]);
    let topology = before_the_crash(&records, &switch, |now| !now.topology.drift.is_empty()).await;
    let change = leave_open(&records, &topology, Intent::adopting(topology.drift.keys().copied())).await;
    put(&switch);
    let (engine, _tasks) = start(&records, &switch, false).await;
    until(&engine, |now| !now.topology.open.contains_key(&change)).await;
    let (outcome, _) = end_in(&records.entries(), change).expect("it has ended");
    (outcome, engine.snapshot().topology.clone())
}

#[tokio::test(start_paused = true)]
async fn an_adoption_that_a_crash_left_open_is_not_made() {
    let (outcome, topology) = adoption_left_open(|_| {}).await;
    assert_eq!((outcome, topology.drift.len()), (Outcome::RolledBack, 1), "it may have been cancelled");
    let (outcome, topology) = adoption_left_open(|switch| {
        switch.put(0, 0, &[]);
        switch.put(4, 0, &[0x1001]);
    })
    .await;
    assert_eq!((outcome, topology.drift.len()), (Outcome::RolledBack, 1), "it is somewhere else by now");
}

#[tokio::test(start_paused = true)]
async fn what_a_crash_left_open_counts_as_begun_until_its_end() {
    let (records, switch) = (MemoryRecords::default(), MemorySwitch::default());
    let topology = before_the_crash(&records, &switch, |_| true).await;
    let host = topology.hosts.keys().next().copied();
    let change = leave_open(&records, &topology, Intent::single(first_vf(&topology), host)).await;
    switch.fall(common::Silence::Unreachable);
    let (engine, _tasks) = start(&records, &switch, false).await;
    until(&engine, |now| now.begun.contains(&change)).await;
    let refused = engine.cancel(change, common::person()).await.expect_err("a step may have been sent");
    assert!(matches!(refused, CancelError::Begun { .. }), "{refused:?}");
    switch.fall(common::Silence::Answers);
    until(&engine, |now| now.topology.open.is_empty() && now.begun.is_empty()).await;
}
