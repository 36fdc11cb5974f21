//! `kill -9` at every command that a change sends to its switch: before its work, or between its work and its answer.
//!
//! The commands are counted and not named, so that whatever the engine sends, each is met. The sweep ends when a change
//! is answered before its n-th command has come.

use super::crowd::heard;
use super::hold::{Hold, Moment};
use super::inspector::{Count, Inspector};
use crate::checks::{Asked, Heard};
use crate::rig::door::Wanted;
use crate::rig::{Board, Door, Program, Server, board, door};
use anyhow::{Context, Result, ensure};
use patchbay_domain::{FunctionId, HostId};
use patchbay_softswitch::{Options, Phase, Rack, Running, Shape, Softswitch, Verdict, generate};
use std::fmt;
use std::net::{SocketAddr, SocketAddrV4};
use std::sync::Arc;
use tempfile::TempDir;

/// What becomes of the command at which the server is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is dropped with its connection, and never done.
    Dropped,
    /// It was on its way: it is done when the server is dead already, before the next one starts.
    Late,
    /// It is done, and only the answer is missing.
    Done,
}

impl Fate {
    const ALL: [Self; 3] = [Self::Dropped, Self::Late, Self::Done];

    const fn phase(self) -> Phase {
        match self {
            Self::Dropped | Self::Late => Phase::Before,
            Self::Done => Phase::After,
        }
    }

    const fn verdict(self) -> Verdict {
        match self {
            Self::Dropped => Verdict::DropConnection,
            Self::Late | Self::Done => Verdict::Proceed,
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// Moves of the change; 2 are a swap, more are as many functions that go round.
    pub moves: usize,
    /// Only every so manieth command is met, from the first on.
    pub every: u64,
}

/// What was met.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// Kills.
    pub kills: usize,
    /// How the changes ended.
    pub count: Count,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} kills of the server\n{:?}", self.kills, self.count)
    }
}

struct Stage {
    program: Program,
    data: TempDir,
    hold: Arc<Hold>,
    switch: Running,
    address: SocketAddrV4,
    inspector: Inspector,
    asked: u64,
    kills: usize,
}

/// Meets every command, in each phase, with each fate.
///
/// # Errors
/// The first thing that cannot be, with the moment.
pub async fn run(program: Program, wish: Wish) -> Result<Report> {
    let mut stage = Stage::open(program).await?;
    let mut server = stage.start().await?;
    for fate in Fate::ALL {
        let mut nth = 1;
        loop {
            let met = stage.meet(server, wish.moves, nth, fate).await;
            let (next, came) = met.with_context(|| format!("killed at command {nth}, {fate:?}"))?;
            server = next;
            if !came {
                break;
            }
            nth += wish.every;
        }
        ensure!(nth > 1, "no command was met");
    }
    stage.inspector.check_all()?;
    server.stop().await?;
    stage.program.verify(stage.data.path()).await?;
    let report = Report { kills: stage.kills, count: stage.inspector.count() };
    stage.switch.kill().await;
    Ok(report)
}

impl Stage {
    async fn open(program: Program) -> Result<Self> {
        let data = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let shape = Shape { hosts: 4, adapters: 2, functions: 24, seed: 1, switches: Some(1) };
        let rack = Rack::parse(&generate(&shape)?, "the rack")?;
        let hold = Arc::new(Hold::new());
        let options = Options { gate: Some(hold.clone()), ..Options::default() };
        let switch = Softswitch::start(rack, "127.0.0.1:0".parse()?, options).await?;
        let SocketAddr::V4(address) = switch.addr() else { anyhow::bail!("switches are reached over IPv4") };
        let inspector = Inspector::default();
        Ok(Self { program, data, hold, switch, address, inspector, asked: 0, kills: 0 })
    }

    async fn start(&self) -> Result<Server> {
        let server = Server::start(&self.program, self.data.path(), &[self.address]).await?;
        board::ready(server.address).await?;
        Ok(server)
    }

    /// Kills the server at the n-th command of a change. Returns whether it came before the change was answered.
    async fn meet(
        &mut self,
        mut server: Server,
        moves: usize,
        nth: u64,
        fate: Fate,
    ) -> Result<(Server, bool)> {
        let mut door = Door::open(server.address).await?;
        let board = Board(door.topology().await?);
        let wanted = round_trip(&board, moves)?;
        self.asked += 1;
        let mut asked = Asked { wanted, reason: format!("request {}", self.asked), heard: Heard::Nothing };
        let body = door::change(&asked.wanted, &asked.reason, board.0.generation);
        self.hold.arm(Moment { nth, phase: fate.phase() });
        let answer = tokio::select! {
            () = self.hold.held() => None,
            answer = door.submit(body) => Some(answer?.submitted()?),
        };
        let came = answer.is_none();
        let server = match answer {
            Some(answer) => {
                self.hold.disarm();
                asked.heard = heard(&answer)?;
                ensure!(matches!(asked.heard, Heard::Ended { .. }), "the change was refused: {answer:?}");
                server
            }
            None => {
                server.kill().await?;
                self.kills += 1;
                self.hold.let_go(fate.verdict()).await;
                self.start().await?
            }
        };
        self.inspector.inspect(server.address, &[self.address], vec![asked]).await?;
        Ok((server, came))
    }
}

/// So many functions of as many hosts go round: each to the next one's host, the last to the first one's.
fn round_trip(board: &Board, moves: usize) -> Result<Wanted> {
    let switch = *board.switches().first().context("there is a switch")?;
    let (hosts, movable) = (board.hosts(switch), board.movable(switch));
    let of_host = |host: HostId| movable.iter().filter(move |(_, at)| *at == Some(host)).map(|(f, _)| *f);
    // By turns: the first of each host, then the second of each, so that neighbours have different hosts.
    let mut columns: Vec<_> = hosts.iter().map(|host| (*host, of_host(*host))).collect();
    let mut chosen: Vec<(FunctionId, HostId)> = Vec::new();
    while chosen.len() < moves {
        let before = chosen.len();
        chosen.extend(columns.iter_mut().filter_map(|(host, functions)| Some((functions.next()?, *host))));
        ensure!(chosen.len() > before, "the rack has only {before} functions to move");
    }
    chosen.truncate(moves);
    let next = |at: usize| chosen[(at + 1) % chosen.len()].1;
    Ok(chosen.iter().enumerate().map(|(at, (function, _))| (*function, Some(next(at)))).collect())
}
