//! A card that is replaced while changes wait, while one is taken back, and while Patchbay is down.

mod common;

use async_trait::async_trait;
use common::{MemorySwitch, config, end_in, leave_open, options, ready, submission, until};
use patchbay_domain::*;
use patchbay_driver::{Applied, Capabilities, DriverError, SwitchDriver};
use patchbay_engine::{Clock, Engine, EngineOptions, EngineTasks};
use patchbay_store::memory::MemoryRecords;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// Gives the first VF to the first host, and ends.
async fn with_one_assigned(records: &MemoryRecords, switch: &MemorySwitch) -> Topology {
    let (engine, tasks) = start(records, Arc::new(switch.clone())).await;
    let change = assign(&engine, 1).await;
    ended(&engine, records, change).await;
    engine.stop();
    tasks.finished().await;
    engine.snapshot().topology.clone()
}

async fn start(records: &MemoryRecords, driver: Arc<dyn SwitchDriver>) -> (Engine, EngineTasks) {
    let options = EngineOptions { observe_pause: Duration::ZERO, ..options() };
    let started =
        Engine::start(Arc::new(records.clone()), vec![config(driver)], options, Clock::SYSTEM).await;
    let (engine, tasks) = started.expect("the engine starts");
    ready(&engine).await;
    (engine, tasks)
}

/// How a change ended, and why.
async fn ended(engine: &Engine, records: &MemoryRecords, change: ChangeId) -> (Outcome, String) {
    until(engine, |now| !now.topology.open.contains_key(&change)).await;
    end_in(&records.entries(), change).expect("it is closed")
}

/// Moves the first VF from the first host to the second.
fn across(topology: &Topology) -> Intent {
    let function = *topology.functions.keys().nth(1).expect("a function");
    Intent::single(function, topology.hosts.keys().nth(1).copied())
}

fn bound(switch: &MemorySwitch) -> Vec<Pdfid> {
    switch.held().into_values().flatten().collect()
}

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
    let (engine, _tasks) = start(&records, Arc::new(switch.clone())).await;

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

#[tokio::test(start_paused = true)]
async fn a_card_that_returns_after_another_one_gets_its_functions_back_by_one_plan() {
    let (records, switch) = (MemoryRecords::default(), MemorySwitch::default());
    let vf1 = *with_one_assigned(&records, &switch).await.functions.keys().nth(1).expect("a function");
    let (engine, tasks) = start(&records, Arc::new(switch.clone())).await;
    switch.put(0, 0, &[]);
    switch.replace_card();
    until(&engine, |now| !now.topology.functions.contains_key(&vf1)).await;
    engine.stop();
    tasks.finished().await;

    let (engine, _tasks) = start(&records, Arc::new(switch.clone())).await;
    switch.card_before();
    until(&engine, |now| now.topology.drift_kind(vf1) == Some(DriftKind::Unbound)).await;
    assert_eq!(bound(&switch), [], "nothing is repaired silently");
    let topology = &engine.snapshot().topology;
    let revert = topology.revert(&topology.drifted(SwitchId::new(1)).collect());
    let change = engine.submit(submission(revert, topology.generation)).await.expect("accepted").change;
    assert_eq!(ended(&engine, &records, change).await.0, Outcome::Applied);
    assert_eq!(bound(&switch), [Pdfid::new(0x1001).expect("in range")]);
    assert!(engine.snapshot().topology.drift.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_a_crash_left_half_done_is_not_taken_back_on_another_card() {
    let (records, switch) = (MemoryRecords::default(), MemorySwitch::default());
    let topology = with_one_assigned(&records, &switch).await;
    let change = leave_open(&records, &topology, across(&topology)).await;
    // It was unbound when Patchbay ended, and then the card was replaced.
    switch.put(0, 0, &[]);
    switch.replace_card();

    let (engine, _tasks) = start(&records, Arc::new(switch.clone())).await;
    let (outcome, why) = ended(&engine, &records, change).await;
    assert_eq!(bound(&switch), [], "the new card's function was left alone");
    assert_eq!(outcome, Outcome::Stuck, "{why}");
    assert!(why.starts_with("Patchbay ended after 1 of 2 steps. eth16v1 is not what it was"), "{why}");
    assert!(why.contains("another card is in its slot") && why.contains("Nothing was taken back"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn what_a_crash_left_done_is_not_applied_with_the_functions_of_another_card() {
    let (records, switch) = (MemoryRecords::default(), MemorySwitch::default());
    let topology = with_one_assigned(&records, &switch).await;
    let change = leave_open(&records, &topology, across(&topology)).await;
    switch.put(0, 0, &[]);
    switch.put(4, 0, &[0x1001]);
    switch.replace_card();

    let (engine, _tasks) = start(&records, Arc::new(switch.clone())).await;
    let (outcome, why) = ended(&engine, &records, change).await;
    assert_eq!(outcome, Outcome::Stuck, "{why}");
    assert!(why.contains("shows every step done. But eth16v1 is not what it was"), "{why}");
    assert_eq!(bound(&switch).len(), 1, "nothing was sent");
}

#[tokio::test(start_paused = true)]
async fn a_release_that_a_crash_left_done_is_applied_whatever_card_came_since() {
    let (records, switch) = (MemoryRecords::default(), MemorySwitch::default());
    let topology = with_one_assigned(&records, &switch).await;
    let function = *topology.functions.keys().nth(1).expect("a function");
    let change = leave_open(&records, &topology, Intent::single(function, None)).await;
    switch.put(0, 0, &[]);
    switch.replace_card();

    let (engine, _tasks) = start(&records, Arc::new(switch.clone())).await;
    assert_eq!(ended(&engine, &records, change).await.0, Outcome::Applied);
}

/// A switch that fails at the second step of a change, and whose card is replaced at one of its calls.
struct Unlucky {
    switch: MemorySwitch,
    programmed: AtomicU32,
    applied: AtomicU32,
    /// Whether the card is replaced while the change is being taken back, and not before.
    late: bool,
}

impl Unlucky {
    fn new(switch: &MemorySwitch, late: bool) -> Arc<Self> {
        let (programmed, applied) = (AtomicU32::new(0), AtomicU32::new(0));
        Arc::new(Self { switch: switch.clone(), programmed, applied, late })
    }
}

#[async_trait]
impl SwitchDriver for Unlucky {
    fn capabilities(&self) -> Capabilities {
        self.switch.capabilities()
    }

    async fn observe(&self) -> Result<Observation, DriverError> {
        self.switch.observe().await
    }

    async fn contents(&self, ports: &BTreeSet<PhysicalPort>) -> Result<Contents, DriverError> {
        self.switch.contents(ports).await
    }

    async fn vitals(&self) -> Result<Vitals, DriverError> {
        self.switch.vitals().await
    }

    /// The first time it is away, and somebody uses the time.
    async fn apply(&self, step: &Step) -> Result<Applied, DriverError> {
        if self.late && self.applied.fetch_add(1, Ordering::SeqCst) == 0 {
            self.switch.replace_card();
            let (address, source) = ("memory".to_owned(), Box::new(io::Error::other("gone for a moment")));
            return Err(DriverError::Unreachable { address, source });
        }
        self.switch.apply(step).await
    }

    async fn program(&self, step: &Step) -> Result<(), DriverError> {
        if self.programmed.fetch_add(1, Ordering::SeqCst) == 1 {
            if !self.late {
                self.switch.replace_card();
            }
            return Err(DriverError::Refused { operation: step.to_string(), reason: "no".to_owned() });
        }
        self.switch.program(step).await
    }

    fn hints(&self) -> watch::Receiver<u64> {
        self.switch.hints()
    }
}

/// Moves a function on a switch whose card is replaced meanwhile; how that ends.
async fn moved_by(late: bool) -> (Outcome, String) {
    let (records, switch) = (MemoryRecords::default(), MemorySwitch::default());
    with_one_assigned(&records, &switch).await;
    let (engine, _tasks) = start(&records, Unlucky::new(&switch, late)).await;
    let topology = &engine.snapshot().topology;
    let submitted = engine.submit(submission(across(topology), topology.generation)).await;
    let end = ended(&engine, &records, submitted.expect("accepted").change).await;
    assert_eq!(bound(&switch), [], "the new card's function was left alone");
    end
}

#[tokio::test(start_paused = true)]
async fn a_change_is_not_taken_back_on_a_card_that_came_while_it_ran() {
    let (outcome, why) = moved_by(false).await;
    assert_eq!(outcome, Outcome::Stuck, "{why}");
    assert!(why.contains("Slot 16 holds another card") && why.contains("Nothing was taken back"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn a_switch_that_was_away_is_looked_at_again_before_anything_is_taken_back() {
    let (outcome, why) = moved_by(true).await;
    assert_eq!(outcome, Outcome::Stuck, "{why}");
    assert!(why.contains("Taking it back failed too: Slot 16 holds another card"), "{why}");
}
