//! Every order that breaks the rack: its events, and what clients see afterwards (section 7).

mod bench;

use bench::{ANY_PORT, Lab, RawChannel, client, functions, host, logical, port, refusal, unbound};
use patchbay_softswitch::{Counters, LinkCondition, LinkLanes, Options, Order, Rack, Severity, Softswitch};
use patchbay_switchtec::command::events::{AdvancedError, EventKind};
use patchbay_switchtec::command::performance::{
    CounterEvent, CounterEvents, CounterRange, EventCounterGet, EventCounterSetup, EventCounterSetupSet,
};
use patchbay_switchtec::command::sections::Attachment;
use patchbay_switchtec::registers::PortEvent;
use patchbay_switchtec::{LtssmState, Pdfid, Rate, code};

#[tokio::test]
async fn a_pulled_cable_takes_the_link_and_leaves_the_bindings() {
    let lab = Lab::new(Options::default()).await;
    lab.bind(12, 0, &[0x1104]).await;
    assert_eq!(lab.order(Order::PullCable { port: "D".into() }).await, "the cable of port 12 (D) is pulled");
    assert_eq!(lab.events().await, [EventKind::HostLinkDown { port: port(12) }]);
    assert_eq!(lab.port_events(3).await, [(PortEvent::LinkState, 1)]);
    let link = lab.link(12).await;
    assert_eq!((link.up, link.ltssm), (false, LtssmState::DETECT_QUIET));
    let hvd = lab.client.hvd_detail(3).await.unwrap().hvd;
    assert!(!hvd.link_up && hvd.ports[0].slots[0].bound);
    let again = lab.refused(Order::PullCable { port: 12.into() }).await;
    assert_eq!(again, "the cable of port 12 (D) is not plugged in");

    lab.order(Order::PlugCable { port: "12".into() }).await;
    assert_eq!(lab.events().await, [EventKind::HostLinkUp { port: port(12) }]);
    assert_eq!(lab.port_events(3).await, [(PortEvent::LinkState, 1)]);
    assert!(lab.link(12).await.up);
    let again = lab.refused(Order::PlugCable { port: 12.into() }).await;
    assert_eq!(again, "the cable of port 12 (D) is plugged in already");
    assert_eq!(lab.running.bindings().len(), 1);
}

#[tokio::test]
async fn a_pulled_adapter_takes_its_bindings_along_and_comes_back_unbound() {
    let lab = Lab::new(Options::default()).await;
    lab.bind(0, 1, &[0x1102, 0x1101]).await;
    lab.order(Order::PullAdapter { port: 20.into() }).await;
    let deleted = EventKind::DeviceDeleted { port: port(20), functions: 5 };
    assert_eq!(lab.events().await, [unbound(0, 1, 0x1102), unbound(0, 1, 0x1101), deleted]);
    assert_eq!(lab.port_events(5).await, [(PortEvent::LinkState, 1)]);
    let all = lab.client.pax_all().await.unwrap();
    assert_eq!(all.endpoint_ports.ports[1].attachment, Attachment::Nothing);
    assert_eq!((all.pax.endpoints, all.pax.functions), (1, 9));
    lab.refused(Order::PullAdapter { port: 20.into() }).await;

    lab.order(Order::PlugAdapter { port: 20.into() }).await;
    assert_eq!(lab.events().await, [EventKind::DeviceAdded { port: port(20), functions: 5 }]);
    assert_eq!(lab.running.bindings(), []);
    assert_eq!(lab.client.pax().await.unwrap().functions, 14);
    lab.refused(Order::PlugAdapter { port: 20.into() }).await;
}

#[tokio::test]
async fn a_surprise_removal_reports_errors_as_well() {
    let lab = Lab::new(Options::default()).await;
    lab.bind(8, 0, &[0x1001]).await;
    lab.order(Order::SurpriseRemove { port: 16.into() }).await;
    let deleted = EventKind::DeviceDeleted { port: port(16), functions: 9 };
    assert_eq!(lab.events().await, [unbound(8, 0, 0x1001), deleted]);
    let expected = [(PortEvent::Uec, 1), (PortEvent::Hotplug, 1), (PortEvent::LinkState, 1)];
    assert_eq!(lab.port_events(4).await, expected);
    assert!(!lab.link(16).await.up);
    let again = lab.refused(Order::SurpriseRemove { port: 16.into() }).await;
    assert!(again.ends_with("is not plugged in"), "{again}");
    lab.order(Order::PlugAdapter { port: 16.into() }).await;
    assert!(lab.link(16).await.up);
}

#[tokio::test]
async fn a_link_trains_narrower_slower_and_back() {
    let lab = Lab::new(Options::default()).await;
    lab.order(Order::Train { port: 0.into(), width: Some(2), rate: Some(1) }).await;
    let link = lab.link(0).await;
    assert_eq!((link.up, link.negotiated_width, link.rate), (true, 2, Rate::Gen1));
    assert_eq!(link.configured_width, 8);
    assert_eq!(lab.port_events(0).await, [(PortEvent::LinkState, 1)]);
    assert_eq!(lab.events().await, [], "the host never lost its link");

    lab.order(Order::Train { port: 0.into(), width: None, rate: None }).await;
    let ports = lab.client.topology().await.unwrap().ports;
    assert_eq!((ports[0].negotiated_width, ports[0].negotiated_rate), (8, Rate::Gen4));

    let train = |width, rate| Order::Train { port: 0.into(), width, rate };
    assert!(lab.refused(train(Some(16), None)).await.contains("it has 8"));
    assert!(lab.refused(train(Some(3), None)).await.contains("1, 2, 4, 8 or 16"));
    assert!(lab.refused(train(None, Some(5))).await.contains("built for 1 to 4"));
    assert!(lab.refused(train(None, Some(0))).await.contains("generation 0"));
}

#[tokio::test]
async fn a_link_that_is_down_trains_when_it_comes_back() {
    let lab = Lab::new(Options::default()).await;
    lab.order(Order::PullCable { port: 4.into() }).await;
    lab.port_events(1).await;
    lab.order(Order::Train { port: 4.into(), width: Some(1), rate: None }).await;
    assert_eq!(lab.port_events(1).await, []);
    lab.order(Order::PlugCable { port: 4.into() }).await;
    assert_eq!(lab.link(4).await.negotiated_width, 1);
}

#[tokio::test]
async fn errors_are_reported_with_their_severity() {
    let lab = Lab::new(Options::default()).await;
    let cases: [(Severity, u8, u32, bool, &[PortEvent]); 3] = [
        (Severity::Correctable, 4, 1 << 6, false, &[PortEvent::AerInP2p]),
        (Severity::NonFatal, 1, 1 << 20, true, &[PortEvent::AerInP2p]),
        (Severity::Fatal, 1, 1 << 18, true, &[PortEvent::AerInP2p, PortEvent::Uec]),
    ];
    let mut last = 0;
    for (severity, flags, status, has_header, events) in cases {
        lab.order(Order::RaiseAer { port: 20.into(), severity }).await;
        let found = lab.events().await;
        let [EventKind::AdvancedError(error)] = found[..] else { panic!("{found:?}") };
        let AdvancedError { time, header, .. } = error;
        assert_eq!(error, AdvancedError { port: 20, flags, status, time, header });
        assert_eq!(header != [0; 4], has_header);
        assert!(time >= last);
        last = time;
        let expected: Vec<_> = events.iter().map(|event| (*event, 1)).collect();
        assert_eq!(lab.port_events(5).await, expected, "{severity:?}");
        assert!(lab.link(20).await.up);
    }
    lab.order(Order::PullCable { port: 0.into() }).await;
    let silent = lab.refused(Order::RaiseAer { port: "A".into(), severity: Severity::Fatal }).await;
    assert_eq!(silent, "the link of port 0 (A) is not up");
}

#[tokio::test]
async fn errors_are_counted_where_somebody_counts() {
    let rack = Rack { counters: Counters::True, ..Rack::transcripts().unwrap() };
    let running = Softswitch::start(rack, ANY_PORT, Options::default()).await.unwrap();
    let lab = Lab { client: client(&running).await, running };
    let mut raw = RawChannel::open(&lab.running).await;
    let watch = |event: CounterEvent| EventCounterSetup {
        ports: 1 << 4,
        events: CounterEvents::from_bits(1 << event as u32),
        egress: false,
        threshold: 0,
    };
    let events = [
        CounterEvent::BadTlp,
        CounterEvent::UnsupportedRequest,
        CounterEvent::MalformedTlp,
        CounterEvent::SurpriseDown,
    ];
    let setups = EventCounterSetupSet::new(2, 0, events.map(watch).to_vec()).unwrap();
    raw.call(&setups).await.unwrap();
    for severity in [Severity::Correctable, Severity::NonFatal, Severity::NonFatal, Severity::Fatal] {
        lab.order(Order::RaiseAer { port: 20.into(), severity }).await;
    }
    lab.order(Order::SurpriseRemove { port: 20.into() }).await;
    let range = CounterRange::new(2, 0, 4).unwrap();
    let counters = raw.call(&EventCounterGet { range, clear: false }).await.unwrap();
    assert_eq!(counters.iter().map(|counter| counter.value).collect::<Vec<_>>(), [1, 2, 1, 1]);
}

#[tokio::test]
async fn the_die_gets_hot() {
    let lab = Lab::new(Options::default()).await;
    lab.order(Order::Heat { celsius: 104.5 }).await;
    assert_eq!(lab.client.die_temperature().await.unwrap(), [10_450]);
    assert_eq!(lab.running.condition().temperature_c, 104.5);
    for celsius in [-1.0, 150.1, f64::NAN] {
        assert!(lab.running.order(Order::Heat { celsius }).await.is_err(), "{celsius}");
    }
    assert_eq!(lab.client.die_temperature().await.unwrap(), [10_450]);
}

#[tokio::test]
async fn functions_are_bound_behind_the_client_s_back() {
    let lab = Lab::new(Options::default()).await;
    let bind = |at| Order::Bind {
        port: "B".into(),
        logical_port: at,
        functions: vec![0x1001.into(), 0x1002.into()],
    };
    lab.order(bind(3)).await;
    let bound = |id| EventKind::Bound { host: host(4), logical_port: logical(3), function: Pdfid::new(id) };
    assert_eq!(lab.events().await, [bound(0x1001), bound(0x1002)]);
    assert_eq!(
        refusal(lab.client.bind(host(0), logical(0), &functions(&[0x1001])).await),
        code::FUNCTION_BOUND
    );
    let refused = lab.refused(bind(4)).await;
    assert!(refused.contains("0x84001") && refused.contains("already bound"), "{refused}");
    assert!(lab.refused(bind(8)).await.contains("0x84007"));
    let unbind = |at| Order::Unbind { port: "B".into(), logical_port: at };
    lab.order(unbind(3)).await;
    assert_eq!(lab.events().await, [unbound(4, 3, 0x1001), unbound(4, 3, 0x1002)]);
    assert!(lab.refused(unbind(3)).await.contains("0x84003"));
    let elsewhere = Order::Unbind { port: 16.into(), logical_port: 0 };
    assert_eq!(lab.refused(elsewhere).await, "port 16 has no cable to a host; this order is for host ports");
}

#[tokio::test]
async fn a_renamed_function_keeps_its_binding() {
    let lab = Lab::new(Options::default()).await;
    lab.bind(0, 0, &[0x1001]).await;
    lab.order(Order::Rename { function: 0x1001.into(), to: 0x1F00.into() }).await;
    assert_eq!(lab.events().await, [EventKind::DatabaseChanged]);
    let all = lab.client.pax_all().await.unwrap();
    assert_eq!(all.hvds.hvds[0].logical_ports[0].slots[0], Some(Pdfid::new(0x1F00)));
    let Attachment::Endpoint(nic) = &all.endpoint_ports.ports[0].attachment else {
        panic!("the NIC is there")
    };
    let renamed = nic.functions.iter().find(|function| function.pdfid.get() == 0x1F00).unwrap();
    assert_eq!((renamed.id, renamed.bound.unwrap().host), (1, host(0)));
    assert!(nic.functions.iter().all(|function| function.pdfid.get() != 0x1001));
    let bind = lab.client.bind(host(4), logical(0), &functions(&[0x1001])).await;
    assert_eq!(refusal(bind), code::NO_SUCH_FUNCTION);

    let rename = |function: u16, to: u16| Order::Rename { function: function.into(), to: to.into() };
    assert_eq!(lab.refused(rename(0x1001, 0x1F01)).await, "no adapter in the rack has a function 0x1001");
    assert_eq!(lab.refused(rename(0x1002, 0x1F00)).await, "another function is called 0x1F00 already");
    assert!(lab.refused(rename(0x1002, 0x2000)).await.contains("not between 0x1000 and 0x1FFF"));
}

#[tokio::test]
async fn another_adapter_in_a_slot_has_functions_of_its_own() {
    let lab = Lab::new(Options::default()).await;
    lab.bind(0, 0, &[0x1101]).await;
    lab.order(Order::Swap { port: 20.into(), adapter: "nic-100g".to_owned() }).await;
    let expected = [
        unbound(0, 0, 0x1101),
        EventKind::DeviceDeleted { port: port(20), functions: 5 },
        EventKind::DeviceAdded { port: port(20), functions: 16 },
    ];
    assert_eq!(lab.events().await, expected);
    assert_eq!(lab.port_events(5).await, [(PortEvent::LinkState, 2)]);
    let ports = lab.client.endpoint_port(port(20)).await.unwrap().ports;
    let Attachment::Endpoint(nic) = &ports[0].attachment else { panic!("the NIC is there") };
    assert_eq!((nic.functions[0].vendor, nic.functions[0].device), (0x15B3, 0x101D));
    let names: Vec<_> = nic.functions.iter().map(|function| function.pdfid.get()).collect();
    assert_eq!(names, (0x1010..0x1020).collect::<Vec<_>>(), "none of the names in use");
    assert!(nic.functions.iter().all(|function| function.bound.is_none()));
    lab.client.bind(host(0), logical(0), &functions(&[0x1011])).await.unwrap();

    let twin = lab.condition_of(16).name.unwrap();
    lab.order(Order::Swap { port: 20.into(), adapter: twin.clone() }).await;
    assert_eq!(lab.running.bindings(), []);
    assert_eq!(lab.condition_of(20).functions.len(), 9);
    let ambiguous = lab.refused(Order::PullAdapter { port: twin.as_str().into() }).await;
    assert!(ambiguous.contains("ports 16, 20"), "{ambiguous}");
    let unknown = lab.refused(Order::Swap { port: 20.into(), adapter: "toaster".to_owned() }).await;
    assert!(unknown.contains("no adapter \"toaster\"") && unknown.contains("hba-32g"), "{unknown}");
}

#[tokio::test]
async fn an_empty_slot_takes_another_adapter() {
    let lab = Lab::new(Options::default()).await;
    lab.order(Order::PullAdapter { port: 16.into() }).await;
    lab.events().await;
    lab.order(Order::Swap { port: 16.into(), adapter: "nvme".to_owned() }).await;
    assert_eq!(lab.events().await, [EventKind::DeviceAdded { port: port(16), functions: 5 }]);
}

#[tokio::test]
async fn healing_makes_the_rack_whole_and_leaves_what_clients_have_set() {
    let lab = Lab::new(Options::default()).await;
    lab.bind(4, 0, &[0x1101]).await;
    for order in [
        Order::PullCable { port: 0.into() },
        Order::SurpriseRemove { port: 16.into() },
        Order::Train { port: 4.into(), width: Some(1), rate: Some(1) },
        Order::Heat { celsius: 120.0 },
    ] {
        lab.order(order).await;
    }
    lab.fault(Order::Hang { command: None, nth: 1 }).await;
    lab.fault(Order::Slow { command: None, ms: 5 }).await;
    lab.client
        .port_control(port(8), patchbay_switchtec::command::port_control::PortOperation::Disable)
        .await
        .unwrap();
    lab.client.clear_events().await.unwrap();

    let sentence = lab.order(Order::Heal {}).await;
    assert_eq!(sentence, "the rack is whole; 2 waiting faults are forgotten");
    let expected =
        [EventKind::HostLinkUp { port: port(0) }, EventKind::DeviceAdded { port: port(16), functions: 9 }];
    assert_eq!(lab.events().await, expected);
    let full = LinkLanes { width: 8, rate: 4 };
    for (id, link) in [
        (0, LinkCondition::Up(full)),
        (4, LinkCondition::Up(full)),
        (8, LinkCondition::Disabled),
        (16, LinkCondition::Up(LinkLanes { rate: 3, ..full })),
    ] {
        assert_eq!(lab.condition_of(id).link, link, "port {id}");
    }
    assert_eq!(lab.running.condition().temperature_c, 46.25);
    assert_eq!(lab.running.condition().faults, []);
    assert_eq!(lab.running.bindings().len(), 1);
}

#[tokio::test]
async fn ports_are_found_by_number_and_by_name() {
    let lab = Lab::new(Options::default()).await;
    let unknown = lab.refused(Order::PullCable { port: "web-99".into() }).await;
    assert!(unknown.starts_with("nothing in the rack is called \"web-99\"; host ports are 0, 4, 8, 12"));
    lab.refused(Order::PullCable { port: 3.into() }).await;
    let slot = lab.refused(Order::PullAdapter { port: "A".into() }).await;
    assert_eq!(slot, "port 0 has no slot; this order is for ports that hold an adapter");
    let name = lab.condition_of(16).name.unwrap();
    lab.order(Order::PullAdapter { port: name.as_str().into() }).await;
    assert_eq!(lab.condition_of(16).link, LinkCondition::Down);
}
