//! Records in memory that are made to fail.

use crate::lab::{HBA_VF1, HOST_B, SWITCH, at, observation, opening};
use patchbay_domain::*;
use patchbay_store::memory::{MemoryRecords, WriteFault};
use patchbay_store::{Loaded, Names, Records, StoreError, Writing};

/// Records with one switch, read once.
async fn discovered() -> MemoryRecords {
    let records = MemoryRecords::default();
    let added = records.add_switch(at(0), &Actor::Engine, "pax-1", "rack-12-pax", "10.0.0.1").await;
    assert_eq!(added.expect("added").0, SWITCH);
    records.discovered(at(1), SWITCH, &observation(), &Names::default()).await.expect("a sound reading");
    records
}

async fn load(records: &MemoryRecords) -> Loaded {
    records.load().await.expect("loaded")
}

async fn open(records: &MemoryRecords) -> Result<Vec<Entry>, StoreError> {
    let loaded = load(records).await;
    let mut topology = loaded.topology;
    topology.switches.values_mut().for_each(|switch| switch.state = SwitchState::Ready);
    let intent = Intent::single(HBA_VF1, Some(HOST_B));
    let plan = plan(&topology, &intent).expect("allowed");
    let opening = opening(loaded.next_change, "ada", intent, plan, "INC-1");
    records.write(vec![Writing::Open(Box::new(opening))]).await
}

#[tokio::test]
async fn a_write_that_fails_before_it_took_effect_leaves_nothing() {
    let records = discovered().await;
    let before = load(&records).await;
    records.fail_next(WriteFault::Before);
    let failed = open(&records).await.expect_err("made to fail");
    assert!(matches!(failed, StoreError::Sqlite(_)), "{failed:?}");
    assert_eq!(load(&records).await, before);
    open(&records).await.expect("only the next one fails");
}

#[tokio::test]
async fn a_write_that_fails_after_it_took_effect_is_there_at_the_next_start() {
    let records = discovered().await;
    records.fail_next(WriteFault::After);
    open(&records).await.expect_err("made to fail");
    let after = load(&records.clone()).await;
    assert_eq!(after.topology.open.len(), 1);
    assert_eq!((after.seq, after.next_change), (Seq::new(3), ChangeId::new(2)));
    assert_eq!(records.entries().len(), 3);
}

#[tokio::test]
async fn a_refused_write_does_not_count_as_the_next_one() {
    let records = discovered().await;
    records.fail_next(WriteFault::Before);
    let event = crate::lab::nothing_found(SwitchId::new(9));
    let refused = records.write(vec![Writing::Event { at: at(2), event }]).await.expect_err("unknown");
    assert!(matches!(refused, StoreError::UnknownSwitch { .. }), "{refused:?}");
    records.write(Vec::new()).await.expect("nothing to write");
    let event = crate::lab::nothing_found(SWITCH);
    records.write(vec![Writing::Event { at: at(2), event }]).await.expect_err("made to fail");
}
