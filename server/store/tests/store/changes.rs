//! Changes are opened once and closed once.

use crate::lab::{self, HOST_B, Lab, NIC_VF1, NIC_VF2};
use patchbay_domain::*;
use patchbay_store::{Closing, StoreError};

fn rolled_back() -> Closing {
    Closing { outcome: Outcome::RolledBack, why: None, reports: [].into(), moves: [].into() }
}

#[tokio::test]
async fn a_change_reads_back_as_it_was_written_before_and_after_its_end() {
    let lab = Lab::discovered().await;
    let ready = lab.ready().await;
    let id = lab.open("ada", NIC_VF1, Some(HOST_B), "INC-4411, move web to db").await;
    let intent = Intent::single(NIC_VF1, Some(HOST_B));
    let record = lab.store.change(id).await.expect("readable").expect("there");
    assert_eq!(record.actor, lab::somebody("ada"));
    assert_eq!(record.plan, plan(&ready, &intent).expect("allowed").into());
    assert_eq!((record.intent, record.seen), (intent, ready.generation));
    assert_eq!(record.reason.as_str(), "INC-4411, move web to db");
    assert_eq!(record.closed, None);
    assert!(lab.topology().await.open.contains_key(&id));

    let entry = lab.close(id, Outcome::Applied).await;
    let closed = lab.store.change(id).await.expect("readable").expect("there").closed.expect("closed");
    let mark = EntryMark { seq: entry.seq, at: entry.at, prev: entry.prev, hash: entry.hash };
    assert_eq!((closed.entry, closed.outcome, closed.why), (mark, Outcome::Applied, None));
    assert_eq!(closed.reports[0].elapsed_us, 90);
    assert_eq!(record.opened.hash, entry.prev);
    let t = lab.topology().await;
    assert_eq!(t.functions[&NIC_VF1].assigned.map(|a| a.host), Some(HOST_B));
    assert!(t.open.is_empty());
    assert_eq!(t.generation, ready.generation.next());
}

#[tokio::test]
async fn a_change_that_was_rolled_back_moves_nothing() {
    let lab = Lab::discovered().await;
    let before = lab.topology().await;
    let id = lab.open("ada", NIC_VF1, None, "INC-1").await;
    lab.close(id, Outcome::RolledBack).await;
    assert_eq!(lab.topology().await, before);
    let closed = lab.store.change(id).await.expect("readable").expect("there").closed.expect("closed");
    assert_eq!(closed.why.as_deref(), Some("The switch refused."));
}

#[tokio::test]
async fn closing_twice_is_refused_and_names_the_first_closing() {
    let lab = Lab::discovered().await;
    let id = lab.open("ada", NIC_VF2, Some(HOST_B), "INC-1").await;
    let entry = lab.close(id, Outcome::Applied).await;
    let before = lab.store.load().await.expect("loaded");
    match lab.write(lab::closed(id, rolled_back())).await {
        Err(StoreError::AlreadyClosed { change, closed }) => assert_eq!((change, closed), (id, entry.seq)),
        other => panic!("{other:?}"),
    }
    assert_eq!(lab.store.load().await.expect("loaded"), before);
}

#[tokio::test]
async fn an_unknown_change_cannot_be_closed_or_read() {
    let lab = Lab::discovered().await;
    for id in [1, u64::MAX].map(ChangeId::new) {
        let refused = lab.write(lab::closed(id, rolled_back())).await;
        assert!(matches!(refused, Err(StoreError::UnknownChange { .. })), "{refused:?}");
        assert_eq!(lab.store.change(id).await.expect("readable"), None);
    }
}

#[tokio::test]
async fn a_change_can_end_after_its_card_was_swapped() {
    let lab = Lab::discovered().await;
    let id = lab.open("ada", NIC_VF1, Some(HOST_B), "INC-1").await;
    let mut seen = lab::observation();
    seen.slots[0].adapter = Some(lab::card(AdapterKind::Nvme, 0x0a54, 0x1000, 3));
    lab.discover(&seen).await;
    lab.close(id, Outcome::Applied).await;
    let t = lab.topology().await;
    assert!(t.open.is_empty() && !t.functions.contains_key(&NIC_VF1));
}

#[tokio::test]
async fn a_damaged_row_is_named() {
    let lab = Lab::discovered().await;
    let mut raw = lab.raw().await;
    sqlx::raw_sql("UPDATE functions SET pdfid = '0xffff' WHERE id = 3")
        .execute(&mut raw)
        .await
        .expect("damaged");
    let found = lab.store.load().await.expect_err("not a PDFID");
    assert!(
        matches!(found, StoreError::Unreadable { table: "functions", id: 3, column: "pdfid", .. }),
        "{found:?}"
    );
    assert!(found.to_string().contains("pdfid of functions 3"), "{found}");
}
