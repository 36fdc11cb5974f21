//! A database with a rack in it, and changes to write.

use chrono::DateTime;
use patchbay_domain::*;
use patchbay_store::{Closing, Names, Opening, Store, WRITINGS_MAX, Writing};
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Changes in a group.
pub const GROUP: usize = 64;
/// Changes measured one at a time in a round.
const SINGLE: usize = 500;
/// Groups of openings, and as many of closings, in a round.
const GROUPS: usize = 100;
/// Functions on one adapter, and logical ports of one host.
const ON_ADAPTER: usize = 32;

/// What one round found.
pub struct Figures {
    /// Median and 99th percentile of one opening.
    pub open_ms: [f64; 2],
    /// The same of one closing.
    pub close_ms: [f64; 2],
    /// Changes opened and closed in groups.
    pub changes_per_second: f64,
    /// Loading the picture.
    pub load_ms: f64,
    /// Looking up what was wished at the middle of the ledger, and at its end.
    pub moment_ms: [f64; 2],
}

/// What gives a function to a host, and what takes it back.
type Moves = [(Intent, Arc<Plan>); 2];

/// A database with a rack in it.
pub struct Rig {
    /// How large it is.
    pub name: String,
    store: Store,
    _dir: TempDir,
    next: ChangeId,
    /// For each function.
    plans: Vec<Moves>,
    turn: usize,
}

impl Rig {
    /// A rack with so many functions, and a ledger with about so many entries.
    pub async fn new(functions: usize, entries: u64) -> Result<Self, Box<dyn Error>> {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let store = Store::open(&dir.path().join("rack.db")).await?;
        let at = DateTime::UNIX_EPOCH;
        let (switch, _) = store.add_switch(at, &Actor::Engine, "pax-1", "rack-12-pax", "10.0.0.1").await?;
        store.discovered(at, switch, &observation(functions / ON_ADAPTER)?, &Names::default()).await?;
        let loaded = store.load().await?;
        let plans = plans(loaded.topology)?;
        let name = format!("{functions} functions, {entries} entries");
        let mut rig = Self { name, store, _dir: dir, next: loaded.next_change, plans, turn: 0 };
        while rig.store.load().await?.seq.get() < entries {
            for _ in 0..16 {
                rig.change(WRITINGS_MAX.min(rig.plans.len())).await?;
            }
        }
        Ok(rig)
    }

    /// The next opening, and the closing that ends it.
    fn next(&mut self) -> (Writing, Writing) {
        let (at, change) = (DateTime::UNIX_EPOCH, self.next);
        let way = self.turn / self.plans.len() % 2;
        let (intent, plan) = self.plans[self.turn % self.plans.len()][way].clone();
        self.next = change.next();
        self.turn += 1;
        let actor =
            Actor::Person { name: "ada".to_owned(), door: Door::Api, from: Some("192.0.2.7".to_owned()) };
        let reason = Reason::new("INC-4411, the bench").expect("a reason");
        let (moves, seen) = (plan.recorded_moves(), plan.generation);
        let reports =
            [StepReport { step: 0, phase: StepPhase::Apply, elapsed_us: 90, error: None, unanswered: false }];
        let closing = Closing { outcome: Outcome::Applied, why: None, reports: reports.into(), moves };
        let opening = Opening { at, change, actor, intent, plan, reason, seen, key: None };
        (Writing::Open(Box::new(opening)), Writing::Close { at, change, by: Actor::Engine, closing })
    }

    /// Opens and closes so many changes in two groups; how long each took.
    async fn change(&mut self, changes: usize) -> Result<[Duration; 2], Box<dyn Error>> {
        let (open, close): (Vec<_>, Vec<_>) = std::iter::repeat_with(|| self.next()).take(changes).unzip();
        let begun = Instant::now();
        self.store.write(open).await?;
        let opened = begun.elapsed();
        self.store.write(close).await?;
        Ok([opened, begun.elapsed() - opened])
    }

    /// One round.
    pub async fn measure(&mut self) -> Result<Figures, Box<dyn Error>> {
        let (mut open, mut close) = (Vec::new(), Vec::new());
        for _ in 0..SINGLE {
            let [opened, closed] = self.change(1).await?;
            open.push(opened);
            close.push(closed);
        }
        let mut took = Duration::ZERO;
        for _ in 0..GROUPS {
            took += self.change(GROUP).await?.iter().sum::<Duration>();
        }
        let begun = Instant::now();
        self.store.load().await?;
        let load_ms = begun.elapsed().as_secs_f64() * 1e3;
        let last = self.store.load().await?.seq;
        let moment_ms = [self.moment(Seq::new(last.get() / 2)).await?, self.moment(last).await?];
        let changes_per_second = (GROUPS * GROUP) as f64 / took.as_secs_f64();
        let (open_ms, close_ms) = (percentiles(open), percentiles(close));
        Ok(Figures { open_ms, close_ms, changes_per_second, load_ms, moment_ms })
    }

    /// How long it takes to look up what was wished as of an entry.
    async fn moment(&self, seq: Seq) -> Result<f64, Box<dyn Error>> {
        let begun = Instant::now();
        self.store.wishes(seq).await?.ok_or("no such entry")?;
        Ok(begun.elapsed().as_secs_f64() * 1e3)
    }
}

fn percentiles(mut took: Vec<Duration>) -> [f64; 2] {
    took.sort_unstable();
    [50, 99].map(|hundredth| took[(took.len() - 1) * hundredth / 100].as_secs_f64() * 1e3)
}

/// As many hosts as adapters, with a logical port for each function.
fn observation(adapters: usize) -> Result<Observation, Box<dyn Error>> {
    let link = Link::full(8, Rate::Gen4);
    let (mut host_ports, mut slots) = (Vec::new(), Vec::new());
    for number in 0..u8::try_from(adapters)? {
        let port = PhysicalPort(number);
        host_ports.push(ObservedHostPort { port, link, logical_ports: u8::try_from(ON_ADAPTER)? });
        let functions = (0..u16::try_from(ON_ADAPTER)?).map(|index| {
            let pdfid = Pdfid::new(u16::from(number) * 64 + index)?;
            let role = if index == 0 { Role::Pf } else { Role::Vf };
            Ok::<_, AddressError>(ObservedFunction { index, pdfid, role, bound: None })
        });
        let fingerprint = Fingerprint { vendor: 0x8086, device: 1, subsystem_vendor: 0, subsystem_device: 0 };
        let (kind, name) = (AdapterKind::Nic, format!("NIC {number}"));
        let adapter =
            ObservedAdapter { kind, name, fingerprint, functions: functions.collect::<Result<_, _>>()? };
        slots.push(ObservedSlot { port: PhysicalPort(128 + number), link, adapter: Some(adapter) });
    }
    Ok(Observation { model: "PAX".to_owned(), firmware: "4.80".to_owned(), host_ports, slots })
}

/// A plan to assign each function to a host, one after the other, and a plan to release it again.
fn plans(mut topology: Topology) -> Result<Vec<Moves>, Box<dyn Error>> {
    topology.switches.values_mut().for_each(|switch| switch.state = SwitchState::Ready);
    let hosts: Vec<HostId> = topology.hosts.keys().copied().collect();
    let mut plans = Vec::new();
    for (place, function) in topology.functions.keys().copied().collect::<Vec<_>>().into_iter().enumerate() {
        let give = Intent::single(function, hosts.get(place / ON_ADAPTER).copied());
        let given = plan(&topology, &give)?;
        let assigned = given.moves.first().and_then(|m| m.to);
        topology.functions.get_mut(&function).ok_or("no such function")?.assigned = assigned;
        let take = Intent::single(function, None);
        let taken = plan(&topology, &take)?;
        plans.push([(give, given.into()), (take, taken.into())]);
    }
    Ok(plans)
}
