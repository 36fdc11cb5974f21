//! The rules of binding, what they answer, what they raise; the gate, delays and the controls.

mod bench;

use std::time::{Duration, Instant};

use bench::{RawChannel, client, functions, host, kinds, logical, port, refusal, start};
use patchbay_softswitch::{
    Binding, CommandKind, ControlError, Delays, Lanes, Link, Options, Phase, ScriptedGate, Trigger, Verdict,
};
use patchbay_switchtec::command::events::EventKind;
use patchbay_switchtec::command::sections::Attachment;
use patchbay_switchtec::{ClientError, HostPort, Pdfid, Rate, SwitchIndex, code};

#[tokio::test]
async fn every_rule_answers_with_its_own_code() {
    let running = start(Options::default()).await;
    let client = client(&running).await;
    client.bind(host(0), logical(0), &functions(&[0x1001])).await.unwrap();
    running.set_slot_link(port(20), Link::Down).unwrap();

    let elsewhere = HostPort { switch: SwitchIndex::new(3), port: port(0) };
    let refused = [
        (elsewhere, 1, vec![0x1002], code::NOT_THIS_SWITCH),
        (host(1), 1, vec![0x1002], code::INVALID_PORT),
        (host(16), 1, vec![0x1002], code::INVALID_PORT),
        (host(0), 8, vec![0x1002], code::LOGICAL_PORT_RANGE),
        (host(0), 0, vec![0x1002], code::LOGICAL_PORT_USED),
        (host(4), 0, vec![0x1234], code::NO_SUCH_FUNCTION),
        (host(4), 0, vec![0x1101], code::NO_SUCH_FUNCTION),
        (host(4), 0, vec![0x1001], code::FUNCTION_BOUND),
        (host(4), 0, vec![0x1002, 0x1002], code::BAD_PARAMETER),
    ];
    for (host, at, ids, expected) in refused {
        let found = refusal(client.bind(host, logical(at), &functions(&ids)).await);
        assert_eq!(found, expected, "bind {ids:X?} to {host}, logical port {at}");
    }
    running.set_slot_link(port(20), Link::Up(Lanes { width: 8, rate: Rate::Gen4 })).unwrap();
    let mixed = client.bind(host(4), logical(0), &functions(&[0x1002, 0x1101])).await;
    assert_eq!(refusal(mixed), code::MIXED_ADAPTERS);

    let none = Pdfid::new(0);
    for (host, at, expected) in [
        (elsewhere, 0, code::NOT_THIS_SWITCH),
        (host(2), 0, code::INVALID_PORT),
        (host(0), 8, code::LOGICAL_PORT_RANGE),
        (host(0), 1, code::NOTHING_BOUND),
    ] {
        assert_eq!(refusal(client.unbind(host, logical(at), none).await), expected, "unbind {host} {at}");
    }
    let expected = Binding { port: port(0), logical_port: logical(0), functions: functions(&[0x1001]) };
    assert_eq!(running.bindings(), [expected], "refusals must change nothing");
}

#[tokio::test]
async fn earlier_rules_win() {
    let running = start(Options::default()).await;
    let client = client(&running).await;
    client.bind(host(0), logical(0), &functions(&[0x1001])).await.unwrap();
    // Every rule is broken at once; taking them away one by one uncovers the next.
    let elsewhere = HostPort { switch: SwitchIndex::new(3), port: port(1) };
    let ids = functions(&[0x1FFF, 0x1001, 0x1101]);
    assert_eq!(refusal(client.bind(elsewhere, logical(9), &ids).await), code::NOT_THIS_SWITCH);
    assert_eq!(refusal(client.bind(host(1), logical(9), &ids).await), code::INVALID_PORT);
    assert_eq!(refusal(client.bind(host(0), logical(9), &ids).await), code::LOGICAL_PORT_RANGE);
    assert_eq!(refusal(client.bind(host(0), logical(0), &ids).await), code::LOGICAL_PORT_USED);
    assert_eq!(refusal(client.bind(host(0), logical(1), &ids).await), code::NO_SUCH_FUNCTION);
    assert_eq!(refusal(client.bind(host(0), logical(1), &ids[1..]).await), code::FUNCTION_BOUND);
}

#[tokio::test]
async fn ports_and_instances_that_do_not_exist_are_refused() {
    let running = start(Options::default()).await;
    let client = client(&running).await;
    assert_eq!(refusal(client.hvd(4).await), code::BAD_PARAMETER);
    assert_eq!(refusal(client.hvd_detail(9).await), code::BAD_PARAMETER);
    assert_eq!(refusal(client.endpoint_port(port(0)).await), code::INVALID_PORT);
    assert_eq!(refusal(client.fabric_port(port(16)).await), code::INVALID_PORT);
    assert_eq!(refusal(client.port_config(port(3)).await), code::INVALID_PORT);
    client.ping().await.unwrap();
}

#[tokio::test]
async fn a_bind_shows_in_every_dump_and_raises_one_event_per_function() {
    let running = start(Options::default()).await;
    let client = client(&running).await;
    client.arm_events().await.unwrap();
    let mut notified = client.notifications();
    let ids = functions(&[0x1003, 0x1002, 0x1000]);
    client.bind(host(8), logical(5), &ids).await.unwrap();
    notified.changed().await.unwrap();

    let batch = client.drain_events().await.unwrap();
    let bound =
        |function: &Pdfid| EventKind::Bound { host: host(8), logical_port: logical(5), function: *function };
    assert_eq!(kinds(&batch.events), ids.iter().map(bound).collect::<Vec<_>>());
    assert!(!batch.overflow && batch.remaining == 0);

    let all = client.pax_all().await.unwrap();
    let state = all.hvds.hvds[2].logical_ports[5];
    assert_eq!(state.slots[..4], [Some(ids[0]), Some(ids[1]), Some(ids[2]), None]);
    let Attachment::Endpoint(nic) = &all.endpoint_ports.ports[0].attachment else {
        panic!("the NIC is there")
    };
    let bound_to: Vec<_> = nic.functions.iter().filter(|function| function.bound.is_some()).collect();
    assert_eq!(bound_to.len(), 3);
    assert_eq!(bound_to[0].bound.unwrap().host, host(8));
    assert_eq!(client.hvd(2).await.unwrap().hvds[0], all.hvds.hvds[2]);
    assert_eq!(client.endpoint_port(port(16)).await.unwrap().ports[0], all.endpoint_ports.ports[0]);
    let detail = client.hvd_detail(2).await.unwrap().hvd;
    assert!(detail.link_up && detail.ports[5].slots[2].bound && !detail.ports[5].slots[3].bound);

    client.unbind(host(8), logical(5), ids[0]).await.unwrap();
    notified.changed().await.unwrap();
    assert_eq!(client.drain_events().await.unwrap().events.len(), 3);
    assert_eq!(running.bindings(), []);
}

#[tokio::test]
async fn an_adapter_that_goes_away_takes_its_bindings_along() {
    let running = start(Options::default()).await;
    let client = client(&running).await;
    running.bind(port(0), logical(0), &functions(&[0x1001, 0x1002])).unwrap();
    running.bind(port(4), logical(0), &functions(&[0x1101])).unwrap();
    client.clear_events().await.unwrap();

    running.set_slot_link(port(16), Link::Down).unwrap();
    let unbound =
        |id| EventKind::Unbound { host: host(0), logical_port: logical(0), function: Pdfid::new(id) };
    let deleted = EventKind::DeviceDeleted { port: port(16), functions: 9 };
    let found = client.drain_events().await.unwrap();
    assert_eq!(kinds(&found.events), [unbound(0x1001), unbound(0x1002), deleted]);
    let ports = client.endpoint_port(port(16)).await.unwrap().ports;
    assert_eq!(ports[0].attachment, Attachment::Nothing);
    assert_eq!(running.bindings().len(), 1, "the other adapter keeps its binding");

    running.set_slot_link(port(16), Link::Up(Lanes { width: 4, rate: Rate::Gen2 })).unwrap();
    let added = EventKind::DeviceAdded { port: port(16), functions: 9 };
    assert_eq!(kinds(&client.drain_events().await.unwrap().events), [added]);
    let links = client.link_status().await.unwrap();
    let nic = links.iter().find(|link| link.port == port(16)).unwrap();
    assert_eq!((nic.up, nic.negotiated_width, nic.rate), (true, 4, Rate::Gen2));
    assert_eq!(
        running.set_slot_link(port(0), Link::Down).map_err(|error| error.to_string()),
        Err("port 0 does not exist or is of another kind".to_owned())
    );
}

#[tokio::test]
async fn a_host_link_that_goes_down_keeps_its_bindings() {
    let running = start(Options::default()).await;
    let client = client(&running).await;
    running.bind(port(12), logical(0), &functions(&[0x1104])).unwrap();
    client.clear_events().await.unwrap();
    running.set_host_link(port(12), Link::Down).unwrap();
    running.set_host_link(port(12), Link::Down).unwrap();
    let up = Link::Up(Lanes { width: 4, rate: Rate::Gen4 });
    running.set_host_link(port(12), up).unwrap();
    let expected = [EventKind::HostLinkDown { port: port(12) }, EventKind::HostLinkUp { port: port(12) }];
    assert_eq!(kinds(&client.drain_events().await.unwrap().events), expected);
    assert_eq!(running.bindings().len(), 1);
}

#[tokio::test]
async fn a_full_queue_loses_the_oldest_and_says_so_once() {
    let running = start(Options::default()).await;
    let client = client(&running).await;
    for _ in 0..33 {
        running.bind(port(0), logical(0), &functions(&[0x1001])).unwrap();
        running.unbind(port(0), logical(0)).unwrap();
    }
    let counted = client.events(0).await.unwrap();
    assert_eq!((counted.events.len(), counted.remaining, counted.overflow), (0, 64, true));
    let some = client.events(10).await.unwrap();
    assert_eq!((some.events.len(), some.remaining, some.overflow), (10, 54, true));
    let rest = client.events(128).await.unwrap();
    assert_eq!((rest.events.len(), rest.remaining, rest.overflow), (54, 0, false));
    assert!(matches!(some.events[0].kind, EventKind::Bound { .. }), "66 events, the first pair is lost");
}

#[tokio::test]
async fn dumps_are_snapshots_of_one_connection() {
    use patchbay_switchtec::command::database::{DumpGet, DumpStart};
    use patchbay_switchtec::command::sections::{DumpClass, HvdSection};
    let running = start(Options::default()).await;
    let mut first = RawChannel::open(&running).await;
    let mut second = RawChannel::open(&running).await;
    let start = DumpStart { class: DumpClass::Hvd, parameter: 0 };
    let get = DumpGet { class: DumpClass::Hvd, port: 0, offset_dwords: 0 };
    first.call(&start).await.unwrap();
    assert_eq!(second.call(&get).await, Err(code::BAD_PARAMETER), "nothing was started here");
    running.bind(port(0), logical(0), &functions(&[0x1001])).unwrap();
    let before = first.call(&get).await.unwrap();
    assert_eq!(HvdSection::parse(&before.data).unwrap().hvds[0].logical_ports[0].slots[0], None);
    let behind = DumpGet { offset_dwords: u32::MAX, ..get };
    assert_eq!(first.call(&behind).await, Err(code::BAD_PARAMETER));
}

#[tokio::test]
async fn foreign_switches_unknown_commands_and_sub_commands_are_refused_in_full_length() {
    use patchbay_switchtec::packet::MrpcCommand;
    use patchbay_switchtec::{CommandId, PaxAddress};
    let running = start(Options::default()).await;
    let mut channel = RawChannel::open(&running).await;
    let own = PaxAddress::Index(SwitchIndex::new(0));
    let foreign = PaxAddress::Index(SwitchIndex::new(9));
    for (pax, id, input, expected) in [
        (own, 0x0C, vec![1], code::UNKNOWN_COMMAND),
        (own, 0x1C00, vec![], code::UNKNOWN_COMMAND),
        (own, 0x84, vec![3, 0, 0, 0, 0, 0, 0, 0], code::UNKNOWN_SUB_COMMAND),
        (own, 0x88, vec![2, 12, 0, 0], code::UNKNOWN_SUB_COMMAND),
        (own, 0x83, vec![3, 0, 0, 0, 9, 0, 0, 0], code::UNKNOWN_SUB_COMMAND),
        (own, 0x04, vec![4, 0, 0, 0], code::UNKNOWN_SUB_COMMAND),
        (own, 0x84, vec![1, 0, 0], code::BAD_PARAMETER),
        (own, 0x84, [vec![1, 0, 0, 0], [0, 0x10, 1, 0].repeat(8)].concat(), code::BAD_PARAMETER),
        (foreign, 0x41, vec![0; 4], code::BAD_PARAMETER),
    ] {
        let command = MrpcCommand { pax, id: CommandId::new(id), wanted_bytes: 77, input };
        assert_eq!(channel.exchange(command).await, (expected, vec![0; 77]), "command 0x{id:X}");
    }
}

#[tokio::test]
async fn the_gate_stops_a_change_at_every_edge() {
    let cases = [
        (Phase::Before, Verdict::Refuse(code::IN_PROGRESS), false),
        (Phase::Before, Verdict::DropConnection, false),
        (Phase::After, Verdict::DropConnection, true),
        (Phase::After, Verdict::Refuse(code::IN_PROGRESS), true),
    ];
    for (phase, verdict, done) in cases {
        let gate = ScriptedGate::on_change(2, phase, verdict);
        let running = start(Options { gate: Some(gate.clone()), ..Options::default() }).await;
        let client = client(&running).await;
        client.bind(host(0), logical(0), &functions(&[0x1001])).await.unwrap();
        let result = client.unbind(host(0), logical(0), Pdfid::new(0x1001)).await;
        match verdict {
            Verdict::Refuse(expected) => assert_eq!(refusal(result), expected),
            _ => assert!(result.unwrap_err().outcome_unknown()),
        }
        gate.reached(1).await;
        assert_eq!(running.bindings().is_empty(), done, "{phase:?} {verdict:?}");
        client.ping().await.unwrap();
        assert_eq!(gate.changes(), 2, "the client must not have tried again");
    }
}

#[tokio::test]
async fn a_hanging_switch_can_be_killed_at_that_very_moment() {
    for (phase, bound) in [(Phase::Before, 0), (Phase::After, 1)] {
        let trigger = Trigger { kind: Some(CommandKind::Bind), nth: 1, phase, verdict: Verdict::Hang };
        let gate = ScriptedGate::new(vec![trigger]);
        let running = start(Options { gate: Some(gate.clone()), ..Options::default() }).await;
        let client = client(&running).await;
        let ids = functions(&[0x1001]);
        let (result, ()) = tokio::join!(client.bind(host(0), logical(0), &ids), async {
            gate.reached(1).await;
            // Others are served meanwhile.
            bench::client(&running).await.ping().await.unwrap();
            assert_eq!(running.bindings().len(), bound);
            running.kill().await;
        });
        assert!(result.unwrap_err().outcome_unknown());
        assert!(matches!(client.ping().await, Err(ClientError::Unreachable { .. })));
    }
}

#[tokio::test]
async fn a_delay_is_kept_and_a_graceful_stop_answers_first() {
    let delay = Duration::from_millis(60);
    let by_kind = [(CommandKind::Bind, delay)].into();
    let gate = ScriptedGate::on_change(1, Phase::Before, Verdict::Proceed);
    let delays = Some(Delays { default: Duration::ZERO, by_kind });
    let running = start(Options { delays, gate: Some(gate.clone()), ..Options::default() }).await;
    let client = client(&running).await;
    let began = Instant::now();
    let ids = functions(&[0x1001]);
    let (result, ()) = tokio::join!(client.bind(host(0), logical(0), &ids), async {
        gate.reached(1).await;
        running.stop().await;
    });
    result.unwrap();
    assert!(began.elapsed() >= delay);
}

#[tokio::test]
async fn controls_obey_the_same_rules() {
    let running = start(Options::default()).await;
    running.bind(port(0), logical(0), &functions(&[0x1001])).unwrap();
    let again = running.bind(port(0), logical(1), &functions(&[0x1001]));
    assert_eq!(again, Err(ControlError::Refused(code::FUNCTION_BOUND)));
    assert_eq!(running.unbind(port(0), logical(7)), Err(ControlError::Refused(code::NOTHING_BOUND)));
    assert!(matches!(running.set_host_link(port(99), Link::Down), Err(ControlError::NoSuchPort(_))));
    assert_eq!(running.bind(port(0), logical(1), &[]), Err(ControlError::Refused(code::BAD_PARAMETER)));
}
