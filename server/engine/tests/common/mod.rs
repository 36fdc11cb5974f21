//! A switch in memory, and an engine around it on a temporary database.
#![allow(dead_code, reason = "each test file uses its own part")]

use async_trait::async_trait;
use patchbay_domain::*;
use patchbay_driver::{Applied, Capabilities, DriverError, FaultPoint, Faults, Faulty, SwitchDriver};
use patchbay_engine::{
    Clock, Engine, EngineOptions, EngineTasks, Snapshot, Submission, SubmitError, SwitchConfig,
};
use patchbay_store::{Names, Opening, Records, Store, Writing};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;

/// What is on every logical port that is taken, by host port.
pub type Held = BTreeMap<(PhysicalPort, LogicalPort), Vec<Pdfid>>;

/// A switch to look after that is in memory.
pub fn config(driver: Arc<dyn SwitchDriver>) -> SwitchConfig {
    SwitchConfig {
        key: "memory".to_owned(),
        name: "rack-12-pax".to_owned(),
        address: "memory".to_owned(),
        names: Names::default(),
        driver,
    }
}

/// Waits until what the engine shows is as wanted; every happening is a reason to look again.
pub async fn until(engine: &Engine, wanted: impl Fn(&Snapshot) -> bool) {
    let (_, mut happenings) = engine.watch();
    while !wanted(&engine.snapshot()) {
        happenings.recv().await.expect("the engine runs");
    }
}

/// Waits until every switch was read.
pub async fn ready(engine: &Engine) {
    until(engine, |now| now.topology.switches.values().all(|s| s.state == SwitchState::Ready)).await;
}

/// A switch with four host ports (port 12 without a link) of two logical ports each, and a NIC with eight VFs.
#[derive(Clone)]
pub struct MemorySwitch {
    held: Arc<Mutex<Held>>,
    hints: Arc<watch::Sender<u64>>,
    vitals: Arc<Mutex<Vitals>>,
    /// Which card is in the slot, as a PCI device.
    card: Arc<Mutex<u16>>,
    /// Host ports whose cable is out, besides port 12.
    unplugged: Arc<Mutex<BTreeSet<u8>>>,
    silence: Arc<Mutex<Silence>>,
    /// How long it takes to tell what logical ports hold.
    reading_takes: Arc<Mutex<Duration>>,
    /// How often logical ports were read.
    pub readings: Arc<AtomicU32>,
    /// Whoever holds this for writing holds the switch up in the middle of a step.
    pub gate: Arc<tokio::sync::RwLock<()>>,
}

/// Whether a switch answers when it is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Silence {
    #[default]
    Answers,
    Unreachable,
    Hangs,
}

impl Default for MemorySwitch {
    fn default() -> Self {
        let hints = Arc::new(watch::Sender::new(0));
        let (held, vitals, gate) = (Arc::default(), Arc::default(), Arc::default());
        let (card, readings) = (Arc::new(Mutex::new(0x158b)), Arc::default());
        let (unplugged, silence, reading_takes) = (Arc::default(), Arc::default(), Arc::default());
        Self { held, hints, vitals, card, unplugged, silence, reading_takes, readings, gate }
    }
}

impl MemorySwitch {
    pub fn held(&self) -> Held {
        self.held.lock().expect("not poisoned").clone()
    }

    /// Changes how the switch is, and hints at it.
    pub fn feel(&self, vitals: Vitals) {
        *self.vitals.lock().expect("not poisoned") = vitals;
        self.hints.send_modify(|n| *n += 1);
    }

    /// Puts another card into the slot, with the same PDFIDs, and hints at it.
    pub fn replace_card(&self) {
        *self.card.lock().expect("not poisoned") += 1;
        self.hints.send_modify(|n| *n += 1);
    }

    /// Puts the card that was there before the last replacement into the slot, and hints at it.
    pub fn card_before(&self) {
        *self.card.lock().expect("not poisoned") -= 1;
        self.hints.send_modify(|n| *n += 1);
    }

    /// Pulls a host's cable or plugs it in, and hints at it.
    pub fn cable(&self, port: u8, plugged: bool) {
        let mut unplugged = self.unplugged.lock().expect("not poisoned");
        if plugged {
            unplugged.remove(&port)
        } else {
            unplugged.insert(port)
        };
        drop(unplugged);
        self.hints.send_modify(|n| *n += 1);
    }

    /// Makes it take this long to tell what logical ports hold.
    pub fn slow_down(&self, reading_takes: Duration) {
        *self.reading_takes.lock().expect("not poisoned") = reading_takes;
    }

    /// Makes the switch fall silent or answer, and hints at it.
    pub fn fall(&self, silence: Silence) {
        *self.silence.lock().expect("not poisoned") = silence;
        self.hints.send_modify(|n| *n += 1);
    }

    /// Binds behind Patchbay's back, and hints at it.
    pub fn put(&self, port: u8, logical_port: u8, pdfids: &[u16]) {
        let pdfids: Vec<_> = pdfids.iter().map(|&p| Pdfid::new(p).expect("in range")).collect();
        let at = (PhysicalPort(port), LogicalPort(logical_port));
        let mut held = self.held.lock().expect("not poisoned");
        if pdfids.is_empty() {
            held.remove(&at)
        } else {
            held.insert(at, pdfids)
        };
        drop(held);
        self.hints.send_modify(|n| *n += 1);
    }
}

#[async_trait]
impl SwitchDriver for MemorySwitch {
    fn capabilities(&self) -> Capabilities {
        Capabilities { kind: "memory", functions_per_logical_port_max: 8, hints: true }
    }

    async fn observe(&self) -> Result<Observation, DriverError> {
        let silence = *self.silence.lock().expect("not poisoned");
        match silence {
            Silence::Answers => {}
            Silence::Hangs => std::future::pending().await,
            Silence::Unreachable => {
                let source = Box::new(std::io::Error::other("nobody is there"));
                return Err(DriverError::Unreachable { address: "memory".to_owned(), source });
            }
        }
        let held = self.held();
        let bound = |pdfid: Pdfid| {
            held.iter().find_map(|(&(port, logical_port), there)| {
                let number = u8::try_from(there.iter().position(|&p| p == pdfid)?).expect("at most eight");
                Some(BoundAt { port, logical_port, number })
            })
        };
        let link = Link::full(8, Rate::Gen4);
        let functions = (0..9_u16).map(|index| {
            let pdfid = Pdfid::new(0x1000 + index).expect("in range");
            let role = if index == 0 { Role::Pf } else { Role::Vf };
            ObservedFunction { index, pdfid, role, bound: bound(pdfid) }
        });
        let adapter = ObservedAdapter {
            kind: AdapterKind::Nic,
            name: "25 GbE NIC".to_owned(),
            fingerprint: Fingerprint {
                vendor: 0x8086,
                device: *self.card.lock().expect("not poisoned"),
                subsystem_vendor: 0,
                subsystem_device: 0,
            },
            functions: functions.collect(),
        };
        let unplugged = self.unplugged.lock().expect("not poisoned").clone();
        let host = |port| ObservedHostPort {
            port: PhysicalPort(port),
            link: if port == 12 || unplugged.contains(&port) { link.lost() } else { link },
            logical_ports: 2,
        };
        Ok(Observation {
            model: "Memory switch".to_owned(),
            firmware: "1".to_owned(),
            host_ports: [0, 4, 8, 12].map(host).to_vec(),
            slots: vec![ObservedSlot { port: PhysicalPort(16), link, adapter: Some(adapter) }],
        })
    }

    async fn contents(&self, ports: &BTreeSet<PhysicalPort>) -> Result<Contents, DriverError> {
        let takes = *self.reading_takes.lock().expect("not poisoned");
        if !takes.is_zero() {
            tokio::time::sleep(takes).await;
        }
        self.readings.fetch_add(1, Ordering::Relaxed);
        if let Some(port) = ports.iter().find(|port| ![0, 4, 8, 12].contains(&port.0)) {
            return Err(refused("tell what is bound", &format!("port {port} is not a host port")));
        }
        Ok(self.held().into_iter().filter(|((port, _), _)| ports.contains(port)).collect())
    }

    async fn vitals(&self) -> Result<Vitals, DriverError> {
        Ok(self.vitals.lock().expect("not poisoned").clone())
    }

    async fn apply(&self, step: &Step) -> Result<Applied, DriverError> {
        let _open = self.gate.read().await;
        let at = (step.port, step.place.logical_port);
        let (before, after) = (pdfids(&step.before), pdfids(&step.after));
        let mut held = self.held.lock().expect("not poisoned");
        let now = held.get(&at).cloned().unwrap_or_default();
        if now == after {
            return Ok(Applied::Before);
        }
        if now != before {
            return Err(DriverError::Conflict {
                place: format!("port {}", step.port),
                expected: format!("{before:?}"),
                found: format!("{now:?}"),
            });
        }
        reprogram(&mut held, step)?;
        drop(held);
        self.hints.send_modify(|n| *n += 1);
        Ok(Applied::Now)
    }

    async fn program(&self, step: &Step) -> Result<(), DriverError> {
        let _open = self.gate.read().await;
        reprogram(&mut self.held.lock().expect("not poisoned"), step)?;
        self.hints.send_modify(|n| *n += 1);
        Ok(())
    }

    fn hints(&self) -> watch::Receiver<u64> {
        self.hints.subscribe()
    }
}

fn pdfids(functions: &[BoundFunction]) -> Vec<Pdfid> {
    functions.iter().map(|b| b.pdfid).collect()
}

fn refused(operation: &str, reason: &str) -> DriverError {
    DriverError::Refused { operation: operation.to_owned(), reason: reason.to_owned() }
}

/// The bare bind or unbind, by the rules of a switch.
fn reprogram(held: &mut Held, step: &Step) -> Result<(), DriverError> {
    let (at, after) = ((step.port, step.place.logical_port), pdfids(&step.after));
    let refuse = |reason| Err(refused(&step.to_string(), reason));
    if after.is_empty() {
        return match held.remove(&at) {
            Some(_) => Ok(()),
            None => refuse("nothing is bound"),
        };
    }
    if held.contains_key(&at) {
        return refuse("the logical port is taken");
    }
    if after.iter().any(|p| held.values().any(|there| there.contains(p))) {
        return refuse("already bound");
    }
    held.insert(at, after);
    Ok(())
}

/// A running engine over one memory switch.
pub struct Rig {
    pub switch: MemorySwitch,
    pub faults: Faults,
    pub engine: Engine,
    pub store: Store,
    tasks: Option<EngineTasks>,
    dir: TempDir,
}

pub fn options() -> EngineOptions {
    EngineOptions {
        observe_every: Duration::from_secs(3600),
        vitals_every: Duration::from_secs(3600),
        vitals_pause: Duration::ZERO,
        undo_patience: Duration::from_millis(50),
        retry_every: Duration::from_millis(5),
        // Longer than any test: what is read of links and switches makes entries only where a test is about that.
        patience: Patience { raise_after: Duration::from_hours(1), clear_after: Duration::from_hours(1) },
        ..EngineOptions::default()
    }
}

impl Rig {
    pub async fn start() -> Self {
        let dir = TempDir::new().expect("a temporary folder");
        Self::open(dir, MemorySwitch::default(), options()).await
    }

    pub async fn with(options: EngineOptions, switch: MemorySwitch) -> Self {
        Self::open(TempDir::new().expect("a temporary folder"), switch, options).await
    }

    async fn open(dir: TempDir, switch: MemorySwitch, options: EngineOptions) -> Self {
        let store = Store::open(&dir.path().join("patchbay.db")).await.expect("a store opens");
        let rig = Self::run(dir, switch, options, store, Faults::default()).await;
        rig.until(|t| t.switches.values().all(|s| s.state == SwitchState::Ready) && t.open.is_empty()).await;
        rig
    }

    /// Ends the engine's tasks, records a change as opened, empties a logical port (host port, logical port) and
    /// starts the engine again with this fault: as after a crash behind the first unbind. Waits for nothing.
    pub async fn crash_with_open(
        mut self,
        moves: &[(u16, Option<u8>)],
        emptied: (u8, u8),
        point: FaultPoint,
    ) -> Self {
        let (intent, topology) = (self.intent(moves), self.topology());
        self.engine.stop();
        self.tasks.take().expect("running").finished().await;
        leave_open(&self.store, &topology, intent).await;
        let Self { switch, dir, store, faults, .. } = self;
        switch.put(emptied.0, emptied.1, &[]);
        faults.set(point);
        Self::run(dir, switch, options(), store, faults).await
    }

    async fn run(
        dir: TempDir,
        switch: MemorySwitch,
        options: EngineOptions,
        store: Store,
        faults: Faults,
    ) -> Self {
        let config = config(Arc::new(Faulty::new(switch.clone(), faults.clone())));
        let started = Engine::start(Arc::new(store.clone()), vec![config], options, Clock::SYSTEM).await;
        let (engine, tasks) = started.expect("the engine starts");
        Self { switch, faults, engine, store, tasks: Some(tasks), dir }
    }

    /// Stops the engine as a graceful shutdown does, and starts it again on the same database and switch.
    pub async fn restart(mut self) -> Self {
        self.engine.stop();
        self.tasks.take().expect("running").finished().await;
        self.store.close().await;
        let Self { switch, dir, engine, store, .. } = self;
        drop((engine, store));
        Self::open(dir, switch, options()).await
    }

    pub fn topology(&self) -> Topology {
        self.engine.snapshot().topology.clone()
    }

    /// Waits until the picture is as wanted; every happening is a reason to look again.
    pub async fn until(&self, wanted: impl Fn(&Topology) -> bool) {
        let looking = until(&self.engine, |now| wanted(&now.topology));
        tokio::time::timeout(Duration::from_secs(30), looking).await.expect("the picture becomes as wanted");
    }

    pub fn function(&self, index: u16) -> FunctionId {
        let found = self.topology().functions.values().find(|f| f.index == index).map(|f| f.id);
        found.expect("the switch has it")
    }

    pub fn host(&self, port: u8) -> HostId {
        let found = self.topology().hosts.values().find(|h| h.port == PhysicalPort(port)).map(|h| h.id);
        found.expect("the switch has it")
    }

    pub fn intent(&self, moves: &[(u16, Option<u8>)]) -> Intent {
        let one =
            |&(index, port): &(u16, Option<u8>)| Move::new(self.function(index), port.map(|p| self.host(p)));
        Intent::moving(moves.iter().map(one).collect())
    }

    /// Submits what the moves ask for, as seen at a generation.
    pub async fn submit(
        &self,
        moves: &[(u16, Option<u8>)],
        seen: Generation,
    ) -> Result<ChangeId, SubmitError> {
        self.engine.submit(submission(self.intent(moves), seen)).await.map(|accepted| accepted.change)
    }

    /// Submits and waits for the end.
    pub async fn change(&self, moves: &[(u16, Option<u8>)]) -> (ChangeId, ChangeRecord) {
        self.carry_out(self.intent(moves)).await
    }

    /// Submits and waits for the end.
    pub async fn carry_out(&self, intent: Intent) -> (ChangeId, ChangeRecord) {
        let seen = self.topology().generation;
        let id = self.engine.submit(submission(intent, seen)).await.expect("accepted").change;
        if let Some(end) = self.engine.end_of(id) {
            end.await.expect("the engine runs");
        }
        (id, self.store.change(id).await.expect("readable").expect("recorded"))
    }
}

pub fn submission(intent: Intent, seen: Generation) -> Submission {
    Submission { actor: person(), intent, reason: reason(), seen, key: None }
}

pub fn person() -> Actor {
    Actor::Person { name: "operator".to_owned(), door: Door::Api, from: None }
}

pub fn reason() -> Reason {
    Reason::new("a test").expect("a reason")
}

/// How a change ended and why, by these entries; none while it is open.
pub fn end_in(entries: &[Entry], change: ChangeId) -> Option<(Outcome, String)> {
    entries.iter().find_map(|entry| match &entry.event {
        Event::ChangeClosed { change: closed, outcome, why, .. } if *closed == change => {
            Some((*outcome, why.clone().unwrap_or_default()))
        }
        _ => None,
    })
}

/// Opens a change as an engine does that ends before its first step.
pub async fn leave_open(records: &dyn Records, topology: &Topology, intent: Intent) -> ChangeId {
    let plan = plan(topology, &intent).expect("allowed");
    let (at, actor, reason) = (Clock::SYSTEM.now(), person(), reason());
    let (change, seen) = (records.load().await.expect("loaded").next_change, topology.generation);
    let opening = Opening { at, change, actor, intent, plan: plan.into(), reason, seen, key: None };
    records.write(vec![Writing::Open(Box::new(opening))]).await.expect("recorded");
    change
}
