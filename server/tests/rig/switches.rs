//! What the switches themselves say, over their wire, asked past the server.

use super::board::Board;
use anyhow::{Context, Result};
use patchbay_api::view::{AdapterView, HostView};
use patchbay_switchtec::{Client, ClientOptions};
use std::collections::BTreeMap;
use std::net::SocketAddrV4;

/// A bound function: host port, logical port, PDFID.
pub type Bound = (u8, u8, u16);

/// What a switch says is bound, in order. A function that is bound twice stands there twice.
///
/// # Errors
/// When it does not answer.
pub async fn said(switch: SocketAddrV4) -> Result<Vec<Bound>> {
    let client = Client::connect(switch, 0, ClientOptions::default()).await?;
    let hvds = client.pax_all().await?.hvds.hvds;
    let of_host = |hvd: &patchbay_switchtec::command::sections::Hvd| {
        let port = hvd.port.get();
        let at = |logical: &patchbay_switchtec::command::sections::LogicalPortState| {
            let id = logical.id.get();
            let bound: Vec<_> = logical.slots.iter().flatten().map(|pdfid| (port, id, pdfid.get())).collect();
            bound
        };
        hvd.logical_ports.iter().flat_map(at).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = hvds.iter().flat_map(of_host).collect();
    all.sort_unstable();
    Ok(all)
}

/// What the board shows as bound at the switch with this address, in the same words and order.
///
/// # Errors
/// When the board has no such switch, or a function at a host it does not have.
pub fn shown(board: &Board, switch: SocketAddrV4) -> Result<Vec<Bound>> {
    let address = switch.to_string();
    let of_switch = board.0.switches.iter().find(|s| s.address == address);
    let id = of_switch.with_context(|| format!("the board has no switch {address}"))?.id;
    let hosts: BTreeMap<_, &HostView> = board.0.hosts.iter().map(|host| (host.id, host)).collect();
    let cards = board.0.adapters.iter().filter(|card: &&AdapterView| card.switch == id);
    let mut all = Vec::new();
    for function in cards.flat_map(|card| &card.functions) {
        let Some(at) = function.assigned else { continue };
        let host = hosts.get(&at.host).with_context(|| format!("there is no host {}", at.host))?;
        all.push((host.port.0, at.logical_port.0, function.pdfid.get()));
    }
    all.sort_unstable();
    Ok(all)
}
