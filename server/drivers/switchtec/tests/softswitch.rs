//! The driver against a softswitch, over TCP.

use patchbay_domain::{
    AdapterKind, FirmwarePart, LinkPhase, LogicalPort, Pdfid, PhysicalPort, PortEvent, Rate, Role,
    Temperature,
};
use patchbay_driver::conformance::{self, step};
use patchbay_driver::{Applied, DriverError, Fault, FaultPoint, Faults, Faulty, SwitchDriver, When};
use patchbay_driver_switchtec::{Reasons, SwitchtecConfig, SwitchtecDriver};
use patchbay_softswitch::{Lab, Options, Phase, Rack, Running, ScriptedGate, Softswitch, Verdict};
use patchbay_switchtec::ClientOptions;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

async fn rig(gate: Option<Arc<ScriptedGate>>) -> (Running, SwitchtecDriver) {
    rig_with(gate, ClientOptions::default()).await
}

async fn rig_with(gate: Option<Arc<ScriptedGate>>, options: ClientOptions) -> (Running, SwitchtecDriver) {
    rig_of(Rack::transcripts().expect("the built-in rack is a rack"), gate, options).await
}

async fn rig_of(
    rack: Rack,
    gate: Option<Arc<ScriptedGate>>,
    options: ClientOptions,
) -> (Running, SwitchtecDriver) {
    let gate = gate.map(|gate| gate as Arc<dyn patchbay_softswitch::Gate>);
    let listen: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    let running = Softswitch::start(rack, listen, Options { gate, ..Options::default() }).await;
    let running = running.expect("the softswitch starts");
    let SocketAddr::V4(address) = running.addr() else { panic!("IPv4 was asked for") };
    let config = SwitchtecConfig { address, instance: 0, options, reasons: Reasons::Softswitch };
    (running, SwitchtecDriver::new(config))
}

fn pdfid(number: u16) -> Pdfid {
    Pdfid::new(number).expect("in range")
}

#[tokio::test]
async fn the_driver_conforms() {
    let (_switch, driver) = rig(None).await;
    conformance::suite(&driver).await;
}

#[tokio::test]
async fn everything_the_scenario_has_is_observed() {
    let (_switch, driver) = rig(None).await;
    let seen = driver.observe().await.expect("readable");
    assert_eq!((seen.model.as_str(), seen.firmware.as_str()), ("Switchtec PAX", "4.80 B123"));
    let ports: Vec<_> = seen.host_ports.iter().map(|p| (p.port.0, p.link.width, p.logical_ports)).collect();
    assert_eq!(ports, [(0, 8, 8), (4, 8, 8), (8, 8, 8), (12, 8, 8)]);
    let nic = seen.slots[0].adapter.as_ref().expect("a NIC");
    assert_eq!((nic.kind, nic.name.as_str(), nic.functions.len()), (AdapterKind::Nic, "25 GbE NIC", 9));
    assert_eq!((nic.functions[0].role, nic.functions[1].role), (Role::Pf, Role::Vf));
    assert_eq!(nic.functions[8].index, 8);
    let link = seen.slots[0].link;
    assert_eq!((link.rate, link.configured_rate), (Some(Rate::Gen3), Some(Rate::Gen4)), "trained slower");
    let hba = seen.slots[1].adapter.as_ref().expect("an HBA");
    assert_eq!((hba.kind, hba.functions.len()), (AdapterKind::Hba, 5));
}

#[tokio::test]
async fn several_functions_on_one_logical_port_keep_their_order() {
    let (_switch, driver) = rig(None).await;
    let both = [pdfid(0x1003), pdfid(0x1002)];
    let bind = step(PhysicalPort(4), LogicalPort(2), &[], &both);
    assert_eq!(driver.apply(&bind).await.expect("they bind"), Applied::Now);
    let seen = driver.observe().await.expect("readable");
    assert_eq!(seen.contents(PhysicalPort(4), LogicalPort(2)), both);
    assert_eq!(driver.apply(&bind.inverse()).await.expect("they unbind"), Applied::Now);
    assert_eq!(driver.observe().await.expect("readable").contents(PhysicalPort(4), LogicalPort(2)), []);
}

#[tokio::test]
async fn few_hosts_and_many_are_read_as_a_reading_of_everything_has_them() {
    let lab = Lab::by_name("large").expect("it is built in").expect("it is a rack");
    let rack = lab.into_racks().into_iter().next().expect("it has a switch");
    let (_switch, driver) = rig_of(rack, None, ClientOptions::default()).await;
    let seen = driver.observe().await.expect("readable");
    let all: Vec<_> = seen.host_ports.iter().map(|host| host.port).collect();
    assert!(all.len() > 8, "few are less than a quarter of them");
    for some in [&all[..1], &all[3..5], &all[..all.len() - 1]] {
        let held = driver.contents(&some.iter().copied().collect()).await.expect("readable");
        assert!(held.iter().all(|(port, _, _)| some.contains(&port)), "what was not asked for is not told");
        for (port, logical_port) in some.iter().flat_map(|port| (0..32).map(|n| (*port, LogicalPort(n)))) {
            let (there, expected) = (held.at(port, logical_port), seen.contents(port, logical_port));
            assert_eq!(there, expected, "port {port}, {logical_port}");
        }
        assert!(held.iter().next().is_some(), "something is bound");
    }
    let strange = BTreeSet::from([all[0], all[1], PhysicalPort(200)]);
    assert!(matches!(driver.contents(&strange).await, Err(DriverError::Refused { .. })));
}

#[tokio::test]
async fn a_function_bound_elsewhere_is_refused_with_number_and_reason() {
    let (switch, driver) = rig(None).await;
    let port = patchbay_switchtec::PhysicalPort::new(8);
    let function = patchbay_switchtec::Pdfid::new(0x1001);
    switch.bind(port, patchbay_switchtec::LogicalPort::new(0), &[function]).expect("free");
    let bind = step(PhysicalPort(0), LogicalPort(0), &[], &[pdfid(0x1001)]);
    let refused = driver.apply(&bind).await.expect_err("bound already").to_string();
    assert!(refused.contains("0x84001: the function is already bound"), "{refused}");
}

#[tokio::test]
async fn an_answer_that_never_comes_leaves_doubt_and_reading_again_ends_it() {
    let gate = ScriptedGate::on_change(1, Phase::After, Verdict::DropConnection);
    let (_switch, driver) = rig(Some(gate)).await;
    let bind = step(PhysicalPort(0), LogicalPort(0), &[], &[pdfid(0x1001)]);
    let doubt = driver.apply(&bind).await;
    assert!(matches!(doubt, Err(DriverError::Interrupted { .. })), "{doubt:?}");
    assert_eq!(driver.apply(&bind).await.expect("reconnected"), Applied::Before);
}

#[tokio::test]
async fn a_switch_that_is_not_there_is_unreachable_and_one_that_comes_is_found() {
    let (switch, driver) = rig(None).await;
    let address = switch.addr();
    switch.kill().await;
    let away = driver.observe().await;
    assert!(matches!(away, Err(DriverError::Unreachable { .. })), "{away:?}");
    let rack = Rack::transcripts().expect("the built-in rack is a rack");
    let _again = Softswitch::start(rack, address, Options::default()).await.expect("the same address");
    driver.observe().await.expect("found again");
}

#[tokio::test]
async fn a_change_behind_our_back_is_hinted_at() {
    let (switch, driver) = rig(None).await;
    driver.observe().await.expect("readable");
    let mut hints = driver.hints();
    hints.mark_unchanged();
    let function = patchbay_switchtec::Pdfid::new(0x1001);
    let (port, logical_port) =
        (patchbay_switchtec::PhysicalPort::new(8), patchbay_switchtec::LogicalPort::new(0));
    switch.bind(port, logical_port, &[function]).expect("free");
    hints.changed().await.expect("the driver lives");
}

#[tokio::test]
async fn heat_training_and_events_are_read_and_nothing_is_cleared() {
    let (switch, driver) = rig(None).await;
    let calm = driver.vitals().await.expect("readable");
    assert_eq!(calm.temperature, Some(Temperature(4_625)));
    let ports: Vec<_> = calm.ports.iter().map(|port| (port.port.0, port.phase)).collect();
    assert_eq!(ports, [0, 4, 8, 12, 16, 20].map(|port| (port, LinkPhase::L0)));
    assert!(calm.ports.iter().all(|port| port.events.is_empty()));
    let runs: Vec<_> = calm.firmware.iter().filter(|image| image.part == FirmwarePart::Firmware).collect();
    let said: Vec<_> =
        runs.iter().map(|image| (image.version.as_str(), image.active, image.running)).collect();
    assert_eq!(said, [("4.80 B123", true, true), ("4.70 B111", false, false)]);
    assert_eq!(driver.vitals().await.expect("readable").firmware, calm.firmware, "the table has not changed");

    let nic = patchbay_switchtec::PhysicalPort::new(16);
    switch.set_slot_link(nic, patchbay_softswitch::Link::Down).expect("a slot");
    for _ in 0..2 {
        let seen = driver.vitals().await.expect("readable");
        let port = seen.port(PhysicalPort(16)).expect("still a port");
        assert_eq!(port.phase, LinkPhase::Detect);
        let changes = port.events.iter().find(|counted| counted.event == PortEvent::LinkState);
        assert_eq!(changes.map(|counted| counted.count), Some(1), "reading it does not count or clear it");
    }
}

#[tokio::test]
async fn a_link_that_trains_narrower_is_hinted_at() {
    let (switch, driver) = rig(None).await;
    driver.observe().await.expect("connected");
    let mut hints = driver.hints();
    hints.mark_unchanged();
    let narrow = patchbay_softswitch::Lanes { width: 2, rate: patchbay_switchtec::Rate::Gen4 };
    let host = patchbay_switchtec::PhysicalPort::new(4);
    switch.set_host_link(host, patchbay_softswitch::Link::Up(narrow)).expect("a host port");
    hints.changed().await.expect("the driver lives");
    let seen = driver.observe().await.expect("readable");
    assert_eq!(seen.host_ports[1].link.width, 2);
}

#[tokio::test]
async fn a_hint_is_acknowledged_and_the_events_are_left_to_others() {
    let (switch, driver) = rig(None).await;
    driver.observe().await.expect("connected");
    let mut hints = driver.hints();
    for (port, count) in [(0, 1), (4, 2)] {
        hints.mark_unchanged();
        let port = patchbay_switchtec::PhysicalPort::new(port);
        let function = patchbay_switchtec::Pdfid::new(0x1000 + count);
        switch.bind(port, patchbay_switchtec::LogicalPort::new(0), &[function]).expect("free");
        hints.changed().await.expect("the driver lives");
        driver.observe().await.expect("readable");
        let SocketAddr::V4(address) = switch.addr() else { panic!("IPv4 was asked for") };
        let other = patchbay_switchtec::Client::connect(address, 0, ClientOptions::default()).await;
        let other = other.expect("reachable");
        let summary =
            other.register_u32(patchbay_switchtec::registers::GLOBAL_EVENTS).await.expect("readable");
        assert_eq!(summary & patchbay_switchtec::registers::GFMS_EVENT_BIT, 0, "acknowledged");
        let left = other.events(0).await.expect("readable");
        assert_eq!(left.remaining, count, "still there for whoever reads them");
    }
}

/// What one host port holds, as the driver reads it.
async fn held(driver: &dyn SwitchDriver, port: u8, logical_port: u8) -> Vec<Pdfid> {
    let read = driver.contents(&BTreeSet::from([PhysicalPort(port)])).await.expect("readable");
    read.at(PhysicalPort(port), LogicalPort(logical_port)).to_vec()
}

#[tokio::test]
async fn a_bare_step_without_an_answer_leaves_doubt_and_its_contents_end_it() {
    let gate = ScriptedGate::on_change(1, Phase::After, Verdict::DropConnection);
    let (_switch, driver) = rig(Some(gate)).await;
    let bind = step(PhysicalPort(0), LogicalPort(0), &[], &[pdfid(0x1001)]);
    let doubt = driver.program(&bind).await;
    assert!(matches!(doubt, Err(DriverError::Interrupted { .. })), "{doubt:?}");
    assert_eq!(held(&driver, 0, 0).await, [pdfid(0x1001)]);
}

#[tokio::test]
async fn a_switch_that_hangs_in_a_bare_step_is_given_up_at_the_time_limit() {
    let gate = ScriptedGate::on_change(1, Phase::Before, Verdict::Hang);
    let options = ClientOptions { request_limit: Duration::from_secs(2), ..ClientOptions::default() };
    let (_switch, driver) = rig_with(Some(gate), options).await;
    let bind = step(PhysicalPort(0), LogicalPort(0), &[], &[pdfid(0x1001)]);
    let doubt = driver.program(&bind).await;
    assert!(matches!(doubt, Err(DriverError::Interrupted { .. })), "{doubt:?}");
    assert_eq!(held(&driver, 0, 0).await, [], "it hung before its work");
    driver.program(&bind).await.expect("only the first hangs");
}

#[tokio::test]
async fn a_bare_step_to_a_switch_that_is_not_there_is_unreachable() {
    let (switch, driver) = rig(None).await;
    driver.observe().await.expect("connected");
    switch.kill().await;
    let bind = step(PhysicalPort(0), LogicalPort(0), &[], &[pdfid(0x1001)]);
    let away = driver.program(&bind).await;
    assert!(matches!(away, Err(DriverError::Unreachable { .. })), "{away:?}");
    let away = driver.contents(&BTreeSet::from([PhysicalPort(0)])).await;
    assert!(matches!(away, Err(DriverError::Unreachable { .. })), "{away:?}");
}

#[tokio::test]
async fn contents_are_of_the_right_port_when_the_hosts_were_numbered_anew() {
    let (switch, driver) = rig(None).await;
    driver.observe().await.expect("readable");
    let address = switch.addr();
    switch.kill().await;
    let mut rack = Rack::transcripts().expect("the built-in rack is a rack");
    rack.hosts.reverse();
    let again = Softswitch::start(rack, address, Options::default()).await.expect("the same address");
    let function = patchbay_switchtec::Pdfid::new(0x1001);
    let port = patchbay_switchtec::PhysicalPort::new(12);
    again.bind(port, patchbay_switchtec::LogicalPort::new(3), &[function]).expect("free");
    assert_eq!(held(&driver, 12, 3).await, [pdfid(0x1001)]);
    assert_eq!(held(&driver, 0, 3).await, []);
}

#[tokio::test]
async fn faults_strike_bare_steps_as_they_strike_careful_ones() {
    let (_switch, driver) = rig(None).await;
    let faults = Faults::default();
    let driver = Faulty::new(driver, faults.clone());
    let (bind, at) = (step(PhysicalPort(0), LogicalPort(0), &[], &[pdfid(0x1001)]), [PhysicalPort(0)]);
    faults.set(FaultPoint { nth: 2, when: When::After, fault: Fault::Interrupt, for_good: true });
    driver.apply(&bind).await.expect("the first call works");
    let doubt = driver.program(&bind.inverse()).await;
    assert!(matches!(doubt, Err(DriverError::Interrupted { .. })), "{doubt:?}");
    assert_eq!(faults.calls(), 2);
    let away = driver.contents(&BTreeSet::from(at)).await;
    assert!(matches!(away, Err(DriverError::Unreachable { .. })), "{away:?}");
    faults.clear();
    assert_eq!(held(&driver, 0, 0).await, [], "the second took effect");
}

#[tokio::test]
async fn a_call_that_hangs_may_have_done_its_work() {
    let (_switch, driver) = rig(None).await;
    driver.observe().await.expect("connected");
    let faults = Faults::default();
    let driver = Arc::new(Faulty::new(driver, faults.clone()));
    faults.set(FaultPoint { nth: 1, when: When::After, fault: Fault::Hang, for_good: false });
    let mut hints = driver.hints();
    hints.mark_unchanged();
    let bind = step(PhysicalPort(0), LogicalPort(0), &[], &[pdfid(0x1001)]);
    let hanging = tokio::spawn({
        let (driver, bind) = (Arc::clone(&driver), bind.clone());
        async move { driver.program(&bind).await }
    });
    hints.changed().await.expect("the switch tells of the bind");
    assert_eq!(held(&*driver, 0, 0).await, [pdfid(0x1001)]);
    hanging.abort();
    assert!(hanging.await.expect_err("it never returns").is_cancelled());
    driver.program(&bind.inverse()).await.expect("whoever comes next is served");
}
