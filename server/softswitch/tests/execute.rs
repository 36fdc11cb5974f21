//! Commands beyond bindings and links: what they answer on a switch whose counters are true.

mod bench;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bench::{ANY_PORT, RawChannel, client, port, refusal};
use patchbay_softswitch::{Clock, Counters, Options, Order, PortName, Rack, Running, Softswitch};
use patchbay_switchtec::command::endpoint::{
    AccessWidth, BarRead, BarWrite, ConfigPlace, ConfigRead, ConfigWrite, DeviceManage, TunnelConfig,
    TunnelOperation, TunnelState,
};
use patchbay_switchtec::command::firmware::{FirmwareImageGet, FirmwarePartition, FirmwareTableGet};
use patchbay_switchtec::command::log::{LOG_START, LogForm, LogGet, LogSource};
use patchbay_switchtec::command::multi_config::MultiConfigGet;
use patchbay_switchtec::command::performance::{
    ALL_PORTS, BandwidthGet, BandwidthKind, BandwidthKindSet, BandwidthPort, BandwidthRecord, CounterEvent,
    CounterEvents, CounterRange, EventCounter, EventCounterGet, EventCounterSetup, EventCounterSetupGet,
    EventCounterSetupSet, Latency, LatencyGet, LatencyPair, LatencySetup,
};
use patchbay_switchtec::command::port_control::{PortControl, PortOperation};
use patchbay_switchtec::command::remote::{RegisterRead, RegisterWrite};
use patchbay_switchtec::registers::PortEvent;
use patchbay_switchtec::{DeviceId, Pdfid, code};

/// A clock that the test moves.
#[derive(Debug, Default)]
struct Hand(AtomicU64);

impl Clock for Hand {
    fn now(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Acquire))
    }
}

struct Rig {
    running: Running,
    raw: RawChannel,
    clock: Arc<Hand>,
}

impl Rig {
    async fn new() -> Self {
        Self::of(|_| ()).await
    }

    async fn of(change: impl FnOnce(&mut Rack)) -> Self {
        let mut rack = Rack::transcripts().unwrap();
        rack.counters = Counters::True;
        change(&mut rack);
        let clock = Arc::new(Hand(AtomicU64::new(5_000_000)));
        let options = Options { clock: Some(clock.clone()), ..Options::default() };
        let running = Softswitch::start(rack, ANY_PORT, options).await.unwrap();
        Self { raw: RawChannel::open(&running).await, running, clock }
    }

    fn wait(&self, us: u64) {
        self.clock.0.fetch_add(us, Ordering::AcqRel);
    }

    async fn control(&mut self, id: u8, operation: PortOperation) {
        self.raw.call(&PortControl { port: port(id), operation }).await.unwrap();
    }
}

const NIC: Pdfid = Pdfid::new(0x1000);
const NOBODY: Pdfid = Pdfid::new(0x1FFF);

fn place(function: Pdfid, address: u16, width: AccessWidth) -> ConfigPlace {
    ConfigPlace { function, address, width }
}

fn bandwidth(ports: &[u8]) -> BandwidthGet {
    let ports = ports.iter().map(|id| BandwidthPort { port: port(*id), clear: false });
    BandwidthGet::new(ports.collect()).unwrap()
}

#[tokio::test]
async fn time_passes_and_nothing_goes_through_the_ports() {
    let mut rig = Rig::new().await;
    for time_us in [0, 1_500_000] {
        let records = rig.raw.call(&bandwidth(&[0, 16])).await.unwrap();
        assert_eq!(records, [BandwidthRecord { time_us, ..BandwidthRecord::default() }; 2]);
        rig.wait(1_500_000);
    }
    let kinds = vec![(port(0), BandwidthKind::Payload)];
    rig.raw.call(&BandwidthKindSet::new(kinds).unwrap()).await.unwrap();
    let pair = LatencyPair { egress: port(16), ingress: ALL_PORTS };
    rig.raw.call(&LatencySetup::new(vec![pair]).unwrap()).await.unwrap();
    let latencies = rig.raw.call(&LatencyGet::new(vec![port(16)], true).unwrap()).await.unwrap();
    assert_eq!(latencies, [Latency::default()]);
}

#[tokio::test]
async fn counters_of_ports_and_stacks_that_do_not_exist_are_refused() {
    let mut rig = Rig::new().await;
    assert_eq!(rig.raw.call(&bandwidth(&[0, 2])).await, Err(code::INVALID_PORT));
    let kinds = vec![(port(0), BandwidthKind::Raw), (port(63), BandwidthKind::Raw)];
    assert_eq!(rig.raw.call(&BandwidthKindSet::new(kinds).unwrap()).await, Err(code::INVALID_PORT));
    let pair = LatencyPair { egress: port(16), ingress: port(40) };
    assert_eq!(rig.raw.call(&LatencySetup::new(vec![pair]).unwrap()).await, Err(code::INVALID_PORT));
    let latency = LatencyGet::new(vec![ALL_PORTS], false).unwrap();
    assert_eq!(rig.raw.call(&latency).await, Err(code::INVALID_PORT));
    let range = CounterRange::new(9, 0, 1).unwrap();
    assert_eq!(rig.raw.call(&EventCounterGet { range, clear: false }).await, Err(code::INVALID_STACK));
    assert_eq!(rig.raw.call(&EventCounterSetupGet { range, clear: false }).await, Err(code::INVALID_STACK));
}

#[tokio::test]
async fn a_pulled_cable_is_counted_and_the_threshold_is_an_event() {
    let mut rig = Rig::new().await;
    let client = client(&rig.running).await;
    let setup = EventCounterSetup {
        ports: 1 << 4,
        events: CounterEvents::from_bits(1 << CounterEvent::SurpriseDown as u32),
        egress: false,
        threshold: 2,
    };
    rig.raw.call(&EventCounterSetupSet::new(0, 7, vec![setup]).unwrap()).await.unwrap();
    let range = CounterRange::new(0, 7, 1).unwrap();
    assert_eq!(rig.raw.call(&EventCounterSetupGet { range, clear: false }).await.unwrap(), [setup]);
    for value in [1, 2] {
        rig.running.order(Order::PullCable { port: PortName::Number(4) }).await.unwrap();
        rig.running.order(Order::PlugCable { port: PortName::Number(4) }).await.unwrap();
        rig.control(4, PortOperation::Disable).await;
        rig.control(4, PortOperation::Enable).await;
        let counted = rig.raw.call(&EventCounterGet { range, clear: false }).await.unwrap();
        assert_eq!(counted, [EventCounter { value, threshold: 2 }], "switching off is no surprise");
        let events = client.port_events().await.unwrap();
        let reached = events.iter().any(|record| record.event == PortEvent::Thresh);
        assert_eq!(reached, value == 2);
    }
    rig.raw.call(&EventCounterGet { range, clear: true }).await.unwrap();
    let counted = rig.raw.call(&EventCounterGet { range, clear: false }).await.unwrap();
    assert_eq!(counted[0].value, 0);
}

#[tokio::test]
async fn the_log_tells_the_start_link_changes_and_who_controlled_ports() {
    let mut rig = Rig::new().await;
    rig.wait(3);
    rig.control(16, PortOperation::Disable).await;
    let get =
        LogGet { source: LogSource::Ram, form: LogForm::Gen4, from_end: false, count: 0, start: LOG_START };
    let log = rig.raw.call(&get).await.unwrap();
    let said: Vec<_> =
        log.entries.iter().map(|entry| (entry.0[1], entry.0[2] & 0xFFFF, entry.0[3])).collect();
    assert_eq!(said, [(0, 1, 0), (3, 4, 16), (3, 3, 16)], "started, port 16 controlled, its link down");
    assert_eq!((log.total, log.remaining, log.firmware.0), (3, 0, 0x0480_0123));
    let flash = rig.raw.call(&LogGet { source: LogSource::Flash, ..get }).await.unwrap();
    assert_eq!((flash.total, flash.entries.len()), (0, 0));
    for form in [LogForm::Legacy, LogForm::Gen5] {
        assert_eq!(rig.raw.call(&LogGet { form, ..get }).await, Err(code::UNKNOWN_SUB_COMMAND));
    }
}

#[tokio::test]
async fn configuration_and_memory_are_kept_until_the_adapter_goes() {
    let mut rig = Rig::new().await;
    let scratch = place(NIC, 0x40, AccessWidth::Dword);
    let data = vec![1, 2, 3, 4, 5];
    let memory = BarRead { function: NIC, bar: 0, count_bytes: 6, address: 0xFE };
    let status = TunnelConfig { function: NIC, operation: TunnelOperation::Status };
    rig.raw.call(&ConfigWrite { place: scratch, value: 0xCAFE_F00D }).await.unwrap();
    rig.raw.call(&BarWrite { function: NIC, bar: 0, address: 0xFE, data }).await.unwrap();
    rig.raw.call(&TunnelConfig { operation: TunnelOperation::Enable, ..status }).await.unwrap();
    let mut other = RawChannel::open(&rig.running).await;
    assert_eq!(other.call(&ConfigRead { place: scratch }).await, Ok(0xCAFE_F00D));
    assert_eq!(other.call(&memory).await, Ok(vec![1, 2, 3, 4, 5, 0]));
    assert_eq!(other.call(&status).await, Ok(Some(TunnelState::Enabled)));
    rig.control(16, PortOperation::Disable).await;
    assert_eq!(other.call(&ConfigRead { place: scratch }).await, Err(code::NO_SUCH_FUNCTION));
    assert_eq!(other.call(&memory).await, Err(code::NO_SUCH_FUNCTION));
    assert_eq!(other.call(&status).await, Err(code::NO_SUCH_FUNCTION));
    rig.control(16, PortOperation::Enable).await;
    assert_eq!(other.call(&ConfigRead { place: scratch }).await, Ok(0));
    assert_eq!(other.call(&memory).await, Ok(vec![0; 6]));
    assert_eq!(other.call(&status).await, Ok(Some(TunnelState::Disabled)));
}

#[tokio::test]
async fn what_is_not_there_cannot_be_reached() {
    let mut rig = Rig::new().await;
    let nobody = place(NOBODY, 0, AccessWidth::Word);
    let operation = TunnelOperation::Enable;
    assert_eq!(rig.raw.call(&ConfigRead { place: nobody }).await, Err(code::NO_SUCH_FUNCTION));
    assert_eq!(rig.raw.call(&ConfigWrite { place: nobody, value: 0 }).await, Err(code::NO_SUCH_FUNCTION));
    let tunnel = TunnelConfig { function: NOBODY, operation };
    assert_eq!(rig.raw.call(&tunnel).await, Err(code::NO_SUCH_FUNCTION));
    let command = Box::new([7; 1020]);
    let manage = DeviceManage { function: NOBODY, command: command.clone() };
    assert_eq!(rig.raw.call(&manage).await, Err(code::NO_SUCH_FUNCTION));
    let manage = DeviceManage { function: NIC, command };
    assert_eq!(rig.raw.call(&manage).await, Ok(vec![7; 8]));
    let crooked = place(NIC, 2, AccessWidth::Dword);
    assert_eq!(rig.raw.call(&ConfigRead { place: crooked }).await, Err(code::BAD_PARAMETER));
    let behind = BarRead { function: NIC, bar: 0, count_bytes: 2, address: (1 << 24) - 1 };
    assert_eq!(rig.raw.call(&behind).await, Err(code::BAD_PARAMETER));
    let absent = BarWrite { function: NIC, bar: 5, address: 0, data: vec![1] };
    assert_eq!(rig.raw.call(&absent).await, Err(code::BAD_PARAMETER));
}

#[tokio::test]
async fn registers_by_command_are_the_same_registers() {
    let mut rig = Rig::new().await;
    let read = |offset, count_bytes| RegisterRead { offset, count_bytes };
    assert_eq!(rig.raw.call(&read(0x2000, 4)).await, Ok(vec![0x52, 0x42, 0, 0]));
    rig.raw.call(&RegisterWrite { offset: 0x1968, data: vec![8, 0, 0, 0] }).await.unwrap();
    let client = client(&rig.running).await;
    assert_eq!(client.register_u32(0x1968).await.unwrap(), 8);
    assert_eq!(rig.raw.call(&read(u32::MAX, 8)).await.unwrap().len(), 8, "the end of the space is no trap");
}

#[tokio::test]
async fn registers_written_by_command_outlive_the_program_like_others() {
    let folder = tempfile::tempdir().unwrap();
    for first in [true, false] {
        let options = Options { state: Some(folder.path().join("state.json")), ..Options::default() };
        let running = bench::start(options).await;
        let mut raw = RawChannel::open(&running).await;
        if first {
            raw.call(&RegisterWrite { offset: 0x1968, data: vec![8, 0, 0, 0] }).await.unwrap();
        }
        let read = RegisterRead { offset: 0x1968, count_bytes: 4 };
        assert_eq!(raw.call(&read).await, Ok(vec![8, 0, 0, 0]), "first: {first}");
        running.stop().await;
    }
}

#[tokio::test]
async fn firmware_is_shown_as_gen4_has_it() {
    let mut rig = Rig::new().await;
    let client = client(&rig.running).await;
    let table = client.firmware_table().await.unwrap();
    assert_eq!(table.running, client.firmware_version().await.unwrap());
    let image = client.firmware_image(FirmwarePartition::Image0).await.unwrap();
    assert_eq!(image.version, table.running);
    assert_eq!(refusal(client.firmware_image(FirmwarePartition::NvLog).await), code::BAD_PARAMETER);
    assert_eq!(rig.raw.call(&MultiConfigGet).await, Ok(0));
    let mut gen5 = Rig::of(|rack| rack.device = DeviceId(0x5252)).await;
    assert_eq!(gen5.raw.call(&FirmwareTableGet).await, Err(code::UNKNOWN_SUB_COMMAND));
    assert_eq!(gen5.raw.call(&FirmwareImageGet { partition: 0 }).await, Err(code::UNKNOWN_SUB_COMMAND));
}

#[tokio::test]
async fn the_client_asks_for_more_ports_than_one_request_takes() {
    let rig = Rig::new().await;
    let client = client(&rig.running).await;
    let ports: Vec<_> = [0, 4, 8, 12, 16, 20].into_iter().cycle().map(port).take(40).collect();
    let records = client.bandwidth(&ports).await.unwrap();
    assert_eq!(records.iter().map(|(port, _)| *port).collect::<Vec<_>>(), ports);
}
