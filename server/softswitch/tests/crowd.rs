//! Crowds, floods and clients that stop half-way: whoever behaves gets the same answers as before.

mod bench;

use std::time::Duration;

use bench::{RawChannel, client, functions, logical, port, start};
use patchbay_softswitch::{Limits, Options, Running};
use patchbay_switchtec::command::identity::Echo;
use patchbay_switchtec::command::link_status::LinkRecord;
use patchbay_switchtec::command::sections::PaxAll;
use patchbay_switchtec::command::topology::Topology;
use patchbay_switchtec::packet::{Channel, Packet};
use patchbay_switchtec::wire::{read_packet, write_packet};
use patchbay_switchtec::{Client, Pdfid};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Short enough to be waited for; what it is does not decide a test.
const SHORT: Duration = Duration::from_millis(30);

/// A client that behaves, and what it was answered when it was alone.
struct Steady {
    client: Client,
    alone: (PaxAll, Topology, Vec<LinkRecord>),
}

impl Steady {
    async fn new(running: &Running) -> Self {
        let client = client(running).await;
        let alone = look(&client).await;
        Self { client, alone }
    }

    /// Its answers are the same, and it can still change the switch.
    async fn assert_undisturbed(&self) {
        assert_eq!(look(&self.client).await, self.alone);
        let ids = functions(&[0x1008]);
        self.client.bind(bench::host(12), logical(7), &ids).await.unwrap();
        self.client.unbind(bench::host(12), logical(7), Pdfid::new(0x1008)).await.unwrap();
        assert_eq!(look(&self.client).await, self.alone);
    }
}

async fn look(client: &Client) -> (PaxAll, Topology, Vec<LinkRecord>) {
    let all = client.pax_all().await.unwrap();
    (all, client.topology().await.unwrap(), client.link_status().await.unwrap())
}

async fn opened(running: &Running, channel: Channel) -> TcpStream {
    let mut stream = TcpStream::connect(running.addr()).await.unwrap();
    write_packet(&mut stream, &Packet::open(0, channel)).await.unwrap();
    assert!(matches!(read_packet(&mut stream).await, Ok(Packet::OpenAccept { code: 0, .. })));
    stream
}

/// Pseudo-random bytes, the same in every run.
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.below(256) as u8).collect()
    }
}

/// How many clients of two connections fit, with both ends in this process.
fn clients_that_fit(wanted: usize) -> usize {
    let files = rlimit::increase_nofile_limit(4 * wanted as u64 + 200).unwrap();
    wanted.min(files.saturating_sub(200) as usize / 4)
}

#[tokio::test]
async fn a_thousand_idle_clients_are_served_beside_others() {
    let running = start(Options::default()).await;
    let steady = Steady::new(&running).await;
    let mut idle = Vec::new();
    for _ in 0..clients_that_fit(1000) {
        idle.push((opened(&running, Channel::Event).await, RawChannel::open(&running).await));
    }
    steady.assert_undisturbed().await;
    for (_, commands) in idle.iter_mut().step_by(100) {
        assert_eq!(commands.call(&Echo { stamp: 7 }).await, Ok(!7));
    }
    drop(idle);
    steady.assert_undisturbed().await;
}

#[tokio::test]
async fn thousands_come_and_go() {
    let running = start(Options::default()).await;
    let steady = Steady::new(&running).await;
    for round in 0..3000 {
        let stream = TcpStream::connect(running.addr()).await.unwrap();
        match round % 3 {
            0 => drop(stream),
            1 => drop(opened(&running, Channel::Command).await),
            _ => drop(opened(&running, Channel::Event).await),
        }
        if round % 500 == 0 {
            steady.assert_undisturbed().await;
        }
    }
    steady.assert_undisturbed().await;
    client(&running).await.ping().await.unwrap();
}

#[tokio::test]
async fn half_a_packet_is_given_up_and_an_idle_client_is_not() {
    let limits = Limits { packet: SHORT, ..Limits::default() };
    let running = start(Options { limits, ..Options::default() }).await;
    let steady = Steady::new(&running).await;
    let mut idle = RawChannel::open(&running).await;
    let whole = Packet::Event.encode();
    for bytes in [&whole[..1], &whole[..15]] {
        let mut stream = opened(&running, Channel::Command).await;
        stream.write_all(bytes).await.unwrap();
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0, "the switch gives up");
    }
    steady.assert_undisturbed().await;
    assert_eq!(idle.call(&Echo { stamp: 1 }).await, Ok(!1), "it was idle for longer than a packet may take");
}

#[tokio::test]
async fn a_connection_that_is_never_opened_is_given_up() {
    let limits = Limits { open: SHORT, ..Limits::default() };
    let running = start(Options { limits, ..Options::default() }).await;
    let mut silent = TcpStream::connect(running.addr()).await.unwrap();
    assert_eq!(silent.read(&mut [0; 1]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_client_that_never_reads_is_given_up() {
    let limits = Limits { write: SHORT, ..Limits::default() };
    let running = start(Options { limits, ..Options::default() }).await;
    let steady = Steady::new(&running).await;
    let mut deaf = RawChannel::open(&running).await;
    // Answers fill the buffers of the connection, then the switch waits, then it gives up.
    while deaf.try_send(&patchbay_switchtec::command::events::EventsGet { max: 0 }).await.is_ok() {}
    steady.assert_undisturbed().await;
}

#[tokio::test]
async fn floods_are_answered_without_holding_up_others() {
    const COMMANDS: u32 = 2000;
    let running = start(Options::default()).await;
    let steady = Steady::new(&running).await;
    let flood = async || {
        let mut raw = RawChannel::open(&running).await;
        for stamp in 0..COMMANDS {
            raw.send(&Echo { stamp }).await;
            // Answers are taken late, and in the order of the commands.
            if stamp >= 500 {
                assert_eq!(raw.receive().await.1, (!(stamp - 500)).to_le_bytes());
            }
        }
        for stamp in COMMANDS - 500..COMMANDS {
            assert_eq!(raw.receive().await.1, (!stamp).to_le_bytes());
        }
    };
    let steadily = async {
        for _ in 0..20 {
            steady.assert_undisturbed().await;
        }
    };
    tokio::join!(flood(), flood(), flood(), steadily);
}

#[tokio::test]
async fn garbage_and_huge_lengths_disturb_nobody() {
    let running = start(Options::default()).await;
    let steady = Steady::new(&running).await;
    let mut noise = Noise(1);
    let echo = {
        use patchbay_switchtec::command::Command;
        let command = Echo { stamp: 5 };
        Packet::Command(patchbay_switchtec::packet::MrpcCommand {
            pax: patchbay_switchtec::PaxAddress::Local,
            id: Echo::ID,
            wanted_bytes: 4,
            input: command.input(),
        })
        .encode()
    };
    for round in 0..300 {
        let mut stream = match round % 3 {
            0 => TcpStream::connect(running.addr()).await.unwrap(),
            1 => opened(&running, Channel::Command).await,
            _ => opened(&running, Channel::Event).await,
        };
        let mut bytes = echo.clone();
        if round % 2 == 0 {
            // A length of up to 64 KiB, and as much wanted; or some byte of the packet is another.
            bytes[10..14].copy_from_slice(&noise.bytes(4));
        } else {
            let at = noise.below(bytes.len());
            bytes[at] = noise.below(256) as u8;
        }
        let tail = noise.below(3000);
        bytes.extend(noise.bytes(tail));
        // The switch may close before it has read everything.
        let _ = stream.write_all(&bytes).await;
        drop(stream);
        if round % 50 == 0 {
            steady.assert_undisturbed().await;
        }
    }
    steady.assert_undisturbed().await;
}

#[tokio::test]
async fn every_event_is_notified_once_to_every_listener() {
    let running = start(Options::default()).await;
    let steady = Steady::new(&running).await;
    steady.client.arm_events().await.unwrap();
    let mut listeners = Vec::new();
    for _ in 0..3 {
        listeners.push(opened(&running, Channel::Event).await);
    }
    let deaf = opened(&running, Channel::Event).await;
    const BINDS: usize = 300;
    for _ in 0..BINDS {
        running.bind(port(0), logical(0), &functions(&[0x1001, 0x1002])).unwrap();
        running.unbind(port(0), logical(0)).unwrap();
    }
    let notifications = 4 * BINDS;
    for listener in &mut listeners {
        let mut all = vec![0; 16 * notifications];
        listener.read_exact(&mut all).await.unwrap();
        let event = Packet::Event.encode();
        assert!(all.chunks(16).all(|packet| packet == event));
    }
    running.stop().await;
    for mut listener in listeners {
        let mut rest = Vec::new();
        listener.read_to_end(&mut rest).await.unwrap();
        assert!(rest.is_empty(), "not one more");
    }
    drop(deaf);
}
