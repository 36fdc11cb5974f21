//! What the engine does on the wire for one function: bind, unbind, and reading one host's section of the database.

use std::error::Error;
use std::net::SocketAddrV4;
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use patchbay_softswitch::{Host, Rack, Shape};
use patchbay_switchtec::{Client, ClientError, HostPort, LogicalPort, Pdfid};

use crate::child::{self, Child};
use crate::measures::connect;

/// Clients of each switch when there are many.
const CLIENTS_PER_SWITCH: usize = 4;
/// The rack for many clients: sixteen switches.
pub const MANY: Shape = Shape { hosts: 64, adapters: 32, functions: 512, seed: 1, switches: Some(16) };
/// The name of that rack.
pub const MANY_NAME: &str = "many";
/// Turns of a single client in a round.
const TURNS_ALONE: usize = 4_000;
/// Turns of each of many clients in a round.
const TURNS_EACH: usize = 400;
/// Turns before the clock runs.
const WARM_UP: usize = 100;
/// Requests of a turn: bind, unbind, and the three steps of reading a section.
const REQUESTS: usize = 5;

/// What some clients did, one request of each in flight.
pub struct Turns {
    /// Median time of a turn.
    pub p50_us: f64,
    /// Requests of all clients together.
    pub per_second: f64,
    /// Processor time of both ends for a request.
    pub cpu_us: f64,
}

/// A logical port that is free, its host's instance, and a function that is free.
struct Place {
    address: SocketAddrV4,
    instance: u8,
    host: HostPort,
    logical_port: LogicalPort,
    function: Pdfid,
}

/// The places of so many clients on one switch, each at a host of its own.
fn places(rack: &Rack, address: SocketAddrV4, clients: usize) -> Result<Vec<Place>, Box<dyn Error>> {
    let taken: Vec<_> = rack.bindings.iter().flat_map(|binding| &binding.functions).collect();
    let all = rack.slots.iter().flat_map(|slot| &slot.adapter.functions).map(|function| function.pdfid);
    let free = all.filter(|pdfid| !taken.contains(&pdfid));
    let place = |((instance, host), function): ((usize, &Host), Pdfid)| Place {
        address,
        instance: instance as u8,
        host: HostPort { switch: rack.index, port: host.port },
        logical_port: LogicalPort::new(host.logical_ports - 1),
        function,
    };
    let places: Vec<_> = rack.hosts.iter().enumerate().zip(free).take(clients).map(place).collect();
    if places.len() < clients {
        return Err(format!("{} has no room for {clients} clients", rack.name).into());
    }
    Ok(places)
}

/// One client of one switch.
pub async fn alone(server: &Child) -> Result<Turns, Box<dyn Error>> {
    let lab = child::lab("large")?;
    let places = places(&lab.racks()[0], server.addresses[0], 1)?;
    together(server, places, TURNS_ALONE).await
}

/// Four clients of each of sixteen switches.
pub async fn crowd(server: &Child) -> Result<Turns, Box<dyn Error>> {
    let lab = child::lab(MANY_NAME)?;
    let mut all = Vec::new();
    for (rack, address) in lab.racks().iter().zip(&server.addresses) {
        all.extend(places(rack, *address, CLIENTS_PER_SWITCH)?);
    }
    together(server, all, TURNS_EACH).await
}

/// Clients that all begin at the same time.
async fn together(server: &Child, places: Vec<Place>, turns: usize) -> Result<Turns, Box<dyn Error>> {
    let clients = places.len();
    let mut ready = Vec::with_capacity(clients);
    for place in places {
        let client = connect(place.address).await?;
        // As the engine does: every bind and unbind is told to whoever listens.
        client.arm_events().await?;
        take_turns(&client, &place, WARM_UP).await?;
        ready.push((client, place));
    }
    let (began, cpu_before) = (Instant::now(), server.cpu_us()?);
    let running = ready.into_iter().map(|(client, place)| {
        tokio::spawn(async move { take_turns(&client, &place, turns).await.map_err(|e| e.to_string()) })
    });
    let mut took = Vec::with_capacity(clients * turns);
    for one in try_join_all(running).await? {
        took.extend(one?);
    }
    let (elapsed, requests) = (began.elapsed(), (took.len() * REQUESTS) as f64);
    let cpu_us = (server.cpu_us()? - cpu_before) / requests;
    took.sort_unstable();
    let p50_us = took[took.len() / 2].as_secs_f64() * 1e6;
    Ok(Turns { p50_us, per_second: requests / elapsed.as_secs_f64(), cpu_us })
}

async fn take_turns(client: &Client, at: &Place, turns: usize) -> Result<Vec<Duration>, ClientError> {
    let mut took = Vec::with_capacity(turns);
    for _ in 0..turns {
        let start = Instant::now();
        client.bind(at.host, at.logical_port, &[at.function]).await?;
        client.unbind(at.host, at.logical_port, at.function).await?;
        client.hvd(at.instance).await?;
        took.push(start.elapsed());
    }
    Ok(took)
}
