//! A softswitch and a client for the tests, and short names for ports and functions.
#![allow(dead_code, reason = "every test file uses its own part of this")]

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use patchbay_softswitch::{Options, Rack, Running, Softswitch};
use patchbay_switchtec::command::Command;
use patchbay_switchtec::command::events::{EventKind, GfmsEvent};
use patchbay_switchtec::command::identity::Echo;
use patchbay_switchtec::packet::{Channel, MrpcCommand, Packet};
use patchbay_switchtec::wire::{read_packet, write_packet};
use patchbay_switchtec::{
    Client, ClientError, ClientOptions, HostPort, LogicalPort, PaxAddress, Pdfid, PhysicalPort, SwitchIndex,
    code,
};
use tokio::net::TcpStream;

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

/// A command channel without the client's conveniences.
pub struct RawChannel(TcpStream);

impl RawChannel {
    pub async fn open(running: &Running) -> Self {
        let mut stream = TcpStream::connect(running.addr()).await.unwrap();
        write_packet(&mut stream, &Packet::open(1, Channel::Command)).await.unwrap();
        let accept = read_packet(&mut stream).await.unwrap();
        assert!(matches!(accept, Packet::OpenAccept { instance: 1, code: 0, .. }));
        Self(stream)
    }

    pub async fn exchange(&mut self, command: MrpcCommand) -> (u32, Vec<u8>) {
        write_packet(&mut self.0, &Packet::Command(command)).await.unwrap();
        match read_packet(&mut self.0).await.unwrap() {
            Packet::Response(response) => (response.result, response.data),
            other => panic!("{} instead of an answer", other.name()),
        }
    }

    /// The answer, or the result code. Returns after the command's events have been queued.
    pub async fn call<C: Command>(&mut self, command: &C) -> Result<C::Answer, u32> {
        let (input, wanted_bytes) = (command.input(), command.wanted_bytes());
        let pax = PaxAddress::Local;
        let answer = self.exchange(MrpcCommand { pax, id: C::ID, wanted_bytes, input }).await;
        // Events are queued after the answer is written; one more answer means they are.
        let input = Echo { stamp: 1 }.input();
        let echoed = self.exchange(MrpcCommand { pax, id: Echo::ID, wanted_bytes: 4, input }).await;
        assert_eq!(echoed.0, code::OK);
        match answer {
            (code::OK, data) => Ok(command.parse_answer(&data).unwrap()),
            (code, _) => Err(code),
        }
    }
}

/// What the events are, without where they come from.
pub fn kinds(events: &[GfmsEvent]) -> Vec<EventKind> {
    events.iter().map(|event| event.kind.clone()).collect()
}

/// Takes all waiting events from the fabric manager's queue.
pub async fn taken(client: &Client) -> Vec<EventKind> {
    kinds(&client.drain_events().await.unwrap().events)
}

/// How often each event of a port function has occurred since the last look (section 3.1), and clears them.
pub async fn port_events(client: &Client, pff: u32) -> Vec<(u32, u32)> {
    const HEADERS: u32 = 13;
    let mut occurred = Vec::new();
    for event in 0..HEADERS {
        let offset = 0x13_4000 + 0x1000 * pff + 0xC10 + 0x18 * event;
        let header = client.register_u32(offset).await.unwrap();
        if header & 1 != 0 {
            occurred.push((event, header >> 5 & 0xFF));
            client.write_register_u32(offset, header & 0x1F).await.unwrap();
        }
    }
    occurred
}
