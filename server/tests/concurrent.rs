//! 32 clients at once over HTTP, two switches, few functions: what each saw, asked for and was told fits the ledger's
//! order, with no update lost and no function owned twice.

mod checks;
mod rig;
mod torture;

use anyhow::{Context, Result};
use checks::linear::{Attempt, Look, Record, Tick};
use checks::{Asked, Heard, Story};
use fastrand::Rng;
use patchbay_domain::{FunctionId, Outcome, Seq};
use patchbay_softswitch::{Shape, generate};
use rig::door::Wanted;
use rig::process::RackFile;
use rig::{Board, Door, Program, Server, board, door, places};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::task::JoinSet;
use torture::crowd::heard;
use torture::inspector::Inspector;

const CLIENTS: usize = 32;
/// Requests of each client.
const REQUESTS: usize = 12;
/// Functions that all of them want, so that they meet.
const WANTED: usize = 8;
/// How often a client asks on the strength of what it saw one look earlier: one time in so many.
const STALE_ONE_IN: usize = 3;
const SEED: u64 = 4;

struct Client {
    name: usize,
    rng: Rng,
    door: Door,
    clock: Arc<AtomicU64>,
    record: Record,
}

impl Client {
    fn tick(&self) -> Tick {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    async fn look(&mut self) -> Result<Board> {
        let called = self.tick();
        let board = Board(self.door.topology().await?);
        let returned = self.tick();
        let owners = board.owners().into_iter();
        let shown = owners.map(|(id, spot)| (id, spot.map(|spot| (spot.host, spot.logical_port)))).collect();
        self.record.looks.push(Look { called, returned, seq: board.0.seq, shown });
        Ok(board)
    }

    async fn run(mut self) -> Result<Record> {
        let mut before = self.look().await?;
        for nth in 0..REQUESTS {
            let now = self.look().await?;
            let stale = self.rng.usize(0..STALE_ONE_IN) == 0;
            self.ask(if stale { &before } else { &now }, nth).await?;
            before = now;
        }
        Ok(self.record)
    }

    async fn ask(&mut self, seen: &Board, nth: usize) -> Result<()> {
        let wanted = self.wish(seen);
        let reason = format!("client {}, request {nth}", self.name);
        let body = door::change(&wanted, &reason, seen.0.generation);
        let called = self.tick();
        let answer = self.door.submit(body).await?.submitted()?;
        let returned = self.tick();
        let asked = Asked { wanted, reason, heard: heard(&answer)? };
        self.record.attempts.push(Attempt { called, returned, seen: seen.0.seq, asked });
        Ok(())
    }

    /// One or two of the wanted functions of a switch to any of its hosts.
    fn wish(&mut self, seen: &Board) -> Wanted {
        let switches = seen.switches();
        let switch = switches[self.rng.usize(0..switches.len())];
        let mut wanted: Vec<(FunctionId, _)> = seen.movable(switch).into_iter().take(WANTED).collect();
        self.rng.shuffle(&mut wanted);
        let hosts = seen.hosts(switch);
        let count = self.rng.usize(1..=2);
        let moves = wanted.into_iter().take(count).map(|(function, at)| {
            let others: Vec<_> = hosts.iter().copied().filter(|host| Some(*host) != at).collect();
            (function, self.rng.choice(&others).copied())
        });
        moves.collect()
    }
}

/// Lets all clients work at once, and returns everything they did.
async fn work(server: SocketAddr) -> Result<Record> {
    let clock = Arc::new(AtomicU64::new(0));
    let mut clients = JoinSet::new();
    for name in 0..CLIENTS {
        let (door, rng) = (Door::open(server).await?, Rng::with_seed(SEED + name as u64));
        let client = Client { name, rng, door, clock: Arc::clone(&clock), record: Record::default() };
        clients.spawn(client.run());
    }
    let mut all = Record::default();
    while let Some(record) = clients.join_next().await {
        let record = record??;
        all.looks.extend(record.looks);
        all.attempts.extend(record.attempts);
    }
    Ok(all)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_32_clients_saw_and_were_told_fits_one_order() -> Result<()> {
    let (program, data) = (Program::built(), tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?);
    let shape = Shape { hosts: 8, adapters: 2, functions: 32, seed: SEED, switches: Some(2) };
    let path = data.path().join("racks.toml");
    let switches = RackFile::write(path, &generate(&shape)?, places::of_this_process(0), false)?;
    let switches = switches.start(&program).await?;
    let server = Server::start(&program, data.path(), &switches.addresses).await?;
    board::ready(server.address).await?;

    let record = work(server.address).await?;
    board::ready(server.address).await?;
    let mut story = Story::default();
    for entry in Door::open(server.address).await?.ledger(Seq::new(0)).await? {
        story.read(&entry).with_context(|| format!("at entry {}", entry.seq))?;
    }
    story.settled()?;
    record.check(&story)?;
    let is_applied =
        |attempt: &&Attempt| matches!(attempt.asked.heard, Heard::Ended { outcome: Outcome::Applied, .. });
    let applied = record.attempts.iter().filter(is_applied).count();
    assert!(applied > 0, "{applied} changes were applied");
    assert_eq!(record.attempts.len(), CLIENTS * REQUESTS);

    let asked = record.attempts.into_iter().map(|attempt| attempt.asked).collect();
    Inspector::default().inspect(server.address, &switches.addresses, asked).await?;
    server.stop().await?;
    switches.kill().await
}
