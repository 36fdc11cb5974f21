//! A log that was torn, a server that was killed, a disk that is full: what was acknowledged is there, and nothing
//! is there in part.

use crate::lab::{self, HBA_VF1, HOST_B, Lab, NIC_VF2, SWITCH};
use patchbay_domain::*;
use patchbay_store::{Closing, Store, StoreError, Writing};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Where the other halves of these tests, in processes of their own, find their database.
const PLACE: &str = "PATCHBAY_TEST_PLACE";
/// The header of the log, and a frame in it: a page with its own header (SQLite's file format, section 4).
const LOG_HEADER_BYTES: usize = 32;
const LOG_FRAME_BYTES: usize = 24 + 4_096;
/// How many writings a group has here.
const GROUP: u64 = 4;

/// A group that opens a change, hears from the switch twice, and closes the change.
async fn group(store: &Store, function: FunctionId) -> Vec<Writing> {
    let loaded = store.load().await.expect("sound");
    let mut topology = loaded.topology;
    topology.switches.values_mut().for_each(|switch| switch.state = SwitchState::Ready);
    let to = if topology.functions[&function].assigned.is_some() { None } else { Some(HOST_B) };
    let intent = Intent::single(function, to);
    let plan = plan(&topology, &intent).expect("allowed");
    let (outcome, moves) = (Outcome::Applied, plan.recorded_moves());
    let closing = Closing { outcome, why: None, reports: [].into(), moves };
    let opening = lab::opening(loaded.next_change, "ada", intent, plan, "INC-1");
    let heard = || Writing::Event { at: lab::at(4), event: lab::nothing_found(SWITCH) };
    let change = opening.change;
    vec![Writing::Open(Box::new(opening)), heard(), heard(), lab::closed(change, closing)]
}

/// Checks that the ledger holds, and that the tables are what it folds to. Gives its entries.
async fn sound(store: &Store) -> Vec<Entry> {
    let loaded = store.load().await.expect("sound");
    let verified = store.verify().await.expect("a chain");
    assert_eq!((verified.entries, verified.head), (loaded.seq.get(), loaded.head));
    let (mut entries, mut after) = (Vec::new(), Some(Seq::new(0)));
    while let Some(from) = after {
        let page = store.ledger(from, 1_000).await.expect("sound");
        entries.extend(page.entries);
        after = page.next_after;
    }
    let mut folded = Topology::default();
    entries.iter().for_each(|entry| drop(folded.apply(entry)));
    folded.switches.values_mut().for_each(|switch| switch.state = SwitchState::Connecting);
    assert_eq!(folded, loaded.topology);
    entries
}

/// The log beside a database.
fn log_of(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push("-wal");
    path.into()
}

#[tokio::test]
async fn a_torn_log_gives_exactly_what_was_committed_before_the_tear() {
    let lab = Lab::discovered().await;
    // Behind its last frame the log is all zeros; a frame may end with some too.
    let length = || {
        let log = std::fs::read(log_of(&lab.path())).expect("a log");
        let last = log.iter().rposition(|byte| *byte != 0).expect("frames");
        LOG_HEADER_BYTES + (last + 1 - LOG_HEADER_BYTES).next_multiple_of(LOG_FRAME_BYTES)
    };
    let mut commits = Vec::new();
    for _ in 0..12 {
        let written = lab.store.write(group(&lab.store, NIC_VF2).await).await.expect("written");
        commits.push((length(), written.last().expect("four").seq));
    }
    let entries = lab.entries().await;
    let (database, log) = (std::fs::read(lab.path()), std::fs::read(log_of(&lab.path())));
    let (database, mut log) = (database.expect("the database"), log.expect("its log"));
    log.truncate(commits[commits.len() - 1].0);
    let dir = tempfile::tempdir().expect("a directory");
    let first = commits[0].0;
    let step = (log.len() - first) / 40;
    for (number, cut) in (first..log.len()).step_by(step).chain([0, 31, 40, first / 2]).enumerate() {
        // A tear that leaves garbage behind instead of nothing, every other time.
        let mut torn = log[..cut].to_vec();
        if number % 2 == 1 {
            torn.extend(log[cut..].iter().map(|byte| byte ^ 0x5a));
        }
        let path = dir.path().join(format!("torn-{number}.db"));
        std::fs::write(&path, &database).expect("copied");
        std::fs::write(log_of(&path), torn).expect("copied");
        let store = Store::open(&path).await.expect("opens");
        let found = sound(&store).await;
        assert_eq!(found, entries[..found.len()], "torn at {cut}");
        let whole = commits.iter().rev().find(|(end, _)| *end <= cut);
        if let Some((_, seq)) = whole {
            assert_eq!(found.last().map(|entry| entry.seq), Some(*seq), "torn at {cut}");
            store.write(group(&store, NIC_VF2).await).await.expect("goes on");
        }
        store.close().await;
    }
}

/// This program again, running only one of its ignored tests.
fn other_half(test: &str, place: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", test, "--ignored", "--nocapture"]).env(PLACE, place);
    command
}

fn place() -> Option<PathBuf> {
    std::env::var_os(PLACE).map(PathBuf::from)
}

#[tokio::test]
#[ignore = "the other half of a_server_that_is_killed_in_the_middle_leaves_whole_groups"]
async fn write_until_killed() {
    let Some(path) = place() else { return };
    let store = Store::open(&path).await.expect("opens");
    loop {
        let written = store.write(group(&store, HBA_VF1).await).await.expect("written");
        println!("\nwritten {}", written.last().expect("four").seq);
    }
}

/// Waits until so many groups are acknowledged, kills, and gives the last acknowledged entry. What was acknowledged
/// between the waiting and the killing counts too.
fn kill_after(mut child: Child, groups: usize) -> u64 {
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut acknowledged =
        lines.filter_map(|line| line.ok()?.strip_prefix("written ").and_then(|seq| seq.parse().ok()));
    let mut last = acknowledged.by_ref().nth(groups).expect("it writes");
    child.kill().expect("killed");
    child.wait().expect("ended");
    if let Some(later) = acknowledged.last() {
        last = later;
    }
    last
}

#[tokio::test]
async fn a_server_that_is_killed_in_the_middle_leaves_whole_groups() {
    let lab = Lab::discovered().await;
    let before = lab.entries().await.len() as u64;
    lab.store.close().await;
    for groups in [0, 1, 2, 7, 20, 60] {
        let mut command = other_half("disk::write_until_killed", &lab.path());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("started");
        let acknowledged = kill_after(child, groups);
        let store = Store::open(&lab.path()).await.expect("opens");
        let found = sound(&store).await.len() as u64;
        assert!(found >= acknowledged, "{acknowledged} were acknowledged, {found} are there");
        assert_eq!((found - before) % GROUP, 0, "a group is there in part");
        store.close().await;
    }
}

/// Fills the disk of a directory to the last byte, or until it holds `leave` bytes less than that.
fn fill(dir: &Path, leave: usize) {
    let ballast = dir.join("ballast");
    let mut size = 0;
    let block = vec![1_u8; 4_096];
    let mut file = std::fs::File::create(&ballast).expect("a file");
    while std::io::Write::write_all(&mut file, &block).is_ok() {
        size += block.len();
        assert!(size < 64 << 20, "the disk is not small");
    }
    file.set_len(size.saturating_sub(leave) as u64).expect("made smaller");
}

#[tokio::test]
#[ignore = "the other half of a_disk_that_is_really_full_costs_nothing_but_the_write"]
async fn write_until_full() {
    let Some(dir) = place() else { return };
    let lab = Lab::discovered_in(&dir).await;
    for leave in [0, 64 << 10, 200 << 10] {
        fill(&dir, leave);
        let (mut written, mut refused) = (sound(&lab.store).await, None);
        while refused.is_none() {
            match lab.store.write(group(&lab.store, NIC_VF2).await).await {
                Ok(entries) => written.extend(entries),
                Err(error) => refused = Some(error),
            }
            assert!(written.len() < 10_000, "the disk is not full");
        }
        assert!(matches!(refused, Some(StoreError::NoSpace(_))), "{refused:?}");
        let again = lab.store.write(group(&lab.store, NIC_VF2).await).await;
        assert!(matches!(again, Err(StoreError::NoSpace(_))), "{again:?}");
        assert_eq!(sound(&lab.store).await, written, "reading goes on, and nothing is there in part");
        std::fs::remove_file(dir.join("ballast")).expect("space");
        written
            .extend(lab.store.write(group(&lab.store, NIC_VF2).await).await.expect("there is space again"));
        assert_eq!(sound(&lab.store).await, written);
    }
    println!("\nheld");
}

#[test]
fn a_disk_that_is_really_full_costs_nothing_but_the_write() {
    let dir = tempfile::tempdir().expect("a directory");
    let in_namespace = |script: &str| {
        let mut command = Command::new("unshare");
        command
            .args(["--user", "--map-root-user", "--mount", "--", "sh", "-c", script, "sh"])
            .arg(dir.path());
        command
    };
    let mount = "mount -t tmpfs -o size=3m tmpfs \"$1\"";
    if !in_namespace(mount).stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        eprintln!("not tested: this system does not let tests mount a small disk");
        return;
    }
    let mut command = in_namespace(&format!("{mount} && shift && exec \"$@\""));
    let other = other_half("disk::write_until_full", dir.path());
    command.arg(other.get_program()).args(other.get_args()).env(PLACE, dir.path());
    let output = command.output().expect("started");
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("\nheld"), "{said}\n{complained}");
}

#[tokio::test]
async fn a_probe_needs_as_much_room_in_the_log_as_a_change() {
    let lab = Lab::discovered().await;
    let mut raw = lab.raw().await;
    let mut frames = async || {
        let log = sqlx::query_as::<_, (i64, i64, i64)>("PRAGMA wal_checkpoint(PASSIVE)");
        log.fetch_one(&mut raw).await.expect("a checkpoint").1
    };
    frames().await;
    for _ in 0..2 {
        // All of the log is in the database file, so that it begins anew.
        lab.store.probe().await.expect("there is room");
        let written = frames().await;
        assert!(written >= 16, "{written} pages: not all of the same may be left out");
    }
    assert_eq!(lab.store.load().await.expect("loaded").topology.functions.len(), 6);
}
