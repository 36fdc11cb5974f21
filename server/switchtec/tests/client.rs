//! The client against a peer whose every answer the test decides.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use patchbay_switchtec::client::ARMED_PORT_EVENTS;
use patchbay_switchtec::command::identity::{GetPaxId, Ping, PingAnswer};
use patchbay_switchtec::command::{Command, Request};
use patchbay_switchtec::packet::{Channel, GasAccess, GasResponse, MrpcCommand, MrpcResponse, Packet};
use patchbay_switchtec::registers::{PortEvent, PortFunction};
use patchbay_switchtec::wire::{read_packet, write_packet};
use patchbay_switchtec::{
    Client, ClientError, ClientOptions, CommandId, HostPort, LogicalPort, Pdfid, PhysicalPort, SwitchIndex,
    code,
};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

/// What the peer does instead of, or as, an answer. Dropping the sender closes the connection.
enum Reply {
    Answer(MrpcResponse),
    Raw(Vec<u8>),
}

struct Peer {
    address: SocketAddrV4,
    /// Every command after the session start.
    requests: mpsc::UnboundedReceiver<(MrpcCommand, oneshot::Sender<Reply>)>,
    /// Every register write, with its value.
    writes: mpsc::UnboundedReceiver<(u32, u32)>,
    /// Every event channel.
    events: mpsc::UnboundedReceiver<TcpStream>,
    accepting: tokio::task::JoinHandle<()>,
}

#[derive(Clone)]
struct Script {
    requests: mpsc::UnboundedSender<(MrpcCommand, oneshot::Sender<Reply>)>,
    writes: mpsc::UnboundedSender<(u32, u32)>,
    events: mpsc::UnboundedSender<TcpStream>,
}

impl Peer {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let SocketAddr::V4(address) = listener.local_addr().unwrap() else { panic!("loopback is IPv4") };
        let (requests_in, requests) = mpsc::unbounded_channel();
        let (writes_in, writes) = mpsc::unbounded_channel();
        let (events_in, events) = mpsc::unbounded_channel();
        let script = Script { requests: requests_in, writes: writes_in, events: events_in };
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, script.clone()));
            }
        });
        Self { address, requests, writes, events, accepting }
    }

    async fn connect(&self) -> Client {
        let options = ClientOptions {
            request_limit: Duration::from_millis(400),
            first_pause: Duration::from_millis(1),
            ..ClientOptions::default()
        };
        Client::connect(self.address, 0, options).await.unwrap()
    }

    async fn next(&mut self) -> (MrpcCommand, oneshot::Sender<Reply>) {
        self.requests.recv().await.unwrap()
    }
}

/// One connection: opens it, answers the session start by itself and leaves the rest to the test.
async fn serve(mut stream: TcpStream, script: Script) {
    let Ok(open) = read_packet(&mut stream).await else { return };
    let Packet::Open { instance, service } = open else { return };
    let event_channel = open.channel() == Some(Channel::Event);
    write_packet(&mut stream, &Packet::OpenAccept { instance, service, code: 0 }).await.unwrap();
    if event_channel {
        let _ = script.events.send(stream);
        return;
    }
    while let Ok(packet) = read_packet(&mut stream).await {
        let answer = match packet {
            Packet::Gas(access) => gas(access, &script),
            Packet::Command(command) => match start(&command) {
                Some(data) => Packet::Response(MrpcResponse { result: 0, data }),
                None => {
                    let (reply, answer) = oneshot::channel();
                    let _ = script.requests.send((command, reply));
                    match answer.await {
                        Ok(Reply::Answer(response)) => Packet::Response(response),
                        Ok(Reply::Raw(bytes)) => {
                            stream.write_all(&bytes).await.unwrap();
                            continue;
                        }
                        Err(_) => return,
                    }
                }
            },
            _ => return,
        };
        if write_packet(&mut stream, &answer).await.is_err() {
            return;
        }
    }
}

fn gas(access: GasAccess, script: &Script) -> Packet {
    let data = match access {
        GasAccess::Read { offset: 0x2000, .. } => vec![0x52, 0x42, 0, 0],
        // Two port functions; every event of theirs has occurred and notifies nobody.
        GasAccess::Read { offset: 0x13_4000 | 0x13_5000, .. } => vec![0xF8, 0x11, 0x52, 0x42],
        GasAccess::Read { offset: 0x13_6000, .. } => vec![0xFF; 4],
        GasAccess::Read { count, .. } => vec![1; count.into()],
        GasAccess::Write { offset, data } => {
            let value = u32::from_le_bytes(data.try_into().unwrap());
            let _ = script.writes.send((offset, value));
            Vec::new()
        }
    };
    Packet::GasResponse(GasResponse { result: 0, data })
}

fn start(command: &MrpcCommand) -> Option<Vec<u8>> {
    match Request::parse(command.id, &command.input).ok()? {
        Request::Ping(Ping { stamp }) => {
            Some(Ping::answer_bytes(&PingAnswer { flags: 0x103, complement: !stamp }))
        }
        Request::GetPaxId(GetPaxId) => Some(vec![7]),
        _ => None,
    }
}

fn ok(command: &MrpcCommand) -> Reply {
    Reply::Answer(MrpcResponse { result: 0, data: vec![0; command.wanted_bytes.into()] })
}

const LOGICAL: LogicalPort = LogicalPort::new(3);
const FUNCTION: Pdfid = Pdfid::new(0x1001);

fn host() -> HostPort {
    HostPort { switch: SwitchIndex::new(7), port: PhysicalPort::new(4) }
}

#[tokio::test]
async fn a_session_starts_with_who_the_switch_is() {
    let peer = Peer::start().await;
    let client = peer.connect().await;
    let identity = client.identity();
    assert_eq!(identity.switch.get(), 7);
    assert_eq!(identity.device.0, 0x4252);
    assert_eq!((identity.partitions, identity.hardware_revision), (1, 1));
    client.ping().await.unwrap();
}

#[tokio::test]
async fn nobody_there_means_nothing_was_sent() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let SocketAddr::V4(address) = listener.local_addr().unwrap() else { panic!("loopback is IPv4") };
    drop(listener);
    let error = Client::connect(address, 0, ClientOptions::default()).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error}");
    assert!(!error.outcome_unknown());
}

#[tokio::test]
async fn a_refusal_keeps_its_number_and_the_connection() {
    let mut peer = Peer::start().await;
    let client = peer.connect().await;
    let (answer, ()) = tokio::join!(client.bind(host(), LOGICAL, &[FUNCTION]), async {
        let (_, reply) = peer.next().await;
        let refusal = MrpcResponse { result: code::LOGICAL_PORT_USED, data: vec![0; 4] };
        let _ = reply.send(Reply::Answer(refusal));
    });
    let error = answer.unwrap_err();
    assert_eq!(error.to_string(), "the switch refused to bind (0x84002)");
    assert!(!error.outcome_unknown());
    client.ping().await.unwrap();
    peer.events.recv().await.unwrap();
    assert!(peer.events.try_recv().is_err(), "the first session must still be in use");
}

#[tokio::test]
async fn a_lost_answer_is_reported_as_unknown_and_never_repeated() {
    let mut peer = Peer::start().await;
    let client = peer.connect().await;
    let (answer, ()) = tokio::join!(client.bind(host(), LOGICAL, &[FUNCTION]), async {
        drop(peer.next().await);
    });
    let error = answer.unwrap_err();
    assert!(matches!(error, ClientError::Interrupted { .. }), "{error}");
    assert!(error.outcome_unknown());
    client.ping().await.unwrap();
    assert!(peer.requests.try_recv().is_err(), "the bind must have been sent once");
}

#[tokio::test]
async fn silence_ends_at_the_limit_and_the_late_answer_is_never_read() {
    let mut peer = Peer::start().await;
    let client = peer.connect().await;
    let (answer, (command, late)) = tokio::join!(client.unbind(host(), LOGICAL, FUNCTION), peer.next());
    assert!(answer.unwrap_err().outcome_unknown());
    let _ = late.send(ok(&command));
    let (answer, ()) = tokio::join!(client.port_config(PhysicalPort::new(0)), async {
        let (command, reply) = peer.next().await;
        assert_eq!(command.id, CommandId::PORT_CONFIG);
        let _ = reply.send(Reply::Answer(MrpcResponse { result: 0, data: vec![3, 0, 0, 2] }));
    });
    assert_eq!(answer.unwrap().hvd, 2);
}

#[tokio::test]
async fn a_caller_who_walks_away_leaves_no_answer_for_the_next() {
    let mut peer = Peer::start().await;
    let client = peer.connect().await;
    let (command, late) = tokio::select! {
        request = peer.next() => request,
        _ = client.bind(host(), LOGICAL, &[FUNCTION]) => panic!("nobody has answered"),
    };
    let _ = late.send(ok(&command));
    let (answer, ()) = tokio::join!(client.die_temperature(), async {
        let (command, reply) = peer.next().await;
        assert_eq!(command.id, CommandId::DIETEMP);
        let data = 4625u32.to_le_bytes().to_vec();
        let _ = reply.send(Reply::Answer(MrpcResponse { result: 0, data }));
    });
    assert_eq!(answer.unwrap(), [4625]);
}

#[tokio::test]
async fn nonsense_ends_the_connection_and_leaves_the_outcome_unknown() {
    let mut peer = Peer::start().await;
    let client = peer.connect().await;
    let (answer, ()) = tokio::join!(client.bind(host(), LOGICAL, &[FUNCTION]), async {
        let (_, reply) = peer.next().await;
        let _ = reply.send(Reply::Raw(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()));
    });
    let error = answer.unwrap_err();
    assert!(matches!(error, ClientError::Protocol { .. }) && error.outcome_unknown(), "{error}");
    client.ping().await.unwrap();
}

#[tokio::test]
async fn a_close_instead_of_an_answer_is_an_interruption() {
    let mut peer = Peer::start().await;
    let client = peer.connect().await;
    let (answer, ()) = tokio::join!(client.bind(host(), LOGICAL, &[FUNCTION]), async {
        let (_, reply) = peer.next().await;
        let _ = reply.send(Reply::Raw(Packet::Close.encode()));
    });
    assert!(matches!(answer, Err(ClientError::Interrupted { .. })));
}

#[tokio::test]
async fn notifications_are_counted_across_sessions_and_armed_again() {
    let mut peer = Peer::start().await;
    let client = peer.connect().await;
    client.arm_events().await.unwrap();
    assert_eq!(peer.writes.recv().await, Some((0x1968, 0x09)));
    let mut notified = client.notifications();
    let mut channel = peer.events.recv().await.unwrap();
    write_packet(&mut channel, &Packet::Event).await.unwrap();
    notified.changed().await.unwrap();
    assert_eq!(*notified.borrow_and_update(), 1);

    // The end of the channel is news too, and makes the next call open a new session.
    drop(channel);
    notified.changed().await.unwrap();
    client.ping().await.unwrap();
    assert_eq!(peer.writes.recv().await, Some((0x1968, 0x09)), "a new session must be armed again");
    let mut channel = peer.events.recv().await.unwrap();
    let before = *notified.borrow_and_update();
    write_packet(&mut channel, &Packet::Event).await.unwrap();
    notified.changed().await.unwrap();
    assert_eq!(*notified.borrow(), before + 1);
}

#[tokio::test]
async fn port_events_are_armed_without_clearing_and_again_after_a_reconnection() {
    let mut peer = Peer::start().await;
    let client = peer.connect().await;
    client.arm_port_events().await.unwrap();
    client.reconnect().await.unwrap();
    for session in ["first", "second"] {
        let mut armed = Vec::new();
        for _ in 0..2 * ARMED_PORT_EVENTS.len() {
            let (offset, value) = peer.writes.recv().await.unwrap();
            assert_eq!(value, 0x08, "notify, and nothing that clears");
            armed.push(offset);
        }
        let of = |function| ARMED_PORT_EVENTS.map(|event| event.header(PortFunction::new(function).unwrap()));
        assert_eq!(armed, [of(0), of(1)].concat(), "{session} session");
    }
    assert!(peer.writes.try_recv().is_err());
}

#[tokio::test]
async fn port_events_tell_what_occurred_where_and_how_often() {
    let mut peer = Peer::start().await;
    let client = peer.connect().await;
    // The peer's registers all read 0x01010101: a summary with the bits 0 and 8.
    let records = client.port_events().await.unwrap();
    let seen: Vec<_> = records.iter().map(|record| (record.function.get(), record.event)).collect();
    let (first, ninth) = (PortEvent::AerInP2p, PortEvent::PowerMgmt);
    assert_eq!(seen, [(0, first), (0, ninth), (1, first), (1, ninth)]);
    assert!(records.iter().all(|record| record.header.occurred() && record.header.count() == 8));
    assert!(peer.writes.try_recv().is_err(), "nothing is cleared");
}

#[tokio::test]
async fn a_switch_that_is_gone_is_unreachable_until_it_is_back() {
    let mut peer = Peer::start().await;
    let client = peer.connect().await;
    let mut notified = client.notifications();
    let channel = peer.events.recv().await.unwrap();
    peer.accepting.abort();
    drop(channel);
    notified.changed().await.unwrap();
    let _ = (&mut peer.accepting).await;
    for _ in 0..3 {
        let error = client.bind(host(), LOGICAL, &[FUNCTION]).await.unwrap_err();
        assert!(matches!(error, ClientError::Unreachable { .. }), "{error}");
    }
    assert!(peer.requests.try_recv().is_err());
    assert!(client.reconnect().await.is_err());
}
