//! Changes that wait for the same switch and are carried out in company.

mod common;

use common::{MemorySwitch, Rig, options, person};
use patchbay_domain::*;
use patchbay_driver::{Fault, FaultPoint, When};
use patchbay_engine::{CancelError, EngineOptions, Happening};
use std::sync::atomic::Ordering;

/// A change that is held up in its first step, and others that wait behind it, each for a function and a host port.
async fn waiting(rig: &Rig, behind: &[(u16, u8)]) -> Vec<ChangeId> {
    let (_, mut happenings) = rig.engine.watch();
    let seen = rig.topology().generation;
    let mut changes = vec![rig.submit(&[(1, Some(0))], seen).await.expect("accepted")];
    while !matches!(happenings.recv().await.expect("the engine runs"), Happening::Begun(_)) {}
    for &(function, port) in behind {
        changes
            .push(rig.submit(&[(function, Some(port))], seen).await.expect("it touches nothing that moved"));
    }
    changes
}

async fn outcomes(rig: &Rig, changes: &[ChangeId]) -> Vec<Outcome> {
    rig.until(|t| t.open.is_empty()).await;
    let mut outcomes = Vec::new();
    for &change in changes {
        let record = rig.store.change(change).await.expect("readable").expect("recorded");
        outcomes.push(record.closed.expect("closed").outcome);
    }
    outcomes
}

#[tokio::test]
async fn changes_that_wait_are_read_once_before_all_of_them_and_once_after() {
    let rig = Rig::start().await;
    let gate = rig.switch.gate.clone().write_owned().await;
    let changes = waiting(&rig, &[(2, 4), (3, 4), (4, 8)]).await;
    let read_before = rig.switch.readings.load(Ordering::Relaxed);
    drop(gate);
    assert_eq!(outcomes(&rig, &changes).await, [Outcome::Applied; 4]);
    let read = rig.switch.readings.load(Ordering::Relaxed) - read_before;
    assert_eq!(read, 3, "once after the first, and once before and after the other three");
    assert_eq!(rig.switch.held().len(), 4);
}

#[tokio::test]
async fn nobody_goes_in_company_where_that_is_not_wished() {
    let rig = Rig::with(EngineOptions { company_max: 1, ..options() }, MemorySwitch::default()).await;
    let gate = rig.switch.gate.clone().write_owned().await;
    let changes = waiting(&rig, &[(2, 4), (3, 4)]).await;
    let read_before = rig.switch.readings.load(Ordering::Relaxed);
    drop(gate);
    assert_eq!(outcomes(&rig, &changes).await, [Outcome::Applied; 3]);
    assert_eq!(rig.switch.readings.load(Ordering::Relaxed) - read_before, 5);
}

#[tokio::test]
async fn one_that_fails_in_company_is_taken_back_and_the_others_are_applied() {
    for when in [When::Before, When::After] {
        let rig = Rig::start().await;
        let gate = rig.switch.gate.clone().write_owned().await;
        let changes = waiting(&rig, &[(2, 4), (3, 4), (4, 8)]).await;
        // The first change is in its only step; the second step from here on is that of the third change.
        rig.faults.set(FaultPoint { nth: 2, when, fault: Fault::Refuse, for_good: false });
        drop(gate);
        let ended = outcomes(&rig, &changes).await;
        let expected = [Outcome::Applied, Outcome::Applied, Outcome::RolledBack, Outcome::Applied];
        assert_eq!(ended, expected, "{when:?}");
        let t = rig.topology();
        let has = |index| t.functions[&rig.function(index)].assigned.is_some();
        assert_eq!([1, 2, 3, 4].map(has), [true, true, false, true]);
        assert_eq!(rig.switch.held().len(), 3, "what was done of it is taken back");
    }
}

#[tokio::test]
async fn one_that_somebody_else_got_in_the_way_of_harms_nobody_in_its_company() {
    let rig = Rig::start().await;
    let gate = rig.switch.gate.clone().write_owned().await;
    let changes = waiting(&rig, &[(2, 4), (3, 8)]).await;
    rig.switch.put(4, 0, &[0x1007]);
    drop(gate);
    let expected = [Outcome::Applied, Outcome::RolledBack, Outcome::Applied];
    assert_eq!(outcomes(&rig, &changes).await, expected);
    let there = rig.switch.held()[&(PhysicalPort(4), LogicalPort(0))].clone();
    assert_eq!(there, [Pdfid::new(0x1007).expect("in range")], "it is left as it is");
}

#[tokio::test]
async fn who_waits_can_be_cancelled_until_its_own_first_step_and_is_left_out() {
    let rig = Rig::start().await;
    let gate = rig.switch.gate.clone().write_owned().await;
    let changes = waiting(&rig, &[(2, 4), (3, 4)]).await;
    rig.engine.cancel(changes[1], person()).await.expect("it waits");
    let begun = rig.engine.cancel(changes[0], person()).await.expect_err("its step was sent");
    assert!(matches!(begun, CancelError::Begun { .. }), "{begun:?}");
    drop(gate);
    let expected = [Outcome::Applied, Outcome::RolledBack, Outcome::Applied];
    assert_eq!(outcomes(&rig, &changes).await, expected);
    let ended = rig.engine.cancel(changes[1], person()).await.expect_err("it has ended");
    assert!(matches!(ended, CancelError::NotOpen { .. }), "{ended:?}");
}
