//! The real engine on a database in a file, and two emulated switches over TCP, all of it in one thread.

use crate::fault::{Fault, Spot, Watch, WatchedGate};
use patchbay_domain::*;
use patchbay_driver_switchtec::{Reasons, SwitchtecConfig, SwitchtecDriver};
use patchbay_engine::{Clock, Engine, EngineOptions, EngineTasks, Snapshot, Submission, SwitchConfig};
use patchbay_softswitch::{Delays, Lab, Link, Options, Order, Running, Softswitch};
use patchbay_store::{Names, Store};
use patchbay_switchtec::ClientOptions;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// Longer than a story takes: nothing but changes talks to the switches, so that their commands can be counted.
const NEVER: Duration = Duration::from_hours(24 * 30);

/// More than every limit. A hang costs no time: when one begins, the clock is put forward.
const JUMP: Duration = Duration::from_secs(41);

/// The limit of an engine that gives a call up before its driver does, and of one that does so later.
const CALL_LIMITS: [Duration; 2] = [Duration::from_secs(20), Duration::from_secs(40)];

/// What logical ports hold, by switch, port and logical port; those that hold nothing are left out.
pub type Held = BTreeMap<(usize, u8, u8), Vec<u16>>;

/// A change that has ended.
pub struct Ended {
    pub id: ChangeId,
    pub plan: Arc<Plan>,
    pub closing: ChangeClosing,
}

pub struct Rig {
    pub watch: Arc<Watch>,
    pub engine: Engine,
    pub store: Store,
    switches: Vec<Running>,
    tasks: EngineTasks,
    dir: TempDir,
    options: EngineOptions,
}

fn options(seed: u64) -> EngineOptions {
    EngineOptions {
        observe_every: NEVER,
        observe_pause: NEVER,
        vitals_every: NEVER,
        vitals_pause: NEVER,
        call_limit: CALL_LIMITS[usize::from(seed % 2 == 1)],
        // Several hangs in a row must not use it up.
        undo_patience: JUMP * 10,
        retry_every: Duration::from_millis(1),
        ..EngineOptions::default()
    }
}

fn config(index: usize, switch: &Running) -> SwitchConfig {
    let SocketAddr::V4(address) = switch.addr() else { panic!("IPv4 was asked for") };
    let pauses = Duration::from_millis(1);
    let options = ClientOptions { first_pause: pauses, longest_pause: pauses, ..ClientOptions::default() };
    let config = SwitchtecConfig { address, instance: 0, options, reasons: Reasons::Softswitch };
    SwitchConfig {
        key: format!("switch {index}"),
        name: format!("pax-{}", index + 1),
        address: String::new(),
        names: Names::default(),
        driver: Arc::new(SwitchtecDriver::new(config)),
    }
}

/// The switches of the built-in rack whose hosts are cabled to two, with all cables in.
async fn switches(watch: &Arc<Watch>) -> Vec<Running> {
    let lab = Lab::by_name("pair").expect("it is built in").expect("it is a rack");
    let mut switches = Vec::new();
    for (switch, rack) in lab.into_racks().into_iter().enumerate() {
        let unplugged: Vec<_> = rack.hosts.iter().filter(|h| h.link == Link::Down).map(|h| h.port).collect();
        let gate = Arc::new(WatchedGate { watch: Arc::clone(watch), switch });
        let options = Options { delays: Some(Delays::default()), gate: Some(gate), ..Options::default() };
        let listen = "127.0.0.1:0".parse().expect("an address");
        let running = Softswitch::start(rack, listen, options).await.expect("the softswitch starts");
        for port in unplugged {
            running.order(Order::PlugCable { port: port.get().into() }).await.expect("a cable that is out");
        }
        switches.push(running);
    }
    switches
}

impl Rig {
    pub async fn start(seed: u64) -> Self {
        let watch = Arc::new(Watch::default());
        let switches = switches(&watch).await;
        let dir = TempDir::new().expect("a temporary folder");
        Self::run(watch, switches, dir, options(seed)).await
    }

    async fn run(watch: Arc<Watch>, switches: Vec<Running>, dir: TempDir, options: EngineOptions) -> Self {
        let store = Store::open(&dir.path().join("patchbay.db")).await.expect("a store opens");
        let configs = switches.iter().enumerate().map(|(index, switch)| config(index, switch)).collect();
        let started = Engine::start(Arc::new(store.clone()), configs, options, Clock::SYSTEM).await;
        let (engine, tasks) = started.expect("the engine starts");
        let rig = Self { watch, engine, store, switches, tasks, dir, options };
        rig.looked_at().await;
        rig
    }

    /// Waits until everything was read once: afterwards only changes talk to the switches.
    async fn looked_at(&self) {
        let ready = |now: &Snapshot| now.topology.switches.values().all(|s| s.state == SwitchState::Ready);
        self.until(|now| ready(now) && now.vitals.len() == self.switches.len()).await;
    }

    async fn until(&self, wanted: impl Fn(&Snapshot) -> bool) {
        let (_, mut happenings) = self.engine.watch();
        while !wanted(&self.engine.snapshot()) {
            happenings.recv().await.expect("the engine runs");
        }
    }

    /// Stops the engine, and starts another one on the same database and switches.
    pub async fn restart(self) -> Self {
        let Self { watch, engine, store, switches, tasks, dir, options } = self;
        engine.stop();
        tasks.finished().await;
        store.close().await;
        Self::run(watch, switches, dir, options).await
    }

    /// Ends the engine.
    pub async fn stop(self) {
        self.engine.stop();
        self.tasks.finished().await;
    }

    pub fn topology(&self) -> Topology {
        self.engine.snapshot().topology.clone()
    }

    /// What the switches themselves hold.
    pub fn held(&self) -> Held {
        let of = |(index, switch): (usize, &Running)| {
            let bound = switch.bindings().into_iter();
            let at = move |b: patchbay_softswitch::Binding| {
                let functions: Vec<u16> = b.functions.iter().map(|pdfid| pdfid.get()).collect();
                ((index, b.port.get(), b.logical_port.get()), functions)
            };
            bound.map(at).filter(|(_, functions)| !functions.is_empty()).collect::<Vec<_>>()
        };
        self.switches.iter().enumerate().flat_map(of).collect()
    }

    /// Spoils a command: by the switch's fault controls where they can, else by its gate.
    pub async fn spoil(&self, spot: Spot, fault: Fault) {
        let order = fault.order(spot);
        self.watch.aim(spot, fault, order.is_some());
        if let Some(order) = order {
            self.switches[spot.switch].order(order).await.expect("the switch takes it");
        }
    }

    /// Ends every fault; how many there still were.
    pub async fn heal(&self) -> usize {
        let mut waiting = self.watch.clear();
        for switch in &self.switches {
            waiting += switch.condition().faults.len();
            switch.order(Order::Heal {}).await.expect("it heals");
        }
        // One that was shown as away is read again when the change has ended.
        self.until(|now| now.topology.switches.values().all(|s| s.state == SwitchState::Ready)).await;
        waiting
    }

    /// Asks for a change, and waits for its end. When a command hangs, time passes.
    pub async fn carry_out(&self, intent: Intent) -> Result<Ended, String> {
        let submission = Submission {
            actor: Actor::Person { name: "operator".to_owned(), door: Door::Api, from: None },
            intent,
            reason: Reason::new("a test").expect("a reason"),
            seen: self.engine.snapshot().topology.generation,
            key: None,
        };
        let accepted = self.engine.submit(submission).await.map_err(|error| error.to_string())?;
        if let Some(mut end) = self.engine.end_of(accepted.change) {
            loop {
                tokio::select! {
                    biased;
                    ended = &mut end => break drop(ended.map_err(|_| "the engine is gone")?),
                    () = self.watch.hung() => pass_time().await,
                }
            }
        }
        let record = self.store.change(accepted.change).await.map_err(|error| error.to_string())?;
        let record = record.ok_or("the change is not recorded")?;
        let closing = record.closed.ok_or("the change is told as ended and is open")?;
        Ok(Ended { id: record.id, plan: record.plan, closing })
    }
}

/// Lets every limit run out. The clock goes on by itself before and after, so that whatever works has all its time.
async fn pass_time() {
    tokio::time::pause();
    tokio::time::advance(JUMP).await;
    tokio::time::resume();
}
