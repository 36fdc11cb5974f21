//! A softswitch and a client for the tests, and short names for ports and functions.
#![allow(dead_code, reason = "every test file uses its own part of this")]

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use patchbay_softswitch::{Options, Rack, Running, Softswitch};
use patchbay_switchtec::{
    Client, ClientError, ClientOptions, HostPort, LogicalPort, Pdfid, PhysicalPort, SwitchIndex,
};

pub const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

pub fn port(id: u8) -> PhysicalPort {
    PhysicalPort::new(id)
}

pub fn logical(id: u8) -> LogicalPort {
    LogicalPort::new(id)
}

pub fn functions(ids: &[u16]) -> Vec<Pdfid> {
    ids.iter().copied().map(Pdfid::new).collect()
}

pub fn host(id: u8) -> HostPort {
    HostPort { switch: SwitchIndex::new(0), port: port(id) }
}

pub async fn start(options: Options) -> Running {
    Softswitch::start(Rack::transcripts().unwrap(), ANY_PORT, options).await.unwrap()
}

pub fn address(running: &Running) -> SocketAddrV4 {
    match running.addr() {
        SocketAddr::V4(address) => address,
        SocketAddr::V6(address) => panic!("{address} is not the loopback of IPv4"),
    }
}

pub async fn client(running: &Running) -> Client {
    let options = ClientOptions { first_pause: Duration::from_millis(1), ..ClientOptions::default() };
    Client::connect(address(running), 0, options).await.unwrap()
}

/// The result code of a refused call.
pub fn refusal<T: std::fmt::Debug>(result: Result<T, ClientError>) -> u32 {
    match result {
        Err(ClientError::Refused(error)) => error.code,
        other => panic!("expected a refusal, got {other:?}"),
    }
}
