//! Recorded conversations as test vectors: every packet and every command decodes and encodes back.

mod transcript;

use std::collections::BTreeMap;
use std::path::Path;

use patchbay_switchtec::command::binding::{Bind, Unbind};
use patchbay_switchtec::command::database::{DumpGet, DumpStart};
use patchbay_switchtec::command::events::EventsGet;
use patchbay_switchtec::command::firmware::{
    FirmwareImageGet, FirmwarePartition, FirmwareTableGet, ImageKind,
};
use patchbay_switchtec::command::log::LogGet;
use patchbay_switchtec::command::performance::{BandwidthGet, CounterEvent, EventCounterSetupGet};
use patchbay_switchtec::command::sections::{DumpClass, HvdSection};
use patchbay_switchtec::command::topology::{Topology, TopologyData};
use patchbay_switchtec::command::{Command, Request, Visit};
use patchbay_switchtec::packet::{MAX_PACKET_BYTES, MrpcCommand, Packet};
use patchbay_switchtec::{Generation, InputError, code};
use transcript::{Line, Recorded, Transcript, read_all};

/// Every command the recordings contain, with how often; a change of the recordings must be deliberate.
const COVERED: [(&str, usize); 40] = [
    ("BandwidthGet", 5),
    ("BandwidthKindSet", 1),
    ("BarRead", 1),
    ("BarWrite", 1),
    ("Bind", 1),
    ("ConfigRead", 3),
    ("ConfigWrite", 1),
    ("DeviceManage", 1),
    ("DieTemperature", 1),
    ("DumpFabric", 2),
    ("DumpFabricPort", 1),
    ("DumpFinish", 2),
    ("DumpGet", 2),
    ("DumpPax", 1),
    ("DumpStart", 2),
    ("Echo", 1),
    ("EventCounterGet", 1),
    ("EventCounterSetupGet", 2),
    ("EventCounterSetupSet", 2),
    ("EventsClear", 1),
    ("EventsGet", 6),
    ("FirmwareImageGet", 30),
    ("FirmwareTableGet", 3),
    ("GetPaxId", 1),
    ("LatencyGet", 2),
    ("LatencySetup", 1),
    ("LinkStatusGet", 6),
    ("LogGet", 1),
    ("MultiConfigGet", 3),
    ("Ping", 3),
    ("PortConfigGet", 2),
    ("PortConfigSet", 2),
    ("PortControl", 7),
    ("Reset", 1),
    ("TopologyData", 2),
    ("TopologyFinish", 2),
    ("TopologyStart", 2),
    ("TopologyStatus", 4),
    ("TunnelConfig", 3),
    ("Unbind", 1),
];

/// Packets in the recordings.
const PACKETS: usize = 451;

fn transcripts() -> Vec<Transcript> {
    let all = read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts"));
    assert_eq!(all.len(), 56, "one recording per file");
    all
}

fn packets(transcript: &Transcript) -> impl Iterator<Item = &Recorded> {
    transcript.lines.iter().filter_map(|line| match line {
        Line::Packet(packet) => Some(packet),
        Line::Preamble => None,
    })
}

#[test]
fn every_packet_decodes_and_encodes_back() {
    let mut count = 0;
    for transcript in transcripts() {
        for recorded in packets(&transcript) {
            for fill in [0, 0xA5, 0xFF] {
                let bytes = recorded.filled(|| fill);
                assert!(bytes.len() <= MAX_PACKET_BYTES);
                let packet = Packet::decode(&bytes)
                    .unwrap_or_else(|error| panic!("{}: {}: {error}", transcript.file, recorded.title));
                recorded.assert_matches(&packet.encode(), &transcript.file);
            }
            count += 1;
        }
    }
    println!("{count} packets");
    assert_eq!(count, PACKETS);
}

#[test]
fn every_command_decodes_and_encodes_back() {
    let mut covered = BTreeMap::new();
    let mut unknown = 0;
    for transcript in transcripts() {
        let mut packets = packets(&transcript).filter(|packet| !packet.on_event_channel);
        while let Some(request) = packets.next() {
            let Packet::Command(command) = Packet::decode(&request.filled(|| 0)).unwrap() else { continue };
            let response = packets.next().expect("a request has its answer");
            assert!(request.from_client && !response.from_client, "{}: {}", transcript.file, request.title);
            match check_command(&transcript.file, request, &command, response) {
                Some(name) => *covered.entry(name).or_insert(0) += 1,
                None => unknown += 1,
            }
        }
    }
    println!("covered: {covered:?}");
    assert_eq!(covered.into_iter().collect::<Vec<_>>(), COVERED);
    assert_eq!(unknown, 1, "one recording is of a command nobody knows");
}

/// Decodes and encodes a request and its answer; the name of what was covered, `None` for an unknown command.
fn check_command(
    file: &str,
    recorded: &Recorded,
    command: &MrpcCommand,
    response: &Recorded,
) -> Option<&'static str> {
    let request = match Request::parse(command.id, &command.input) {
        Ok(request) => request,
        Err(error) => {
            assert_eq!(error, InputError::UnknownCommand, "{file}: {}", recorded.title);
            let Packet::Response(answer) = Packet::decode(&response.filled(|| 0)).unwrap() else { panic!() };
            assert_eq!(answer.result, code::UNKNOWN_COMMAND);
            return None;
        }
    };
    let name = request.name();
    request.visit(Check { file, recorded, command, response });
    Some(name)
}

struct Check<'a> {
    file: &'a str,
    recorded: &'a Recorded,
    command: &'a MrpcCommand,
    response: &'a Recorded,
}

impl Visit for Check<'_> {
    type Outcome = ();

    fn command<C: Command>(self, request: C) {
        let Packet::Response(response) = Packet::decode(&self.response.filled(|| 0)).unwrap() else {
            panic!("{}: not an answer", self.response.title)
        };
        assert_eq!(response.result, code::OK);
        let again = Packet::Command(MrpcCommand {
            pax: self.command.pax,
            id: C::ID,
            wanted_bytes: request.wanted_bytes(),
            input: request.input(),
        });
        self.recorded.assert_matches(&again.encode(), self.file);
        let answer = request.parse_answer(&response.data).unwrap();
        let mut data = C::answer_bytes(&answer);
        data.resize(usize::from(request.wanted_bytes()), 0);
        assert_eq!(data, response.data, "{}: {}", self.file, self.response.title);
    }
}

/// The data of the first answer to a `C` in one recording.
fn answer_of<C: Command>(file: &str, select: impl Fn(Request) -> Option<C>) -> C::Answer {
    let all = transcripts();
    let transcript = all.iter().find(|transcript| transcript.file == file).unwrap();
    let mut packets = packets(transcript);
    loop {
        let request = packets.next().unwrap_or_else(|| panic!("{file} has no such request"));
        let Packet::Command(command) = Packet::decode(&request.filled(|| 0)).unwrap() else { continue };
        let Some(request) = select(Request::parse(command.id, &command.input).unwrap()) else { continue };
        let Packet::Response(response) = Packet::decode(&packets.next().unwrap().filled(|| 0)).unwrap()
        else {
            panic!("not an answer")
        };
        return request.parse_answer(&response.data).unwrap();
    }
}

#[test]
fn the_recorded_topology_says_what_the_scenario_says() {
    let piece = answer_of::<TopologyData>("06-topo-info.txt", |request| match request {
        Request::TopologyData(request) => Some(request),
        _ => None,
    });
    let topology = Topology::parse(Generation::Gen4, &piece.data).unwrap();
    assert_eq!(topology.encode(Generation::Gen4), piece.data);
    let ports: Vec<_> = topology.ports.iter().map(|record| record.port.get()).collect();
    assert_eq!(ports, [0, 4, 8, 12, 16, 20]);
    assert_eq!(topology.ports[4].negotiated_rate.gts(), 8.0);
}

#[test]
fn the_recorded_firmware_is_the_one_that_runs() {
    let table = answer_of::<FirmwareTableGet>("00-info.txt", |request| match request {
        Request::FirmwareTableGet(request) => Some(request),
        _ => None,
    });
    assert_eq!((table.running.to_string().as_str(), table.device), ("4.80 B123", 0x4252));
    let main = table.partition(FirmwarePartition::Image0);
    assert!(main.valid && main.active && main.running && !main.read_only);
    let image = answer_of::<FirmwareImageGet>("00-info.txt", |request| match request {
        Request::FirmwareImageGet(request) if request.partition == FirmwarePartition::Image0.id() => {
            Some(request)
        }
        _ => None,
    });
    assert_eq!((image.version, image.kind), (table.running, ImageKind::Image));
    assert_eq!((&image.date, &image.name[..5]), (b"20260101", &b"IMG0\0"[..]));
    assert_eq!(image.image_crc, main.image_crc);
}

#[test]
fn the_recorded_counters_and_log_are_the_scenario_s() {
    let log = answer_of::<LogGet>("50-log-dump-ram.txt", |request| match request {
        Request::LogGet(request) => Some(request),
        _ => None,
    });
    assert_eq!((log.total, log.remaining, log.entries.len()), (1, 0, 1));
    let setups = answer_of::<EventCounterSetupGet>("48-evcntr-show.txt", |request| match request {
        Request::EventCounterSetupGet(request) => Some(request),
        _ => None,
    });
    assert!(setups[0].events.contains(CounterEvent::BadTlp) && setups[0].ports == 1 << 1);
    let records = answer_of::<BandwidthGet>("02-status.txt", |request| match request {
        Request::BandwidthGet(request) => Some(request),
        _ => None,
    });
    assert_eq!(records.len(), 6);
    assert_eq!((records[0].time_us, records[0].egress.total_bytes()), (1_000_000, 1_600_000_000));
    assert_eq!(records[0].ingress.total_bytes(), 3_200_000_000, "3.2 GB, as the tool printed");
}

#[test]
fn the_recorded_host_has_the_bound_function_on_its_first_logical_port() {
    let chunk = answer_of::<DumpGet>("12-gfms-dump-hvd-bound.txt", |request| match request {
        Request::DumpGet(request) => Some(request),
        _ => None,
    });
    let started = answer_of::<DumpStart>("12-gfms-dump-hvd-bound.txt", |request| match request {
        Request::DumpStart(request) => Some(request),
        _ => None,
    });
    assert_eq!(started.total_dwords as usize * 4, chunk.data.len());
    let section = HvdSection::parse(&chunk.data).unwrap();
    assert_eq!(section.encode(), chunk.data);
    let host = &section.hvds[0];
    assert_eq!(host.logical_ports.len(), 8);
    assert_eq!(host.logical_ports[0].slots[0].unwrap().get(), 0x1001);
    assert!(host.logical_ports[1..].iter().all(|port| port.slots.iter().all(Option::is_none)));
    assert_eq!(DumpClass::from_code(3), Some(DumpClass::Hvd));
}

#[test]
fn the_recorded_binding_and_its_event_name_the_same_places() {
    let bind = |request| match request {
        Request::Bind(request) => Some(request),
        _ => None,
    };
    assert_eq!(answer_of::<Bind>("11-gfms-bind.txt", bind), 0);
    let batch = answer_of::<EventsGet>("14-gfms-events-bind.txt", |request| match request {
        Request::EventsGet(request) => Some(request),
        _ => None,
    });
    assert_eq!(batch.events.len(), 1);
    assert_eq!(batch.events[0].kind.code(), 6);
    let unbind = |request| match request {
        Request::Unbind(request) => Some(request),
        _ => None,
    };
    assert_eq!(answer_of::<Unbind>("15-gfms-unbind.txt", unbind), 0);
}
