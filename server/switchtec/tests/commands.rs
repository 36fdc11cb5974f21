//! Properties of the commands that act on ports, firmware, counters and endpoints: what is encoded decodes to the same.

mod round_trip;

use patchbay_switchtec::command::endpoint::{
    AccessWidth, BarRead, BarWrite, ConfigPlace, ConfigRead, ConfigWrite, DEVICE_COMMAND_BYTES, DeviceManage,
    MAX_BAR_WRITE_BYTES, TunnelConfig, TunnelOperation, TunnelState,
};
use patchbay_switchtec::command::firmware::{
    FirmwareImage, FirmwareImageGet, FirmwarePartition, FirmwareTable, FirmwareTableGet, PARTITION_RECORDS,
    PartitionRecord,
};
use patchbay_switchtec::command::log::{LogEntry, LogForm, LogGet, LogPiece, LogSource};
use patchbay_switchtec::command::multi_config::MultiConfigGet;
use patchbay_switchtec::command::performance::*;
use patchbay_switchtec::command::port_config::{PortConfig, PortConfigSet};
use patchbay_switchtec::command::port_control::{HotResetFlag, PortControl, PortOperation};
use patchbay_switchtec::command::remote::{RegisterRead, RegisterWrite};
use patchbay_switchtec::command::reset::Reset;
use patchbay_switchtec::command::{Command, Request};
use patchbay_switchtec::{CommandId, FirmwareVersion, InputError, Pdfid, PhysicalPort, PortType};
use proptest::collection::vec;
use proptest::prelude::*;
use round_trip::round_trip;

fn port() -> impl Strategy<Value = PhysicalPort> {
    any::<u8>().prop_map(PhysicalPort::new)
}

fn port_operation() -> impl Strategy<Value = PortOperation> {
    let flag = prop_oneof![Just(HotResetFlag::Clear), Just(HotResetFlag::Set), Just(HotResetFlag::NotGiven)];
    prop_oneof![
        Just(PortOperation::Disable),
        Just(PortOperation::Enable),
        Just(PortOperation::Retrain),
        flag.prop_map(PortOperation::HotReset),
    ]
}

fn function() -> impl Strategy<Value = Pdfid> {
    any::<u16>().prop_map(Pdfid::new)
}

fn partition_record() -> impl Strategy<Value = PartitionRecord> {
    (any::<[u32; 6]>(), any::<u16>(), any::<[bool; 4]>()).prop_map(|(words, image_version, flags)| {
        let [image_crc, image_bytes, start, end, offset, size_dwords] = words;
        let [valid, active, read_only, running] = flags;
        PartitionRecord {
            image_crc,
            image_bytes,
            image_version,
            valid,
            active,
            start,
            end,
            offset,
            size_dwords,
            read_only,
            running,
        }
    })
}

fn traffic() -> impl Strategy<Value = Traffic> {
    any::<[u64; 3]>().prop_map(|[posted_bytes, completion_bytes, non_posted_bytes]| Traffic {
        posted_bytes,
        completion_bytes,
        non_posted_bytes,
    })
}

fn bandwidth() -> impl Strategy<Value = BandwidthRecord> {
    (any::<u64>(), traffic(), traffic()).prop_map(|(time_us, egress, ingress)| BandwidthRecord {
        time_us,
        egress,
        ingress,
    })
}

fn counter_setup() -> impl Strategy<Value = EventCounterSetup> {
    (any::<u8>(), any::<u32>(), any::<bool>(), any::<u32>()).prop_map(|(ports, events, egress, threshold)| {
        EventCounterSetup { ports, events: CounterEvents::from_bits(events), egress, threshold }
    })
}

fn place() -> impl Strategy<Value = ConfigPlace> {
    let width = prop_oneof![Just(AccessWidth::Byte), Just(AccessWidth::Word), Just(AccessWidth::Dword)];
    (function(), any::<u16>(), width).prop_map(|(function, address, width)| ConfigPlace {
        function,
        address,
        width,
    })
}

proptest! {
    #[test]
    fn port_control(port in port(), operation in port_operation()) {
        round_trip(PortControl { port, operation }, ());
        round_trip(Reset, ());
    }

    #[test]
    fn port_config_set(port in port(), raw: [u8; 4], given: [bool; 3]) {
        let port_type = PortType::from_code(raw[0]);
        let setting = |at: usize| (given[at] && raw[at + 1] != 0xFF).then_some(raw[at + 1]);
        let request =
            PortConfigSet { port, port_type, clock_source: setting(0), sris: setting(1), hvd: setting(2) };
        round_trip(request, PortConfig { port_type, clock_source: raw[1], sris: raw[2], hvd: raw[3] });
    }

    #[test]
    fn firmware(
        words: [u32; 2],
        (device, ecc, running_flags) in any::<(u16, u8, [u8; 4])>(),
        records in vec(partition_record(), PARTITION_RECORDS),
    ) {
        let [running, flash_bytes] = words;
        let partitions = <[_; PARTITION_RECORDS]>::try_from(records).unwrap();
        let running = FirmwareVersion(running);
        let table = FirmwareTable { running, flash_bytes, device, ecc, running_flags, partitions };
        for partition in FirmwarePartition::ALL {
            prop_assert_eq!(FirmwarePartition::from_id(partition.id()), Some(partition));
            prop_assert_eq!(table.partition(partition), &table.partitions[usize::from(partition.id())]);
        }
        round_trip(FirmwareTableGet, table);
        round_trip(MultiConfigGet, flash_bytes);
    }

    #[test]
    fn firmware_images(
        partition: u8,
        words: [u32; 11],
        texts: ([u8; 8], [u8; 8], [u8; 16]),
        modulus in vec(any::<u8>(), 512),
        boot_options: [u8; 20],
        firmware_id: u8,
    ) {
        let (date, time, name) = texts;
        let image = FirmwareImage {
            header_version: words[0],
            secure_version: words[1],
            header_bytes: words[2],
            metadata_bytes: words[3],
            image_bytes: words[4],
            kind: FirmwarePartition::ALL[words[5] as usize % 11].kind(),
            firmware_id,
            version: FirmwareVersion(words[6]),
            sequence: words[7],
            date,
            time,
            name,
            image_crc: words[8],
            key_modulus: Box::new(modulus.try_into().unwrap()),
            key_exponent: words[9],
            boot_options,
            metadata_crc: words[10],
        };
        round_trip(FirmwareImageGet { partition }, image);
    }

    #[test]
    fn bandwidths(
        ports in vec((port(), any::<bool>()), 0..=MAX_BANDWIDTH_PORTS),
        records in vec(bandwidth(), MAX_BANDWIDTH_PORTS),
        payload: bool,
    ) {
        let asked = ports.iter().map(|(port, clear)| BandwidthPort { port: *port, clear: *clear });
        let records = records[..ports.len()].to_vec();
        round_trip(BandwidthGet::new(asked.collect()).unwrap(), records);
        let kind = if payload { BandwidthKind::Payload } else { BandwidthKind::Raw };
        let kinds = ports.iter().map(|(port, _)| (*port, kind)).collect();
        round_trip(BandwidthKindSet::new(kinds).unwrap(), ());
    }

    #[test]
    fn latencies(entries in vec((port(), port(), any::<[u16; 2]>()), 0..=255), clear: bool) {
        let pairs = entries.iter().map(|(egress, ingress, _)| LatencyPair { egress: *egress, ingress: *ingress });
        round_trip(LatencySetup::new(pairs.collect()).unwrap(), ());
        let egress = entries.iter().map(|(egress, ..)| *egress).collect();
        let measured = entries.iter().map(|(.., [current_ns, max_ns])| Latency {
            current_ns: *current_ns,
            max_ns: *max_ns,
        });
        round_trip(LatencyGet::new(egress, clear).unwrap(), measured.collect());
    }

    #[test]
    fn event_counters(
        stack: u8,
        first in 0u8..64,
        setups in vec(counter_setup(), 0..=MAX_SETUPS),
        values: [u32; 64],
        clear: bool,
    ) {
        let setups = setups[..setups.len().min(64 - usize::from(first))].to_vec();
        let range = CounterRange::new(stack, first, setups.len() as u8).unwrap();
        let counters = setups.iter().zip(values).map(|(setup, value)| {
            EventCounter { value, threshold: setup.threshold }
        });
        round_trip(EventCounterGet { range, clear }, counters.collect());
        round_trip(EventCounterSetupGet { range, clear }, setups.clone());
        round_trip(EventCounterSetupSet::new(stack, first, setups).unwrap(), ());
    }

    #[test]
    fn endpoint_access(
        function in function(),
        place in place(),
        (bar, value, address) in any::<(u8, u32, u64)>(),
        data in vec(any::<u8>(), 0..=MAX_BAR_WRITE_BYTES),
        command in vec(any::<u8>(), DEVICE_COMMAND_BYTES),
        enabled: bool,
    ) {
        round_trip(ConfigRead { place }, value);
        round_trip(ConfigWrite { place, value }, ());
        let count_bytes = data.len() as u16;
        round_trip(BarRead { function, bar, count_bytes, address }, data.clone());
        round_trip(BarWrite { function, bar, address, data: data.clone() }, ());
        let command = Box::new(command.try_into().unwrap());
        round_trip(DeviceManage { function, command }, data.clone());
        round_trip(TunnelConfig { function, operation: TunnelOperation::Enable }, None);
        round_trip(TunnelConfig { function, operation: TunnelOperation::Disable }, None);
        let state = if enabled { TunnelState::Enabled } else { TunnelState::Disabled };
        round_trip(TunnelConfig { function, operation: TunnelOperation::Status }, Some(state));
        let offset = value;
        round_trip(RegisterRead { offset, count_bytes }, data.clone());
        round_trip(RegisterWrite { offset, data }, ());
    }

    #[test]
    fn logs(
        flash: bool,
        from_end: bool,
        overflow: bool,
        numbers: [u32; 7],
        entries in vec(any::<[u32; 8]>().prop_map(LogEntry), 0..=31),
    ) {
        let [count, start, total, remaining, next_start, sdk_version, firmware] = numbers;
        let firmware = FirmwareVersion(firmware);
        let source = if flash { LogSource::Flash } else { LogSource::Ram };
        for form in [LogForm::Legacy, LogForm::Gen4, LogForm::Gen5] {
            let get = LogGet { source, form, from_end, count, start };
            let sub = get.sub();
            let entries = entries.clone();
            let piece =
                LogPiece { sub, from_end, overflow, total, remaining, next_start, sdk_version, firmware, entries };
            round_trip(get, piece);
        }
    }
}

#[test]
fn lists_and_ranges_have_their_limits() {
    let port = PhysicalPort::new(0);
    assert!(BandwidthGet::new(vec![BandwidthPort { port, clear: false }; 17]).is_err());
    assert!(LatencyGet::new(vec![port; 256], false).is_err());
    assert!(CounterRange::new(0, 60, 5).is_err());
    assert!(EventCounterSetupSet::new(0, 0, vec![EventCounterSetup::default(); 64]).is_err());
    let too_large = |id, input: &[u8]| {
        let error = Request::parse(id, input).unwrap_err();
        assert!(matches!(error, InputError::BadParameter(_)), "{id}: {error:?}");
    };
    too_large(CommandId::PMON, &[1, 17]);
    too_large(CommandId::PMON, &[3, 0, 60, 5, 0]);
    too_large(CommandId::PMON, &[0, 0, 0, 64]);
    too_large(CommandId::PMON, &[12, 1, 4, 2]);
    too_large(CommandId::GAS_READ, &[0, 0, 0, 0, 1, 4, 0, 0]);
    too_large(CommandId::EP_RESOURCE_ACCESS, &[0, 0, 0, 0x10, 0, 0, 3, 0]);
    too_large(CommandId::EP_RESOURCE_ACCESS, &[2, 0, 0, 0x10, 0, 0, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0]);
    too_large(CommandId::EP_TUNNEL_CFG, &[0, 0, 0, 0x10, 0, 0, 1, 0]);
    assert_eq!(Request::parse(CommandId::EP_TUNNEL_CFG, &[0, 1, 0, 0x10]), Err(InputError::UnknownSub));
}

#[test]
fn unknown_operations_and_impossible_flags_are_told_apart() {
    let parse = |input: &[u8]| Request::parse(PortControl::ID, input);
    assert_eq!(parse(&[4, 20, 0xFF, 0]), Err(InputError::UnknownSub));
    assert!(matches!(parse(&[3, 20, 2, 0]), Err(InputError::BadParameter(_))));
    assert!(parse(&[0, 20, 2, 0]).is_ok(), "the flag matters to hot reset only");
    assert_eq!(Request::parse(CommandId::RESET, &[1, 0, 0, 0]), Err(InputError::UnknownSub));
}
