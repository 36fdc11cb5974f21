//! Orders over the control socket and from the rack file's script.

mod bench;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bench::{ANY_PORT, Lab, client, port};
use patchbay_softswitch::control::send;
use patchbay_softswitch::{
    Done, LinkCondition, MAX_ORDER_BYTES, Options, Order, Rack, Running, SendError, Softswitch,
    TRANSCRIPTS_RACK,
};
use patchbay_switchtec::command::events::EventKind;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

fn options(socket: &Path) -> Options {
    Options { control: Some(socket.to_owned()), ..Options::default() }
}

/// A folder that goes away with the test, and a socket in it.
fn socket() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sock");
    (folder, path)
}

/// A client that writes what it likes.
struct Talker(BufReader<UnixStream>);

impl Talker {
    async fn new(socket: &Path) -> Self {
        Self(BufReader::new(UnixStream::connect(socket).await.unwrap()))
    }

    async fn say(&mut self, text: &[u8]) {
        self.0.write_all(text).await.unwrap();
    }

    async fn hear(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).await.unwrap();
        line
    }
}

#[tokio::test]
async fn orders_and_answers_are_lines() {
    let (_folder, socket) = socket();
    let lab = Lab::new(options(&socket)).await;
    let mut talker = Talker::new(&socket).await;
    talker.say(b"{\"order\":\"pull_cable\",\"port\":\"A\"}\n{\"order\":\"pull_cable\",\"port\":0}\n").await;
    assert_eq!(talker.hear().await, "{\"ok\":{\"changed\":\"the cable of port 0 (A) is pulled\"}}\n");
    assert_eq!(talker.hear().await, "{\"error\":\"the cable of port 0 (A) is not plugged in\"}\n");
    assert_eq!(lab.events().await, [EventKind::HostLinkDown { port: port(0) }]);
    talker.say(b"{\"order\":\"hang\"}\r\n").await;
    assert_eq!(talker.hear().await, "{\"ok\":{\"waiting\":1}}\n");
    talker.say(b"{\"order\":\"status\"}\n").await;
    let status: serde_json::Value = serde_json::from_str(&talker.hear().await).unwrap();
    let condition = &status["ok"]["condition"];
    assert_eq!(condition["ports"][0]["link"]["state"], "down");
    assert_eq!(condition["ports"][4]["link"], serde_json::json!({"state": "up", "width": 8, "gen": 3}));
    assert_eq!(condition["faults"][0], serde_json::json!({"id": 1, "order": {"order": "hang", "nth": 1}}));
}

#[tokio::test]
async fn nonsense_is_answered_and_the_next_order_is_taken() {
    let (_folder, socket) = socket();
    let lab = Lab::new(options(&socket)).await;
    let mut talker = Talker::new(&socket).await;
    let long = [vec![b'x'; 3 * MAX_ORDER_BYTES], b"\n".to_vec()].concat();
    for (text, expected) in [
        (b"dance\n".to_vec(), "this is no order"),
        (b"{\"order\":\"dance\"}\n".to_vec(), "unknown variant `dance`"),
        (b"\n".to_vec(), "this is no order"),
        (b"\xFF\xFE\n".to_vec(), "an order is a line of UTF-8"),
        (long, "an order has at most 4096 bytes"),
    ] {
        talker.say(&text).await;
        let answer = talker.hear().await;
        assert!(answer.starts_with("{\"error\":\"") && answer.contains(expected), "{answer}");
    }
    talker.say(b"{\"order\":\"heat\",\"celsius\":50}\n").await;
    assert!(talker.hear().await.starts_with("{\"ok\""));
    assert_eq!(lab.running.condition().temperature_c, 50.0);
}

#[tokio::test]
async fn several_clients_give_orders_and_too_many_are_turned_away() {
    let (_folder, socket) = socket();
    let lab = Lab::new(options(&socket)).await;
    let mut talkers = Vec::new();
    for _ in 0..16 {
        let mut talker = Talker::new(&socket).await;
        talker.say(b"{\"order\":\"status\"}\n").await;
        assert!(talker.hear().await.starts_with("{\"ok\""));
        talkers.push(talker);
    }
    let mut turned_away = Talker::new(&socket).await;
    assert_eq!(turned_away.0.read(&mut [0; 1]).await.unwrap_or(0), 0);
    talkers[15].say(b"{\"order\":\"heal\"}\n").await;
    assert!(talkers[15].hear().await.contains("the rack is whole"));
    lab.client.ping().await.unwrap();
}

#[tokio::test]
async fn the_library_gives_orders_one_after_the_other() {
    let (_folder, socket) = socket();
    let lab = Lab::new(options(&socket)).await;
    let orders = [
        Order::PullCable { port: "B".into() },
        Order::PlugAdapter { port: 16.into() },
        Order::Reboot { bindings: patchbay_softswitch::Retention::Keep },
        Order::Status {},
    ];
    let answers = send(&socket, &orders).await.unwrap();
    assert_eq!(answers[0], Ok(Done::Changed("the cable of port 4 (B) is pulled".to_owned())));
    assert!(answers[1].as_ref().unwrap_err().ends_with("is plugged in already"));
    assert_eq!(answers[2], Ok(Done::Changed("the switch has restarted".to_owned())));
    let Ok(Done::Condition(condition)) = &answers[3] else { panic!("{:?}", answers[3]) };
    assert_eq!(**condition, lab.running.condition());
}

#[tokio::test]
async fn the_socket_is_private_and_goes_with_the_switch() {
    let (_folder, socket) = socket();
    for end in ["stop", "kill", "drop"] {
        let running = bench::start(options(&socket)).await;
        let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        match end {
            "stop" => running.stop().await,
            "kill" => running.kill().await,
            _ => drop(running),
        }
        assert!(!socket.exists(), "{end}");
    }
    let gone = send(&socket, &[Order::Status {}]).await.unwrap_err();
    assert!(matches!(gone, SendError::Unreachable { .. }), "{gone}");
    assert!(gone.to_string().contains("control.sock"));
}

#[tokio::test]
async fn a_stale_socket_is_replaced_and_nothing_else() {
    let (_folder, socket) = socket();
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    assert!(socket.exists(), "its owner has gone without removing it");
    let running = bench::start(options(&socket)).await;
    send(&socket, &[Order::Status {}]).await.unwrap();

    let start = async || -> std::io::Error {
        let started = Softswitch::start(Rack::transcripts().unwrap(), ANY_PORT, options(&socket)).await;
        started.err().expect("the socket is not free")
    };
    let taken = start().await;
    assert!(taken.to_string().contains("another switch takes orders"), "{taken}");
    send(&socket, &[Order::Status {}]).await.unwrap();
    running.stop().await;
    std::fs::write(&socket, "my thesis").unwrap();
    let precious = start().await;
    assert!(precious.to_string().contains("is no socket"), "{precious}");
    assert_eq!(std::fs::read_to_string(&socket).unwrap(), "my thesis");
}

async fn scripted(script: &str) -> Running {
    let rack = Rack::parse(&format!("{TRANSCRIPTS_RACK}\n{script}"), "scripted.toml").unwrap();
    Softswitch::start(rack, ANY_PORT, Options::default()).await.unwrap()
}

#[tokio::test]
async fn a_script_gives_its_orders_in_the_order_of_their_times() {
    let running = scripted(
        r#"
        [[script]]
        after_ms = 2
        order = "plug_cable"
        port = "A"

        [[script]]
        after_ms = 3
        order = "plug_cable"
        port = 4

        [[script]]
        after_ms = 0
        order = "pull_cable"
        port = "A"

        [[script]]
        after_ms = 3
        order = "swap"
        port = 20
        adapter = "nvme"
        "#,
    )
    .await;
    let client = client(&running).await;
    // Every look is a round trip; the script's last order shows in the end.
    while running.condition().ports[5].functions.len() != 5 || running.condition().events.recorded < 4 {
        client.ping().await.unwrap();
    }
    let expected = [
        EventKind::HostLinkDown { port: port(0) },
        EventKind::HostLinkUp { port: port(0) },
        EventKind::DeviceDeleted { port: port(20), functions: 5 },
        EventKind::DeviceAdded { port: port(20), functions: 5 },
    ];
    assert_eq!(bench::taken(&client).await, expected, "an order that is refused is passed over");
    assert!(matches!(running.condition().ports[0].link, LinkCondition::Up(_)));
}

#[test]
fn mistakes_in_a_script_are_named_with_line_and_field() {
    // The line of the entry's header; the entry's own lines count from 1.
    let header = TRANSCRIPTS_RACK.lines().count() + 2;
    let cases = [
        ("order = \"pull_cable\"\nport = \"A\"", 1, "script.after_ms", "missing field"),
        ("after_ms = -1\norder = \"heal\"", 1, "script.after_ms", "-1 is not between"),
        ("after_ms = \"soon\"\norder = \"heal\"", 1, "script.after_ms", "milliseconds"),
        ("after_ms = 1\norder = \"dance\"", 2, "script.order", "unknown variant `dance`"),
        ("after_ms = 1\norder = \"pull_cable\"", 2, "script.order", "missing field `port`"),
        ("after_ms = 1\norder = \"heal\"\nspeed = 3", 3, "script.speed", "unknown field `speed`"),
        ("after_ms = 1\nport = \"x\"\norder = \"pull_cable\"", 2, "script.port", "called \"x\""),
        ("after_ms = 1\norder = \"train\"\nport = 0\nwidth = 3", 4, "script.width", "3 lanes"),
        ("after_ms = 1\norder = \"swap\"\nport = 16\nadapter = \"x\"", 4, "script.adapter", "on the shelf"),
        ("after_ms = 1\norder = \"heal\"\nswitch = \"x\"", 3, "script.switch", "no switch has this name"),
    ];
    for (entry, line, field, said) in cases {
        let text = format!("{TRANSCRIPTS_RACK}\n[[script]]\n{entry}\n");
        let error = Rack::parse(&text, "my.toml").unwrap_err();
        assert_eq!((error.line, error.field.as_str()), (header + line, field), "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
}
