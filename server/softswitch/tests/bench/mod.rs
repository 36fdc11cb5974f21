//! A softswitch and a client for the tests, and short names for ports and functions.
#![allow(dead_code, reason = "every test file uses its own part of this")]

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use patchbay_softswitch::{Done, FaultId, Options, Order, PortCondition, Rack, Running, Softswitch};
use patchbay_switchtec::command::Command;
use patchbay_switchtec::command::events::{EventKind, GfmsEvent};
use patchbay_switchtec::command::identity::Echo;
use patchbay_switchtec::command::link_status::LinkRecord;
use patchbay_switchtec::packet::{Channel, MrpcCommand, Packet};
use patchbay_switchtec::registers::PortEvent;
use patchbay_switchtec::wire::{WireError, read_packet, write_packet};
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
        self.receive().await
    }

    /// Sends a command without waiting for its answer.
    pub async fn send<C: Command>(&mut self, command: &C) {
        self.try_send(command).await.unwrap();
    }

    /// As [`Self::send`], to a switch that may have ended the connection.
    pub async fn try_send<C: Command>(&mut self, command: &C) -> std::io::Result<()> {
        let (input, wanted_bytes) = (command.input(), command.wanted_bytes());
        let packet = MrpcCommand { pax: PaxAddress::Local, id: C::ID, wanted_bytes, input };
        write_packet(&mut self.0, &Packet::Command(packet)).await
    }

    pub async fn receive(&mut self) -> (u32, Vec<u8>) {
        match read_packet(&mut self.0).await.unwrap() {
            Packet::Response(response) => (response.result, response.data),
            other => panic!("{} instead of an answer", other.name()),
        }
    }

    /// Waits until the switch ends the connection.
    pub async fn has_ended(&mut self) -> bool {
        matches!(read_packet(&mut self.0).await, Err(WireError::Closed | WireError::Io(_)))
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

/// How often each event has occurred at a port function since the last look, and clears it (section 3.1).
pub async fn port_events(client: &Client, function: u8) -> Vec<(PortEvent, u8)> {
    let mut occurred = Vec::new();
    for record in client.port_events().await.unwrap() {
        if record.function.get() == function {
            occurred.push((record.event, record.header.count()));
            client.write_register_u32(record.event.header(record.function), record.header.0).await.unwrap();
        }
    }
    occurred
}

/// A switch under orders, and a client that looks at it.
pub struct Lab {
    pub running: Running,
    pub client: Client,
}

impl Lab {
    pub async fn new(options: Options) -> Self {
        let running = start(options).await;
        Self { client: client(&running).await, running }
    }

    /// Carries out an order that changes the switch, and returns its sentence.
    pub async fn order(&self, order: Order) -> String {
        match self.running.order(order.clone()).await {
            Ok(Done::Changed(sentence)) => sentence,
            other => panic!("{order:?}: {other:?}"),
        }
    }

    /// Orders a fault that waits for a command.
    pub async fn fault(&self, order: Order) -> FaultId {
        match self.running.order(order.clone()).await {
            Ok(Done::Waiting(fault)) => fault,
            other => panic!("{order:?}: {other:?}"),
        }
    }

    /// The sentence of an order that is refused; nothing has changed.
    pub async fn refused(&self, order: Order) -> String {
        let before = self.running.condition();
        let error = self.running.order(order.clone()).await.expect_err(&format!("{order:?}"));
        assert_eq!(self.running.condition(), before, "{order:?}: {error}");
        error.to_string()
    }

    /// Binds without leaving events behind.
    pub async fn bind(&self, host: u8, at: u8, ids: &[u16]) {
        self.running.bind(port(host), logical(at), &functions(ids)).unwrap();
        self.client.clear_events().await.unwrap();
    }

    pub fn condition_of(&self, id: u8) -> PortCondition {
        self.running.condition().ports.into_iter().find(|port| port.port == id).unwrap()
    }

    pub async fn events(&self) -> Vec<EventKind> {
        taken(&self.client).await
    }

    pub async fn port_events(&self, function: u8) -> Vec<(PortEvent, u8)> {
        port_events(&self.client, function).await
    }

    pub async fn link(&self, id: u8) -> LinkRecord {
        let links = self.client.link_status().await.unwrap();
        links.into_iter().find(|link| link.port == port(id)).unwrap()
    }
}

pub fn unbound(id: u8, at: u8, function: u16) -> EventKind {
    EventKind::Unbound { host: host(id), logical_port: logical(at), function: Pdfid::new(function) }
}
