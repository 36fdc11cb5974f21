//! A switch that goes away in the middle of a company, and what is done to it meanwhile.

mod common;

use async_trait::async_trait;
use common::{MemorySwitch, config, end_in, options, ready, submission, until};
use patchbay_domain::*;
use patchbay_driver::{Applied, Capabilities, DriverError, SwitchDriver};
use patchbay_engine::{Clock, Engine, EngineTasks};
use patchbay_store::memory::MemoryRecords;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use tokio::sync::watch;
use tokio::time::Instant;

/// What goes wrong at the step with this number.
#[derive(Clone, Copy)]
enum Trouble {
    /// The connection breaks, and another card is put in before it is back.
    OtherCard,
    /// The connection breaks, and somebody binds another function where the next change goes.
    OtherHands,
    /// The step is done, and then the switch is gone for good.
    Gone,
}

struct Outage {
    switch: MemorySwitch,
    at_step: u32,
    trouble: Trouble,
    steps: AtomicU32,
    gone: AtomicBool,
}

fn io_error() -> Box<io::Error> {
    Box::new(io::Error::other("the cable is out"))
}

impl Outage {
    fn answers(&self) -> Result<(), DriverError> {
        if self.gone.load(Ordering::SeqCst) {
            return Err(DriverError::Unreachable { address: "memory".to_owned(), source: io_error() });
        }
        Ok(())
    }
}

#[async_trait]
impl SwitchDriver for Outage {
    fn capabilities(&self) -> Capabilities {
        self.switch.capabilities()
    }

    async fn observe(&self) -> Result<Observation, DriverError> {
        self.answers()?;
        self.switch.observe().await
    }

    async fn contents(&self, ports: &BTreeSet<PhysicalPort>) -> Result<Contents, DriverError> {
        self.answers()?;
        self.switch.contents(ports).await
    }

    async fn vitals(&self) -> Result<Vitals, DriverError> {
        self.answers()?;
        self.switch.vitals().await
    }

    async fn apply(&self, step: &Step) -> Result<Applied, DriverError> {
        self.answers()?;
        self.switch.apply(step).await
    }

    async fn program(&self, step: &Step) -> Result<(), DriverError> {
        self.answers()?;
        if self.steps.fetch_add(1, Ordering::SeqCst) + 1 != self.at_step {
            return self.switch.program(step).await;
        }
        match self.trouble {
            Trouble::OtherCard => self.switch.replace_card(),
            Trouble::OtherHands => self.switch.put(8, 0, &[0x1007]),
            Trouble::Gone => {
                self.gone.store(true, Ordering::SeqCst);
                return self.switch.program(step).await;
            }
        }
        let (address, operation) = ("memory".to_owned(), step.to_string());
        Err(DriverError::Interrupted { address, operation, source: io_error() })
    }

    fn hints(&self) -> watch::Receiver<u64> {
        self.switch.hints()
    }
}

/// One change that is held up in its only step, and others that wait behind it: function n to the n-th of these ports.
struct Company {
    engine: Engine,
    _tasks: EngineTasks,
    records: MemoryRecords,
    switch: MemorySwitch,
    changes: Vec<ChangeId>,
}

impl Company {
    /// Lets the changes go on, of which the one with the step `at_step` has this trouble.
    async fn with(trouble: Trouble, at_step: u32, ports: &[u8]) -> Self {
        let (records, switch) = (MemoryRecords::default(), MemorySwitch::default());
        let (steps, gone) = (AtomicU32::new(0), AtomicBool::new(false));
        let driver = Arc::new(Outage { switch: switch.clone(), at_step, trouble, steps, gone });
        let started =
            Engine::start(Arc::new(records.clone()), vec![config(driver)], options(), Clock::SYSTEM).await;
        let (engine, tasks) = started.expect("the engine starts");
        ready(&engine).await;
        let held_up = switch.gate.clone().write_owned().await;
        let mut changes = Vec::new();
        for (nth, port) in (1..).zip(ports) {
            let topology = &engine.snapshot().topology;
            let function = *topology.functions.keys().nth(nth).expect("a function");
            let host = topology.hosts.values().find(|host| host.port == PhysicalPort(*port)).expect("a host");
            let intent = Intent::single(function, Some(host.id));
            let accepted = engine.submit(submission(intent, topology.generation)).await.expect("accepted");
            changes.push(accepted.change);
            until(&engine, |now| now.begun.contains(&changes[0])).await;
        }
        drop(held_up);
        Self { engine, _tasks: tasks, records, switch, changes }
    }

    async fn ends(&self) -> Vec<(Outcome, String)> {
        until(&self.engine, |now| now.topology.open.is_empty()).await;
        let entries = self.records.entries();
        self.changes.iter().map(|change| end_in(&entries, *change).expect("it has ended")).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_after_an_outage_does_not_program_the_card_that_came_meanwhile() {
    let company = Company::with(Trouble::OtherCard, 2, &[0, 4, 8]).await;
    let ends = company.ends().await;
    let (outcome, why) = &ends[2];
    assert_eq!(*outcome, Outcome::RolledBack, "{why}");
    assert!(why.contains("Slot 16 holds another card"), "{why}");
    let third = Pdfid::new(0x1003).expect("in range");
    assert!(company.switch.held().values().flatten().all(|&bound| bound != third), "nothing was sent for it");
}

#[tokio::test(start_paused = true)]
async fn who_comes_after_an_outage_reads_its_ports_anew() {
    let company = Company::with(Trouble::OtherHands, 2, &[0, 4, 8]).await;
    let ends = company.ends().await;
    let outcomes: Vec<_> = ends.iter().map(|(outcome, _)| *outcome).collect();
    assert_eq!(outcomes, [Outcome::Applied, Outcome::RolledBack, Outcome::RolledBack], "{ends:?}");
    let theirs = company.switch.held()[&(PhysicalPort(8), LogicalPort(0))].clone();
    assert_eq!(theirs, [Pdfid::new(0x1007).expect("in range")], "it is left as it is");
    assert!(!ends[2].1.contains("refused"), "it was seen before anything was sent: {}", ends[2].1);
}

#[tokio::test(start_paused = true)]
async fn a_switch_that_is_gone_is_waited_for_once_by_a_whole_company_and_shown_as_away_meanwhile() {
    let company = Company::with(Trouble::Gone, 5, &[0, 4, 4, 8, 8]).await;
    let began = Instant::now();
    until(&company.engine, |now| now.topology.switches.values().all(|s| s.state == SwitchState::Unreachable))
        .await;
    let open = company.engine.snapshot().topology.open.len();
    assert!(open > 0, "it is shown while they still wait for it");
    let ends = company.ends().await;
    assert!(ends[1..].iter().all(|(outcome, _)| *outcome == Outcome::Stuck), "{ends:?}");
    let (took, patience) = (began.elapsed(), options().undo_patience);
    assert!(took < patience * 2, "{} changes were waited for one after another: {took:?}", ends.len() - 1);
}
