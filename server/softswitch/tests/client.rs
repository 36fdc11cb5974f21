//! What the client reads from an emulated switch besides its topology: ports' events, and what it does to ports.

mod bench;

use bench::{client, port, refusal, start};
use patchbay_softswitch::Options;
use patchbay_switchtec::client::ARMED_PORT_EVENTS;
use patchbay_switchtec::command::port_config::PortConfigSet;
use patchbay_switchtec::command::port_control::PortOperation;
use patchbay_switchtec::registers::PortEvent;
use patchbay_switchtec::{LogicalPort, Pdfid, PortType, code};

#[tokio::test]
async fn port_events_notify_are_counted_and_stay_until_somebody_clears_them() {
    let running = start(Options::default()).await;
    let client = client(&running).await;
    assert_eq!(client.port_events().await.unwrap(), []);
    client.arm_port_events().await.unwrap();
    assert!(ARMED_PORT_EVENTS.contains(&PortEvent::LinkState));
    let mut notified = client.notifications();
    notified.mark_unchanged();
    client.port_control(port(16), PortOperation::Disable).await.unwrap();
    notified.changed().await.unwrap();
    client.port_control(port(16), PortOperation::Enable).await.unwrap();
    client.ping().await.unwrap();
    for _ in 0..2 {
        let [record] = client.port_events().await.unwrap()[..] else { panic!("one port, one event") };
        assert_eq!((record.function.get(), record.event), (4, PortEvent::LinkState), "port 16 is the fifth");
        assert_eq!(
            (record.header.occurred(), record.header.notifies(), record.header.count()),
            (true, true, 2)
        );
    }
    client.arm_port_events().await.unwrap();
    assert_eq!(client.port_events().await.unwrap()[0].header.count(), 2, "arming again clears nothing");
}

#[tokio::test]
async fn ports_are_configured_and_refused_by_the_client() {
    let running = start(Options::default()).await;
    let client = client(&running).await;
    let set = PortConfigSet {
        port: port(12),
        port_type: PortType::Unused,
        clock_source: None,
        sris: None,
        hvd: None,
    };
    let config = client.set_port_config(set).await.unwrap();
    assert_eq!(config.port_type, PortType::Unused);
    assert_eq!(client.port_config(port(12)).await.unwrap(), config);
    let nowhere = client.port_control(port(40), PortOperation::Retrain).await;
    assert_eq!(refusal(nowhere), code::INVALID_PORT);
}

#[tokio::test]
async fn every_one_of_many_events_is_told_of() {
    let running = start(Options::default()).await;
    let client = client(&running).await;
    client.arm_events().await.unwrap();
    let mut notified = client.notifications();
    let before = *notified.borrow_and_update();
    let (host, function) = (bench::host(0), Pdfid::new(0x1001));
    for _ in 0..500 {
        client.bind(host, LogicalPort::new(0), &[function]).await.unwrap();
        client.unbind(host, LogicalPort::new(0), function).await.unwrap();
    }
    let count = *notified.wait_for(|count| count - before >= 1000).await.unwrap();
    assert_eq!(count - before, 1000, "one for each bind and unbind, however many came together");
    client.ping().await.unwrap();
}
