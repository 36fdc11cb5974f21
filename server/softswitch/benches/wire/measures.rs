//! The measures. Each leaves the switch as it found it.

use std::error::Error;
use std::net::SocketAddrV4;
use std::time::{Duration, Instant};

use futures::stream::{FuturesUnordered, TryStreamExt};
use patchbay_softswitch::Lab;
use patchbay_switchtec::{Client, ClientOptions, HostPort, LogicalPort, Pdfid};

use crate::child::Child;
use crate::steps::Turns;

/// Changes measured in a round, half of them binds.
const CHANGES: usize = 20_000;
/// Changes before the clock runs.
const WARM_UP: usize = 1_000;
/// Readings of both switches in a round.
const DISCOVERIES: usize = 41;
/// Clients of the memory measure.
const IDLE_CLIENTS: usize = 1_000;
/// Clients that connect at the same time, within what the listener's queue holds.
const CONNECTING: usize = 16;

/// What one round found.
pub struct Figures {
    pub changes: Changes,
    pub alone: Turns,
    pub crowd: Turns,
    pub discovery_ms: f64,
    pub idle_mib: f64,
}

/// Latency of binds and unbinds, one in flight at a time.
pub struct Changes {
    pub p50_us: f64,
    pub p99_us: f64,
    pub per_second: f64,
}

/// A client with the usual limits.
pub async fn connect(address: SocketAddrV4) -> Result<Client, Box<dyn Error>> {
    Ok(Client::connect(address, 0, ClientOptions::default()).await?)
}

/// A logical port of the large rack's first switch that is free, and functions that are.
fn free() -> Result<(HostPort, LogicalPort, Vec<Pdfid>), Box<dyn Error>> {
    let lab = Lab::by_name("large").ok_or("no large rack")??;
    let rack = lab.racks().first().ok_or("no switch")?;
    let taken: Vec<_> = rack.bindings.iter().flat_map(|binding| &binding.functions).collect();
    let all = rack.slots.iter().flat_map(|slot| &slot.adapter.functions).map(|function| function.pdfid);
    let host = rack.hosts.first().ok_or("no host")?;
    let last = LogicalPort::new(host.logical_ports - 1);
    let functions = all.filter(|pdfid| !taken.contains(&pdfid)).collect();
    Ok((HostPort { switch: rack.index, port: host.port }, last, functions))
}

/// Binds and unbinds one function after another on one connection.
pub async fn changes(server: &Child) -> Result<Changes, Box<dyn Error>> {
    let client = connect(server.addresses[0]).await?;
    let (host, logical_port, functions) = free()?;
    let mut took = Vec::with_capacity(CHANGES);
    let mut began = Instant::now();
    for (at, function) in functions.iter().cycle().take((WARM_UP + CHANGES) / 2).enumerate() {
        if at == WARM_UP / 2 {
            took.clear();
            began = Instant::now();
        }
        let start = Instant::now();
        client.bind(host, logical_port, &[*function]).await?;
        let bound = Instant::now();
        client.unbind(host, logical_port, *function).await?;
        took.extend([bound - start, bound.elapsed()]);
    }
    let per_second = took.len() as f64 / began.elapsed().as_secs_f64();
    took.sort_unstable();
    let us = |hundredth: usize| took[(took.len() - 1) * hundredth / 100].as_secs_f64() * 1e6;
    Ok(Changes { p50_us: us(50), p99_us: us(99), per_second })
}

/// Reads both switches of the large rack, at the same time as the engine does; the median in milliseconds.
pub async fn discovery(server: &Child) -> Result<f64, Box<dyn Error>> {
    let (one, other) = (connect(server.addresses[0]).await?, connect(server.addresses[1]).await?);
    let mut took = Vec::new();
    for _ in 0..DISCOVERIES {
        let start = Instant::now();
        let (one, other) = tokio::try_join!(read(&one), read(&other))?;
        took.push(start.elapsed());
        if (one.0 + other.0, one.1 + other.1) != (64, 2048) {
            return Err(format!("the switches show {one:?} and {other:?}").into());
        }
    }
    took.sort_unstable();
    let median: Duration = took[took.len() / 2];
    Ok(median.as_secs_f64() * 1e3)
}

/// Everything about a switch; the numbers of hosts and functions.
async fn read(client: &Client) -> Result<(usize, usize), Box<dyn Error>> {
    client.topology().await?;
    let all = client.pax_all().await?;
    Ok((all.hvds.hvds.len(), all.pax.functions.into()))
}

/// What a thousand clients that do nothing add to a fresh server's memory, in MiB.
pub async fn idle() -> Result<f64, Box<dyn Error>> {
    let server = Child::start("large")?;
    // The first client makes the server allocate what it has only once.
    let first = connect(server.addresses[0]).await?;
    read(&first).await?;
    let before = server.resident_mib()?;
    let mut clients = Vec::with_capacity(IDLE_CLIENTS);
    while clients.len() < IDLE_CLIENTS {
        let batch = CONNECTING.min(IDLE_CLIENTS - clients.len());
        let connecting: FuturesUnordered<_> = (0..batch).map(|_| connect(server.addresses[0])).collect();
        clients.extend(connecting.try_collect::<Vec<_>>().await?);
    }
    let after = server.resident_mib()?;
    for client in &clients {
        client.ping().await?;
    }
    Ok(after - before)
}
