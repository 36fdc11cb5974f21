//! The recorded conversations, replayed against the emulated switch.

mod bench;
#[path = "../../switchtec/tests/transcript/mod.rs"]
mod transcript;

use std::path::Path;

use bench::{ANY_PORT, port, start};
use patchbay_softswitch::{Lanes, Link, Options, Rack, Running, Softswitch, TRANSCRIPTS_RACK};
use patchbay_switchtec::Rate;
use patchbay_switchtec::command::{Command, identity::Echo};
use patchbay_switchtec::packet::{Channel, MrpcCommand, Packet};
use patchbay_switchtec::units::PaxAddress;
use patchbay_switchtec::wire::{read_packet, write_packet};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use transcript::{Line, Recorded, Transcript, read_all};

/// Commands that are not served, and what the replay does in their place.
const NOT_SERVED: [(&str, Instead); 12] = [
    ("DEVICE_MANAGE", Instead::Nothing),
    ("EP_RESOURCE", Instead::Nothing),
    ("EP_TUNNEL", Instead::Nothing),
    ("FWLOGRD", Instead::Nothing),
    ("MULTI_CFG", Instead::Nothing),
    ("PART_INFO", Instead::Nothing),
    ("PMON", Instead::Nothing),
    ("RESET", Instead::Nothing),
    ("PORT_CONFIG set", Instead::Nothing),
    ("PORT_CONTROL type 0", Instead::DisableLink),
    ("PORT_CONTROL type 1", Instead::EnableLink),
    // Retraining and hot reset leave everything as it was.
    ("PORT_CONTROL", Instead::Nothing),
];

/// Recordings whose answers need a command that is not served.
const SKIPPED_FILES: [(&str, &str); 1] =
    [("22-gfms-events-hvd.txt", "its events are those of PORT_CONFIG set, which is not served")];

/// A scenario of its own: one more port, a fresh start.
const VARIANT: &str = "55-variant-fab-port.txt";

/// What the second client of the recording did just before the notification came.
const MEANWHILE: (&str, u8) = ("34-event-wait-link-state.txt", 16);

#[derive(Clone, Copy)]
enum Instead {
    Nothing,
    DisableLink,
    EnableLink,
}

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

fn is_not_served(recorded: &Recorded) -> bool {
    recorded.from_client && NOT_SERVED.iter().any(|(name, _)| recorded.title.contains(name))
}

struct Replay {
    running: Running,
    preamble: Vec<Recorded>,
    garbage: Garbage,
    answers: usize,
}

impl Replay {
    async fn file(&mut self, transcript: &Transcript) {
        let mut commands = TcpStream::connect(self.running.addr()).await.unwrap();
        let mut events = TcpStream::connect(self.running.addr()).await.unwrap();
        let mut lines = transcript.lines.iter();
        while let Some(line) = lines.next() {
            match line {
                Line::Preamble => {
                    for recorded in self.preamble.clone() {
                        self.packet(&transcript.file, &recorded, &mut commands, &mut events).await;
                    }
                }
                Line::Packet(recorded) if is_not_served(recorded) => {
                    self.instead(&recorded.title);
                    lines.next();
                }
                Line::Packet(recorded) => {
                    self.packet(&transcript.file, recorded, &mut commands, &mut events).await;
                }
            }
        }
        // Events are queued after the answer is written; one more answer means they are.
        let echo = Echo { stamp: 1 };
        let input = echo.input();
        let last = MrpcCommand { pax: PaxAddress::Local, id: Echo::ID, wanted_bytes: 4, input };
        write_packet(&mut commands, &Packet::Command(last)).await.unwrap();
        assert!(matches!(read_packet(&mut commands).await, Ok(Packet::Response(_))));
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
            let stream = if recorded.on_event_channel { events } else { commands };
            stream.write_all(&bytes).await.unwrap();
            return;
        }
        let is_notification = recorded.filled(|| 0) == Packet::Event.encode();
        if is_notification {
            assert_eq!(file, MEANWHILE.0, "notifications are recorded here only");
            self.set_link(MEANWHILE.1, Link::Disabled);
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

    fn instead(&self, title: &str) {
        let found = NOT_SERVED.iter().find(|(name, _)| title.contains(name));
        let (_, instead) = found.unwrap_or_else(|| panic!("no reason to skip {title:?}"));
        let number = || {
            let words: Vec<_> = title.split_whitespace().collect();
            words[words.iter().position(|word| *word == "port").unwrap() + 1].parse().unwrap()
        };
        match instead {
            Instead::Nothing => {}
            Instead::DisableLink => self.set_link(number(), Link::Disabled),
            Instead::EnableLink => {
                let id = number();
                let rate = if id == 16 { Rate::Gen3 } else { Rate::Gen4 };
                self.set_link(id, Link::Up(Lanes { width: 8, rate }));
            }
        }
    }

    fn set_link(&self, id: u8, link: Link) {
        let set = if id < 16 { Running::set_host_link } else { Running::set_slot_link };
        set(&self.running, port(id), link).unwrap();
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
    let mut replay = Replay { running, preamble: preamble(&all), garbage: Garbage(seed), answers: 0 };
    let mut files = 0;
    for transcript in all.iter().filter(|transcript| transcript.file != VARIANT) {
        if let Some((file, reason)) = SKIPPED_FILES.iter().find(|(file, _)| *file == transcript.file) {
            println!("{file} skipped: {reason}");
            continue;
        }
        replay.file(transcript).await;
        files += 1;
    }
    println!("seed {seed}: {files} recordings, {} answers", replay.answers);
    assert_eq!(files, 54);
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
    let mut replay = Replay { running, preamble: preamble(&all), garbage: Garbage(0), answers: 0 };
    replay.file(all.iter().find(|transcript| transcript.file == VARIANT).unwrap()).await;
    assert_eq!(replay.answers, 8);
}
