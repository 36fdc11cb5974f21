//! Large plans: carried out, and only planned.

use crate::rig::door::Wanted;
use crate::rig::figures::{median, ms};
use crate::rig::{Board, Door, Stage, Submitted, door};
use crate::site::{Racks, Site};
use crate::table::{Aim, Figure};
use crate::wish::Wish;
use anyhow::{Context, Result, bail, ensure};
use patchbay_domain::{
    FunctionId, Generation, HostId, Intent, Places, Seq, SwitchState, Topology, plan_with,
};
use patchbay_softswitch::Shape;
use std::hint::black_box;
use std::time::Instant;

/// How many moves a large plan has.
pub const LARGE: usize = 512;
/// The rack that these plans are for: one switch with 2,048 functions, half of them assigned.
pub const SHAPE: Shape = Shape { hosts: 36, adapters: 8, functions: 2048, seed: 1, switches: Some(1) };
/// How often a plan is only made in a round.
const DRY_RUNS: usize = 41;

/// So many moves, from each host to the next one.
struct Rotation(Vec<(FunctionId, HostId, HostId)>);

impl Rotation {
    /// Every host gives as many as it takes, so that all have room: as many hosts as divide the moves evenly go round.
    fn of(board: &Board) -> Result<Self> {
        let switch = *board.switches().first().context("there is a switch")?;
        let (mut hosts, functions) = (board.hosts(switch), board.movable(switch));
        let round = (1..=hosts.len()).rev().find(|count| LARGE.is_multiple_of(*count));
        hosts.truncate(round.context("there is a host")?);
        let each = LARGE / hosts.len();
        let mut moves = Vec::new();
        for (at, &from) in hosts.iter().enumerate() {
            let to = hosts[(at + 1) % hosts.len()];
            let here = functions.iter().filter(|(_, host)| *host == Some(from));
            moves.extend(here.take(each).map(|(function, _)| (*function, from, to)));
        }
        ensure!(moves.len() == LARGE, "the rack has only {} functions to move", moves.len());
        Ok(Self(moves))
    }

    fn forth(&self) -> Wanted {
        self.wanted(|_, to| Some(to))
    }

    fn back(&self) -> Wanted {
        self.wanted(|from, _| Some(from))
    }

    fn release(&self) -> Wanted {
        self.wanted(|_, _| None)
    }

    fn wanted(&self, to: fn(HostId, HostId) -> Option<HostId>) -> Wanted {
        self.0.iter().map(|&(function, from, away)| (function, to(from, away))).collect()
    }
}

/// One large plan, carried out and read back: to other hosts, back, into the pool, and out of it.
///
/// # Errors
/// When one is not applied.
pub async fn carried_out(wish: &Wish) -> Result<Vec<Figure>> {
    let site = Site::open(&wish.program, &Racks::new(&[SHAPE])?).await?;
    let rotation = Rotation::of(&site.board)?;
    let mut door = site.door().await?;
    let forth = timed(&mut door, &rotation.forth()).await?;
    let back = timed(&mut door, &rotation.back()).await?;
    let release = timed(&mut door, &rotation.release()).await?;
    let assign = timed(&mut door, &rotation.back()).await?;
    site.close().await?;
    let moves = f64::midpoint(forth, back);
    Ok(vec![
        Figure::new("one plan of 512 moves (1,024 steps), ms", moves, Aim::AtMost(60.0)),
        Figure::new("one plan of 512 assignments, ms", assign, Aim::AtMost(60.0)),
        Figure::new("one plan of 512 releases, ms", release, Aim::AtMost(60.0)),
    ])
}

async fn timed(door: &mut Door, wanted: &Wanted) -> Result<f64> {
    let seen = door.topology().await?.generation;
    let began = Instant::now();
    let answer = door.submit(door::change(wanted, "a large plan", seen)).await?;
    let took = ms(began.elapsed());
    match answer.submitted()? {
        Submitted::Ended(ended) => {
            ensure!(ended.stage == Stage::Applied, "the plan ended as {:?}", ended.stage);
            Ok(took)
        }
        Submitted::Refused(problem) => bail!("the plan was refused: {}", problem.detail),
    }
}

/// One large plan, only made: over HTTP, and by the bare call in this process, as the engine makes it with its
/// places at hand.
///
/// # Errors
/// When it is refused.
pub async fn only_planned(wish: &Wish) -> Result<Vec<Figure>> {
    let site = Site::open(&wish.program, &Racks::new(&[SHAPE])?).await?;
    let intent = door::intent(&Rotation::of(&site.board)?.forth());
    let mut door = site.door().await?;
    let body = serde_json::to_vec(&intent)?;
    let mut over_http = Vec::with_capacity(DRY_RUNS);
    for _ in 0..DRY_RUNS {
        let began = Instant::now();
        let answer = door.post("/api/v1/plans", body.clone()).await?;
        over_http.push(ms(began.elapsed()));
        ensure!(answer.status == 200, "the plan was refused: {}", String::from_utf8_lossy(&answer.body));
    }
    let intent: Intent = serde_json::from_value(intent)?;
    let topology = folded(&mut door).await?;
    ensure!(topology.generation == door.topology().await?.generation, "the ledger gives the picture");
    site.close().await?;
    let places = Places::of(&topology);
    let mut bare = Vec::with_capacity(DRY_RUNS);
    for _ in 0..DRY_RUNS {
        let began = Instant::now();
        black_box(plan_with(black_box(&topology), black_box(&places), black_box(&intent))?);
        bare.push(ms(began.elapsed()));
    }
    let middle = |values: &[f64]| median(values).context("plans were made");
    Ok(vec![
        Figure::new("dry run of 512 moves over HTTP, ms", middle(&over_http)?, Aim::AtMost(2.0)),
        Figure::new("dry run of 512 moves, the bare call, ms", middle(&bare)?, Aim::AtMost(2.0)),
    ])
}

/// The picture as the ledger gives it, with every switch answering.
async fn folded(door: &mut Door) -> Result<Topology> {
    let mut topology = Topology { generation: Generation::new(0), ..Topology::default() };
    for entry in door.ledger(Seq::new(0)).await? {
        topology.apply(&entry);
    }
    let switches: Vec<_> = topology.switches.keys().copied().collect();
    for switch in switches {
        topology.set_switch_state(switch, SwitchState::Ready);
    }
    Ok(topology)
}
