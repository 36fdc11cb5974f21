//! The recorded conversations, replayed against the emulated switch.

mod bench;
#[path = "../../switchtec/tests/transcript/mod.rs"]
mod transcript;

use std::collections::BTreeSet;
use std::path::Path;

use bench::{ANY_PORT, port, start};
use patchbay_softswitch::{Link, Options, Rack, Running, Softswitch, TRANSCRIPTS_RACK};
use patchbay_switchtec::command::port_control::{HotResetFlag, PortControl, PortOperation};
use patchbay_switchtec::command::{Command, Request, identity::Echo};
use patchbay_switchtec::packet::{Channel, MrpcCommand, Packet};
use patchbay_switchtec::units::PaxAddress;
use patchbay_switchtec::wire::{read_packet, write_packet};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use transcript::{Line, Recorded, Transcript, read_all};

/// The vendor's tool, command by command: what must have been replayed, by the names of the recordings.
const TOOL: [&str; 38] = [
    "info",
    "test",
    "status",
    "status-table",
    "temp",
    "fw-info",
    "topo-info",
    "route",
    "gfms-dump-fabric",
    "gfms-dump-pax",
    "gfms-dump-hvd-unbound",
    "gfms-bind",
    "gfms-unbind",
    "gfms-events-status",
    "gfms-events-bind",
    "gfms-events-clear",
    "portcfg-show-host",
    "portcfg-set-host",
    "port-control-disable",
    "port-control-enable",
    "port-control-retrain",
    "port-control-hot-reset",
    "events-all",
    "event-wait-link-state",
    "ep-tunnel-status",
    "ep-tunnel-enable",
    "ep-csr-read",
    "ep-csr-write",
    "ep-bar-read",
    "ep-bar-write",
    "device-manage",
    "bw",
    "latency",
    "evcntr",
    "log-dump-ram",
    "gas-read",
    "gas-write",
    "hard-reset",
];

/// Commands that are not in the recordings of the scenario: one is in its variant, the others are sent to a remote
/// switch only and tested in `execute.rs`.
const NOT_RECORDED: [&str; 3] = ["DumpFabricPort", "RegisterRead", "RegisterWrite"];

/// Ends with the switch dropping every connection.
const HARD_RESET: &str = "54-hard-reset.txt";

/// The recorded switch let go of a hot reset at once; ours holds it until it is cleared (section 5.7), so it is
/// cleared after this recording.
const HELD_RESET: (&str, u8) = ("30-port-control-hot-reset.txt", 20);

/// A scenario of its own: one more port, a fresh start.
const VARIANT: &str = "55-variant-fab-port.txt";

/// What the second client of the recording did just before the notification came.
const MEANWHILE: (&str, u8) = ("34-event-wait-link-state.txt", 16);

fn transcripts() -> Vec<Transcript> {
    read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../switchtec/tests/transcripts"))
}

/// Bytes for the places the recorded client left uninitialised; seed 0 gives zeros.
struct Garbage(u64);

impl Garbage {
    fn next(&mut self) -> u8 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(u64::from(self.0 != 0));
        (self.0 >> 33) as u8
    }
}

struct Replay {
    running: Running,
    preamble: Vec<Recorded>,
    garbage: Garbage,
    answers: usize,
    /// The kinds of command sent, as [`Request::name`] has them.
    asked: BTreeSet<&'static str>,
}

impl Replay {
    async fn file(&mut self, transcript: &Transcript) {
        let mut commands = TcpStream::connect(self.running.addr()).await.unwrap();
        let mut events = TcpStream::connect(self.running.addr()).await.unwrap();
        for line in &transcript.lines {
            match line {
                Line::Preamble => {
                    for recorded in self.preamble.clone() {
                        self.packet(&transcript.file, &recorded, &mut commands, &mut events).await;
                    }
                }
                Line::Packet(recorded) => {
                    self.packet(&transcript.file, recorded, &mut commands, &mut events).await;
                }
            }
        }
        if transcript.file == HARD_RESET {
            assert_eq!(commands.read(&mut [0]).await.unwrap(), 0, "the command channel ends");
            assert_eq!(events.read(&mut [0]).await.unwrap(), 0, "the event channel ends");
            return;
        }
        // Events are queued after the answer is written; one more answer means they are.
        self.call(&mut commands, &Echo { stamp: 1 }).await;
        if transcript.file == HELD_RESET.0 {
            let operation = PortOperation::HotReset(HotResetFlag::Clear);
            self.call(&mut commands, &PortControl { port: port(HELD_RESET.1), operation }).await;
        }
    }

    async fn packet(
        &mut self,
        file: &str,
        recorded: &Recorded,
        commands: &mut TcpStream,
        events: &mut TcpStream,
    ) {
        if recorded.from_client {
            let bytes = recorded.filled(|| self.garbage.next());
            if let Ok(Packet::Command(command)) = Packet::decode(&bytes)
                && let Ok(request) = Request::parse(command.id, &command.input)
            {
                self.asked.insert(request.name());
            }
            let stream = if recorded.on_event_channel { events } else { commands };
            stream.write_all(&bytes).await.unwrap();
            return;
        }
        let is_notification = recorded.filled(|| 0) == Packet::Event.encode();
        if is_notification {
            assert_eq!(file, MEANWHILE.0, "notifications are recorded here only");
            self.running.set_slot_link(port(MEANWHILE.1), Link::Disabled).unwrap();
        }
        let stream = if recorded.on_event_channel { events } else { commands };
        let mut bytes = vec![0; recorded.bytes.len()];
        stream
            .read_exact(&mut bytes)
            .await
            .unwrap_or_else(|error| panic!("{file}: {}: {error}", recorded.title));
        recorded.assert_matches(&bytes, file);
        self.answers += 1;
    }

    /// Sends a command of its own and waits for its answer.
    async fn call<C: Command>(&self, commands: &mut TcpStream, command: &C) {
        let (input, wanted_bytes) = (command.input(), command.wanted_bytes());
        let packet = MrpcCommand { pax: PaxAddress::Local, id: C::ID, wanted_bytes, input };
        write_packet(commands, &Packet::Command(packet)).await.unwrap();
        assert!(matches!(read_packet(commands).await, Ok(Packet::Response(_))));
    }
}

/// The packets every recording starts with: up to the answer to GET_PAX_ID.
fn preamble(all: &[Transcript]) -> Vec<Recorded> {
    let packets: Vec<_> = all[0]
        .lines
        .iter()
        .filter_map(|line| match line {
            Line::Packet(packet) => Some(packet.clone()),
            Line::Preamble => None,
        })
        .take(14)
        .collect();
    assert!(packets[12].title.contains("GET_PAX_ID"));
    assert_eq!(Packet::decode(&packets[0].filled(|| 0)), Ok(Packet::open(0, Channel::Command)));
    packets
}

async fn replay(seed: u64) {
    let all = transcripts();
    let running = start(Options::default()).await;
    let mut replay = Replay {
        running,
        preamble: preamble(&all),
        garbage: Garbage(seed),
        answers: 0,
        asked: BTreeSet::new(),
    };
    let mut files = 0;
    for transcript in all.iter().filter(|transcript| transcript.file != VARIANT) {
        replay.file(transcript).await;
        files += 1;
    }
    for command in TOOL {
        assert!(all.iter().any(|transcript| transcript.file[3..] == format!("{command}.txt")), "{command}");
    }
    let missing: Vec<_> =
        Request::NAMES.iter().copied().filter(|name| !replay.asked.contains(name)).collect();
    assert_eq!(missing, NOT_RECORDED, "every kind of command is recorded and answered");
    println!("seed {seed}: {files} recordings, {} answers", replay.answers);
    assert_eq!(files, 55);
    assert!(replay.answers > files * 7, "every recording starts with seven answers");
    assert_eq!(replay.running.bindings(), [], "the last recorded unbind leaves nothing bound");
    replay.running.stop().await;
}

#[tokio::test]
async fn every_recorded_answer_is_given_byte_for_byte() {
    replay(0).await;
}

#[tokio::test]
async fn bytes_the_recorded_client_left_uninitialised_do_not_matter() {
    for seed in [1, 0xDEAD_BEEF, 0x0123_4567_89AB_CDEF] {
        replay(seed).await;
    }
}

#[tokio::test]
async fn a_link_to_another_switch_is_described_as_recorded() {
    let all = transcripts();
    let text = format!("{TRANSCRIPTS_RACK}\n[[fabric_port]]\nport = 24\nwidth = 4\ngen = 4\n");
    let rack = Rack::parse(&text, "variant.toml").unwrap();
    let running = Softswitch::start(rack, ANY_PORT, Options::default()).await.unwrap();
    let mut replay =
        Replay { running, preamble: preamble(&all), garbage: Garbage(0), answers: 0, asked: BTreeSet::new() };
    replay.file(all.iter().find(|transcript| transcript.file == VARIANT).unwrap()).await;
    assert_eq!(replay.answers, 8);
    assert!(replay.asked.contains("DumpFabricPort"));
}
