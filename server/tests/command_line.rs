//! What the program says when it is started wrongly, and that it stops when asked.

mod support;

use std::process::Output;
use support::*;
use tokio::process::Command;

async fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_patchbay")).args(arguments).output().await.expect("the program runs")
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn an_open_address_needs_a_word_for_it() {
    let data = folder();
    let data = data.path().to_str().expect("text");
    let said = complaint(&run(&["serve", "--listen", "0.0.0.0:0", "--data", data]).await);
    assert!(said.contains("--insecure-open"), "{said}");
}

#[tokio::test]
async fn a_bad_rack_file_is_named_with_line_and_field() {
    let data = folder();
    let file = data.path().join("rack.toml");
    std::fs::write(&file, "[switch]\nname = \"r\"\nindex = 0\ndevice_id = 0x4252\nfirmware = 1\n\n[[host]]\nname = \"a\"\nport = 300\n")
        .expect("written");
    let (file, folder) = (file.to_str().expect("text"), data.path().to_str().expect("text"));
    let said = complaint(&run(&["serve", "--listen", "127.0.0.1:0", "--data", folder, "--lab", file]).await);
    assert!(said.contains("rack.toml") && said.contains('9') && said.contains("port"), "{said}");
    let said =
        complaint(&run(&["softswitch", "--listen", "127.0.0.1:0", "--rack", "/nowhere/rack.toml"]).await);
    assert!(said.contains("/nowhere/rack.toml"), "{said}");
}

#[tokio::test]
async fn a_rack_is_made_checked_and_explained() {
    let data = folder();
    let file = data.path().join("made.toml");
    let made =
        run(&["softswitch", "rack", "--hosts", "60", "--adapters", "4", "--functions", "80", "--seed", "5"]);
    let made = made.await;
    assert!(made.status.success(), "{made:?}");
    std::fs::write(&file, made.stdout).expect("written");
    let checked = run(&["softswitch", "check", file.to_str().expect("text")]).await;
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success(), "{checked:?}");
    assert!(
        said.starts_with("2 switches, 60 hosts, 4 adapters, 80 functions, 40 of them assigned\n"),
        "{said}"
    );
    let large = run(&["softswitch", "check", "large"]).await;
    assert!(
        String::from_utf8_lossy(&large.stdout).contains("Warning: pax-a: the vendor's tool"),
        "{large:?}"
    );
    std::fs::write(
        &file,
        "[switch]\nname = \"a b\"\nindex = 0\ndevice_id = 0x4252\nfirmware = 1\ntemperature_c = 1.0\n",
    )
    .expect("written");
    let wrong = run(&["softswitch", "check", file.to_str().expect("text")]).await;
    assert_eq!(wrong.status.code(), Some(1));
    let said = complaint(&wrong);
    assert!(said.contains("made.toml, line 2: field \"switch.name\": "), "{said}");
    let said = complaint(
        &run(&["softswitch", "rack", "--hosts", "1", "--adapters", "1", "--functions", "999"]).await,
    );
    assert!(said.contains("1 adapters have at most 256 functions"), "{said}");
}

#[tokio::test]
async fn a_lab_of_two_switches_is_served_whole() {
    let data = folder();
    let mut lab = command(data.path(), None);
    lab.args(["--lab", "pair"]);
    let server = Server::spawn(lab).await;
    server.ready().await;
    assert_eq!(server.topology().await["switches"].as_array().map(Vec::len), Some(2));
    for function in ["0x1001", "0x1801"] {
        let (status, record) = server.change(&[(function, None)]).await;
        assert_eq!((status.as_u16(), record["stage"].as_str()), (200, Some("applied")), "{record}");
    }
    assert!(server.stop().await.success());
    let state = |name: &str| data.path().join(name).exists();
    assert!(state("lab-state-pax-a.json") && state("lab-state-pax-b.json") && !state("lab-state.json"));
}

#[tokio::test]
async fn hosts_are_called_as_their_file_says_also_when_they_were_seen_before() {
    let (data, switch) = (folder(), switch(None).await);
    let file = data.path().join("hosts.toml");
    let called = async |server: &Server| {
        let topology = server.topology().await;
        let names = topology["hosts"].as_array().expect("hosts").iter().map(|host| host["name"].clone());
        names.map(|name| name.as_str().expect("text").to_owned()).collect::<Vec<_>>()
    };
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    let by_default = format!("pax-{}-p4", switch.addr());
    assert_eq!(called(&server).await[1], by_default);
    assert!(server.stop().await.success());

    let address = switch.addr();
    let named = format!("[[host]]\nname = \"db-01\"\nswitch = \"{address}\"\nport = 4\n");
    std::fs::write(&file, &named).expect("written");
    let with_file = || {
        let mut command = command(data.path(), Some(&switch));
        command.arg("--hosts").arg(&file);
        command
    };
    let server = Server::spawn(with_file()).await;
    server.ready().await;
    assert_eq!(called(&server).await[1], "db-01");
    assert!(server.stop().await.success());

    std::fs::write(&file, named.replace("port = 4", "port = \"four\"")).expect("written");
    let wrong = with_file().stderr(std::process::Stdio::piped()).output().await.expect("the program runs");
    let said = complaint(&wrong);
    assert!(said.contains("hosts.toml, line 4: field \"port\": invalid type"), "{said}");
}

#[tokio::test]
async fn two_servers_do_not_share_a_data_folder() {
    let (data, switch) = (folder(), switch(None).await);
    let first = Server::start(data.path(), Some(&switch)).await;
    let second = command(data.path(), Some(&switch)).stderr(std::process::Stdio::piped()).output().await;
    let said = complaint(&second.expect("the program runs"));
    assert!(said.contains("patchbay.db") || said.contains("another"), "{said}");
    assert!(first.stop().await.success());
}

#[tokio::test]
async fn a_server_stops_when_asked_also_with_a_stream_open() {
    let (data, switch) = (folder(), switch(None).await);
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    let mut stream = server.get("/api/v1/stream").await;
    stream.chunk().await.expect("the stream begins");
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn an_unreachable_switch_is_shown_and_refuses_until_it_answers() {
    let (data, gone) = (folder(), switch(None).await);
    let server = Server::start(data.path(), Some(&gone)).await;
    server.ready().await;
    let body = server.request(&[("0x1001", Some(0))], "too late").await;
    gone.kill().await;
    server.until("switch", |data| data["switch"]["state"] == "unreachable").await;
    let refused = server.post("/api/v1/changes", &body).await;
    assert_eq!(refused.status().as_u16(), 422);
    let refused: serde_json::Value = refused.json().await.expect("JSON");
    assert_eq!(refused["code"], "switch_away", "{refused}");
    assert_eq!(server.get("/healthz").await.status().as_u16(), 200);
    assert_eq!(server.get_json("/healthz").await["switches"][0]["state"], "unreachable");
}

#[tokio::test]
async fn verify_reads_the_whole_ledger() {
    let (data, switch) = (folder(), switch(None).await);
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    server.change(&[("0x1001", Some(0))]).await;
    assert!(server.stop().await.success());
    let output = run(&["verify", "--data", data.path().to_str().expect("text")]).await;
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("holds together: 4 entries"), "{said}");
}

#[tokio::test]
async fn verify_makes_no_history_where_there_is_none() {
    let data = folder();
    let (folder, database) = (data.path().to_str().expect("text"), data.path().join("patchbay.db"));
    let said = complaint(&run(&["verify", "--data", folder]).await);
    assert!(said.contains("There is no database"), "{said}");
    std::fs::write(&database, []).expect("an empty file");
    let said = complaint(&run(&["verify", "--data", folder]).await);
    assert!(said.contains("is empty"), "{said}");
    assert_eq!(std::fs::read_dir(data.path()).expect("a folder").count(), 1, "and nothing beside it");
}

#[tokio::test]
async fn a_reader_that_has_read_enough_is_no_failure() {
    let words = ["softswitch", "rack", "--hosts", "64", "--adapters", "16", "--functions", "2048"];
    let mut program = Command::new(env!("CARGO_BIN_EXE_patchbay"))
        .args(words)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program runs");
    // The file is longer than a pipe holds, so the program is still writing, or has not begun, when the reader goes.
    drop(program.stdout.take());
    let ended = program.wait_with_output().await.expect("it ends");
    assert!(ended.status.success(), "{ended:?}");
    assert!(ended.stderr.is_empty(), "{ended:?}");
}
