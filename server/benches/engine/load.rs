//! Clients that move functions to and fro, each its own function, one change at a time.

use crate::rig::figures::ms;
use crate::rig::{Door, Stage, Submitted, door};
use crate::site::Site;
use anyhow::{Context, Result, bail, ensure};
use futures::future::try_join_all;
use patchbay_domain::{FunctionId, Generation, HostId};
use std::time::{Duration, Instant};

/// How long clients work before the clock runs.
const WARM_UP: Duration = Duration::from_millis(500);

/// What came of a load.
#[derive(Debug, Default)]
pub struct Tally {
    /// What each move took, from its first request to the answer that it is done, in milliseconds.
    pub took_ms: Vec<f64>,
    /// Requests that were refused because others had changed the rack, or too many waited. They are made again, and
    /// their time counts.
    pub refusals: u64,
    /// How long the clock ran.
    pub lasted: Duration,
}

/// One client with its function.
struct Mover {
    door: Door,
    function: FunctionId,
    homes: [HostId; 2],
    /// The generation to send.
    seen: Generation,
}

/// Lets so many clients move functions to and fro, spread evenly over the switches.
///
/// # Errors
/// When a move is not applied.
pub async fn run(site: &Site, clients: usize, measured: Duration) -> Result<Tally> {
    let mut movers = Vec::with_capacity(clients);
    for (function, homes) in commuters(site, clients)? {
        movers.push(Mover { door: site.door().await?, function, homes, seen: site.board.0.generation });
    }
    let began = Instant::now() + WARM_UP;
    let work = movers.into_iter().map(async |mut mover| {
        let mut warm = Tally::default();
        while Instant::now() < began {
            mover.move_over(&mut warm).await?;
        }
        let mut tally = Tally::default();
        while began.elapsed() < measured {
            mover.move_over(&mut tally).await?;
        }
        Ok::<_, anyhow::Error>(tally)
    });
    let tallies = try_join_all(work).await?;
    let lasted = began.elapsed();
    let refusals = tallies.iter().map(|tally| tally.refusals).sum();
    let took_ms = tallies.into_iter().flat_map(|tally| tally.took_ms).collect();
    Ok(Tally { took_ms, refusals, lasted })
}

/// Functions to move, with the two hosts between which each goes: as many on every switch as on the others.
fn commuters(site: &Site, clients: usize) -> Result<Vec<(FunctionId, [HostId; 2])>> {
    let switches = site.board.switches();
    let mut of_switches: Vec<_> = switches
        .iter()
        .map(|&switch| {
            let hosts = site.board.hosts(switch);
            let functions = site.board.movable(switch).into_iter();
            let pairs = functions.filter_map(move |(function, host)| {
                let home = hosts.iter().position(|&up| Some(up) == host)?;
                let away = hosts[(home + 1) % hosts.len()];
                (hosts.len() > 1).then_some((function, [away, hosts[home]]))
            });
            pairs.collect::<Vec<_>>().into_iter()
        })
        .collect();
    let turns = (0..clients).map(|client| of_switches[client % switches.len()].next());
    turns.collect::<Option<_>>().context("there are not enough functions to move")
}

impl Mover {
    /// Moves the function to its other home; refusals are answered by trying again.
    async fn move_over(&mut self, tally: &mut Tally) -> Result<()> {
        let wanted = [(self.function, Some(self.homes[0]))];
        let began = Instant::now();
        loop {
            let body = door::change(&wanted, "a move to and fro", self.seen);
            match self.door.submit(body).await?.submitted()? {
                Submitted::Ended(ended) => {
                    tally.took_ms.push(ms(began.elapsed()));
                    ensure!(ended.stage == Stage::Applied, "the move ended as {:?}", ended.stage);
                    self.seen = ended.generation.context("the answer says what to send next")?;
                    self.homes.reverse();
                    return Ok(());
                }
                Submitted::Refused(problem) => {
                    tally.refusals += 1;
                    match (problem.code.as_str(), problem.generation) {
                        ("stale", Some(now)) => self.seen = now,
                        ("queue_full", _) => {}
                        _ => bail!("the move was refused: {}", problem.detail),
                    }
                }
            }
        }
    }
}
