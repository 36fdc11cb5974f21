//! A database that an older version wrote: with the migrations up to 3, before troubles and before wishes by entry. The
//! files beside this one are what it wrote, so they stay as they are.

use crate::lab::{HOST_B, Lab, NIC_VF1, NIC_VF2, SWITCH};
use patchbay_domain::chain::EntryText;
use patchbay_domain::*;
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use std::path::Path;

/// The newest migration that it had.
const MIGRATED: i64 = 3;
const LEDGER: &str = include_str!("ledger.tsv");
const TABLES: &str = include_str!("tables.sql");

/// Writes the older database, ledger first.
async fn write(path: &Path) {
    let mut migrations: Migrator = sqlx::migrate!("../../migrations");
    migrations.migrations.to_mut().retain(|migration| migration.version <= MIGRATED);
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut raw = SqliteConnection::connect_with(&options).await.expect("a new database");
    migrations.run(&mut raw).await.expect("migrated as far as it was");
    let mut prev = Hash::ZERO;
    for (seq, line) in (1..).zip(LEDGER.lines()) {
        let [at, actor, event] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let kind = event.split('"').nth(1).expect("an event begins with its kind");
        let hash = EntryText { seq: Seq::new(seq), at, actor, event }.hash(&prev);
        let insert =
            "INSERT INTO ledger (seq, at, kind, actor, prev, hash, event) VALUES (?, ?, ?, ?, ?, ?, ?)";
        let insert =
            sqlx::query(insert).bind(i64::try_from(seq).expect("small")).bind(at).bind(kind).bind(actor);
        let insert = insert.bind(prev.to_string()).bind(hash.to_string()).bind(event);
        insert.execute(&mut raw).await.expect("written");
        prev = hash;
    }
    sqlx::raw_sql(TABLES).execute(&mut raw).await.expect("written");
    sqlx::raw_sql("ANALYZE").execute(&mut raw).await.expect("as it was closed");
    raw.close().await.expect("closed");
}

async fn opened() -> Lab {
    let dir = tempfile::tempdir().expect("a directory");
    write(&Lab::path_in(&dir)).await;
    Lab::in_dir(dir).await
}

#[tokio::test]
async fn an_older_database_is_opened_with_all_that_it_says() {
    let lab = opened().await;
    let entries = lab.entries().await;
    assert_eq!(entries.len(), 9);
    let loaded = lab.store.load().await.expect("sound");
    let verified = lab.store.verify().await.expect("a chain");
    assert_eq!((verified.entries, verified.head), (9, loaded.head));
    assert_eq!(loaded.next_change, ChangeId::new(3));

    let mut folded = Topology::default();
    entries.iter().for_each(|entry| drop(folded.apply(entry)));
    folded.set_switch_state(SWITCH, SwitchState::Connecting);
    assert_eq!(loaded.topology, folded);
    assert!(!folded.hosts[&HOST_B].link.up, "as an entry said then");
    assert!(folded.drift.contains_key(&NIC_VF2) && folded.health.is_empty());
    assert_eq!(folded.open.keys().copied().collect::<Vec<_>>(), [ChangeId::new(2)]);
    let analysed = lab.analysed().await;
    assert!(analysed.iter().all(|table| table == "lines"), "{analysed:?}");
}

#[tokio::test]
async fn the_history_of_an_older_database_reads_and_its_moments_are_known() {
    let lab = opened().await;
    let page = lab.store.history(&HistoryQuery::default()).await.expect("readable");
    let kinds: Vec<_> = page.items.iter().map(|item| item.kind).collect();
    let wanted = [
        ItemKind::Change,
        ItemKind::Reachability,
        ItemKind::Reachability,
        ItemKind::Links,
        ItemKind::Drift,
        ItemKind::Change,
        ItemKind::Discovery,
        ItemKind::Discovery,
    ];
    assert_eq!(kinds, wanted);
    assert_eq!(page.items[2].title, "rack-12-pax stopped answering");
    let record = lab.store.change(ChangeId::new(1)).await.expect("readable").expect("recorded");
    assert_eq!(record.closed.expect("closed").outcome, Outcome::Applied);
    let key = "ticket-1".parse().expect("a key");
    let known = lab.store.change_with_key(&key).await.expect("readable");
    assert_eq!(known, Some((ChangeId::new(1), Hash::new([1; 32]))));

    let mut folded = Topology::default();
    for entry in lab.entries().await {
        let before = folded.generation;
        folded.apply(&entry);
        let wishes = lab.store.wishes(entry.seq).await.expect("readable");
        assert_eq!(wishes, Some(folded.wishes()), "as of entry {}", entry.seq);
        if folded.generation != before {
            let of = lab.store.entry_of(folded.generation).await.expect("readable");
            assert_eq!(of, Some(entry.seq), "generation {}", folded.generation);
        }
    }
    assert_eq!(folded.generation, Generation::new(3));
}

#[tokio::test]
async fn work_goes_on_in_an_older_database() {
    let lab = opened().await;
    lab.close(ChangeId::new(2), Outcome::Applied).await;
    let raised = Event::HealthRaised {
        switch: SWITCH,
        subject: Subject::HostDown(HOST_B),
        name: "db-02".to_owned(),
        why: "Port 4 has no link.".to_owned(),
        since: crate::lab::at(6),
        times: 1,
    };
    lab.record(crate::lab::at(7), raised).await.expect("the first trouble that it has");
    let change = lab.open("ben", NIC_VF1, Some(crate::lab::HOST_A), "INC-3").await;
    lab.close(change, Outcome::Applied).await;
    let lab = lab.reopened().await;
    let topology = lab.topology().await;
    assert_eq!(topology.functions[&NIC_VF1].assigned.map(|at| at.host), Some(crate::lab::HOST_A));
    assert_eq!(topology.health.len(), 1);
    assert_eq!(lab.store.verify().await.expect("a chain").entries, 13);
}
