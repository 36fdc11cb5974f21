//! PORT_CONTROL and PORT_CONFIG set: what they answer, and what follows from them (sections 5.6, 5.7 and 7).

mod bench;

use bench::{
    RawChannel, client, functions, host, logical, port, port_events, refusal, start, taken, unbound,
};
use patchbay_softswitch::{Options, Running};
use patchbay_switchtec::command::events::EventKind;
use patchbay_switchtec::command::link_status::LinkRecord;
use patchbay_switchtec::command::port_config::{PortConfig, PortConfigSet};
use patchbay_switchtec::command::port_control::{HotResetFlag, PortControl, PortOperation};
use patchbay_switchtec::command::sections::Attachment;
use patchbay_switchtec::registers::PortEvent;
use patchbay_switchtec::{Client, LtssmState, Pdfid, PortType, Rate, code};

struct Rig {
    running: Running,
    raw: RawChannel,
    client: Client,
}

impl Rig {
    async fn new() -> Self {
        let running = start(Options::default()).await;
        Self { raw: RawChannel::open(&running).await, client: client(&running).await, running }
    }

    async fn control(&mut self, id: u8, operation: PortOperation) -> Result<(), u32> {
        self.raw.call(&PortControl { port: port(id), operation }).await
    }

    async fn configure(&mut self, id: u8, port_type: PortType, hvd: Option<u8>) -> Result<PortConfig, u32> {
        let set = PortConfigSet { port: port(id), port_type, clock_source: None, sris: None, hvd };
        self.raw.call(&set).await
    }

    async fn link(&self, id: u8) -> LinkRecord {
        let links = self.client.link_status().await.unwrap();
        links.into_iter().find(|link| link.port == port(id)).unwrap()
    }

    fn bind(&self, host: u8, at: u8, ids: &[u16]) {
        self.running.bind(port(host), logical(at), &functions(ids)).unwrap();
    }
}

#[tokio::test]
async fn a_disabled_host_port_loses_its_link_and_keeps_its_bindings() {
    let mut rig = Rig::new().await;
    rig.bind(0, 0, &[0x1001]);
    rig.client.clear_events().await.unwrap();
    rig.control(0, PortOperation::Disable).await.unwrap();
    assert_eq!(taken(&rig.client).await, [EventKind::HostLinkDown { port: port(0) }]);
    let link = rig.link(0).await;
    assert_eq!((link.up, link.negotiated_width, link.rate), (false, 0, Rate::None));
    assert_eq!(link.ltssm, LtssmState::DISABLED);
    rig.control(0, PortOperation::Disable).await.unwrap();
    rig.control(0, PortOperation::Enable).await.unwrap();
    assert_eq!(taken(&rig.client).await, [EventKind::HostLinkUp { port: port(0) }]);
    assert_eq!(port_events(&rig.client, 0).await, [(PortEvent::LinkState, 2)]);
    assert_eq!(rig.link(0).await.ltssm, LtssmState::L0);
    assert_eq!(rig.running.bindings().len(), 1);
}

#[tokio::test]
async fn a_disabled_slot_loses_its_bindings() {
    let mut rig = Rig::new().await;
    rig.bind(4, 2, &[0x1002, 0x1001]);
    rig.client.clear_events().await.unwrap();
    rig.control(16, PortOperation::Disable).await.unwrap();
    let deleted = EventKind::DeviceDeleted { port: port(16), functions: 9 };
    assert_eq!(taken(&rig.client).await, [unbound(4, 2, 0x1002), unbound(4, 2, 0x1001), deleted]);
    assert_eq!(rig.running.bindings(), []);
    rig.control(16, PortOperation::Enable).await.unwrap();
    assert_eq!(taken(&rig.client).await, [EventKind::DeviceAdded { port: port(16), functions: 9 }]);
    assert_eq!(port_events(&rig.client, 4).await, [(PortEvent::LinkState, 2)]);
    assert_eq!(rig.link(16).await.rate, Rate::Gen3, "it trains as before");
}

#[tokio::test]
async fn a_hot_reset_is_held_until_it_is_cleared() {
    let mut rig = Rig::new().await;
    rig.bind(0, 0, &[0x1101]);
    rig.client.clear_events().await.unwrap();
    rig.control(20, PortOperation::HotReset(HotResetFlag::Set)).await.unwrap();
    let link = rig.link(20).await;
    assert_eq!((link.up, link.negotiated_width, link.ltssm.name()), (false, 0, "Hot Reset"));
    let refused = rig.client.bind(host(0), logical(1), &functions(&[0x1102])).await;
    assert_eq!(refusal(refused), code::NO_SUCH_FUNCTION, "nothing gets through to the adapter");
    rig.control(20, PortOperation::HotReset(HotResetFlag::Clear)).await.unwrap();
    assert!(rig.link(20).await.up);
    assert_eq!(taken(&rig.client).await, [], "whoever manages the switch asked for it");
    assert_eq!(port_events(&rig.client, 5).await, []);
    assert_eq!(rig.running.bindings().len(), 1);
}

#[tokio::test]
async fn switching_a_port_off_ends_a_reset() {
    let mut rig = Rig::new().await;
    rig.control(20, PortOperation::HotReset(HotResetFlag::Set)).await.unwrap();
    rig.control(20, PortOperation::Disable).await.unwrap();
    assert_eq!(taken(&rig.client).await, [EventKind::DeviceDeleted { port: port(20), functions: 5 }]);
    rig.control(20, PortOperation::HotReset(HotResetFlag::Set)).await.unwrap();
    rig.control(20, PortOperation::Enable).await.unwrap();
    assert!(rig.link(20).await.up);
}

#[tokio::test]
async fn retraining_changes_nothing() {
    let mut rig = Rig::new().await;
    let before = rig.link(16).await;
    rig.control(16, PortOperation::Retrain).await.unwrap();
    assert_eq!(rig.link(16).await, before);
    assert_eq!(taken(&rig.client).await, []);
}

#[tokio::test]
async fn control_of_a_port_that_is_not_there_or_without_a_needed_flag_is_refused() {
    let mut rig = Rig::new().await;
    assert_eq!(rig.control(3, PortOperation::Disable).await, Err(code::INVALID_PORT));
    let open = PortOperation::HotReset(HotResetFlag::NotGiven);
    assert_eq!(rig.control(0, open).await, Err(code::BAD_PARAMETER));
    assert!(rig.link(0).await.up);
}

#[tokio::test]
async fn an_unused_host_port_takes_its_instance_and_bindings_away() {
    let mut rig = Rig::new().await;
    rig.bind(12, 0, &[0x1104]);
    rig.client.clear_events().await.unwrap();
    let config = rig.configure(12, PortType::Unused, None).await.unwrap();
    let expected = PortConfig { port_type: PortType::Unused, clock_source: 0, sris: 0, hvd: 3 };
    assert_eq!(config, expected);
    let disabled = EventKind::HvdDisabled { hvd: 3, port: port(12), clock_channel: 0 };
    assert_eq!(taken(&rig.client).await, [unbound(12, 0, 0x1104), disabled]);
    assert_eq!(port_events(&rig.client, 3).await, [], "the port has gone, not its link");
    let link = rig.link(12).await;
    assert_eq!((link.up, link.partition), (false, 0xFF));
    let pax = rig.client.pax_all().await.unwrap();
    assert_eq!((pax.pax.hvds, pax.pax.host_ports, pax.pax.free_ports), (3, 0x111, 1 << 12));
    assert_eq!(pax.hvds.hvds.len(), 3);
    assert_eq!(refusal(rig.client.hvd(3).await), code::BAD_PARAMETER);
    let bind = rig.client.bind(host(12), logical(0), &functions(&[0x1104])).await;
    assert_eq!(refusal(bind), code::INVALID_PORT);
    assert_eq!(rig.client.port_config(port(12)).await.unwrap(), expected);
}

#[tokio::test]
async fn host_instances_can_be_numbered_anew() {
    let mut rig = Rig::new().await;
    rig.bind(0, 0, &[0x1001]);
    rig.client.clear_events().await.unwrap();
    assert_eq!(rig.configure(0, PortType::Host, Some(1)).await, Err(code::BAD_PARAMETER), "taken by port 4");
    assert_eq!(rig.configure(0, PortType::Host, Some(52)).await, Err(code::BAD_PARAMETER));
    rig.configure(0, PortType::Host, Some(7)).await.unwrap();
    let expected = [
        EventKind::HvdDisabled { hvd: 0, port: port(0), clock_channel: 0 },
        EventKind::HvdEnabled { hvd: 7, port: port(0), clock_channel: 0 },
    ];
    assert_eq!(taken(&rig.client).await, expected);
    let hvd = &rig.client.hvd(7).await.unwrap().hvds[0];
    assert_eq!((hvd.port, hvd.hfid), (port(0), 0x107));
    assert_eq!(hvd.logical_ports[0].slots[0], Some(Pdfid::new(0x1001)), "bindings name the port");
    let instances: Vec<_> =
        rig.client.pax_all().await.unwrap().hvds.hvds.iter().map(|hvd| hvd.instance).collect();
    assert_eq!(instances, [1, 2, 3, 7]);
    assert_eq!(rig.link(0).await.logical_id, 7);
    rig.configure(0, PortType::Host, Some(7)).await.unwrap();
    assert_eq!(taken(&rig.client).await, [], "nothing has changed");
}

#[tokio::test]
async fn an_adapter_port_can_become_a_host_port_and_back() {
    let mut rig = Rig::new().await;
    rig.bind(4, 0, &[0x1101]);
    rig.client.clear_events().await.unwrap();
    rig.configure(20, PortType::Host, Some(4)).await.unwrap();
    let expected = [
        unbound(4, 0, 0x1101),
        EventKind::EndpointPortRemoved { port: port(20) },
        EventKind::HvdEnabled { hvd: 4, port: port(20), clock_channel: 0 },
    ];
    assert_eq!(taken(&rig.client).await, expected);
    assert!(!rig.link(20).await.up, "an adapter does not train as a host");
    assert_eq!(refusal(rig.client.endpoint_port(port(20)).await), code::INVALID_PORT);
    let bind = rig.client.bind(host(20), logical(0), &functions(&[0x1102])).await;
    assert_eq!(refusal(bind), code::NO_SUCH_FUNCTION);
    rig.client.bind(host(20), logical(7), &functions(&[0x1001])).await.unwrap();
    taken(&rig.client).await;

    rig.configure(20, PortType::Endpoint, None).await.unwrap();
    let expected = [
        unbound(20, 7, 0x1001),
        EventKind::HvdDisabled { hvd: 4, port: port(20), clock_channel: 0 },
        EventKind::EndpointPortAdded { port: port(20) },
    ];
    assert_eq!(taken(&rig.client).await, expected);
    assert!(rig.link(20).await.up);
    let ports = rig.client.endpoint_port(port(20)).await.unwrap().ports;
    let Attachment::Endpoint(hba) = &ports[0].attachment else { panic!("the adapter is there") };
    assert!(hba.functions.iter().all(|function| function.bound.is_none()));
}

#[tokio::test]
async fn settings_no_port_has_are_refused() {
    let mut rig = Rig::new().await;
    let host = PortConfigSet {
        port: port(0),
        port_type: PortType::Host,
        clock_source: Some(1),
        sris: Some(1),
        hvd: Some(0),
    };
    for (set, expected) in [
        (PortConfigSet { port: port(1), ..host }, code::INVALID_PORT),
        (PortConfigSet { port_type: PortType::FabricLink, ..host }, code::BAD_PARAMETER),
        (PortConfigSet { port_type: PortType::Other(9), ..host }, code::BAD_PARAMETER),
        (PortConfigSet { sris: Some(2), ..host }, code::BAD_PARAMETER),
    ] {
        assert_eq!(rig.raw.call(&set).await, Err(expected), "{set:?}");
    }
    let expected = PortConfig { port_type: PortType::Host, clock_source: 1, sris: 1, hvd: 0 };
    assert_eq!(rig.raw.call(&host).await, Ok(expected));
    assert_eq!(rig.client.port_config(port(0)).await.unwrap(), expected);
    assert_eq!(taken(&rig.client).await, [], "the clock of a host instance is no event");
}

#[tokio::test]
async fn some_hosts_are_read_out_of_the_database_as_a_whole_reading_has_them() {
    let mut rig = Rig::new().await;
    rig.bind(4, 2, &[0x1001, 0x1003]);
    rig.bind(12, 0, &[0x1104]);
    let before = rig.client.pax_all().await.unwrap();
    let layout = before.layout();
    let wanted = |ports: &[u8]| ports.iter().map(|&n| port(n)).collect();
    let read = rig.client.hvds(&layout, &wanted(&[12, 4])).await.unwrap().expect("as laid out");
    assert_eq!(read, [before.hvds.hvds[1].clone(), before.hvds.hvds[3].clone()]);
    rig.bind(0, 7, &[0x1005]);
    let read = rig.client.hvds(&layout, &wanted(&[0])).await.unwrap().expect("bindings move nothing");
    assert_eq!(read[0].logical_ports[7].slots[0], Some(Pdfid::new(0x1005)));
    assert_eq!(rig.client.hvds(&layout, &wanted(&[0, 16])).await.unwrap(), None, "port 16 is no host port");

    rig.configure(0, PortType::Unused, None).await.unwrap();
    assert_eq!(rig.client.hvds(&layout, &wanted(&[4])).await.unwrap(), None, "hosts stand elsewhere now");
    assert_eq!(rig.client.hvds(&layout, &wanted(&[12])).await.unwrap(), None, "behind the end of the hosts");
    let after = rig.client.pax_all().await.unwrap();
    let read = rig.client.hvds(&after.layout(), &wanted(&[4, 12])).await.unwrap().expect("as laid out");
    assert_eq!(read, [after.hvds.hvds[0].clone(), after.hvds.hvds[2].clone()]);
}
