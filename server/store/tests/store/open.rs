//! Opening, locking, coming back.

use crate::lab::{self, Lab, NIC_VF2, SWITCH};
use patchbay_domain::{Actor, Hash, Outcome, Seq, SwitchState, Topology};
use patchbay_store::{Store, StoreError};

#[tokio::test]
async fn a_new_store_is_empty() {
    let lab = Lab::new().await;
    let loaded = lab.store.load().await.expect("an empty picture");
    assert_eq!((loaded.topology, loaded.seq, loaded.head), (Topology::default(), Seq::new(0), Hash::ZERO));
    assert_eq!(lab.store.verify().await.expect("nothing to doubt").entries, 0);
}

#[tokio::test]
async fn two_servers_never_share_a_database_and_closing_frees_it() {
    let lab = Lab::new().await;
    let refused = Store::open(&lab.path()).await.expect_err("the first has it");
    assert!(matches!(refused, StoreError::InUse { .. }), "{refused:?}");
    assert!(refused.to_string().starts_with("Another Patchbay server uses"), "{refused}");
    lab.reopened().await;
}

#[tokio::test]
async fn a_missing_directory_and_a_file_of_another_kind_are_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let missing = Store::open(&dir.path().join("nowhere/rack.db")).await.expect_err("no directory");
    assert!(matches!(missing, StoreError::LockFile { .. }), "{missing:?}");
    let path = dir.path().join("letter.txt");
    std::fs::write(&path, "Dear operator, this is not a database, however long it is. ".repeat(100))
        .expect("written");
    let other = Store::open(&path).await.expect_err("not a database");
    assert!(matches!(other, StoreError::Open { .. }), "{other:?}");
    assert!(other.to_string().contains("letter.txt"), "{other}");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let lab = Lab::new().await;
    lab.store.close().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9999, 'from the future', 1, x'00', 0)";
    sqlx::query(newer).execute(&mut lab.raw().await).await.expect("written");
    let refused = Store::open(&lab.path()).await.expect_err("too new");
    assert!(matches!(refused, StoreError::Migrate { .. }), "{refused:?}");
}

#[tokio::test]
async fn everything_is_there_after_a_restart_and_switches_are_unread() {
    let lab = Lab::discovered().await;
    let change = lab.open("ada", NIC_VF2, Some(lab::HOST_B), "INC-1").await;
    let before = lab.store.load().await.expect("loaded");
    let lab = lab.reopened().await;
    let after = lab.store.load().await.expect("loaded");
    assert_eq!(after, before);
    assert_eq!(after.topology.switches[&SWITCH].state, SwitchState::Connecting);
    assert!(after.topology.open.contains_key(&change));
    assert_eq!(after.head, lab.store.verify().await.expect("sound").head);
    lab.close(change, Outcome::Applied).await;
    assert_eq!(lab.entries().await.len(), 4);
}

#[tokio::test]
async fn a_switch_keeps_its_id_and_takes_its_new_name() {
    let lab = Lab::discovered().await;
    let add =
        |name: &'static str| lab.store.add_switch(lab::at(5), &Actor::Engine, "pax-1", name, "10.0.0.2");
    assert_eq!(add("lab-pax").await.expect("known"), (SWITCH, None));
    assert_eq!(add("lab-pax").await.expect("known"), (SWITCH, None));
    let switch = &lab.topology().await.switches[&SWITCH];
    assert_eq!((switch.name.as_str(), switch.address.as_str()), ("lab-pax", "10.0.0.2"));
    assert_eq!(lab.entries().await.len(), 2);
}
