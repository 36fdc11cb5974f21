//! What the door shows, looked at as tests and benches need it.

use super::door::{Broken, Door};
use anyhow::{Context, Result};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use patchbay_api::{LiveEvent, TopologyView};
use patchbay_domain::{ChangeId, Event, FunctionId, HostId, LogicalPort, Seq, SwitchId, SwitchState};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// A picture of all racks.
pub struct Board(pub TopologyView);

/// A logical port of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The host.
    pub host: HostId,
    /// Its logical port.
    pub logical_port: LogicalPort,
}

/// Who has which function.
pub type Owners = BTreeMap<FunctionId, Option<Spot>>;

impl Board {
    /// Whether every switch has been read and no change is on its way.
    pub fn is_ready(&self) -> bool {
        let read = self.0.switches.iter().all(|switch| switch.state == SwitchState::Ready);
        read && self.in_flight().is_empty()
    }

    /// The changes that functions are part of now.
    pub fn in_flight(&self) -> Vec<ChangeId> {
        let functions = self.0.adapters.iter().flat_map(|adapter| &adapter.functions);
        let mut open: Vec<_> = functions.filter_map(|function| function.in_flight).collect();
        open.sort_unstable();
        open.dedup();
        open
    }

    /// Who has which function.
    pub fn owners(&self) -> Owners {
        let functions = self.0.adapters.iter().flat_map(|adapter| &adapter.functions);
        let spot =
            |at: patchbay_api::view::AssignedView| Spot { host: at.host, logical_port: at.logical_port };
        functions.map(|function| (function.id, function.assigned.map(spot))).collect()
    }

    /// The ids of all switches.
    pub fn switches(&self) -> Vec<SwitchId> {
        self.0.switches.iter().map(|switch| switch.id).collect()
    }

    /// The hosts of a switch whose cables carry traffic.
    pub fn hosts(&self, switch: SwitchId) -> Vec<HostId> {
        let up = self.0.hosts.iter().filter(|host| host.switch == switch && host.link.up);
        up.map(|host| host.id).collect()
    }

    /// The functions of a switch that may be moved: their card answers, and so does the host they have, if any.
    pub fn movable(&self, switch: SwitchId) -> Vec<(FunctionId, Option<HostId>)> {
        let up = self.hosts(switch);
        let cards = self.0.adapters.iter().filter(|a| a.switch == switch && a.present && a.link.up);
        let functions = cards.flat_map(|card| &card.functions);
        let at = functions.map(|function| (function.id, function.assigned.map(|at| at.host)));
        at.filter(|(_, host)| host.is_none_or(|host| up.contains(&host))).collect()
    }
}

/// The live stream, of which matters that something has happened, and which changes have ended.
pub struct Stirrings {
    body: Incoming,
    /// What came of a line that is not yet complete.
    rest: Vec<u8>,
}

impl Stirrings {
    /// Listens from now on.
    ///
    /// # Errors
    /// [`Broken`] when nobody answers.
    pub async fn listen(address: SocketAddr) -> Result<Self, Broken> {
        let body = Door::open(address).await?.stream("/api/v1/stream").await?;
        Ok(Self { body, rest: Vec::new() })
    }

    /// Listens from behind this entry on.
    ///
    /// # Errors
    /// [`Broken`] when nobody answers.
    pub async fn resume(address: SocketAddr, after: Seq) -> Result<Self, Broken> {
        let body = Door::open(address).await?.stream(&format!("/api/v1/stream?after={after}")).await?;
        Ok(Self { body, rest: Vec::new() })
    }

    /// Waits until something happens.
    ///
    /// # Errors
    /// When the stream ends.
    pub async fn next(&mut self) -> Result<()> {
        self.closed().await.map(drop)
    }

    /// Waits until something happens, and returns the changes that ended with it.
    ///
    /// # Errors
    /// When the stream ends.
    pub async fn closed(&mut self) -> Result<Vec<ChangeId>> {
        let frame = self.body.frame().await.context("the live stream goes on")??;
        self.rest.extend_from_slice(frame.data_ref().map(AsRef::as_ref).unwrap_or_default());
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else { return Ok(Vec::new()) };
        let lines: Vec<u8> = self.rest.drain(..=end).collect();
        let lines = String::from_utf8(lines).context("the live stream is text")?;
        Ok(lines.lines().filter_map(ended).collect())
    }
}

/// The change that a line of the live stream says has ended.
fn ended(line: &str) -> Option<ChangeId> {
    match serde_json::from_str(line.strip_prefix("data:")?.trim_start()).ok()? {
        LiveEvent::Entry(entry) => match entry.event {
            Event::ChangeClosed { change, .. } => Some(change),
            _ => None,
        },
        _ => None,
    }
}

/// Waits until a server has read every switch and closed every change that was open when it started.
///
/// # Errors
/// When it ends meanwhile.
pub async fn ready(address: SocketAddr) -> Result<Board> {
    let mut stirrings = Stirrings::listen(address).await?;
    let mut door = Door::open(address).await?;
    loop {
        let board = Board(door.topology().await?);
        if board.is_ready() {
            return Ok(board);
        }
        stirrings.next().await?;
    }
}
