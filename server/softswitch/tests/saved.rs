//! What outlives the softswitch.

mod bench;

use std::path::Path;

use bench::{ANY_PORT, client, functions, host, logical, port, start};
use patchbay_softswitch::{
    Binding, ControlError, EventsCondition, Link, Options, Order, Phase, Rack, ScriptedGate, Softswitch,
    Verdict,
};
use patchbay_switchtec::{Pdfid, code};

fn options(path: &Path) -> Options {
    Options { state: Some(path.to_owned()), ..Options::default() }
}

#[tokio::test]
async fn bindings_survive_a_kill_at_the_moment_the_work_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lab.json");
    let gate = ScriptedGate::on_change(2, Phase::After, Verdict::Hang);
    let running = start(Options { gate: Some(gate.clone()), ..options(&path) }).await;
    let client = client(&running).await;
    client.bind(host(0), logical(3), &functions(&[0x1001, 0x1002])).await.unwrap();
    let ids = functions(&[0x1101]);
    let (result, ()) = tokio::join!(client.bind(host(4), logical(0), &ids), async {
        gate.reached(1).await;
        running.kill().await;
    });
    assert!(result.unwrap_err().outcome_unknown());

    let running = start(options(&path)).await;
    let expected = [
        Binding { port: port(0), logical_port: logical(3), functions: functions(&[0x1001, 0x1002]) },
        Binding { port: port(4), logical_port: logical(0), functions: functions(&[0x1101]) },
    ];
    assert_eq!(running.bindings(), expected);
    running.unbind(port(0), logical(3)).unwrap();
    drop(running);
    assert_eq!(start(options(&path)).await.bindings(), expected[1..]);
}

#[tokio::test]
async fn the_rack_s_bindings_count_until_there_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lab.json");
    let lab = || Softswitch::start(Rack::lab().unwrap(), ANY_PORT, options(&path));
    let running = lab().await.unwrap();
    let initial = Rack::lab().unwrap().bindings;
    assert_eq!(running.bindings(), initial);
    running.unbind(initial[0].port, initial[0].logical_port).unwrap();
    running.kill().await;
    assert_eq!(lab().await.unwrap().bindings(), initial[1..]);
}

#[tokio::test]
async fn entries_that_no_longer_fit_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lab.json");
    let entry = |port: u8, at: u8, ids: &str| {
        format!("{{\"port\":{port},\"logical_port\":{at},\"functions\":[{ids}]}}")
    };
    let entries = [
        entry(0, 0, "4097"),
        entry(1, 0, "4098"),
        entry(0, 99, "4099"),
        entry(0, 1, "9"),
        entry(4, 0, "4097"),
    ];
    let text = format!("{{\"version\":1,\"switch\":\"other\",\"bindings\":[{}]}}", entries.join(","));
    std::fs::write(&path, text).unwrap();
    let bindings = start(options(&path)).await.bindings();
    let expected = Binding { port: port(0), logical_port: logical(0), functions: functions(&[4097]) };
    assert_eq!(bindings, [expected]);
}

#[tokio::test]
async fn a_file_that_is_no_state_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("precious.json");
    for text in ["my thesis", "{\"version\":3,\"switch\":\"x\",\"bindings\":[]}"] {
        std::fs::write(&path, text).unwrap();
        let started = Softswitch::start(Rack::lab().unwrap(), ANY_PORT, options(&path)).await;
        let error = started.err().expect("the file must be refused");
        assert!(
            error.to_string().contains("precious.json") && error.to_string().contains("remove it"),
            "{error}"
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}

#[tokio::test]
async fn a_change_that_cannot_be_saved_is_refused_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("gone");
    std::fs::create_dir(&missing).unwrap();
    let running = start(options(&missing.join("lab.json"))).await;
    let client = client(&running).await;
    client.bind(host(0), logical(0), &functions(&[0x1001])).await.unwrap();
    std::fs::remove_dir_all(&missing).unwrap();
    let unbind = client.unbind(host(0), logical(0), Pdfid::new(0x1001)).await;
    assert_eq!(bench::refusal(unbind), code::BAD_FIRMWARE_STATE);
    let pulled = running.set_slot_link(port(16), Link::Down);
    assert_eq!(pulled, Err(ControlError::Refused(code::BAD_FIRMWARE_STATE)));
    assert!(client.link_status().await.unwrap().iter().all(|link| link.up));
    assert_eq!(running.bindings().len(), 1);
    assert_eq!(client.events(0).await.unwrap().remaining, 1, "only the bind has happened");
}

#[tokio::test]
async fn events_of_a_command_that_was_never_answered_are_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lab.json");
    let gate = ScriptedGate::on_change(1, Phase::After, Verdict::Hang);
    let running = start(Options { gate: Some(gate.clone()), ..options(&path) }).await;
    let client = client(&running).await;
    client.arm_events().await.unwrap();
    let ids = functions(&[0x1001]);
    let (result, ()) = tokio::join!(client.bind(host(0), logical(0), &ids), async {
        gate.reached(1).await;
        running.kill().await;
    });
    assert!(result.unwrap_err().outcome_unknown());
    let again = start(options(&path)).await;
    let client = bench::client(&again).await;
    assert_eq!(client.register_u32(0x1968).await.unwrap() & 0x1F, 0b1001, "it has occurred, and is armed");
    assert_eq!(bench::taken(&client).await.len(), 1);
}

#[tokio::test]
async fn an_overflow_is_remembered_until_it_has_been_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lab.json");
    let running = start(options(&path)).await;
    for _ in 0..33 {
        running.bind(port(0), logical(0), &functions(&[0x1001])).unwrap();
        running.unbind(port(0), logical(0)).unwrap();
    }
    running.kill().await;
    let again = start(options(&path)).await;
    assert_eq!(again.condition().events, EventsCondition { waiting: 64, overflow: true, recorded: 66 });
    let client = client(&again).await;
    assert!(client.events(1).await.unwrap().overflow);
    drop(again);
    let told = start(options(&path)).await.condition().events;
    assert_eq!(told, EventsCondition { waiting: 63, overflow: false, recorded: 66 });
}

#[tokio::test]
async fn names_may_have_changed_hands() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lab.json");
    let running = start(options(&path)).await;
    for order in [
        Order::Rename { function: 0x1101.into(), to: 0x1F00.into() },
        Order::Rename { function: 0x1001.into(), to: 0x1101.into() },
        Order::Rename { function: 0x1F00.into(), to: 0x1001.into() },
    ] {
        running.order(order).await.unwrap();
    }
    running.bind(port(0), logical(0), &functions(&[0x1101, 0x1002])).unwrap();
    let before = running.condition();
    drop(running);
    assert_eq!(start(options(&path)).await.condition(), before);
}

#[tokio::test]
async fn what_no_longer_fits_the_rack_is_left_out_piece_by_piece() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lab.json");
    let port_entry = |port: u8, width: u8, hvd: u8| {
        format!(
            "{{\"port\":{port},\"port_type\":3,\"clock_source\":0,\"sris\":0,\"hvd\":{hvd},\"plugged\":false,\
             \"enabled\":true,\"reset_held\":false,\"width\":{width},\"gen\":4}}"
        )
    };
    let text = format!(
        "{{\"version\":2,\"switch\":\"x\",\"bindings\":[],\"ports\":[{},{},{},{}],\
         \"adapters\":[{{\"slot\":20,\"model\":\"toaster\",\"functions\":[4352]}}],\
         \"events\":{{\"waiting\":[[8,0,0,0,0,0,0,0],[1,2,3]],\"overflow\":false,\"recorded\":9}},\
         \"headers\":{{\"8192\":7,\"6504\":9}}}}",
        port_entry(0, 4, 0),
        port_entry(4, 16, 1),
        port_entry(8, 8, 3),
        port_entry(99, 8, 9),
    );
    std::fs::write(&path, text).unwrap();
    let running = start(options(&path)).await;
    let condition = running.condition();
    let plugged: Vec<_> = condition.ports.iter().map(|port| port.causes.plugged).collect();
    assert_eq!(plugged, [false, true, true, true, true, true], "only the first entry fits");
    assert_eq!(condition.ports[0].causes.trains_to.width, 4);
    assert_eq!(condition.ports[5].functions.len(), 5);
    assert_eq!(condition.events, EventsCondition { waiting: 1, overflow: false, recorded: 9 });
    let client = client(&running).await;
    assert_eq!(client.register_u32(0x1968).await.unwrap(), 9);
    assert_eq!(
        client.register_u32(0x2000).await.unwrap(),
        0x4252,
        "a register that is no header is left alone"
    );
}
