//! The least that one move can take on this machine: what its parts take by themselves, without the engine.
//!
//! A move waits for two commits, for a conversation with the switch, and for one request of its client. Here the pages of
//! two commits are synced to a bare file, the conversation is led by the bare client, and the request asks the server for
//! next to nothing. Whatever a move takes more is the engine's and the store's. The rows of the crowd and of the large plan
//! have such a limit too: what the switches and a bare client make of the conversations alone, with nothing written down.

use crate::rig::figures::{median, ms};
use crate::site::{Racks, Site, disk};
use crate::table::{Aim, Figure};
use crate::wish::Wish;
use crate::{plans, rows};
use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use patchbay_softswitch::Shape;
use patchbay_switchtec::command::sections::{Hvd, Layout};
use patchbay_switchtec::{Client, ClientOptions, HostPort, LogicalPort, Pdfid};
use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddrV4;
use std::os::unix::fs::FileExt as _;
use std::time::{Duration, Instant};

/// The rack of the row `one`.
pub const SHAPE: Shape = Shape { hosts: 8, adapters: 4, functions: 64, seed: 1, switches: Some(1) };
/// How often each part is done in a round.
const TIMES: usize = 501;
/// How long the conversations of all switches are counted.
const TALKED: Duration = Duration::from_secs(2);
/// Pages that are written when a change opens and when it closes, with the header of each in the log.
const COMMITS_PAGES: [usize; 2] = [5, 10];
const PAGE_BYTES: usize = 4_096 + 24;
/// The file is written over, as the log is.
const FILE_BYTES: usize = 16 * 1024 * 1024;

/// Every part by itself, and all of them; and the conversations alone of the crowd and of a large plan.
///
/// # Errors
/// When something does not work.
pub async fn measure(wish: &Wish) -> Result<Vec<Figure>> {
    let syncs = syncs()?;
    let conversation = with_switches(wish, SHAPE, one_after_another).await?;
    let crowd = with_switches(wish, rows::CROWD_SHAPE, all_at_once).await?;
    let steps = with_switches(wish, plans::SHAPE, steps).await?;
    let site = Site::open(&wish.program, &Racks::new(&[SHAPE])?).await?;
    let request = request(&site).await?;
    site.close().await?;
    Ok(vec![
        Figure::new("least of a move: two commits' syncs, ms", syncs, Aim::None),
        Figure::new("least of a move: the switch's conversation, ms", conversation, Aim::None),
        Figure::new("least of a move: an empty request, ms", request, Aim::None),
        Figure::new("least of a move: all three, ms", syncs + conversation + request, Aim::None),
        Figure::new("16 switches: conversations alone, a second", crowd, Aim::None),
        Figure::new("512 moves: the 1,024 steps alone, ms", steps, Aim::None),
    ])
}

/// Asks switches of this shape something.
async fn with_switches(
    wish: &Wish,
    shape: Shape,
    ask: impl AsyncFnOnce(Vec<SocketAddrV4>) -> Result<f64>,
) -> Result<f64> {
    let racks = Racks::new(&[shape])?;
    let switches = racks.start(&wish.program).await?;
    let answer = ask(switches.addresses()).await?;
    switches.end().await?;
    Ok(answer)
}

fn middle(values: &[f64]) -> Result<f64> {
    median(values).context("something was measured")
}

/// Two commits, each its pages and a sync.
fn syncs() -> Result<f64> {
    let mut file: File = tempfile::tempfile_in(disk())?;
    file.write_all(&vec![0; FILE_BYTES])?;
    file.sync_all()?;
    let (page, pages) = ([1; PAGE_BYTES], FILE_BYTES / PAGE_BYTES);
    let (mut took, mut next) = (Vec::with_capacity(TIMES), 0);
    for _ in 0..TIMES {
        let began = Instant::now();
        for commit in COMMITS_PAGES {
            for _ in 0..commit {
                file.write_all_at(&page, (next % pages * PAGE_BYTES) as u64)?;
                next += 1;
            }
            file.sync_data()?;
        }
        took.push(ms(began.elapsed()));
    }
    middle(&took)
}

/// What one conversation takes, in milliseconds.
async fn one_after_another(switches: Vec<SocketAddrV4>) -> Result<f64> {
    let mut talk = Talk::begin(switches[0]).await?;
    let mut took = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let began = Instant::now();
        talk.move_over().await?;
        took.push(ms(began.elapsed()));
    }
    middle(&took)
}

/// How many conversations all switches have in a second, each its own one after another.
async fn all_at_once(switches: Vec<SocketAddrV4>) -> Result<f64> {
    let talks = try_join_all(switches.into_iter().map(Talk::begin)).await?;
    let began = Instant::now();
    let counts = talks.into_iter().map(async |mut talk| {
        let mut count = 0_u32;
        while began.elapsed() < TALKED {
            talk.move_over().await?;
            count += 1;
        }
        Ok::<_, anyhow::Error>(count)
    });
    let count: u32 = try_join_all(counts).await?.iter().sum();
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}

/// What it takes to unbind as many functions as a large plan moves and to bind each again, in milliseconds.
async fn steps(switches: Vec<SocketAddrV4>) -> Result<f64> {
    let client = Client::connect(switches[0], 0, ClientOptions::default()).await?;
    let hosts = client.pax_all().await?.hvds.hvds;
    let switch = client.identity().switch;
    let of_host = |host: &Hvd| {
        let port = HostPort { switch, port: host.port };
        alone(host).map(|(place, function)| (port, place, function)).collect::<Vec<_>>()
    };
    let places: Vec<_> = hosts.iter().flat_map(of_host).take(plans::LARGE).collect();
    ensure!(places.len() == plans::LARGE, "only {} functions are bound", places.len());
    let began = Instant::now();
    for (host, place, function) in places {
        client.unbind(host, place, function).await?;
        client.bind(host, place, &[function]).await?;
    }
    Ok(ms(began.elapsed()))
}

/// A switch that is asked to move one function to and fro.
struct Talk {
    client: Client,
    layout: Layout,
    function: Pdfid,
    /// Where the function is, and where it goes.
    places: [(HostPort, LogicalPort); 2],
}

impl Talk {
    async fn begin(switch: SocketAddrV4) -> Result<Self> {
        let client = Client::connect(switch, 0, ClientOptions::default()).await?;
        let all = client.pax_all().await?;
        let (layout, hosts) = (all.layout(), all.hvds.hvds);
        let bound = hosts.iter().find_map(|host| Some((host, alone(host).next()?)));
        let (from, (here, function)) = bound.context("something is bound")?;
        let others = hosts.iter().filter(|host| host.port != from.port);
        let (to, there) =
            others.filter_map(|host| Some((host, free(host)?))).next().context("there is room")?;
        let switch = client.identity().switch;
        let place = |host: &Hvd, place| (HostPort { switch, port: host.port }, place);
        let places = [place(from, here), place(to, there)];
        Ok(Self { client, layout, function, places })
    }

    /// Reading two hosts, an unbind, a bind, and reading them again.
    async fn move_over(&mut self) -> Result<()> {
        let [(old, old_port), (new, new_port)] = self.places;
        self.read().await?;
        self.client.unbind(old, old_port, self.function).await?;
        self.client.bind(new, new_port, &[self.function]).await?;
        self.read().await?;
        self.places.reverse();
        Ok(())
    }

    async fn read(&self) -> Result<()> {
        let hosts = self.places.map(|(host, _)| host.port).into();
        let read = self.client.hvds(&self.layout, &hosts).await?;
        ensure!(read.is_some_and(|hosts| hosts.len() == 2), "both hosts were read");
        Ok(())
    }
}

/// The logical ports of a host that hold one function each, with that.
fn alone(host: &Hvd) -> impl Iterator<Item = (LogicalPort, Pdfid)> {
    let only = |slots: &[Option<Pdfid>]| slots[0].filter(|_| slots[1..].iter().all(Option::is_none));
    host.logical_ports.iter().filter_map(move |port| Some((port.id, only(&port.slots)?)))
}

fn free(host: &Hvd) -> Option<LogicalPort> {
    host.logical_ports.iter().find(|port| port.slots[0].is_none()).map(|port| port.id)
}

/// A request whose answer is at hand and empty: the changes that wait or run.
async fn request(site: &Site) -> Result<f64> {
    let mut door = site.door().await?;
    let mut took = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let began = Instant::now();
        ensure!(door.get("/api/v1/changes").await?.body == "[]", "nothing waits or runs");
        took.push(ms(began.elapsed()));
    }
    middle(&took)
}
