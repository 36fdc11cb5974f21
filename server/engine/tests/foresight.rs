//! Reading a change's logical ports while it is being written.

mod common;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use common::{MemorySwitch, config, options, ready, submission};
use patchbay_domain::*;
use patchbay_driver::{Applied, Capabilities, DriverError, SwitchDriver};
use patchbay_engine::{Clock, Engine, EngineTasks};
use patchbay_store::memory::{MemoryRecords, WriteFault};
use patchbay_store::{Loaded, Names, Records, StoreError, Writing};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{RwLock, watch};
use tokio::task::JoinHandle;

/// Far more than it takes anything to go on.
const LOOKS_MAX: u32 = 10_000;

/// Records that open changes only while nobody holds their gate.
#[derive(Clone, Default)]
struct Gated {
    records: MemoryRecords,
    gate: Arc<RwLock<()>>,
}

#[async_trait]
impl Records for Gated {
    async fn load(&self) -> Result<Loaded, StoreError> {
        self.records.load().await
    }

    async fn add_switch(
        &self,
        at: DateTime<Utc>,
        actor: &Actor,
        key: &str,
        name: &str,
        address: &str,
    ) -> Result<(SwitchId, Option<Entry>), StoreError> {
        self.records.add_switch(at, actor, key, name, address).await
    }

    async fn name_hosts(&self, switch: SwitchId, names: &Names) -> Result<(), StoreError> {
        self.records.name_hosts(switch, names).await
    }

    async fn write(&self, writings: Vec<Writing>) -> Result<Vec<Entry>, StoreError> {
        if writings.iter().any(|writing| matches!(writing, Writing::Open(_))) {
            drop(self.gate.read().await);
        }
        self.records.write(writings).await
    }

    async fn discovered(
        &self,
        at: DateTime<Utc>,
        switch: SwitchId,
        seen: &Observation,
        names: &Names,
    ) -> Result<Entry, StoreError> {
        self.records.discovered(at, switch, seen, names).await
    }

    async fn count(&self, counts: &[(Subject, u32)]) -> Result<(), StoreError> {
        self.records.count(counts).await
    }

    async fn ledger(&self, after: Seq, limit: u32) -> Result<LedgerPage, StoreError> {
        self.records.ledger(after, limit).await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.records.probe().await
    }

    async fn change_with_key(&self, key: &IdempotencyKey) -> Result<Option<(ChangeId, Hash)>, StoreError> {
        self.records.change_with_key(key).await
    }
}

/// A switch that takes its time to tell what logical ports hold.
struct Slow {
    switch: MemorySwitch,
    takes: Duration,
}

#[async_trait]
impl SwitchDriver for Slow {
    fn capabilities(&self) -> Capabilities {
        self.switch.capabilities()
    }

    async fn observe(&self) -> Result<Observation, DriverError> {
        self.switch.observe().await
    }

    async fn contents(&self, ports: &BTreeSet<PhysicalPort>) -> Result<Contents, DriverError> {
        tokio::time::sleep(self.takes).await;
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

struct Desk {
    switch: MemorySwitch,
    records: Gated,
    engine: Engine,
    _tasks: EngineTasks,
}

impl Desk {
    async fn open() -> Self {
        Self::with_readings_of(Duration::ZERO).await
    }

    async fn with_readings_of(takes: Duration) -> Self {
        let (switch, records) = (MemorySwitch::default(), Gated::default());
        let (engine, tasks) = start(Slow { switch: switch.clone(), takes }, &records).await;
        Self { switch, records, engine, _tasks: tasks }
    }

    fn readings(&self) -> u32 {
        self.switch.readings.load(Ordering::Relaxed)
    }

    /// Asks for a function on the host of a port.
    fn ask(&self, index: u16, port: u8) -> JoinHandle<Option<ChangeId>> {
        let now = self.engine.snapshot();
        let function = now.topology.functions.values().find(|f| f.index == index).expect("there").id;
        let host = now.topology.hosts.values().find(|h| h.port == PhysicalPort(port)).expect("there").id;
        let asked = submission(Intent::single(function, Some(host)), now.topology.generation);
        let engine = self.engine.clone();
        tokio::spawn(async move { engine.submit(asked).await.ok().map(|accepted| accepted.change) })
    }

    /// Lets everything else go on until logical ports were read so many times.
    async fn until_read(&self, times: u32) {
        for _ in 0..LOOKS_MAX {
            if self.readings() == times {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("they were read {} times and not {times}", self.readings());
    }

    async fn applied(&self, asked: JoinHandle<Option<ChangeId>>) {
        let change = asked.await.expect("the task ends").expect("accepted");
        common::until(&self.engine, |now| now.topology.open.is_empty()).await;
        let (outcome, why) = common::end_in(&self.records.records.entries(), change).expect("it has ended");
        assert_eq!(outcome, Outcome::Applied, "{why}");
    }
}

async fn start(switch: Slow, records: &Gated) -> (Engine, EngineTasks) {
    let configs = vec![config(Arc::new(switch))];
    let started = Engine::start(Arc::new(records.clone()), configs, options(), Clock::SYSTEM).await;
    let (engine, tasks) = started.expect("the engine starts");
    ready(&engine).await;
    (engine, tasks)
}

#[tokio::test(start_paused = true)]
async fn a_change_is_read_while_it_is_written_and_nothing_is_sent_before_it_is_durable() {
    let desk = Desk::open().await;
    let before = desk.readings();
    let held_up = desk.records.gate.clone().write_owned().await;
    let asked = desk.ask(1, 0);
    desk.until_read(before + 1).await;
    assert!(desk.switch.held().is_empty() && desk.records.records.entries().iter().all(is_no_opening));
    drop(held_up);
    desk.applied(asked).await;
    assert_eq!(desk.readings() - before, 2, "and once more after its steps");
}

fn is_no_opening(entry: &Entry) -> bool {
    !matches!(entry.event, Event::ChangeOpened { .. })
}

#[tokio::test(start_paused = true)]
async fn what_was_read_long_before_a_change_is_durable_is_read_again() {
    let desk = Desk::open().await;
    let before = desk.readings();
    let held_up = desk.records.gate.clone().write_owned().await;
    let asked = desk.ask(1, 0);
    desk.until_read(before + 1).await;
    tokio::time::sleep(Duration::from_millis(51)).await;
    drop(held_up);
    desk.applied(asked).await;
    assert_eq!(desk.readings() - before, 3);
}

#[tokio::test(start_paused = true)]
async fn what_a_slow_switch_tells_when_the_change_is_durable_is_not_asked_again() {
    let desk = Desk::with_readings_of(Duration::from_secs(1)).await;
    let before = desk.readings();
    desk.applied(desk.ask(1, 0)).await;
    assert_eq!(desk.readings() - before, 2, "before and after its steps");
}

#[tokio::test(start_paused = true)]
async fn a_change_that_cannot_be_written_keeps_nobody_from_the_switch() {
    let desk = Desk::open().await;
    for fault in [WriteFault::Before, WriteFault::After] {
        desk.records.records.fail_next(fault);
        let (index, port) = if fault == WriteFault::Before { (1, 0) } else { (2, 0) };
        let accepted = desk.ask(index, port).await.expect("the task ends").is_some();
        assert_eq!(accepted, fault == WriteFault::After, "{fault:?}");
        common::until(&desk.engine, |now| now.topology.open.is_empty()).await;
        desk.applied(desk.ask(index + 2, 4)).await;
    }
    assert_eq!(desk.switch.held().len(), 3);
}
