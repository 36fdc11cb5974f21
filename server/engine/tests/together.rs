//! Changes beside each other: over two switches, cancelled, asked for twice, and on records that fail.

mod common;

use common::{Held, MemorySwitch, end_in, leave_open, options, person, submission};
use patchbay_domain::*;
use patchbay_driver::{Fault, FaultPoint, Faults, Faulty, When};
use patchbay_engine::{
    CancelError, Clock, Engine, EngineTasks, Happening, Submission, SubmitError, SwitchConfig,
};
use patchbay_store::memory::{MemoryRecords, WriteFault};
use patchbay_store::{Keyed, Names};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedRwLockWriteGuard;

/// Two switches in memory, and an engine on records in memory.
struct Pair {
    switches: [MemorySwitch; 2],
    faults: [Faults; 2],
    records: MemoryRecords,
    engine: Engine,
    tasks: EngineTasks,
}

/// Every port of both switches leads to the same server.
fn servers() -> Names {
    let hosts = [(0, "web-01"), (4, "db-01"), (8, "gpu-01")];
    let hosts = hosts.map(|(port, name)| (PhysicalPort(port), name.to_owned())).into();
    Names { hosts, ..Names::default() }
}

impl Pair {
    async fn start() -> Self {
        Self::on(Default::default(), Default::default(), MemoryRecords::default()).await
    }

    async fn on(switches: [MemorySwitch; 2], faults: [Faults; 2], records: MemoryRecords) -> Self {
        let config = |n: usize| SwitchConfig {
            key: format!("memory-{n}"),
            name: format!("pax-{n}"),
            address: "memory".to_owned(),
            names: servers(),
            driver: Arc::new(Faulty::new(switches[n].clone(), faults[n].clone())),
        };
        let configs = vec![config(0), config(1)];
        let started = Engine::start(Arc::new(records.clone()), configs, options(), Clock::SYSTEM).await;
        let (engine, tasks) = started.expect("the engine starts");
        let pair = Self { switches, faults, records, engine, tasks };
        pair.until(|t| t.switches.values().all(|s| s.state == SwitchState::Ready)).await;
        pair
    }

    async fn until(&self, wanted: impl Fn(&Topology) -> bool) {
        let looking = common::until(&self.engine, |now| wanted(&now.topology));
        tokio::time::timeout(Duration::from_secs(30), looking).await.expect("the picture becomes as wanted");
    }

    fn topology(&self) -> Topology {
        self.engine.snapshot().topology.clone()
    }

    /// A function and a host of the n-th switch.
    fn move_on(&self, n: usize, index: u16, port: Option<u8>) -> Move {
        let t = self.topology();
        let switch = *t.switches.keys().nth(n).expect("two switches");
        let function = t.functions_of_switch(switch).find(|f| f.index == index).expect("it has it").id;
        let host = |port| t.hosts.values().find(|h| h.switch == switch && h.port == PhysicalPort(port));
        Move::new(function, port.map(|port| host(port).expect("it has it").id))
    }

    async fn carry_out(&self, intent: Intent) -> Outcome {
        let seen = self.topology().generation;
        let change = self.engine.submit(submission(intent, seen)).await.expect("accepted").change;
        self.outcome(change).await
    }

    async fn outcome(&self, change: ChangeId) -> Outcome {
        if let Some(end) = self.engine.end_of(change) {
            end.await.expect("the engine runs");
        }
        end_in(&self.records.entries(), change).expect("the change has ended").0
    }

    /// A change that is held up in the middle of its step until the guard goes, and one that waits for its turn behind it.
    async fn one_behind_another(&self) -> (OwnedRwLockWriteGuard<()>, ChangeId, ChangeId) {
        let held_up = self.switches[0].gate.clone().write_owned().await;
        let seen = self.topology().generation;
        let ask = async |index| {
            let asked = submission(Intent::moving(vec![self.move_on(0, index, Some(0))]), seen);
            self.engine.submit(asked).await.expect("accepted").change
        };
        let (first, behind) = (ask(1).await, ask(2).await);
        common::until(&self.engine, |now| now.begun.contains(&first)).await;
        (held_up, first, behind)
    }

    async fn stop(self) -> ([MemorySwitch; 2], [Faults; 2], MemoryRecords) {
        self.engine.stop();
        self.tasks.finished().await;
        (self.switches, self.faults, self.records)
    }
}

#[tokio::test]
async fn a_change_over_two_switches_happens_on_both_or_on_none() {
    let pair = Pair::start().await;
    let both = |pair: &Pair, a, b| Intent::moving(vec![pair.move_on(0, 1, a), pair.move_on(1, 1, b)]);
    assert_eq!(pair.carry_out(both(&pair, Some(0), Some(4))).await, Outcome::Applied);
    let before = (pair.switches[0].held(), pair.switches[1].held());
    assert_eq!((before.0.len(), before.1.len()), (1, 1));
    for n in 0..2 {
        for nth in 1..=2 {
            for when in [When::Before, When::After] {
                let point = FaultPoint { nth, when, fault: Fault::Interrupt, for_good: false };
                pair.faults[n].set(point);
                let outcome = pair.carry_out(both(&pair, Some(8), Some(8))).await;
                assert_eq!(outcome, Outcome::RolledBack, "switch {n}, {point:?}");
                let now = (pair.switches[0].held(), pair.switches[1].held());
                assert_eq!(now, before, "switch {n}, {point:?}");
                pair.faults[n].clear();
                pair.until(|t| t.switches.values().all(|s| s.state == SwitchState::Ready)).await;
            }
        }
    }
    assert_eq!(pair.carry_out(both(&pair, Some(8), Some(8))).await, Outcome::Applied);
    assert!(pair.topology().drift.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_switch_that_is_gone_before_anything_was_sent_to_it_keeps_nobody_from_taking_the_rest_back() {
    let pair = Pair::start().await;
    let gone = FaultPoint { nth: 1, when: When::Before, fault: Fault::Unreachable, for_good: true };
    pair.faults[1].set(gone);
    let began = tokio::time::Instant::now();
    let both = Intent::moving(vec![pair.move_on(0, 1, Some(8)), pair.move_on(1, 1, Some(8))]);
    assert_eq!(pair.carry_out(both).await, Outcome::RolledBack);
    assert!(began.elapsed() < options().undo_patience, "nothing is to be taken back there");
    assert!(pair.switches.iter().all(|switch| switch.held().is_empty()));
}

#[tokio::test]
async fn functions_of_both_switches_come_to_one_server_together_or_not_at_all() {
    let pair = Pair::start().await;
    // Both name the host that the first switch has; the second one reaches that server by its own.
    let to_server = |port| {
        let (one, other) = (pair.move_on(0, 1, Some(port)), pair.move_on(1, 1, None));
        Intent::moving(vec![one, Move { to: one.to, ..other }])
    };
    let on = |port: u8| {
        Held::from([((PhysicalPort(port), LogicalPort(0)), vec![Pdfid::new(0x1001).expect("in range")])])
    };
    let held = || (pair.switches[0].held(), pair.switches[1].held());
    assert_eq!(pair.carry_out(to_server(0)).await, Outcome::Applied);
    assert_eq!(held(), (on(0), on(0)));

    pair.faults[1].set(FaultPoint { nth: 2, when: When::Before, fault: Fault::Refuse, for_good: false });
    assert_eq!(pair.carry_out(to_server(4)).await, Outcome::RolledBack, "the second switch refuses to bind");
    assert_eq!(held(), (on(0), on(0)));
    pair.faults[1].clear();

    assert_eq!(pair.carry_out(to_server(4)).await, Outcome::Applied);
    assert_eq!(held(), (on(4), on(4)));
    let entries = pair.records.entries();
    let opened = entries.iter().rev().find_map(|entry| match &entry.event {
        Event::ChangeOpened { change, plan, .. } => Some(plan.undo(*change, &pair.topology()).0),
        _ => None,
    });
    assert_eq!(pair.carry_out(opened.expect("it was opened")).await, Outcome::Applied);
    assert_eq!(held(), (on(0), on(0)));
    assert!(pair.topology().drift.is_empty());
}

#[tokio::test]
async fn a_change_over_two_switches_that_a_crash_left_half_done_is_taken_back_on_both() {
    let pair = Pair::start().await;
    let moves = |pair: &Pair, port| {
        Intent::moving(vec![pair.move_on(0, 1, Some(port)), pair.move_on(1, 1, Some(port))])
    };
    pair.carry_out(moves(&pair, 0)).await;
    let before = (pair.switches[0].held(), pair.switches[1].held());
    let (intent, t) = (moves(&pair, 4), pair.topology());
    let (switches, faults, records) = pair.stop().await;
    let change = leave_open(&records, &t, intent).await;
    // The first switch was done, the second was not.
    switches[0].put(0, 0, &[]);
    switches[0].put(4, 0, &[0x1001]);
    let pair = Pair::on(switches, faults, records).await;
    assert_eq!(pair.outcome(change).await, Outcome::RolledBack);
    assert_eq!((pair.switches[0].held(), pair.switches[1].held()), before);
}

#[tokio::test]
async fn switches_work_beside_each_other_and_one_switch_in_order() {
    let pair = Pair::start().await;
    let held_up = pair.switches[0].gate.clone().write_owned().await;
    let seen = pair.topology().generation;
    let (_, mut happenings) = pair.engine.watch();
    let slow = submission(Intent::moving(vec![pair.move_on(0, 1, Some(0))]), seen);
    let slow = pair.engine.submit(slow).await.expect("accepted").change;
    while !matches!(happenings.recv().await.expect("the engine runs"), Happening::Step(_)) {}
    let behind = submission(Intent::moving(vec![pair.move_on(0, 2, Some(0))]), seen);
    let behind = pair.engine.submit(behind).await.expect("accepted").change;
    let beside = Intent::moving(vec![pair.move_on(1, 1, Some(0))]);
    assert_eq!(pair.carry_out(beside).await, Outcome::Applied, "the other switch is free");
    assert_eq!(pair.topology().open.keys().copied().collect::<Vec<_>>(), [slow, behind]);

    pair.engine.cancel(behind, person()).await.expect("it has not begun");
    assert_eq!(pair.outcome(behind).await, Outcome::RolledBack);
    assert!(matches!(pair.engine.cancel(slow, person()).await, Err(CancelError::Begun { .. })));
    assert!(matches!(pair.engine.cancel(behind, person()).await, Err(CancelError::NotOpen { .. })));
    drop(held_up);
    assert_eq!(pair.outcome(slow).await, Outcome::Applied);
    assert_eq!(pair.switches[0].held().len(), 1, "what was cancelled never reached the switch");
}

#[tokio::test]
async fn only_what_an_intent_touches_makes_it_stale_and_it_is_said_by_whom() {
    let pair = Pair::start().await;
    let seen = pair.topology().generation;
    pair.carry_out(Intent::moving(vec![pair.move_on(0, 1, Some(0))])).await;
    let elsewhere = submission(Intent::moving(vec![pair.move_on(0, 2, Some(0))]), seen);
    pair.engine.submit(elsewhere).await.expect("another function on the same host is as it was");
    let same = submission(Intent::moving(vec![pair.move_on(0, 1, Some(4))]), seen);
    let stale = pair.engine.submit(same).await.expect_err("it was moved meanwhile");
    assert!(matches!(stale, SubmitError::Stale { .. }), "{stale:?}");
    assert!(stale.to_string().contains("eth16v1 was changed by operator with change 1"), "{stale}");
}

#[tokio::test]
async fn who_looked_before_a_restart_is_told_what_changed_since_and_nothing_else() {
    let pair = Pair::start().await;
    let seen = pair.topology().generation;
    assert_eq!(pair.carry_out(Intent::moving(vec![pair.move_on(0, 1, Some(0))])).await, Outcome::Applied);
    let (switches, faults, records) = pair.stop().await;
    let pair = Pair::on(switches, faults, records).await;
    pair.until(|t| t.switches.values().all(|switch| switch.state == SwitchState::Ready)).await;

    let same = Intent::moving(vec![pair.move_on(0, 1, Some(4))]);
    let stale = pair.engine.submit(submission(same, seen)).await.expect_err("it was moved");
    assert_eq!(stale.to_string(), "Since you looked, eth16v1 was changed by operator with change 1.");
    let other = Intent::moving(vec![pair.move_on(1, 2, Some(8))]);
    let accepted = pair.engine.submit(submission(other, seen)).await.expect("nobody touched that");
    assert_eq!(pair.outcome(accepted.change).await, Outcome::Applied);
}

#[tokio::test]
async fn an_adoption_whose_end_cannot_be_written_at_first_is_not_overtaken_by_a_reading() {
    let pair = Pair::start().await;
    let vf1 = pair.move_on(0, 1, None).function;
    pair.switches[0].put(4, 1, &[0x1001]);
    pair.until(|t| t.drift.contains_key(&vf1)).await;
    // The opening works, and the end fails the first time.
    pair.records.fail_after(1, WriteFault::Before);
    let asked = submission(Intent::adopting([vf1]), pair.topology().generation);
    let change = pair.engine.submit(asked).await.expect("accepted").change;
    pair.switches[0].put(4, 1, &[]);
    pair.until(|t| t.open.is_empty() && t.functions[&vf1].assigned.is_none()).await;
    let entries = pair.records.entries();
    let (outcome, why) = end_in(&entries, change).expect("it has ended");
    let at = |wanted: &dyn Fn(&Event) -> bool| entries.iter().rposition(|entry| wanted(&entry.event));
    let ended = at(&|event| matches!(event, Event::ChangeClosed { .. }));
    let found = at(&|event| matches!(event, Event::BindingsFound { .. }));
    assert!(ended < found || outcome == Outcome::RolledBack, "{outcome:?} {why}");
}

#[tokio::test]
async fn what_is_only_adopted_reports_no_reading() {
    let pair = Pair::start().await;
    let vf1 = pair.move_on(0, 1, None).function;
    pair.switches[0].put(4, 1, &[0x1001]);
    pair.until(|t| t.drift.contains_key(&vf1)).await;
    let asked = submission(Intent::adopting([vf1]), pair.topology().generation);
    let change = pair.engine.submit(asked).await.expect("accepted").change;
    assert_eq!(pair.outcome(change).await, Outcome::Applied);
    let reports = pair.records.entries().into_iter().find_map(|entry| match entry.event {
        Event::ChangeClosed { change: closed, reports, .. } if closed == change => Some(reports),
        _ => None,
    });
    assert_eq!(reports.expect("closed").to_vec(), [], "nothing was sent, and nothing read for it");
    assert!(pair.topology().drift.is_empty());
}

#[tokio::test]
async fn a_key_makes_a_request_sent_twice_at_once_one_change() {
    let pair = Pair::start().await;
    let key = || "twice".parse().expect("a key");
    let asked = |text: &[u8]| Some(Keyed { key: key(), asked: Hash::of(text) });
    let intent = Intent::moving(vec![pair.move_on(0, 1, Some(0))]);
    let seen = pair.topology().generation;
    let one = |asked| Submission { key: asked, ..submission(intent.clone(), seen) };
    let (a, b) = tokio::join!(pair.engine.submit(one(asked(b"x"))), pair.engine.submit(one(asked(b"x"))));
    let (a, b) = (a.expect("accepted"), b.expect("the same"));
    assert_eq!(a.change, b.change);
    assert_eq!(pair.outcome(a.change).await, Outcome::Applied);
    let other = pair.engine.submit(one(asked(b"y"))).await;
    assert!(matches!(other, Err(SubmitError::KeyReused { .. })), "{other:?}");
    let opened = |entry: &&Entry| matches!(entry.event, Event::ChangeOpened { .. });
    assert_eq!(pair.records.entries().iter().filter(opened).count(), 1);
}

#[tokio::test]
async fn records_that_fail_lose_nothing_and_halve_nothing() {
    let pair = Pair::start().await;
    for (number, fault) in (1..).zip([WriteFault::Before, WriteFault::After]) {
        // At the opening: refused, or accepted because it is durable after all.
        pair.records.fail_next(fault);
        let intent = Intent::moving(vec![pair.move_on(0, number, Some(0))]);
        let seen = pair.topology().generation;
        let submitted = pair.engine.submit(submission(intent.clone(), seen)).await;
        match fault {
            WriteFault::Before => {
                assert!(matches!(submitted, Err(SubmitError::Store(_))), "{submitted:?}");
                assert_eq!(pair.switches[0].held().len(), 0, "nothing was sent");
                pair.until(|t| t.open.is_empty()).await;
                assert_eq!(pair.carry_out(intent).await, Outcome::Applied, "and it works again");
            }
            WriteFault::After => {
                let change = submitted.expect("it is durable").change;
                assert_eq!(pair.outcome(change).await, Outcome::Applied);
            }
        }
    }
    // At the closing: tried again until it is written, once.
    for fault in [WriteFault::Before, WriteFault::After] {
        let held_up = pair.switches[0].gate.clone().write_owned().await;
        let (_, mut happenings) = pair.engine.watch();
        let intent = Intent::moving(vec![pair.move_on(
            0,
            1,
            if fault == WriteFault::Before { Some(4) } else { Some(8) },
        )]);
        let change = pair.engine.submit(submission(intent, pair.topology().generation)).await;
        let change = change.expect("accepted").change;
        while !matches!(happenings.recv().await.expect("the engine runs"), Happening::Step(_)) {}
        pair.records.fail_next(fault);
        drop(held_up);
        assert_eq!(pair.outcome(change).await, Outcome::Applied, "{fault:?}");
    }
    let closed = |entry: &&Entry| matches!(entry.event, Event::ChangeClosed { .. });
    assert_eq!(pair.records.entries().iter().filter(closed).count(), 4);
    pair.until(|t| t.drift.is_empty()).await;
    common::until(&pair.engine, |now| now.trouble.is_none()).await;
}

#[tokio::test]
async fn what_came_with_a_discovery_that_failed_only_in_appearance_is_not_overlooked() {
    let pair = Pair::start().await;
    let assigned = pair.carry_out(Intent::moving(vec![pair.move_on(0, 1, Some(0))])).await;
    assert_eq!(assigned, Outcome::Applied);
    let seen = pair.topology().generation;
    pair.records.fail_next(WriteFault::After);
    pair.switches[0].replace_card();
    pair.until(|t| t.generation > seen).await;
    let intent = Intent::moving(vec![pair.move_on(0, 1, Some(4))]);
    let refused = pair.engine.submit(submission(intent, seen)).await.expect_err("another card's function");
    let SubmitError::Stale { moved, .. } = refused else { panic!("{refused:?}") };
    assert!(moved.iter().any(|one| one.by == Toucher::Discovery), "{moved:?}");
}

#[tokio::test]
async fn what_a_crash_left_open_on_a_switch_that_is_not_looked_after_any_more_is_told_and_never_taken_up_later()
 {
    let pair = Pair::start().await;
    let intent = Intent::moving(vec![pair.move_on(0, 1, Some(4)), pair.move_on(1, 1, Some(4))]);
    let t = pair.topology();
    let (switches, faults, records) = pair.stop().await;
    let change = leave_open(&records, &t, intent).await;
    switches[0].put(4, 0, &[0x1001]);
    let alone = SwitchConfig {
        key: "memory-0".to_owned(),
        names: servers(),
        ..common::config(Arc::new(switches[0].clone()))
    };
    let started = Engine::start(Arc::new(records.clone()), vec![alone], options(), Clock::SYSTEM).await;
    let (engine, tasks) = started.expect("the engine starts");
    common::until(&engine, |now| now.topology.open.is_empty() && now.topology.drift.len() == 1).await;
    engine.stop();
    tasks.finished().await;
    let pair = Pair::on(switches, faults, records).await;
    assert_eq!(pair.outcome(change).await, Outcome::Stuck);
    assert_eq!(pair.switches[0].held().len(), 1, "what is there stays until a person decides");
}

#[tokio::test]
async fn who_cancels_what_somebody_is_cancelling_is_not_told_that_it_has_begun() {
    let pair = Pair::start().await;
    let (held_up, first, behind) = pair.one_behind_another().await;
    pair.records.fail_next(WriteFault::Before);
    pair.records.fail_reads(0, u32::MAX);
    let cancelling = tokio::spawn({
        let engine = pair.engine.clone();
        async move { engine.cancel(behind, person()).await }
    });
    common::until(&pair.engine, |now| now.trouble.is_some()).await;
    let again = pair.engine.cancel(behind, person()).await.expect_err("somebody else is at it");
    assert!(matches!(again, CancelError::Unrecorded { .. }), "{again:?}");
    pair.records.fail_reads(0, 0);
    cancelling.await.expect("no panic").expect("written when it could be");
    drop(held_up);
    assert_eq!(
        (pair.outcome(first).await, pair.outcome(behind).await),
        (Outcome::Applied, Outcome::RolledBack)
    );
}

#[tokio::test]
async fn nobody_is_refused_because_of_a_change_that_never_came_about() {
    let pair = Pair::start().await;
    let seen = pair.topology().generation;
    let ask = |port| submission(Intent::moving(vec![pair.move_on(0, 1, Some(port))]), seen);
    pair.records.fail_next(WriteFault::Before);
    let (one, other) = tokio::join!(pair.engine.submit(ask(0)), pair.engine.submit(ask(4)));
    let refused = other.expect_err("the function is part of the first change");
    let SubmitError::Refused(Refusal::InFlight { change, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(one.expect("tried again alone").change, change, "it is there");
}

#[tokio::test]
async fn who_cancels_second_is_told_that_it_has_ended_and_not_that_it_has_begun() {
    let pair = Pair::start().await;
    let (held_up, _, behind) = pair.one_behind_another().await;
    let (one, other) =
        tokio::join!(pair.engine.cancel(behind, person()), pair.engine.cancel(behind, person()));
    one.expect("cancelled");
    let told = other.expect_err("somebody was first");
    assert!(matches!(told, CancelError::NotOpen { .. }), "{told:?}");
    drop(held_up);
    assert_eq!(pair.outcome(behind).await, Outcome::RolledBack);
}

#[tokio::test(start_paused = true)]
async fn who_cancels_is_answered_although_that_cannot_be_written_down_yet() {
    let pair = Pair::start().await;
    let (held_up, _, behind) = pair.one_behind_another().await;
    pair.records.fail_next(WriteFault::Before);
    pair.records.fail_reads(0, u32::MAX);
    let told = pair.engine.cancel(behind, person()).await.expect_err("it is not written");
    assert!(matches!(told, CancelError::Unrecorded { .. }), "{told:?}");
    pair.records.fail_reads(0, 0);
    drop(held_up);
    pair.until(|t| t.open.is_empty()).await;
    assert_eq!(pair.outcome(behind).await, Outcome::RolledBack, "as was asked");
}
