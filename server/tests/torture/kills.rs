//! `kill -9` at random instants under load. The switches live in processes of their own, with the truth in their state
//! files; some rounds kill them too.

use super::crowd::Crowd;
use super::inspector::{Count, Inspector};
use crate::rig::figures::{median, ms, percentile};
use crate::rig::process::RackFile;
use crate::rig::{Program, Server, SwitchProcess, board, places};
use anyhow::{Context, Result};
use fastrand::Rng;
use patchbay::serve::DATABASE;
use patchbay_softswitch::{Shape, generate};
use std::fmt;
use std::net::SocketAddrV4;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Clients that ask for changes.
const CLIENTS: usize = 8;
/// Switches, each a process.
const SWITCHES: u8 = 2;
/// Most answers before a kill.
const ANSWERS_MAX: u64 = 24;
/// Most microseconds behind the last of these answers: some changes' time.
const BEHIND_MAX_US: u64 = 12_000;
/// How often the program itself checks a copy of the ledger.
const VERIFY_EVERY: usize = 10;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// How many kills.
    pub kills: usize,
    /// The same seed draws the same instants, victims and requests; what is on its way then is the machine's doing.
    pub seed: u64,
    /// Which addresses to use, for runs side by side in one process.
    pub place: u8,
}

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Server,
    Switch(usize),
    ServerAndSwitch(usize),
}

/// When and what.
#[derive(Clone, Copy, Debug)]
struct Instance {
    nth: usize,
    victim: Victim,
    answers: u64,
    behind: Duration,
}

/// What a run found when nothing was wrong.
#[derive(Clone, Debug)]
pub struct Report {
    /// Kills of each kind: the server, a switch, both.
    pub kills: [usize; 3],
    /// Requests by their ends.
    pub count: Count,
    /// From a start of the server until all switches were read and nothing was open, in milliseconds.
    pub ready_ms: Vec<f64>,
}

/// Everything that runs.
struct Arena {
    program: Program,
    data: TempDir,
    racks: Vec<RackFile>,
    switches: Vec<SwitchProcess>,
    addresses: Vec<SocketAddrV4>,
    server: Server,
    crowd: Crowd,
    inspector: Inspector,
    report: Report,
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { nth, victim, answers, behind } = self;
        write!(f, "kill {nth} of {victim:?}, {behind:?} behind answer {answers} of its round")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [server, switch, both] = self.kills;
        writeln!(f, "{server} kills of the server, {switch} of a switch, {both} of both")?;
        writeln!(f, "{:?}", self.count)?;
        let at = |hundredth| percentile(&self.ready_ms, hundredth).unwrap_or(f64::NAN);
        let middle = median(&self.ready_ms).unwrap_or(f64::NAN);
        write!(f, "ready again after {middle:.0} ms (median), p99 {:.0} ms, most {:.0} ms", at(99), at(100))
    }
}

/// Kills as often as asked, and looks at everything after each.
///
/// # Errors
/// The first thing that cannot be, with the seed and the kill.
pub async fn run(program: Program, wish: Wish) -> Result<Report> {
    let mut rng = Rng::with_seed(wish.seed);
    let mut arena = Arena::open(program, wish).await?;
    for nth in 1..=wish.kills {
        let instance = Instance::draw(&mut rng, nth);
        let context = || format!("seed {}: {instance}", wish.seed);
        arena = arena.round(instance).await.with_context(context)?;
    }
    arena.close().await
}

impl Instance {
    fn draw(rng: &mut Rng, nth: usize) -> Self {
        let switch = rng.usize(0..usize::from(SWITCHES));
        let victim = match rng.u8(0..10) {
            0 => Victim::Switch(switch),
            1 => Victim::ServerAndSwitch(switch),
            _ => Victim::Server,
        };
        let behind = Duration::from_micros(rng.u64(0..BEHIND_MAX_US));
        Self { nth, victim, answers: rng.u64(0..ANSWERS_MAX), behind }
    }

    /// Returns at the instant. Waiting for nothing in particular is the point.
    async fn come(&self, crowd: &mut Crowd) -> Result<()> {
        crowd.answered(self.answers).await?;
        let behind = self.behind;
        // The runtime's own clock ticks in milliseconds, in which a whole change may pass.
        Ok(tokio::task::spawn_blocking(move || std::thread::sleep(behind)).await?)
    }
}

impl Arena {
    async fn open(program: Program, wish: Wish) -> Result<Self> {
        let data = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let (mut racks, mut switches) = (Vec::new(), Vec::new());
        for nth in 0..SWITCHES {
            let shape = Shape {
                hosts: 4,
                adapters: 2,
                functions: 24,
                seed: wish.seed + u64::from(nth),
                switches: Some(1),
            };
            let place = places::of_this_process(wish.place * SWITCHES + nth);
            let path = data.path().join(format!("rack-{nth}.toml"));
            let rack = RackFile::write(path, &generate(&shape)?, place, true)?;
            switches.push(rack.start(&program).await?);
            racks.push(rack);
        }
        let addresses: Vec<_> = switches.iter().flat_map(|switch| switch.addresses.clone()).collect();
        let server = Server::start(&program, data.path(), &addresses).await?;
        board::ready(server.address).await?;
        let (crowd, inspector) = (Crowd::new(CLIENTS, wish.seed), Inspector::default());
        let report = Report { kills: [0; 3], count: Count::default(), ready_ms: Vec::new() };
        Ok(Self { program, data, racks, switches, addresses, server, crowd, inspector, report })
    }

    /// Load, a kill, a restart, and a look at everything.
    async fn round(mut self, instance: Instance) -> Result<Self> {
        self.crowd.work(self.server.address);
        instance.come(&mut self.crowd).await?;
        self = match instance.victim {
            Victim::Server => self.kill_server(instance.nth, None).await?,
            Victim::Switch(nth) => {
                self.report.kills[1] += 1;
                self.restart_switch(nth).await?
            }
            Victim::ServerAndSwitch(nth) => self.kill_server(instance.nth, Some(nth)).await?,
        };
        let asked = self.crowd.rest().await?;
        board::ready(self.server.address).await?;
        self.inspector.inspect(self.server.address, &self.addresses, asked).await?;
        Ok(self)
    }

    async fn kill_server(mut self, nth: usize, switch: Option<usize>) -> Result<Self> {
        self.server.kill().await?;
        self.report.kills[if switch.is_some() { 2 } else { 0 }] += 1;
        let Self { program, data, .. } = &self;
        if nth.is_multiple_of(VERIFY_EVERY) {
            verify_copy(program, data.path()).await?;
        }
        let began = Instant::now();
        let server = Server::start(program, data.path(), &self.addresses).await?;
        let address = server.address;
        self.server = server;
        if let Some(switch) = switch {
            self = self.restart_switch(switch).await?;
        }
        board::ready(address).await?;
        self.report.ready_ms.push(ms(began.elapsed()));
        Ok(self)
    }

    async fn restart_switch(mut self, nth: usize) -> Result<Self> {
        self.switches.remove(nth).kill().await?;
        self.switches.insert(nth, self.racks[nth].start(&self.program).await?);
        Ok(self)
    }

    async fn close(self) -> Result<Report> {
        self.inspector.check_all()?;
        self.server.stop().await?;
        self.program.verify(self.data.path()).await?;
        for switch in self.switches {
            switch.kill().await?;
        }
        Ok(Report { count: self.inspector.count(), ..self.report })
    }
}

/// Lets the program check the ledger as the kill has left it. A copy: looking at the database itself would tidy up what
/// the server shall find.
async fn verify_copy(program: &Program, data: &Path) -> Result<()> {
    let copy = tempfile::tempdir_in(data)?;
    for name in [DATABASE.to_owned(), format!("{DATABASE}-wal")] {
        let from = data.join(&name);
        if from.exists() {
            std::fs::copy(from, copy.path().join(name))?;
        }
    }
    program.verify(copy.path()).await
}
