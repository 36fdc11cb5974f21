//! Reading a change's logical ports while it is being written.

mod common;

use common::{MemorySwitch, config, options, ready, submission};
use patchbay_domain::*;
use patchbay_engine::{Clock, Engine, EngineTasks};
use patchbay_store::memory::{MemoryRecords, WriteFault};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Far more than it takes anything to go on.
const LOOKS_MAX: u32 = 10_000;

struct Desk {
    switch: MemorySwitch,
    records: MemoryRecords,
    engine: Engine,
    _tasks: EngineTasks,
}

impl Desk {
    async fn open() -> Self {
        let (switch, records) = (MemorySwitch::default(), MemoryRecords::default());
        let configs = vec![config(Arc::new(switch.clone()))];
        let started = Engine::start(Arc::new(records.clone()), configs, options(), Clock::SYSTEM).await;
        let (engine, tasks) = started.expect("the engine starts");
        ready(&engine).await;
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
        let (outcome, why) = common::end_in(&self.records.entries(), change).expect("it has ended");
        assert_eq!(outcome, Outcome::Applied, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_is_read_while_it_is_written_and_nothing_is_sent_before_it_is_durable() {
    let desk = Desk::open().await;
    let before = desk.readings();
    let held_up = desk.records.gate().write_owned().await;
    let asked = desk.ask(1, 0);
    desk.until_read(before + 1).await;
    assert!(desk.switch.held().is_empty() && desk.records.entries().iter().all(is_no_opening));
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
    let held_up = desk.records.gate().write_owned().await;
    let asked = desk.ask(1, 0);
    desk.until_read(before + 1).await;
    tokio::time::sleep(Duration::from_millis(51)).await;
    drop(held_up);
    desk.applied(asked).await;
    assert_eq!(desk.readings() - before, 3);
}

#[tokio::test(start_paused = true)]
async fn what_a_slow_switch_tells_when_the_change_is_durable_is_not_asked_again() {
    let desk = Desk::open().await;
    desk.switch.slow_down(Duration::from_secs(1));
    let before = desk.readings();
    desk.applied(desk.ask(1, 0)).await;
    assert_eq!(desk.readings() - before, 2, "before and after its steps");
}

#[tokio::test(start_paused = true)]
async fn a_change_that_cannot_be_written_keeps_nobody_from_the_switch() {
    let desk = Desk::open().await;
    for fault in [WriteFault::Before, WriteFault::After] {
        desk.records.fail_next(fault);
        let (index, port) = if fault == WriteFault::Before { (1, 0) } else { (2, 0) };
        let accepted = desk.ask(index, port).await.expect("the task ends").is_some();
        assert_eq!(accepted, fault == WriteFault::After, "{fault:?}");
        common::until(&desk.engine, |now| now.topology.open.is_empty()).await;
        desk.applied(desk.ask(index + 2, 4)).await;
    }
    assert_eq!(desk.switch.held().len(), 3);
}
