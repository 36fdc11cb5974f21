//! The least that one move can take on this machine: what its parts take by themselves, without the engine.
//!
//! A move waits for two commits, for a conversation with the switch, and for one request of its client. Here the pages of
//! two commits are synced to a bare file, the conversation is led by the bare client, and the request asks the server for
//! next to nothing. Whatever a move takes more is the engine's and the store's.

use crate::rig::figures::{median, ms};
use crate::site::{Racks, Site, disk};
use crate::table::{Aim, Figure};
use crate::wish::Wish;
use anyhow::{Context, Result, ensure};
use patchbay_softswitch::Shape;
use patchbay_switchtec::command::sections::{Hvd, Layout};
use patchbay_switchtec::{Client, ClientOptions, HostPort, LogicalPort, Pdfid};
use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddrV4;
use std::os::unix::fs::FileExt as _;
use std::time::Instant;

/// The rack of the row `one`.
pub const SHAPE: Shape = Shape { hosts: 8, adapters: 4, functions: 64, seed: 1, switches: Some(1) };
/// How often each part is done in a round.
const TIMES: usize = 501;
/// Pages that are written when a change opens and when it closes, with the header of each in the log.
const COMMITS_PAGES: [usize; 2] = [5, 10];
const PAGE_BYTES: usize = 4_096 + 24;
/// The file is written over, as the log is.
const FILE_BYTES: usize = 16 * 1024 * 1024;

/// Every part by itself, and all of them.
///
/// # Errors
/// When something does not work.
pub async fn measure(wish: &Wish) -> Result<Vec<Figure>> {
    let syncs = syncs()?;
    let racks = Racks::new(&[SHAPE])?;
    let switches = racks.start(&wish.program).await?;
    let conversation = conversation(switches.addresses()[0]).await?;
    switches.end().await?;
    let site = Site::open(&wish.program, &racks).await?;
    let request = request(&site).await?;
    site.close().await?;
    let figure = |what, value| Figure::new(format!("least of a move: {what}, ms"), value, Aim::None);
    Ok(vec![
        figure("two commits' syncs", syncs),
        figure("the switch's conversation", conversation),
        figure("an empty request", request),
        figure("all three", syncs + conversation + request),
    ])
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

/// Reading two hosts, an unbind, a bind, and reading them again.
async fn conversation(switch: SocketAddrV4) -> Result<f64> {
    let client = Client::connect(switch, 0, ClientOptions::default()).await?;
    let all = client.pax_all().await?;
    let (layout, hosts) = (all.layout(), all.hvds.hvds);
    let (from, function) = hosts.iter().find_map(bound).context("something is bound")?;
    let to =
        hosts.iter().filter(|host| host.port != from.0.port).find_map(free_on).context("there is room")?;
    let place = |(host, logical_port): (&Hvd, LogicalPort)| {
        (HostPort { switch: client.identity().switch, port: host.port }, logical_port)
    };
    let mut places = [place(from), place(to)];
    let mut took = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let began = Instant::now();
        read(&client, &layout, places).await?;
        let [(old, old_port), (new, new_port)] = places;
        client.unbind(old, old_port, function).await?;
        client.bind(new, new_port, &[function]).await?;
        read(&client, &layout, places).await?;
        took.push(ms(began.elapsed()));
        places.reverse();
    }
    middle(&took)
}

/// The first logical port of a host that holds one function, with that.
fn bound(host: &Hvd) -> Option<((&Hvd, LogicalPort), Pdfid)> {
    let alone = |slots: &[Option<Pdfid>]| slots[0].filter(|_| slots[1..].iter().all(Option::is_none));
    host.logical_ports.iter().find_map(|port| Some(((host, port.id), alone(&port.slots)?)))
}

fn free_on(host: &Hvd) -> Option<(&Hvd, LogicalPort)> {
    let free = host.logical_ports.iter().find(|port| port.slots[0].is_none())?;
    Some((host, free.id))
}

async fn read(client: &Client, layout: &Layout, places: [(HostPort, LogicalPort); 2]) -> Result<()> {
    let read = client.hvds(layout, &places.map(|(host, _)| host.port).into()).await?;
    ensure!(read.is_some_and(|hosts| hosts.len() == 2), "both hosts were read");
    Ok(())
}

/// A request that says only that the server is well.
async fn request(site: &Site) -> Result<f64> {
    let mut door = site.door().await?;
    let mut took = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let began = Instant::now();
        ensure!(door.get("/healthz").await?.status == 200, "the server is well");
        took.push(ms(began.elapsed()));
    }
    middle(&took)
}
