//! Changes through the engine: applied, refused, taken back, recovered.

mod common;

use common::{MemorySwitch, Rig, options, submission};
use patchbay_domain::*;
use patchbay_driver::{Fault, FaultPoint, When};
use patchbay_engine::{EngineOptions, Happening, SubmitError};

fn outcome(record: &ChangeRecord) -> Outcome {
    record.closed.as_ref().expect("the change has ended").outcome
}

#[tokio::test]
async fn assign_move_swap_and_release_reach_the_switch_and_the_ledger() {
    let rig = Rig::start().await;
    for moves in [
        vec![(1, Some(0)), (2, Some(4))],
        vec![(1, Some(8))],
        vec![(1, Some(4)), (2, Some(8))],
        vec![(1, None), (2, None)],
    ] {
        let (_, record) = rig.change(&moves).await;
        assert_eq!(outcome(&record), Outcome::Applied, "{record:?}");
        let closed = record.closed.expect("ended");
        assert_eq!(closed.reports.len(), record.plan.steps.len() + 1, "every step and the reading back");
        for (index, port) in moves {
            let assigned = rig.topology().functions[&rig.function(index)].assigned;
            assert_eq!(assigned.map(|a| a.host), port.map(|p| rig.host(p)));
        }
    }
    assert!(rig.switch.held().is_empty());
    rig.store.verify().await.expect("the ledger holds together");
}

#[tokio::test]
async fn who_asks_late_how_a_change_ended_is_told_all_the_same() {
    let rig = Rig::start().await;
    let seen = rig.topology().generation;
    let intent = rig.intent(&[(1, Some(0))]);
    let accepted = rig.engine.submit(submission(intent, seen)).await.expect("accepted");
    rig.until(|t| t.open.is_empty() && t.generation > seen).await;
    assert!(rig.engine.end_of(accepted.change).is_none(), "it has ended");
    let ended = accepted.now.expect("opened now").end.await.expect("told");
    assert_eq!(ended.entry.event.change(), Some(accepted.change));
    assert_eq!(ended.generation, rig.topology().generation);
}

/// Four steps: a swap of two functions, each unbound and bound.
const SWAP: [(u16, Option<u8>); 2] = [(1, Some(4)), (2, Some(0))];

#[tokio::test]
async fn a_failure_at_any_step_before_or_after_its_work_leaves_all_as_before() {
    let rig = Rig::start().await;
    rig.change(&[(1, Some(0)), (2, Some(4))]).await;
    let (topology, held) = (rig.topology(), rig.switch.held());
    for nth in 1..=4 {
        for when in [When::Before, When::After] {
            for fault in [Fault::Refuse, Fault::Unreachable, Fault::Interrupt] {
                if (when, fault) == (When::After, Fault::Unreachable) {
                    continue; // a driver that says nothing was sent must not have sent anything
                }
                rig.faults.set(FaultPoint { nth, when, fault, for_good: false });
                let (_, record) = rig.change(&SWAP).await;
                assert_eq!(record.plan.steps.len(), 4);
                assert!(rig.faults.calls() >= nth, "the fault was reached");
                assert_eq!(
                    outcome(&record),
                    Outcome::RolledBack,
                    "step {nth} {when:?} {fault:?}: {record:?}"
                );
                assert_eq!(rig.topology(), topology, "step {nth} {when:?} {fault:?}");
                assert_eq!(rig.switch.held(), held, "step {nth} {when:?} {fault:?}");
                let why = record.closed.and_then(|c| c.why).expect("a reason is given");
                assert!(why.contains("switch"), "{why}");
            }
        }
    }
    rig.faults.clear();
    let (_, record) = rig.change(&SWAP).await;
    assert_eq!(outcome(&record), Outcome::Applied, "nothing is left behind that stops the next change");
    rig.store.verify().await.expect("the ledger holds together");
}

#[tokio::test]
async fn a_switch_that_vanishes_for_good_ends_the_change_as_stuck_and_comes_back_as_it_is() {
    let rig = Rig::start().await;
    rig.change(&[(1, Some(0)), (2, Some(4))]).await;
    rig.faults.set(FaultPoint { nth: 2, when: When::Before, fault: Fault::Interrupt, for_good: true });
    let (_, record) = rig.change(&SWAP).await;
    assert_eq!(outcome(&record), Outcome::Stuck);
    rig.until(|t| t.switches.values().all(|s| s.state == SwitchState::Unreachable)).await;
    let refused = patchbay_domain::check(&rig.topology(), &rig.intent(&[(3, Some(0))]));
    assert_eq!(refused.expect_err("the switch is away").code(), "switch_away");

    let (gone, seen) = (rig.function(1), rig.topology().generation);
    rig.faults.clear();
    rig.until(|t| t.switches.values().all(|s| s.state == SwitchState::Ready)).await;
    rig.until(|t| t.functions[&gone].assigned.is_none()).await;
    let found = rig.store.ledger(Seq::new(0), 100).await.expect("readable").entries;
    let found: Vec<_> =
        found.iter().filter(|entry| matches!(entry.event, Event::BindingsFound { .. })).collect();
    let [found] = found.as_slice() else { panic!("{found:?}") };
    let line = HistoryItem::of(found, "pax").expect("a line");
    assert_eq!(line.title, "pax is as change 2 left it, which was not finished");
    assert_eq!(
        line.reason.as_deref(),
        Some("Found moved: eth16v1 from rack-12-pax-p0 to the pool. The board follows the switch.")
    );
    let stale = rig.submit(&[(1, Some(8))], seen).await.expect_err("it was moved since");
    let said = "Since you looked, eth16v1 was left elsewhere by change 2, which was not finished.";
    assert_eq!(stale.to_string(), said);

    rig.switch.put(8, 1, &[0x1001]);
    rig.until(|t| t.functions[&gone].assigned.is_some()).await;
    let last = rig.store.ledger(found.seq, 100).await.expect("readable").entries;
    let line = last.last().and_then(|entry| HistoryItem::of(entry, "pax")).expect("a line");
    assert_eq!(line.title, "pax was changed outside Patchbay", "after the switch was read");
    rig.store.verify().await.expect("the ledger holds together");
}

/// The title of the last line of the history, when function 2 was found somewhere after a step that got no answer.
async fn found_after_no_answer(restarted: bool, port: u8) -> String {
    let mut rig = Rig::start().await;
    rig.faults.set(FaultPoint { nth: 1, when: When::Before, fault: Fault::Interrupt, for_good: false });
    let (_, record) = rig.change(&[(2, Some(4))]).await;
    let (to, closed) = (record.plan.moves[0].to.expect("a host"), record.closed.expect("it has ended"));
    assert_eq!(closed.outcome, Outcome::RolledBack);
    let unanswered: Vec<_> = closed.reports.iter().map(|report| report.unanswered).collect();
    assert_eq!(unanswered, [true, false, false], "sent, taken back, read back: {:?}", closed.reports);
    if restarted {
        rig = rig.restart().await;
    }
    let function = rig.function(2);
    rig.switch.put(port, to.logical_port.0, &[0x1002]);
    rig.until(|t| t.functions[&function].assigned.is_some()).await;
    assert_eq!(rig.topology().drift[&function].wished, None, "it is wished in the pool as before");
    let entries = rig.store.ledger(Seq::new(0), 100).await.expect("readable").entries;
    rig.store.verify().await.expect("the ledger holds together");
    entries.last().and_then(|entry| HistoryItem::of(entry, "pax")).expect("a line").title
}

#[tokio::test]
async fn what_a_switch_does_after_its_time_limit_is_not_blamed_on_somebody_else() {
    let said = "pax is as change 1 left it, which was not finished";
    assert_eq!(found_after_no_answer(false, 4).await, said);
    assert_eq!(found_after_no_answer(true, 4).await, said, "after a restart too");
    assert_eq!(found_after_no_answer(false, 8).await, "pax was changed outside Patchbay", "on another host");
}

#[tokio::test]
async fn a_binding_made_behind_our_back_is_shown_and_never_repaired() {
    let rig = Rig::start().await;
    let (function, host) = (rig.function(5), rig.host(8));
    rig.switch.put(8, 1, &[0x1005]);
    rig.until(|t| t.functions[&function].assigned.is_some_and(|a| a.host == host)).await;
    assert_eq!(rig.switch.held().len(), 1, "the switch is left alone");
    let entries = rig.store.ledger(Seq::new(0), 100).await.expect("readable").entries;
    let [.., last] = entries.as_slice() else { panic!("entries") };
    assert!(
        matches!(&last.event, Event::BindingsFound { differences, .. } if differences.len() == 1),
        "{last:?}"
    );
}

#[tokio::test]
async fn a_stale_generation_an_unknown_id_and_a_dead_cable_are_refused_and_leave_no_trace() {
    let rig = Rig::start().await;
    let before = rig.engine.snapshot().seq;
    let now = rig.topology().generation;
    let stale = rig.submit(&[(1, Some(0))], Generation::new(0)).await;
    assert!(matches!(stale, Err(SubmitError::Stale { current, .. }) if current == now), "{stale:?}");
    let dead = rig.submit(&[(1, Some(12))], now).await;
    assert!(matches!(dead, Err(SubmitError::Refused(Refusal::CableDown { .. }))), "{dead:?}");
    let unknown = Intent::single(FunctionId::new(99), None);
    let unknown = rig.engine.submit(submission(unknown, now)).await;
    assert!(matches!(unknown, Err(SubmitError::Refused(Refusal::UnknownFunction { .. }))), "{unknown:?}");
    assert_eq!(rig.engine.snapshot().seq, before);
}

#[tokio::test]
async fn a_change_whose_caller_goes_away_is_carried_out_all_the_same() {
    let rig = Rig::start().await;
    let asked = submission(rig.intent(&[(1, Some(0))]), rig.topology().generation);
    let mut submitting = Box::pin(rig.engine.submit(asked));
    assert!(futures::poll!(&mut submitting).is_pending());
    drop(submitting);
    let function = rig.function(1);
    rig.until(|t| t.functions[&function].assigned.is_some() && t.open.is_empty()).await;
    assert_eq!(rig.switch.held().len(), 1);
}

#[tokio::test]
async fn a_switch_that_vanishes_during_recovery_is_lost_and_not_judged_by_an_old_reading() {
    let rig = Rig::start().await;
    rig.change(&[(1, Some(0))]).await;
    let before = rig.engine.snapshot().seq;
    // The crash came after the unbind. Taking it back works, and then the switch is gone.
    let point = FaultPoint { nth: 1, when: When::After, fault: Fault::Interrupt, for_good: true };
    let rig = rig.crash_with_open(&[(1, Some(4))], (0, 0), point).await;
    let away = |s: &Switch| s.state == SwitchState::Unreachable;
    rig.until(|t| t.switches.values().all(away) && t.open.is_empty()).await;
    let entries = rig.store.ledger(before, 100).await.expect("readable").entries;
    let kinds: Vec<_> = entries.iter().map(|e| e.event.kind()).collect();
    assert_eq!(kinds, ["change_opened", "change_closed"]);
}

#[tokio::test]
async fn ids_pictures_and_the_ledger_survive_a_restart() {
    let rig = Rig::start().await;
    rig.change(&[(1, Some(0))]).await;
    let (topology, seq) = (rig.topology(), rig.engine.snapshot().seq);
    let rig = rig.restart().await;
    assert_eq!(rig.topology(), topology);
    assert_eq!(rig.engine.snapshot().seq, seq, "a restart that finds nothing new writes nothing");
}

#[tokio::test]
async fn a_full_queue_refuses_and_a_stop_turns_waiting_changes_away() {
    let options = EngineOptions { queue_max: 3, ..options() };
    let rig = Rig::with(options, MemorySwitch::default()).await;
    let held_up = rig.switch.gate.clone().write_owned().await;
    let seen = rig.topology().generation;
    let (_, mut happenings) = rig.engine.watch();
    let running = rig.submit(&[(1, Some(8))], seen).await.expect("accepted");
    while !matches!(happenings.recv().await.expect("the engine runs"), Happening::Step(_)) {}
    let mut waiting = Vec::new();
    for index in [2, 3] {
        waiting.push(rig.submit(&[(index, Some(0))], seen).await.expect("accepted"));
    }
    let full = rig.submit(&[(4, Some(4))], seen).await;
    assert!(matches!(full, Err(SubmitError::QueueFull { waiting: 3, .. })), "{full:?}");

    rig.engine.stop();
    let refused = rig.submit(&[(4, Some(4))], seen).await;
    assert!(matches!(refused, Err(SubmitError::Stopping)), "{refused:?}");
    drop(held_up);
    let rig = rig.restart().await;
    let ended = async |id| outcome(&rig.store.change(id).await.expect("readable").expect("recorded"));
    assert_eq!(ended(running).await, Outcome::Applied, "what runs is finished");
    for id in waiting {
        assert_eq!(ended(id).await, Outcome::RolledBack, "what waits is turned away");
    }
    assert!(rig.topology().open.is_empty());
}
