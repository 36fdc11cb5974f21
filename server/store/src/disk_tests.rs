//! A disk that refuses: each cause has its own error, and none outlasts its cause.

use crate::error::StoreError;
use crate::open::options;
use crate::writer::Writer;
use crate::{Store, Writing, ledger};
use chrono::DateTime;
use patchbay_domain::{Actor, Event};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tempfile::TempDir;

async fn store() -> (Store, TempDir) {
    let dir = tempfile::tempdir().expect("a directory");
    (Store::open(&dir.path().join("rack.db")).await.expect("a new database"), dir)
}

/// Runs a pragma on the writing connection.
async fn pragma(store: &Store, sql: &'static str) {
    let mut tx = store.begin().await.expect("a transaction");
    sqlx::query(sql).fetch_all(&mut *tx).await.expect(sql);
    tx.end(Ok(())).await.expect("nothing was written");
}

async fn add(store: &Store, number: usize) -> Result<(), StoreError> {
    let (key, name) = (format!("pax-{number}"), "rack".repeat(200));
    let added = store.add_switch(DateTime::UNIX_EPOCH, &Actor::Engine, &key, &name, "10.0.0.1").await;
    added.map(|_| ())
}

/// Checks that reading goes on, and that nothing of a refused write is there.
async fn holds(store: &Store, switches: usize) {
    let loaded = store.load().await.expect("reading goes on");
    assert_eq!(loaded.topology.switches.len(), switches);
    assert_eq!(store.verify().await.expect("a chain").entries, u64::try_from(switches).expect("few"));
}

#[tokio::test]
async fn a_full_disk_is_told_and_the_same_store_goes_on_when_there_is_space() {
    let (store, _dir) = store().await;
    pragma(&store, "PRAGMA max_page_count = 60").await;
    let mut written = 0;
    let refused = loop {
        match add(&store, written).await {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 1_000, "the limit does not hold");
    };
    assert!(matches!(refused, StoreError::NoSpace(_)), "{refused:?}");
    assert!(refused.to_string().starts_with("The disk is full"), "{refused}");
    holds(&store, written).await;
    pragma(&store, "PRAGMA max_page_count = 100000").await;
    add(&store, written).await.expect("there is space again");
    holds(&store, written + 1).await;
}

#[tokio::test]
async fn a_read_only_database_is_told_and_the_same_store_goes_on_when_it_is_writable() {
    let (store, _dir) = store().await;
    pragma(&store, "PRAGMA query_only = ON").await;
    let refused = add(&store, 0).await.expect_err("read-only");
    assert!(matches!(refused, StoreError::ReadOnly(_)), "{refused:?}");
    holds(&store, 0).await;
    pragma(&store, "PRAGMA query_only = OFF").await;
    add(&store, 0).await.expect("writable again");
    holds(&store, 1).await;
}

/// SQLite opens what it may not write for reading, begins transactions on it, and never tries again to open it.
#[tokio::test]
async fn a_connection_that_was_opened_while_the_database_was_read_only_is_not_kept() {
    let (store, dir) = store().await;
    store.close().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(dir.path().join("rack.db"));
    let connection = options.clone().read_only(true).connect().await.expect("readable");
    let writer = Writer::new(connection, options);
    let write = async || {
        let mut tx = writer.begin().await?;
        let written = sqlx::query("UPDATE room SET pad = pad").execute(&mut *tx).await;
        tx.end(written.map_err(StoreError::from)).await
    };
    let refused = write().await.expect_err("read-only");
    assert!(matches!(refused, StoreError::ReadOnly(_)), "{refused:?}");
    write().await.expect("it is writable again");
}

#[tokio::test]
async fn a_database_that_another_program_locks_is_told_and_written_when_it_is_free() {
    let (store, dir) = store().await;
    pragma(&store, "PRAGMA busy_timeout = 1").await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(dir.path().join("rack.db"));
    let mut other = SqliteConnection::connect_with(&options).await.expect("a second connection");
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.expect("the lock");
    let refused = add(&store, 0).await.expect_err("locked");
    assert!(matches!(refused, StoreError::Busy(_)), "{refused:?}");
    holds(&store, 0).await;
    sqlx::query("ROLLBACK").execute(&mut other).await.expect("free");
    add(&store, 0).await.expect("free again");
    holds(&store, 1).await;
}

#[tokio::test]
async fn a_database_that_another_program_locks_is_closed_all_the_same() {
    let (store, dir) = store().await;
    add(&store, 0).await.expect("free");
    pragma(&store, "PRAGMA busy_timeout = 1").await;
    let path = dir.path().join("rack.db");
    let mut other = options(&path).connect().await.expect("a second connection");
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.expect("the lock");
    store.close().await;
    sqlx::query("ROLLBACK").execute(&mut other).await.expect("free");
    holds(&Store::open(&path).await.expect("it was closed"), 1).await;
}

#[tokio::test]
async fn a_caller_that_goes_away_in_the_middle_leaves_nothing_behind() {
    let (store, _dir) = store().await;
    let mut tx = store.begin().await.expect("a transaction");
    let name = "INSERT INTO hosts (name) VALUES ('half-done')";
    sqlx::query(name).execute(&mut *tx).await.expect("written");
    drop(tx);
    add(&store, 0).await.expect("the next one begins anew");
    let hosts = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM hosts");
    assert_eq!(hosts.fetch_one(&mut *store.read().await.expect("readable")).await.expect("counted"), 0);
}

#[tokio::test]
async fn what_another_program_wrote_is_noticed_and_nothing_is_written_on_top_of_it() {
    let (store, dir) = store().await;
    add(&store, 0).await.expect("added");
    let switch = *store.load().await.expect("readable").topology.switches.keys().next().expect("added");
    let heard = || {
        let event = Event::BindingsFound { switch, differences: Vec::new() };
        vec![Writing::Event { at: DateTime::UNIX_EPOCH, event }]
    };
    store.write(heard()).await.expect("written, with what was loaded");
    let mut foreign = options(&dir.path().join("rack.db")).connect().await.expect("nobody writes now");
    let event = Event::BindingsFound { switch, differences: Vec::new() };
    let entry = ledger::append(&mut foreign, DateTime::UNIX_EPOCH, &Actor::Engine, event).await;
    let entry = entry.expect("an entry that this store does not know");
    let refused = store.write(heard()).await.expect_err("another entry stands there");
    assert!(refused.to_string().contains("the entry that follows the last one"), "{refused}");
    let entries = store.write(heard()).await.expect("what stands there was read");
    assert_eq!(entries.iter().map(|e| (e.seq, e.prev)).collect::<Vec<_>>(), [(entry.seq.next(), entry.hash)]);
    store.verify().await.expect("a chain");
}

#[tokio::test]
async fn a_transaction_whose_first_reading_fails_is_taken_back() {
    let (store, _dir) = store().await;
    let mut tx = store.begin_later().await.expect("nobody writes");
    let failed = tx.begin_reading(sqlx::query("BEGIN IMMEDIATE; SELECT * FROM nowhere")).await;
    tx.end::<()>(Err(failed.expect_err("there is no such table"))).await.expect_err("what failed");
    add(&store, 0).await.expect("the next transaction begins");
}
