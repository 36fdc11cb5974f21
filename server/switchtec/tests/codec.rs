//! Properties of the codec: every value survives the way to bytes and back, and no bytes make the decoder panic.

mod round_trip;

use patchbay_switchtec::command::binding::{Bind, Unbind};
use patchbay_switchtec::command::database::{
    DumpChunk, DumpFabric, DumpFabricPort, DumpFinish, DumpGet, DumpPax, DumpStart, DumpStarted,
};
use patchbay_switchtec::command::events::{
    AdvancedError, EventBatch, EventKind, EventsClear, EventsGet, GfmsEvent,
};
use patchbay_switchtec::command::identity::{DieTemperature, Echo, GetPaxId, Ping, PingAnswer};
use patchbay_switchtec::command::link_status::{LinkRecord, LinkStatusGet};
use patchbay_switchtec::command::port_config::{PortConfig, PortConfigGet};
use patchbay_switchtec::command::sections::*;
use patchbay_switchtec::command::topology::*;
use patchbay_switchtec::command::{Command, Request};
use patchbay_switchtec::packet::{
    GasAccess, GasResponse, MAX_DATA_BYTES, MAX_PACKET_BYTES, MrpcCommand, MrpcResponse, Packet,
};
use patchbay_switchtec::*;
use proptest::collection::vec;
use proptest::prelude::*;
use round_trip::{answer_round_trip, round_trip};

fn pdfid() -> impl Strategy<Value = Pdfid> {
    any::<u16>().prop_map(Pdfid::new)
}

fn port() -> impl Strategy<Value = PhysicalPort> {
    any::<u8>().prop_map(PhysicalPort::new)
}

fn logical_port() -> impl Strategy<Value = LogicalPort> {
    any::<u8>().prop_map(LogicalPort::new)
}

fn host() -> impl Strategy<Value = HostPort> {
    (any::<u8>(), port()).prop_map(|(switch, port)| HostPort { switch: SwitchIndex::new(switch), port })
}

fn rate() -> impl Strategy<Value = Rate> {
    (0u8..7).prop_map(Rate::from_code)
}

fn owner() -> impl Strategy<Value = SectionOwner> {
    (any::<u8>(), any::<u16>())
        .prop_map(|(switch, swfid)| SectionOwner { switch: SwitchIndex::new(switch), swfid })
}

fn generation() -> impl Strategy<Value = Generation> {
    prop_oneof![Just(Generation::Gen4), Just(Generation::Gen5)]
}

fn bytes(longest: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..=longest)
}

fn event_kind() -> impl Strategy<Value = EventKind> {
    let aer = (any::<u16>(), any::<u8>(), any::<u32>(), any::<u64>(), any::<[u32; 4]>()).prop_map(
        |(port, flags, status, time, header)| {
            EventKind::AdvancedError(AdvancedError { port, flags, status, time, header })
        },
    );
    prop_oneof![
        port().prop_map(|port| EventKind::HostLinkUp { port }),
        port().prop_map(|port| EventKind::HostLinkDown { port }),
        (port(), any::<u16>()).prop_map(|(port, functions)| EventKind::DeviceAdded { port, functions }),
        (port(), any::<u16>()).prop_map(|(port, functions)| EventKind::DeviceDeleted { port, functions }),
        Just(EventKind::FabricLinkUp),
        Just(EventKind::FabricLinkDown),
        Just(EventKind::DatabaseChanged),
        (host(), logical_port(), pdfid()).prop_map(|(host, logical_port, function)| EventKind::Bound {
            host,
            logical_port,
            function
        }),
        (host(), logical_port(), pdfid()).prop_map(|(host, logical_port, function)| EventKind::Unbound {
            host,
            logical_port,
            function
        }),
        (any::<u8>(), port(), any::<u8>()).prop_map(|(hvd, port, clock_channel)| EventKind::HvdEnabled {
            hvd,
            port,
            clock_channel
        }),
        (any::<u8>(), port(), any::<u8>()).prop_map(|(hvd, port, clock_channel)| EventKind::HvdDisabled {
            hvd,
            port,
            clock_channel
        }),
        port().prop_map(|port| EventKind::EndpointPortRemoved { port }),
        port().prop_map(|port| EventKind::EndpointPortAdded { port }),
        aer,
        // Data are padded to whole dwords on the wire.
        (14u8.., vec(any::<[u8; 4]>(), 0..=8))
            .prop_map(|(code, data)| EventKind::Unknown { code, data: data.concat() }),
    ]
}

fn link_record() -> impl Strategy<Value = LinkRecord> {
    let place = (port(), any::<u8>(), any::<u8>(), 0u8..=8, 0u8..16);
    let link = (any::<u8>(), any::<u8>(), any::<bool>(), any::<bool>(), rate(), any::<u16>());
    (place, link, any::<u8>(), 0u8..16).prop_map(|(place, link, lane_reversal, first_lane)| LinkRecord {
        port: place.0,
        partition: place.1,
        logical_id: place.2,
        stack: place.3,
        stack_port: place.4,
        configured_width: link.0,
        negotiated_width: link.1,
        upstream: link.2,
        up: link.3,
        rate: link.4,
        ltssm: LtssmState::from_word(link.5),
        lane_reversal,
        first_lane,
    })
}

fn gpio() -> impl Strategy<Value = Gpio> {
    (any::<u16>(), any::<u8>()).prop_map(|(index, value)| Gpio { index, value })
}

fn port_record(id: u8) -> impl Strategy<Value = PortRecord> {
    let gpios = [gpio(), gpio(), gpio(), gpio(), gpio()];
    (any::<[u8; 6]>(), gpios, rate(), rate(), any::<u16>()).prop_map(
        move |(raw, gpios, configured_rate, negotiated_rate, ltssm)| PortRecord {
            port: PhysicalPort::new(id),
            port_type: PortType::from_code(raw[0]),
            clock_channel: raw[1],
            connector: raw[2],
            gpios,
            configured_width: raw[3],
            negotiated_width: raw[4],
            configured_rate,
            negotiated_rate,
            ltssm: LtssmState::from_word(ltssm),
        },
    )
}

fn topology(generation: Generation) -> impl Strategy<Value = Topology> {
    let stacks = if generation == Generation::Gen4 { 7 } else { 8 };
    let ports = proptest::collection::btree_set(0u8..=MAX_PORT_ID, 0..60)
        .prop_flat_map(|ids| ids.into_iter().map(port_record).collect::<Vec<_>>());
    (any::<u8>(), vec(any::<u32>(), stacks), any::<[u8; 16]>(), ports).prop_map(
        |(switch, bifurcation, routes, ports)| Topology {
            switch: SwitchIndex::new(switch),
            bifurcation,
            routes,
            ports,
        },
    )
}

fn hvd() -> impl Strategy<Value = Hvd> {
    let logical = (logical_port(), proptest::array::uniform8(proptest::option::of(pdfid())));
    let state = logical.prop_map(|(id, slots)| LogicalPortState { id, slots });
    (any::<u8>(), port(), any::<u16>(), vec(state, 0..=MAX_LOGICAL_PORTS))
        .prop_map(|(instance, port, hfid, logical_ports)| Hvd { instance, port, hfid, logical_ports })
}

fn hvd_detail() -> impl Strategy<Value = HvdDetail> {
    let slot = (any::<bool>(), any::<u16>(), pdfid(), any::<u16>()).prop_map(
        |(bound, port_bdf, function, function_bdf)| DetailSlot { bound, port_bdf, function, function_bdf },
    );
    let logical = (logical_port(), proptest::array::uniform8(slot));
    let detail_port = logical.prop_map(|(id, slots)| DetailPort { id, slots });
    let vep = (any::<u8>(), any::<u16>()).prop_map(|(kind, bdf)| VirtualEndpoint { kind, bdf });
    let p2p = (any::<u64>(), any::<u64>()).prop_map(|(configured, active)| PeerToPeer { configured, active });
    let head = (any::<u8>(), port(), any::<u16>(), any::<bool>(), any::<u16>());
    (head, vec(vep, 0..=MAX_VEPS), vec(detail_port, 0..=8), vec(p2p, 0..=8)).prop_map(
        |(head, veps, ports, p2p)| HvdDetail {
            instance: head.0,
            port: head.1,
            hfid: head.2,
            link_up: head.3,
            upstream_bdf: head.4,
            veps,
            ports,
            p2p_enabled: (1 << p2p.len()) - 1,
            p2p,
        },
    )
}

fn bars() -> impl Strategy<Value = [Bar; 6]> {
    let bar = || (any::<u8>(), any::<u8>()).prop_map(|(kind, log2_size)| Bar { kind, log2_size });
    [bar(), bar(), bar(), bar(), bar(), bar()]
}

fn function() -> impl Strategy<Value = EndpointFunction> {
    let bound = (host(), logical_port()).prop_map(|(host, logical_port)| BoundTo { host, logical_port });
    let role = (any::<bool>(), any::<bool>(), any::<u8>(), proptest::option::of(bound));
    let pci = (any::<[u16; 4]>(), 0u32..1 << 24, any::<u8>(), bars());
    (any::<u16>(), pdfid(), role, pci).prop_map(|(id, pdfid, role, pci)| EndpointFunction {
        id,
        pdfid,
        physical: role.0,
        sriov: role.1,
        vf_number: role.2,
        bound: role.3,
        vendor: pci.0[0],
        device: pci.0[1],
        subsystem_vendor: pci.0[2],
        subsystem_device: pci.0[3],
        class: pci.1,
        bar_count: pci.2,
        bars: pci.3,
    })
}

fn endpoint() -> impl Strategy<Value = Endpoint> {
    (proptest::option::of(0u16..0xFFFF), vec(function(), 0..=32))
        .prop_map(|(downstream_id, functions)| Endpoint { downstream_id, functions })
}

fn endpoint_port() -> impl Strategy<Value = EndpointPort> {
    let switch_function = (any::<[u16; 4]>(), 0u32..1 << 24, any::<u8>(), bars()).prop_map(
        |([id, enumeration_id, vendor, device], class, bar_count, bars)| SwitchFunction {
            id,
            enumeration_id,
            vendor,
            device,
            class,
            bar_count,
            bars,
        },
    );
    let parts = (proptest::option::of(0u16..0xFFFF), vec(switch_function, 0..4), vec(endpoint(), 0..4));
    let switch = parts.prop_map(|(downstream_id, functions, endpoints)| SwitchBehindPort {
        downstream_id,
        functions,
        endpoints,
    });
    let attachment = prop_oneof![
        Just(Attachment::Nothing),
        endpoint().prop_map(Attachment::Endpoint),
        switch.prop_map(Attachment::Switch),
    ];
    (port(), attachment).prop_map(|(port, attachment)| EndpointPort { port, attachment })
}

fn range() -> impl Strategy<Value = IdRange> {
    (any::<u16>(), any::<u16>()).prop_map(|(start, end)| IdRange { start, end })
}

fn pax_section() -> impl Strategy<Value = PaxSection> {
    let counts = (any::<u8>(), any::<u8>(), any::<u16>(), any::<u16>());
    let ranges = (range(), range(), range(), range());
    (owner(), counts, ranges, any::<[u64; 4]>()).prop_map(|(owner, counts, ranges, maps)| PaxSection {
        owner,
        physical_ports: counts.0,
        hvds: counts.1,
        endpoints: counts.2,
        functions: counts.3,
        fids: ranges.0,
        hfids: ranges.1,
        vdfids: ranges.2,
        pdfids: ranges.3,
        host_ports: maps[0],
        endpoint_ports: maps[1],
        fabric_ports: maps[2],
        free_ports: maps[3],
    })
}

fn conversation_class() -> impl Strategy<Value = DumpClass> {
    prop_oneof![
        Just(DumpClass::PaxAll),
        Just(DumpClass::Hvd),
        Just(DumpClass::EndpointPort),
        Just(DumpClass::HvdDetail),
    ]
}

fn packet() -> impl Strategy<Value = Packet> {
    let pax = (0u8..32).prop_map(|index| match index {
        31 => PaxAddress::Local,
        index => PaxAddress::Index(SwitchIndex::new(index)),
    });
    let command =
        (pax, any::<u16>(), 0u16..=1024, bytes(MAX_DATA_BYTES)).prop_map(|(pax, id, wanted_bytes, input)| {
            Packet::Command(MrpcCommand { pax, id: CommandId::new(id), wanted_bytes, input })
        });
    prop_oneof![
        (any::<u8>(), any::<u8>()).prop_map(|(instance, service)| Packet::Open { instance, service }),
        (any::<u8>(), any::<u8>(), any::<u16>()).prop_map(|(instance, service, code)| Packet::OpenAccept {
            instance,
            service,
            code
        }),
        Just(Packet::OpenReject),
        Just(Packet::Close),
        Just(Packet::Event),
        command,
        (any::<u32>(), bytes(MAX_DATA_BYTES))
            .prop_map(|(result, data)| Packet::Response(MrpcResponse { result, data })),
        (any::<u32>(), 0u16..=1024)
            .prop_map(|(offset, count)| Packet::Gas(GasAccess::Read { offset, count })),
        (any::<u32>(), bytes(1016)).prop_map(|(offset, data)| Packet::Gas(GasAccess::Write { offset, data })),
        (any::<u32>(), bytes(MAX_DATA_BYTES))
            .prop_map(|(result, data)| Packet::GasResponse(GasResponse { result, data })),
    ]
}

proptest! {
    #[test]
    fn packets(packet in packet()) {
        let bytes = packet.encode();
        prop_assert!(bytes.len() <= MAX_PACKET_BYTES);
        prop_assert_eq!(Packet::decode(&bytes).unwrap(), packet);
    }

    #[test]
    fn identity(stamp: u32, flags: u32, complement: u32, index: u8, temperatures: [u32; 4]) {
        round_trip(Ping { stamp }, PingAnswer { flags, complement });
        round_trip(Echo { stamp }, complement);
        round_trip(GetPaxId, SwitchIndex::new(index));
        round_trip(DieTemperature { generation: Generation::Gen4 }, temperatures[..1].to_vec());
        round_trip(DieTemperature { generation: Generation::Gen5 }, temperatures.to_vec());
    }

    #[test]
    fn link_status(generation in generation(), records in vec(link_record(), 0..=52)) {
        answer_round_trip(&LinkStatusGet { generation }, records);
    }

    #[test]
    fn port_config(port in port(), raw: [u8; 4]) {
        let port_type = PortType::from_code(raw[0]);
        let answer = PortConfig { port_type, clock_source: raw[1], sris: raw[2], hvd: raw[3] };
        round_trip(PortConfigGet { port }, answer);
    }

    #[test]
    fn topologies(
        (generation, topology) in generation().prop_flat_map(|generation| (Just(generation), topology(generation))),
        total_dwords: u16,
        offset_bytes: u16,
        data in vec(any::<[u8; 4]>(), 0..=250),
    ) {
        let encoded = topology.encode(generation);
        prop_assert_eq!(Topology::parse(generation, &encoded).unwrap(), topology);
        let status = DumpStatus::Ready;
        round_trip(TopologyStart, status);
        round_trip(TopologyFinish, status);
        round_trip(TopologyStatus, TopologyProgress { status, total_dwords });
        let request = TopologyData { generation, offset_bytes, count_bytes: MAX_PIECE_BYTES };
        round_trip(request, TopologyPiece { status, data: data.concat() });
    }

    #[test]
    fn single_shot_dumps(
        owner in owner(),
        raw: [[u8; 2]; 16],
        pax in pax_section(),
        port in port(),
        peer in proptest::option::of((port(), any::<u8>(), 0x100u16.., any::<u32>())),
    ) {
        let reach = |code| [Reach::Unicast, Reach::Broadcast, Reach::Unreachable, Reach::Other(9)][code as usize % 4];
        let switches = raw.map(|[index, code]| (SwitchIndex::new(index), reach(code)));
        round_trip(DumpFabric, FabricSection { owner, switches });
        round_trip(DumpPax, pax);
        let peer = peer.map(|(port, switch, swfid, firmware)| FabricLinkPeer {
            port, switch: SwitchIndex::new(switch), swfid, firmware,
        });
        round_trip(DumpFabricPort { port }, FabricPortSection { owner, port, peer });
    }

    #[test]
    fn dump_steps(
        class in conversation_class(),
        parameter: u8,
        total_dwords in 0u32..=0x2_0000,
        switches: u32,
        offset_dwords: u32,
        data in vec(any::<[u8; 4]>(), 0..=253),
    ) {
        round_trip(DumpStart { class, parameter }, DumpStarted { total_dwords, switches });
        let chunk = DumpChunk { offset_dwords, data: data.concat() };
        round_trip(DumpGet { class, port: parameter, offset_dwords }, chunk);
        round_trip(DumpFinish { class }, ());
    }

    #[test]
    fn bindings(host in host(), logical_port in logical_port(), functions in vec(pdfid(), 1..=8), status: u8, option: u8) {
        round_trip(Bind::new(host, logical_port, &functions).unwrap(), status);
        round_trip(Unbind { host, logical_port, function: functions[0], option }, status);
    }

    #[test]
    fn events(kinds in vec((any::<u8>(), event_kind()), 0..=28), remaining in 0u16..0x8000, overflow: bool, max: u16) {
        let event = |(source, kind)| GfmsEvent { source: SwitchIndex::new(source), kind };
        let events: Vec<_> = kinds.into_iter().map(event).collect();
        round_trip(EventsGet { max }, EventBatch { events, remaining, overflow });
        round_trip(EventsClear, ());
    }

    #[test]
    fn bytes_never_make_the_decoder_panic(raw in bytes(2048), id: u16) {
        let _ = Packet::decode(&raw);
        let ids = (0..0x100).chain([0x100, id]);
        for id in ids {
            let _ = Request::parse(CommandId::new(id), &raw);
        }
        for generation in [Generation::Gen4, Generation::Gen5] {
            let _ = Topology::parse(generation, &raw);
            let _ = LinkStatusGet { generation }.parse_answer(&raw);
            let request = TopologyData { generation, offset_bytes: 0, count_bytes: MAX_PIECE_BYTES };
            let _ = request.parse_answer(&raw);
        }
        let _ = EventsGet { max: 128 }.parse_answer(&raw);
        let _ = DumpGet { class: DumpClass::Hvd, port: 0, offset_dwords: 0 }.parse_answer(&raw);
        let _ = PaxAll::parse(&raw);
        let _ = HvdSection::parse(&raw);
        let _ = HvdDetailSection::parse(&raw);
        let _ = EndpointPortSection::parse(&raw);
        let _ = FabricSection::parse(&raw);
        let _ = FabricPortSection::parse(&raw);
    }

    /// Nearly right bytes reach deeper than random ones.
    #[test]
    fn a_damaged_packet_never_makes_the_decoder_panic(packet in packet(), at: prop::sample::Index, value: u8) {
        let mut bytes = packet.encode();
        let at = at.index(bytes.len());
        bytes[at] = value;
        let _ = Packet::decode(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whole_databases(
        pax in pax_section(),
        owner in owner(),
        hvds in vec(hvd(), 0..6),
        ports in vec(endpoint_port(), 0..5),
        detail in hvd_detail(),
        at: prop::sample::Index,
        value: u8,
    ) {
        let hvds = HvdSection { owner, hvds };
        prop_assert_eq!(HvdSection::parse(&hvds.encode()).unwrap(), hvds.clone());
        let endpoint_ports = EndpointPortSection { owner, ports };
        prop_assert_eq!(EndpointPortSection::parse(&endpoint_ports.encode()).unwrap(), endpoint_ports.clone());
        let detail = HvdDetailSection { owner, hvd: detail };
        prop_assert_eq!(HvdDetailSection::parse(&detail.encode()).unwrap(), detail.clone());
        let all = PaxAll { pax, hvds, endpoint_ports };
        let mut bytes = all.encode();
        prop_assert_eq!(PaxAll::parse(&bytes).unwrap(), all);
        let at = at.index(bytes.len());
        bytes[at] = value;
        let _ = PaxAll::parse(&bytes);
        bytes.pop();
        prop_assert!(PaxAll::parse(&bytes).is_err(), "a cut dump must not pass");
    }
}
