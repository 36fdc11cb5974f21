//! Starting with a long ledger and changes that a crash left open.

use crate::history::{self, Scribe};
use crate::rig::board::Stirrings;
use crate::rig::door::Wanted;
use crate::rig::figures::ms;
use crate::rig::{Door, Server, door, places};
use crate::site::Racks;
use crate::table::{Aim, Figure};
use crate::wish::Wish;
use anyhow::{Context, Result, bail};
use patchbay_api::Problem;
use patchbay_domain::{ChangeId, FunctionId, Generation, HostId, Plan, Seq, Step, StepKind};
use patchbay_switchtec::{Client, ClientOptions, HostPort, LogicalPort, Pdfid, PhysicalPort};
use std::collections::BTreeSet;
use std::net::SocketAddrV4;
use std::path::Path;
use std::time::Instant;

/// Changes that the crash left open.
const OPEN: usize = 100;

/// What the server will find.
struct Wreck {
    open: BTreeSet<ChangeId>,
    last: Seq,
    /// A change that it may accept at once.
    spare: (FunctionId, HostId),
}

/// When what was, since the process was started.
struct Times {
    listening_ms: f64,
    healthy_ms: f64,
    accepted_ms: f64,
    recovered_ms: f64,
}

/// From the start of the process to the first accepted change, and to the end of the last change that was open.
///
/// # Errors
/// When a change is not recovered.
pub async fn measure(wish: &Wish) -> Result<Vec<Figure>> {
    let racks = Racks::at(&[history::SHAPE], places::for_ever)?;
    let data = history::folder(&wish.program, &racks, wish.entries).await?;
    // The last time left some functions elsewhere, and the switches begin as their file has them.
    history::discover(&wish.program, &racks, &data).await?;
    let switches = racks.start(&wish.program).await?;
    let addresses = switches.addresses();
    let wreck = crash(&data, addresses[0]).await?;
    let times = time(wish, &data, &addresses, &wreck).await?;
    switches.end().await?;
    let entries = wish.entries;
    let figure =
        |what: &str, value, aim| Figure::new(format!("start at {entries} entries: {what}, ms"), value, aim);
    Ok(vec![
        figure("listening", times.listening_ms, Aim::None),
        figure("healthy", times.healthy_ms, Aim::None),
        figure("first change accepted", times.accepted_ms, Aim::AtMost(1000.0)),
        figure("100 open changes closed", times.recovered_ms, Aim::AtMost(1000.0)),
    ])
}

/// Leaves changes open, and the switch as a crash would: a third not begun, a third half done, a third done.
async fn crash(data: &Path, switch: SocketAddrV4) -> Result<Wreck> {
    let mut scribe = Scribe::open(data).await?;
    let movable = scribe.movable();
    let client = Client::connect(switch, 0, ClientOptions::default()).await?;
    let mut open = BTreeSet::new();
    for (at, (function, _, away)) in movable.iter().take(OPEN).enumerate() {
        let (change, plan) = scribe.begin(*function, *away).await?;
        open.insert(change);
        do_steps(&client, &plan, plan.steps.len() * (at % 3) / 2).await?;
    }
    let (function, _, away) = *movable.get(OPEN).context("there is a function to spare")?;
    let last = scribe.seq;
    scribe.close().await?;
    Ok(Wreck { open, last, spare: (function, away) })
}

async fn do_steps(client: &Client, plan: &Plan, count: usize) -> Result<()> {
    for step in plan.steps.iter().take(count) {
        let Step { port, place, .. } = step;
        let host = HostPort { switch: client.identity().switch, port: PhysicalPort::new(port.0) };
        let logical_port = LogicalPort::new(place.logical_port.0);
        let pdfids: Vec<_> = step.functions().iter().map(|f| Pdfid::new(f.pdfid.get())).collect();
        match step.kind() {
            StepKind::Bind => client.bind(host, logical_port, &pdfids).await?,
            StepKind::Unbind => client.unbind(host, logical_port, pdfids[0]).await?,
        }
    }
    Ok(())
}

/// Starts the server. Everything is learnt from the live stream, so that looking costs the server nothing.
async fn time(wish: &Wish, data: &Path, switches: &[SocketAddrV4], wreck: &Wreck) -> Result<Times> {
    let began = Instant::now();
    let server = Server::start(&wish.program, data, switches).await?;
    let listening_ms = ms(began.elapsed());
    let mut door = Door::open(server.address).await?;
    let healthy = door.get("/healthz").await?;
    let healthy_ms = ms(began.elapsed());
    if healthy.status != 200 {
        bail!("the server is not healthy: {}", String::from_utf8_lossy(&healthy.body));
    }
    let mut stirrings = Stirrings::resume(server.address, wreck.last).await?;
    let mut open = wreck.open.clone();
    let mut attempt = Attempt::new(wreck);
    let (mut accepted_ms, mut recovered_ms) = (None, None);
    while accepted_ms.is_none() || recovered_ms.is_none() {
        if accepted_ms.is_none() && attempt.is_accepted(&mut door).await? {
            accepted_ms = Some(ms(began.elapsed()));
        }
        if recovered_ms.is_none() && open.is_empty() {
            recovered_ms = Some(ms(began.elapsed()));
        }
        if accepted_ms.is_none() || !open.is_empty() {
            for change in stirrings.closed().await? {
                open.remove(&change);
            }
        }
    }
    server.stop().await?;
    let (accepted_ms, recovered_ms) = (accepted_ms.context("accepted")?, recovered_ms.context("recovered")?);
    Ok(Times { listening_ms, healthy_ms, accepted_ms, recovered_ms })
}

/// A change that is asked for until it is accepted.
struct Attempt {
    wanted: Wanted,
    seen: Generation,
}

impl Attempt {
    fn new(wreck: &Wreck) -> Self {
        let (function, to) = wreck.spare;
        Self { wanted: vec![(function, Some(to))], seen: Generation::new(0) }
    }

    /// Asks once, and once more when the answer says with which generation.
    async fn is_accepted(&mut self, door: &mut Door) -> Result<bool> {
        loop {
            let body = door::change(&self.wanted, "the first change after the crash", self.seen);
            let answer = door.post("/api/v1/changes", body).await?;
            if answer.status == 202 {
                return Ok(true);
            }
            let problem: Problem = serde_json::from_slice(&answer.body).context("a problem")?;
            match (problem.code.as_str(), problem.generation) {
                ("stale", Some(now)) if now != self.seen => self.seen = now,
                // A hundred changes of one switch are more than may wait for it: some have to be closed first.
                ("stale" | "switch_unread" | "switch_away" | "queue_full", _) => return Ok(false),
                _ => bail!("the first change is refused: {}", problem.detail),
            }
        }
    }
}
