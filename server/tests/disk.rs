//! A disk that fills up under the running server, or that takes nothing any more: reading goes on, what is refused is
//! refused in a sentence, nothing is half-done, and everything goes on by itself when the disk does.

mod support;

use patchbay_softswitch::{CommandEvent, CommandKind, Gate, Passing, Phase, Verdict};
use reqwest::StatusCode;
use serde_json::Value;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use support::*;
use tokio::sync::watch;

/// Where the other halves of these tests find their small disk.
const PLACE: &str = "PATCHBAY_TEST_PLACE";
/// How large that disk is: room for the database and all of its log.
const DISK: &str = "16m";
/// More than the disk holds.
const BALLAST_BYTES_MAX: usize = 64 << 20;
/// What people see when a disk is full.
const FULL: &str = "The disk is full, so nothing was written. Make room and try again.";
/// How many changes may still fit on a full disk: its log has room that was written before.
const LAST_CHANGES_MAX: usize = 200;

/// Fills a disk to the last byte.
fn fill(disk: &Path) {
    let mut ballast = File::create(disk.join("ballast")).expect("a file");
    let (block, mut size) = (vec![1_u8; 4_096], 0);
    while ballast.write_all(&block).is_ok() {
        size += block.len();
        assert!(size < BALLAST_BYTES_MAX, "the disk is not small");
    }
}

fn make_room(disk: &Path) {
    std::fs::remove_file(disk.join("ballast")).expect("the ballast is there");
}

/// Runs one of this file's ignored tests on a small disk of its own; does nothing where that is not permitted.
fn on_a_small_disk(test: &str) {
    let dir = folder();
    let in_namespace = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "--", "sh", "-c", script, "sh"]);
        command.arg(dir.path());
        command
    };
    let mount = format!("mount -t tmpfs -o size={DISK} tmpfs \"$1\"");
    if !in_namespace(&mount).stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        eprintln!("not tested: this system does not let tests mount a small disk");
        return;
    }
    let mut command = in_namespace(&format!("{mount} && shift && exec \"$@\""));
    command.arg(std::env::current_exe().expect("this program"));
    command.args(["--exact", test, "--ignored", "--nocapture"]).env(PLACE, dir.path());
    let output = command.output().expect("started");
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("\nheld"), "{said}\n{complained}");
}

fn place() -> Option<PathBuf> {
    std::env::var_os(PLACE).map(PathBuf::from)
}

fn is_full(topology: &Value) -> bool {
    topology["trouble"] == FULL
}

fn is_well(topology: &Value) -> bool {
    topology["trouble"].is_null()
}

/// Everything that only reads works, and says the trouble where it belongs.
async fn reading_goes_on(server: &Server, trouble: &str) {
    for path in ["/", "/history", "/api/v1/topology", "/api/v1/ledger", "/api/v1/drift"] {
        assert_eq!(server.get(path).await.status(), StatusCode::OK, "{path}");
    }
    let health = server.get("/healthz").await;
    assert_eq!(health.status(), StatusCode::OK, "starting it again would not help");
    let health: Value = health.json().await.expect("JSON");
    assert_eq!((health["status"].as_str(), health["trouble"].as_str()), (Some("trouble"), Some(trouble)));
}

/// Stops the server, and proves its ledger.
async fn verified(server: Server, data: &Path) {
    assert!(server.stop().await.success());
    let verify = Command::new(env!("CARGO_BIN_EXE_patchbay")).arg("verify").arg("--data").arg(data).output();
    let verify = verify.expect("started");
    assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stderr));
}

/// Holds binds up, after their work, while it is closed.
struct Weir {
    open: watch::Sender<bool>,
    held: watch::Sender<bool>,
}

impl Weir {
    fn new() -> Arc<Self> {
        Arc::new(Self { open: watch::Sender::new(true), held: watch::Sender::new(false) })
    }

    /// Returns when a bind is held up.
    async fn holds(&self) {
        self.held.subscribe().wait_for(|held| *held).await.expect("it is there");
    }
}

impl Gate for Weir {
    fn pass(&self, event: CommandEvent) -> Passing<'_> {
        let mut open = self.open.subscribe();
        let is_open = *open.borrow();
        if is_open || (event.kind, event.phase) != (CommandKind::Bind, Phase::After) {
            return Box::pin(std::future::ready(Verdict::Proceed));
        }
        self.held.send_replace(true);
        Box::pin(async move {
            let _ = open.wait_for(|open| *open).await;
            Verdict::Proceed
        })
    }
}

/// Asks for changes until one is refused because the disk is full, and checks what is said then.
async fn refused(server: &Server, pdfid: &str) {
    for turn in 0..LAST_CHANGES_MAX {
        let to = (turn % 2 == 0).then_some(12);
        let body = server.request(&[(pdfid, to)], "on a full disk").await;
        let answer = server.post("/api/v1/changes?wait=true", &body).await;
        if answer.status() == StatusCode::OK {
            continue;
        }
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let problem: Value = answer.json().await.expect("JSON");
        assert_eq!((problem["code"].as_str(), problem["detail"].as_str()), (Some("storage"), Some(FULL)));
        return;
    }
    panic!("the disk is not full");
}

#[test]
fn a_change_that_runs_while_the_disk_fills_ends_when_there_is_space() {
    on_a_small_disk("run_while_the_disk_fills");
}

#[tokio::test]
#[ignore = "the other half of a_change_that_runs_while_the_disk_fills_ends_when_there_is_space"]
async fn run_while_the_disk_fills() {
    let Some(disk) = place() else { return };
    let (data, weir) = (disk.join("data"), Weir::new());
    let switch = switch(Some(weir.clone())).await;
    let server = Server::start(&data, Some(&switch)).await;
    server.ready().await;
    weir.open.send_replace(false);
    let body = server.request(&[("0x1001", Some(0))], "runs").await;
    let running: Value = server.post("/api/v1/changes", &body).await.json().await.expect("JSON");
    weir.holds().await;
    fill(&disk);
    weir.open.send_replace(true);
    // The step is done, and its end cannot be written down.
    server.until_shown(is_full).await;
    assert_eq!(bound(&switch), [("0x1001".to_owned(), 0, 0)]);
    reading_goes_on(&server, FULL).await;
    let open = server.get_json("/api/v1/changes").await;
    assert_eq!((&open[0]["id"], open[0]["stage"].as_str()), (&running["id"], Some("running")), "{open}");
    refused(&server, "0x1101").await;

    make_room(&disk);
    let id = running["id"].as_u64().expect("an id");
    server.settled(id).await;
    let ended = server.get_json(&format!("/api/v1/changes/{id}")).await;
    assert_eq!(ended["stage"], "applied", "{ended}");
    server.until_shown(is_well).await;
    let (status, next) = server.change(&[("0x1002", Some(4))]).await;
    assert_eq!(
        (status, next["stage"].as_str()),
        (StatusCode::OK, Some("applied")),
        "without a restart: {next}"
    );
    assert_eq!(shown(&server.topology().await), bound(&switch));
    verified(server, &data).await;
    println!("\nheld");
}

/// What somebody was told who moved a function to and fro between the pool and one host.
struct Told {
    pdfid: &'static str,
    /// Where the function is by what they were told.
    port: Option<u64>,
    applied: usize,
}

/// Moves a function to and fro, on a host that nobody else uses. Who is refused waits until it works again.
async fn person(server: &Server, pdfid: &'static str, home: u64, stop: &watch::Sender<bool>) -> Told {
    let mut told = Told { pdfid, port: None, applied: 0 };
    while !*stop.borrow() {
        let to = if told.port.is_none() { Some(home) } else { None };
        let (status, answer) = server.change(&[(pdfid, to)]).await;
        if status == StatusCode::OK {
            assert_eq!(answer["stage"], "applied", "{answer}");
            (told.port, told.applied) = (to, told.applied + 1);
        } else {
            assert_eq!((status, answer["detail"].as_str()), (StatusCode::INTERNAL_SERVER_ERROR, Some(FULL)));
            server.until_shown(is_well).await;
        }
    }
    told
}

#[test]
fn nobody_is_told_anything_false_while_the_disk_fills_and_empties() {
    on_a_small_disk("move_while_the_disk_fills");
}

#[tokio::test]
#[ignore = "the other half of nobody_is_told_anything_false_while_the_disk_fills_and_empties"]
async fn move_while_the_disk_fills() {
    let Some(disk) = place() else { return };
    let (data, switch, stop) = (disk.join("data"), switch(None).await, watch::Sender::new(false));
    let server = Server::start(&data, Some(&switch)).await;
    server.ready().await;
    let filling = async {
        for _ in 0..3 {
            let seq = server.topology().await["seq"].as_u64().expect("a number");
            server.until_shown(|t| t["seq"].as_u64().is_some_and(|now| now > seq + 30)).await;
            fill(&disk);
            server.until_shown(is_full).await;
            reading_goes_on(&server, FULL).await;
            make_room(&disk);
            server.until_shown(is_well).await;
        }
        stop.send_replace(true);
    };
    let (one, two, three, four, ()) = tokio::join!(
        person(&server, "0x1001", 0, &stop),
        person(&server, "0x1002", 4, &stop),
        person(&server, "0x1101", 8, &stop),
        person(&server, "0x1102", 12, &stop),
        filling,
    );
    let topology = server.topology().await;
    assert_eq!(shown(&topology), bound(&switch));
    // Whether somebody was refused, or all of them were waiting for an end to be written down, is chance.
    for told in [one, two, three, four] {
        let found = shown(&topology).into_iter().find(|(pdfid, _, _)| pdfid == told.pdfid);
        assert_eq!(found.map(|(_, port, _)| port), told.port, "{} by what was told", told.pdfid);
        assert!(told.applied > 0, "{} was moved", told.pdfid);
    }
    verified(server, &data).await;
    println!("\nheld");
}

#[test]
fn a_start_on_a_full_disk_says_so_and_works_when_there_is_room() {
    on_a_small_disk("start_on_a_full_disk");
}

#[tokio::test]
#[ignore = "the other half of a_start_on_a_full_disk_says_so_and_works_when_there_is_room"]
async fn start_on_a_full_disk() {
    let Some(disk) = place() else { return };
    let (known, new) = (disk.join("known"), disk.join("new"));
    let switch = switch(None).await;
    let server = Server::start(&known, Some(&switch)).await;
    server.ready().await;
    assert_eq!(server.change(&[("0x1001", Some(0))]).await.0, StatusCode::OK);
    assert!(server.stop().await.success());
    std::fs::create_dir(&new).expect("there is room for a folder");
    fill(&disk);
    for data in [&known, &new] {
        let ended = command(data, Some(&switch)).stderr(Stdio::piped()).spawn().expect("started");
        let ended = ended.wait_with_output().await.expect("it ends");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(!ended.status.success() && said.contains(FULL), "{}: {said}", data.display());
    }
    make_room(&disk);
    let server = Server::start(&known, Some(&switch)).await;
    server.ready().await;
    assert_eq!(shown(&server.topology().await), [("0x1001".to_owned(), 0, 0)]);
    verified(server, &known).await;
    println!("\nheld");
}

/// Files that nobody can write, not even root, until this goes.
struct Immutable(Vec<PathBuf>);

impl Immutable {
    /// None where that is not permitted, or the file system cannot do it.
    fn make(folder: &Path) -> Option<Self> {
        let entries = std::fs::read_dir(folder).expect("readable");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.push(folder.to_owned());
        let made = Self(paths);
        made.set("+i").then_some(made)
    }

    fn set(&self, how: &str) -> bool {
        let mut command = Command::new("chattr");
        command.arg(how).args(&self.0).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

impl Drop for Immutable {
    fn drop(&mut self) {
        self.set("-i");
    }
}

#[tokio::test]
async fn a_database_that_becomes_read_only_is_said_and_goes_on_when_it_is_writable() {
    let (data, switch) = (folder(), switch(None).await);
    let server = Server::start(data.path(), Some(&switch)).await;
    server.ready().await;
    server.change(&[("0x1001", Some(0))]).await;
    let before = (bound(&switch), server.topology().await["seq"].clone());
    // The first reading after a write marks itself in the index of SQLite's log, which is mapped memory: in a file that is
    // immutable that would end the process. After this one, nothing is written there before the write that shall fail.
    server.get_json("/api/v1/ledger").await;
    let Some(immutable) = Immutable::make(data.path()) else {
        eprintln!("not tested: this system does not let tests make files immutable");
        return;
    };
    let (status, refused) = server.change(&[("0x1001", Some(4))]).await;
    assert_eq!((status, refused["code"].as_str()), (StatusCode::INTERNAL_SERVER_ERROR, Some("storage")));
    // First the write fails, and then the database cannot even be opened for writing.
    let trouble =
        server.until_shown(|t| t["trouble"].as_str().is_some_and(|why| why.contains("read-only"))).await;
    let trouble = trouble["trouble"].as_str().expect("a sentence");
    assert_eq!(trouble, "The database is read-only. Check the permissions of its file and directory.");
    reading_goes_on(&server, trouble).await;
    let (_, refused) = server.change(&[("0x1001", Some(4))]).await;
    assert_eq!(refused["detail"].as_str(), Some(trouble), "{refused}");
    assert_eq!((bound(&switch), server.topology().await["seq"].clone()), before, "nothing was done");

    drop(immutable);
    server.until_shown(is_well).await;
    let (_, next) = server.change(&[("0x1001", Some(4))]).await;
    assert_eq!(next["stage"], "applied", "without a restart: {next}");
    assert_eq!(shown(&server.topology().await), bound(&switch));
    verified(server, data.path()).await;
}
