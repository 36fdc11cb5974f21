//! What fuzzing starts from: the recorded conversations, and conversations they leave out.

#[allow(dead_code, reason = "the tests of the recordings use the rest")]
#[path = "../../switchtec/tests/transcript/mod.rs"]
mod transcript;

use std::path::Path;

use patchbay_switchtec::command::binding::Bind;
use patchbay_switchtec::command::database::{DumpFinish, DumpGet, DumpStart};
use patchbay_switchtec::command::remote::{RegisterRead, RegisterWrite};
use patchbay_switchtec::command::sections::DumpClass;
use patchbay_switchtec::command::{Command, Request};
use patchbay_switchtec::packet::{Channel, HEADER_BYTES, Header, MrpcCommand, MrpcResponse, Packet};
use patchbay_switchtec::{HostPort, LogicalPort, PaxAddress, Pdfid, PhysicalPort, SwitchIndex};

use super::{sections, session};
use transcript::{Line, Recorded, Transcript};

/// The packets every recording starts with; only the first recording spells them out.
const PREAMBLE_PACKETS: usize = 14;

/// The seeds of a target; none for a name that is no target's.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../switchtec/tests/transcripts");
    let transcripts = transcript::read_all(&folder);
    match target {
        "packet" => transcripts.iter().flat_map(packets).map(bytes).collect(),
        "command" => exchanges(&transcripts).iter().map(command_seed).collect(),
        "sections" => exchanges(&transcripts).iter().filter_map(section_seed).collect(),
        "session" => sessions(&transcripts),
        _ => Vec::new(),
    }
}

fn packets(transcript: &Transcript) -> impl Iterator<Item = &Recorded> {
    transcript.lines.iter().filter_map(|line| match line {
        Line::Packet(packet) => Some(packet),
        Line::Preamble => None,
    })
}

fn bytes(packet: &Recorded) -> Vec<u8> {
    packet.filled(|| 0)
}

/// All commands with their answers: the recorded ones, and those of [`unrecorded`].
fn exchanges(transcripts: &[Transcript]) -> Vec<(MrpcCommand, MrpcResponse)> {
    let recorded: Vec<_> = transcripts
        .iter()
        .flat_map(packets)
        .filter(|packet| !packet.on_event_channel)
        .filter_map(|packet| Packet::decode(&bytes(packet)).ok())
        .collect();
    let sent = unrecorded();
    let answered = split(&session::answers(&sent));
    let made: Vec<_> = split(&sent).into_iter().zip(answered).flat_map(|(one, other)| [one, other]).collect();
    let pair = |two: &[Packet]| match two {
        [Packet::Command(command), Packet::Response(response)] => Some((command.clone(), response.clone())),
        _ => None,
    };
    recorded.windows(2).filter_map(pair).chain(made.windows(2).filter_map(pair)).collect()
}

/// Whole packets in a row.
fn split(mut stream: &[u8]) -> Vec<Packet> {
    let mut packets = Vec::new();
    while let Some((head, _)) = stream.split_first_chunk::<HEADER_BYTES>() {
        let Ok(header) = Header::parse(head) else { break };
        let (packet, rest) = stream.split_at(HEADER_BYTES + header.payload_bytes());
        packets.extend(Packet::decode(packet));
        stream = rest;
    }
    packets
}

/// As `command` reads it.
fn command_seed((command, response): &(MrpcCommand, MrpcResponse)) -> Vec<u8> {
    let length = command.input.len() as u16;
    let head = [command.id.get().to_le_bytes(), length.to_le_bytes()].concat();
    [&head, &command.input[..], &response.data[..]].concat()
}

/// As `sections` reads it; `None` for an answer that is no part of a dump.
fn section_seed((command, response): &(MrpcCommand, MrpcResponse)) -> Option<Vec<u8>> {
    let request = Request::parse(command.id, &command.input).ok()?;
    let (choice, dump) = match &request {
        Request::DumpGet(get) => (get.class, get.parse_answer(&response.data).ok()?.data),
        Request::DumpFabric(_) => (DumpClass::Fabric, response.data.clone()),
        Request::DumpPax(_) => (DumpClass::Pax, response.data.clone()),
        Request::DumpFabricPort(_) => (DumpClass::FabricPort, response.data.clone()),
        Request::TopologyData(get) => {
            let piece = get.parse_answer(&response.data).ok()?;
            return Some([&[sections::TOPOLOGY_GEN4], &piece.data[..]].concat());
        }
        _ => return None,
    };
    Some([&[sections::choice(choice)], &dump[..]].concat())
}

/// What each recorded client sent on its command channel, and a client nobody recorded.
fn sessions(transcripts: &[Transcript]) -> Vec<Vec<u8>> {
    let from_client = |packet: &&Recorded| packet.from_client && !packet.on_event_channel;
    let preamble =
        transcripts.first().map(|first| packets(first).take(PREAMBLE_PACKETS)).into_iter().flatten();
    let preamble: Vec<u8> = preamble.filter(from_client).flat_map(bytes).collect();
    let session = |transcript: &Transcript| {
        let own = packets(transcript).filter(from_client).flat_map(bytes);
        let starts_itself = !transcript.lines.iter().any(|line| matches!(line, Line::Preamble));
        let preamble = if starts_itself { &[][..] } else { &preamble };
        preamble.iter().copied().chain(own).collect()
    };
    let mut sessions: Vec<Vec<u8>> = transcripts.iter().map(session).collect();
    // An event channel first, whose client says nothing, and then somebody else.
    sessions.push([Packet::open(0, Channel::Event).encode(), unrecorded()].concat());
    sessions
}

/// A client that uses what the recordings do not: whole databases, several functions in one bind, registers by command.
fn unrecorded() -> Vec<u8> {
    let mut stream = Packet::open(0, Channel::Command).encode();
    let host = HostPort { switch: SwitchIndex::new(0), port: PhysicalPort::new(4) };
    let functions = [0x1002, 0x1000, 0x1008].map(Pdfid::new);
    if let Ok(bind) = Bind::new(host, LogicalPort::new(7), &functions) {
        stream.extend(sent(&bind));
    }
    for (class, parameter) in
        [(DumpClass::PaxAll, 0), (DumpClass::HvdDetail, 1), (DumpClass::EndpointPort, 16)]
    {
        stream.extend(sent(&DumpStart { class, parameter }));
        stream.extend(sent(&DumpGet { class, port: parameter, offset_dwords: 0 }));
        stream.extend(sent(&DumpFinish { class }));
    }
    stream.extend(sent(&RegisterWrite { offset: 0x1968, data: vec![9, 0, 0, 0] }));
    stream.extend(sent(&RegisterRead { offset: 0x1968, count_bytes: 4 }));
    stream
}

fn sent<C: Command>(command: &C) -> Vec<u8> {
    let (input, wanted_bytes) = (command.input(), command.wanted_bytes());
    Packet::Command(MrpcCommand { pax: PaxAddress::Local, id: C::ID, wanted_bytes, input }).encode()
}
