//! Orders that make commands fail, and restarts.

mod bench;

use std::time::{Duration, Instant};

use bench::{Lab, RawChannel, client, functions, host, logical, port, refusal};
use patchbay_softswitch::{
    CommandKind, Done, Options, Order, OrderError, Phase, Rack, Retention, Softswitch, WaitingFault,
};
use patchbay_switchtec::command::events::EventKind;
use patchbay_switchtec::command::port_config::PortConfigSet;
use patchbay_switchtec::command::port_control::PortOperation;
use patchbay_switchtec::command::reset::Reset;
use patchbay_switchtec::{Client, ClientError, Pdfid, PortType, code};

async fn bind(client: &Client, at: u8) -> Result<(), ClientError> {
    client.bind(host(0), logical(at), &functions(&[0x1001 + u16::from(at)])).await
}

#[tokio::test]
async fn a_command_is_refused_once_and_not_carried_out() {
    let lab = Lab::new(Options::default()).await;
    let order = Order::Refuse { command: None, nth: 2, code: code::IN_PROGRESS };
    let id = lab.fault(order.clone()).await;
    bind(&lab.client, 0).await.unwrap();
    let left = Order::Refuse { command: None, nth: 1, code: code::IN_PROGRESS };
    assert_eq!(lab.running.condition().faults, [WaitingFault { id, order: left }]);
    let refused = lab.client.unbind(host(0), logical(0), Pdfid::new(0x1001)).await;
    assert_eq!(refusal(refused), code::IN_PROGRESS);
    assert_eq!(lab.running.bindings().len(), 1);
    assert_eq!(lab.running.condition().faults, []);
    lab.client.unbind(host(0), logical(0), Pdfid::new(0x1001)).await.unwrap();
}

#[tokio::test]
async fn a_connection_drops_before_or_after_the_work() {
    for (when, done) in [(Phase::Before, 0), (Phase::After, 1)] {
        let lab = Lab::new(Options::default()).await;
        lab.fault(Order::DropConnection { command: Some(CommandKind::Bind), nth: 1, when }).await;
        let error = bind(&lab.client, 0).await.unwrap_err();
        assert!(error.outcome_unknown(), "{error}");
        assert_eq!(lab.running.bindings().len(), done, "{when:?}");
        assert_eq!(lab.events().await.len(), done, "the event tells of the work");
    }
}

#[tokio::test]
async fn a_hanging_command_holds_up_nobody_else() {
    let lab = Lab::new(Options::default()).await;
    let other = client(&lab.running).await;
    lab.fault(Order::Hang { command: Some(CommandKind::Bind), nth: 1 }).await;
    let mut hanging = Box::pin(bind(&lab.client, 0));
    tokio::select! {
        biased;
        ended = &mut hanging => panic!("it must hang: {ended:?}"),
        () = async {
            while !lab.running.condition().faults.is_empty() {
                other.ping().await.unwrap();
            }
            bind(&other, 1).await.unwrap();
            other.pax_all().await.unwrap();
        } => {}
    }
    assert_eq!(lab.running.bindings().len(), 1, "the command that hangs was not carried out");
    drop(hanging);
    bind(&lab.client, 0).await.unwrap();
}

#[tokio::test]
async fn slow_commands_slow_down_nobody_else_until_they_are_cancelled() {
    let lab = Lab::new(Options::default()).await;
    let other = client(&lab.running).await;
    let id = lab.fault(Order::Slow { command: None, ms: 60_000 }).await;
    let mut slow = Box::pin(bind(&lab.client, 0));
    tokio::select! {
        biased;
        ended = &mut slow => panic!("it takes a minute: {ended:?}"),
        () = async {
            for _ in 0..3 {
                other.pax_all().await.unwrap();
                other.ping().await.unwrap();
            }
        } => {}
    }
    drop(slow);
    assert_eq!(lab.order(Order::CancelFault { id }).await, "fault 1 is forgotten");
    assert_eq!(lab.refused(Order::CancelFault { id }).await, "no fault 1 waits");
    // The client would have given up after half a minute.
    bind(&other, 1).await.unwrap();
}

#[tokio::test]
async fn a_slow_command_takes_as_long_as_ordered() {
    let lab = Lab::new(Options::default()).await;
    lab.fault(Order::Slow { command: Some(CommandKind::Bind), ms: 30 }).await;
    for at in [0, 1] {
        let began = Instant::now();
        bind(&lab.client, at).await.unwrap();
        assert!(began.elapsed() >= Duration::from_millis(30));
    }
}

#[tokio::test]
async fn faults_that_make_no_sense_are_refused() {
    let lab = Lab::new(Options::default()).await;
    for (order, expected) in [
        (Order::Hang { command: None, nth: 0 }, "nth counts from 1"),
        (Order::Refuse { command: None, nth: 0, code: 5 }, "nth counts from 1"),
        (Order::DropConnection { command: None, nth: 0, when: Phase::After }, "nth counts from 1"),
        (Order::Refuse { command: None, nth: 1, code: 0 }, "result code 0 is success"),
        (Order::Slow { command: None, ms: 0 }, "0 ms are not between 1 and 60000"),
        (Order::Slow { command: None, ms: 60_001 }, "60001 ms are not between 1 and 60000"),
    ] {
        let refused = lab.refused(order).await;
        assert!(refused.starts_with(expected), "{refused}");
    }
}

#[tokio::test]
async fn a_reboot_drops_connections_and_forgets_events() {
    let lab = Lab::new(Options::default()).await;
    let mut idle = RawChannel::open(&lab.running).await;
    lab.client.arm_events().await.unwrap();
    bind(&lab.client, 0).await.unwrap();
    lab.client.port_control(port(8), PortOperation::Disable).await.unwrap();
    let set = PortConfigSet {
        port: port(12),
        port_type: PortType::Host,
        clock_source: None,
        sris: None,
        hvd: Some(9),
    };
    lab.client.set_port_config(set).await.unwrap();
    lab.order(Order::PullCable { port: 4.into() }).await;

    lab.order(Order::Reboot { bindings: Retention::Keep }).await;
    assert!(idle.has_ended().await);
    let client = client(&lab.running).await;
    assert_eq!(client.events(0).await.unwrap().remaining, 0);
    assert_eq!(client.port_events().await.unwrap(), []);
    assert_eq!(client.register_u32(0x1968).await.unwrap(), 0);
    assert_eq!(lab.running.bindings().len(), 1);
    assert!(lab.link(8).await.up, "port control is at rest");
    assert!(!lab.link(4).await.up, "the cable is still pulled");
    assert_eq!(lab.link(12).await.logical_id, 9, "the configuration is kept");
    bind(&client, 1).await.unwrap();
    assert_eq!(lab.events().await.len(), 1);
}

#[tokio::test]
async fn a_reboot_loses_the_bindings_or_goes_back_to_the_rack_file() {
    let built = Rack::lab().unwrap().bindings;
    for (retention, left) in [(Retention::Lose, Vec::new()), (Retention::Rebuild, built.clone())] {
        let listen = "127.0.0.1:0".parse().unwrap();
        let running = Softswitch::start(Rack::lab().unwrap(), listen, Options::default()).await.unwrap();
        let first = &built[0];
        running.unbind(first.port, first.logical_port).unwrap();
        running.controls().order(Order::Reboot { bindings: retention }).await.unwrap();
        assert_eq!(running.bindings(), left);
    }
}

#[tokio::test]
async fn a_reset_command_is_answered_before_the_switch_restarts() {
    let lab = Lab::new(Options::default()).await;
    bind(&lab.client, 0).await.unwrap();
    let mut raw = RawChannel::open(&lab.running).await;
    raw.send(&Reset).await;
    assert_eq!(raw.receive().await, (code::OK, Vec::new()));
    assert!(raw.has_ended().await);
    // An order is carried out after the restart that was asked for before.
    lab.order(Order::Reboot { bindings: Retention::Keep }).await;
    assert_eq!(lab.running.bindings(), []);
}

#[tokio::test]
async fn orders_to_a_switch_that_has_stopped_say_so() {
    let lab = Lab::new(Options::default()).await;
    let controls = lab.running.controls();
    lab.running.kill().await;
    let reboot = controls.order(Order::Reboot { bindings: Retention::Keep }).await;
    assert_eq!(reboot, Err(OrderError::Stopped));
}

#[tokio::test]
async fn the_condition_tells_everything_and_reads_back() {
    let lab = Lab::new(Options::default()).await;
    bind(&lab.client, 0).await.unwrap();
    lab.fault(Order::Slow { command: Some(CommandKind::Echo), ms: 7 }).await;
    let Ok(Done::Condition(condition)) = lab.running.order(Order::Status {}).await else { panic!() };
    assert_eq!(*condition, lab.running.condition());
    let text = serde_json::to_string(&condition).unwrap();
    assert_eq!(serde_json::from_str::<patchbay_softswitch::Condition>(&text).unwrap(), *condition);
    assert_eq!(condition.ports.len(), 6);
    let bound = &condition.bindings[0];
    assert_eq!((bound.host.as_deref(), bound.slot), (Some("A"), Some(16)));
    assert!(condition.models.iter().any(|model| model == "hba-32g"));
    assert_eq!((condition.events.waiting, condition.events.recorded), (1, 1));
    assert_eq!(
        lab.events().await,
        [EventKind::Bound { host: host(0), logical_port: logical(0), function: Pdfid::new(0x1001) }]
    );
}
