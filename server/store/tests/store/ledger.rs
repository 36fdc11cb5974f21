//! The ledger cannot be changed, and who changes it anyway is found out.

use crate::lab::{HOST_B, Lab, NIC_VF2};
use patchbay_domain::chain::EntryText;
use patchbay_domain::{ChainError, Event, Outcome, Seq, SwitchId, SwitchState};
use patchbay_store::{Store, StoreError, Writing};
use sqlx::SqliteConnection;

/// What SQLite says to a statement that must not work.
async fn refused(raw: &mut SqliteConnection, sql: &'static str) -> String {
    sqlx::raw_sql(sql).execute(raw).await.expect_err(sql).to_string()
}

#[tokio::test]
async fn triggers_refuse_update_delete_and_every_kind_of_replace() {
    let lab = Lab::discovered().await;
    let mut raw = lab.raw().await;
    for sql in [
        "UPDATE ledger SET actor = '\"x\"' WHERE seq = 1",
        "UPDATE OR REPLACE ledger SET seq = 2 WHERE seq = 1",
        "DELETE FROM ledger WHERE seq = 2",
        "DELETE FROM ledger",
    ] {
        assert!(refused(&mut raw, sql).await.contains("a ledger entry is never"), "{sql}");
    }
    for sql in [
        "INSERT OR REPLACE INTO ledger SELECT seq, at, kind, '\"x\"', prev, hash, event FROM ledger WHERE seq = 2",
        "REPLACE INTO ledger SELECT * FROM ledger WHERE seq = 1",
        "INSERT INTO ledger SELECT 9, at, kind, actor, hash, prev, event FROM ledger WHERE seq = 2",
        "INSERT INTO ledger SELECT 3, at, kind, actor, prev, hash, event FROM ledger WHERE seq = 2",
        "INSERT INTO ledger SELECT NULL, at, kind, actor, hash, prev, event FROM ledger WHERE seq = 2",
        "INSERT INTO ledger SELECT * FROM ledger WHERE seq = 2 ON CONFLICT (seq) DO UPDATE SET actor = '\"x\"'",
    ] {
        assert!(refused(&mut raw, sql).await.contains("the ledger takes only"), "{sql}");
    }
    assert_eq!(lab.store.verify().await.expect("nothing happened").entries, 2);
}

#[tokio::test]
async fn what_was_wished_is_not_rewritten_or_forgotten() {
    let lab = Lab::discovered().await;
    let mut raw = lab.raw().await;
    let before = lab.store.wishes(Seq::new(2)).await.expect("readable");
    let later = "INSERT INTO wished_later VALUES (2, 2, NULL, NULL, NULL)";
    sqlx::raw_sql(later).execute(&mut raw).await.expect("as a store writes it");
    for sql in [
        "UPDATE wishes SET shown = 0, host = NULL, logical_port = NULL, number = NULL",
        "DELETE FROM wishes",
        "INSERT OR REPLACE INTO wishes SELECT function, seq, 0, NULL, NULL, NULL FROM wishes",
        "INSERT INTO wishes SELECT function, 1, 0, NULL, NULL, NULL FROM wishes",
        "UPDATE wished_later SET host = 1, logical_port = 1, number = 0",
        "DELETE FROM wished_later",
        "INSERT OR REPLACE INTO wished_later VALUES (2, 2, 1, 1, 0)",
        "INSERT INTO wished_later VALUES (2, 1, NULL, NULL, NULL)",
    ] {
        assert!(refused(&mut raw, sql).await.contains("what was wished at an entry is never"), "{sql}");
    }
    for sql in [
        "UPDATE generations SET seq = 1",
        "DELETE FROM generations",
        "INSERT OR REPLACE INTO generations VALUES (1, 1)",
    ] {
        assert!(refused(&mut raw, sql).await.contains("a generation"), "{sql}");
    }
    assert_eq!(lab.store.wishes(Seq::new(2)).await.expect("readable"), before);
    assert!(before.is_some_and(|wishes| wishes.len() == 6), "a NIC with four functions, an HBA with two");
}

#[tokio::test]
async fn a_change_is_not_rewritten_reopened_or_deleted() {
    let lab = Lab::discovered().await;
    let change = lab.open("ada", NIC_VF2, Some(HOST_B), "INC-1").await;
    let mut raw = lab.raw().await;
    assert!(refused(&mut raw, "UPDATE changes SET opened_seq = 1").await.contains("closed once"));
    lab.close(change, Outcome::Applied).await;
    let reopen = "UPDATE changes SET closed_seq = NULL, outcome = NULL";
    for sql in [reopen, "UPDATE changes SET outcome = 'stuck'"] {
        assert!(refused(&mut raw, sql).await.contains("closed once"), "{sql}");
    }
    assert!(refused(&mut raw, "DELETE FROM changes").await.contains("never deleted"));
}

/// Changes the ledger past its triggers.
async fn tamper(lab: &Lab, sql: &'static str) {
    let mut raw = lab.raw().await;
    let open = "DROP TRIGGER ledger_keeps; DROP TRIGGER ledger_never_forgets; DROP TRIGGER ledger_continues;
                PRAGMA foreign_keys = OFF;";
    sqlx::raw_sql(open).execute(&mut raw).await.expect("dropped");
    sqlx::raw_sql(sql).execute(&mut raw).await.expect(sql);
}

#[tokio::test]
async fn a_changed_entry_is_found_and_named() {
    let two = Seq::new(2);
    for (sql, verdict) in [
        (
            "UPDATE ledger SET event = replace(event, 'web-01', 'web-02') WHERE seq = 2",
            ChainError::Changed { seq: two },
        ),
        ("UPDATE ledger SET actor = '{\"person\":1}' WHERE seq = 2", ChainError::Changed { seq: two }),
        ("UPDATE ledger SET at = '2026-01-01T00:00:00.000Z' WHERE seq = 2", ChainError::Changed { seq: two }),
        ("UPDATE ledger SET prev = hash WHERE seq = 2", ChainError::Broken { seq: two }),
        ("DELETE FROM ledger WHERE seq = 2", ChainError::Gap { expected: two, found: Seq::new(3) }),
    ] {
        let lab = Lab::discovered().await;
        lab.open("ada", NIC_VF2, Some(HOST_B), "INC-1").await;
        tamper(&lab, sql).await;
        match lab.store.verify().await.expect_err(sql) {
            StoreError::Chain(found) => assert_eq!(found, verdict, "{sql}"),
            other => panic!("{sql}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn what_the_hash_does_not_cover_is_checked_too() {
    let lab = Lab::discovered().await;
    tamper(&lab, "UPDATE ledger SET kind = 'links_changed' WHERE seq = 2").await;
    let found = lab.store.verify().await.expect_err("the kind is wrong");
    assert!(
        matches!(found, StoreError::Unreadable { table: "ledger", id: 2, column: "kind", .. }),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_store_does_not_open_on_a_forged_last_entry() {
    let lab = Lab::discovered().await;
    tamper(&lab, "UPDATE ledger SET event = replace(event, 'web-01', 'web-02') WHERE seq = 2").await;
    lab.store.close().await;
    let found = Store::open(&lab.path()).await.expect_err("forged");
    assert!(
        matches!(found, StoreError::Chain(ChainError::Changed { seq }) if seq == Seq::new(2)),
        "{found:?}"
    );
}

#[tokio::test]
async fn pages_have_every_entry_once_and_say_where_the_next_one_starts() {
    let lab = Lab::discovered().await;
    let switch = SwitchId::new(1);
    let mut written = lab.entries().await;
    for _ in 0..7 {
        let entry = lab.record(crate::lab::at(9), crate::lab::nothing_found(switch)).await.expect("recorded");
        written.push(entry);
    }
    assert_eq!(lab.entries().await, written);
    let last = lab.store.ledger(Seq::new(6), 3).await.expect("the last page");
    assert_eq!((last.entries.len(), last.next_after), (3, None));
    let beyond = lab.store.ledger(Seq::new(u64::MAX), 3).await.expect("an empty page");
    assert!(beyond.entries.is_empty());
    assert_eq!(lab.store.ledger(Seq::new(0), 0).await.expect("one at least").entries.len(), 1);
}

#[tokio::test]
async fn writers_that_arrive_together_get_numbers_without_gaps() {
    let lab = Lab::discovered().await;
    let all = (0..16).map(|_| {
        let event = crate::lab::nothing_found(SwitchId::new(1));
        let (store, writing) = (lab.store.clone(), Writing::Event { at: crate::lab::at(9), event });
        tokio::spawn(async move { store.write(vec![writing]).await })
    });
    for task in all.collect::<Vec<_>>() {
        task.await.expect("no panic").expect("recorded");
    }
    assert_eq!(lab.store.verify().await.expect("one chain").entries, 18);
}

#[tokio::test]
async fn what_only_older_ledgers_say_is_still_read() {
    let lab = Lab::discovered().await;
    let last = lab.entries().await.pop().expect("entries");
    let (seq, at, actor) = (last.seq.next(), "2026-11-20T10:00:00.000Z", r#""engine""#);
    let event = r#"{"switch_lost":{"switch":1,"why":"No answer."}}"#;
    let hash = EntryText { seq, at, actor, event }.hash(&last.hash).to_string();
    let insert = "INSERT INTO ledger (seq, at, kind, actor, prev, hash, event) VALUES (3, ?, 'switch_lost', ?, ?, ?, ?)";
    let insert = sqlx::query(insert).bind(at).bind(actor).bind(last.hash.to_string()).bind(hash).bind(event);
    insert.execute(&mut lab.raw().await).await.expect("as an older version wrote it");
    let lab = lab.reopened().await;
    assert_eq!(lab.store.verify().await.expect("it holds").entries, 3);
    let lost = Event::SwitchLost { switch: SwitchId::new(1), why: "No answer.".to_owned() };
    assert_eq!(lab.entries().await.pop().map(|entry| entry.event), Some(lost));
    let state = lab.topology().await.switches[&SwitchId::new(1)].state;
    assert_eq!(state, SwitchState::Connecting, "whether it answers is in no entry");
}
