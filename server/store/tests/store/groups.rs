//! Groups are written whole or not at all, and keys stand for one change for ever.

use crate::lab::{self, HBA_VF1, HOST_A, HOST_B, Lab, NIC_VF1, NIC_VF2, SWITCH};
use patchbay_domain::*;
use patchbay_store::{Closing, Keyed, Opening, StoreError, WRITINGS_MAX, Writing};

/// The fingerprint of some request.
fn asked(byte: u8) -> Hash {
    Hash::new([byte; 32])
}

fn keyed(text: &str, byte: u8) -> Option<Keyed> {
    Some(Keyed { key: key(text), asked: asked(byte) })
}

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::new(text).expect("a key")
}

const DOWN: Subject = Subject::HostDown(HOST_A);

/// The change with this id that moves one function, as planned now.
async fn moving(lab: &Lab, change: u64, function: FunctionId, to: Option<HostId>) -> Opening {
    let intent = Intent::single(function, to);
    let plan = plan(&lab.ready().await, &intent).expect("allowed");
    lab::opening(ChangeId::new(change), "ada", intent, plan, "INC-1")
}

fn open(opening: Opening) -> Writing {
    Writing::Open(Box::new(opening))
}

fn ended(outcome: Outcome, moves: &[PlannedMove]) -> Closing {
    let reports =
        [StepReport { step: 0, phase: StepPhase::Apply, elapsed_us: 90, error: None, unanswered: false }];
    Closing { outcome, why: None, reports: reports.into(), moves: moves.into() }
}

fn heard() -> Writing {
    found_on(SWITCH)
}

fn found_on(switch: SwitchId) -> Writing {
    Writing::Event { at: lab::at(4), event: lab::nothing_found(switch) }
}

fn health(event: Event) -> Writing {
    Writing::Event { at: lab::at(4), event }
}

/// Checks that tables, ledger and fold tell the same story.
async fn sound(lab: &Lab) {
    let loaded = lab.store.load().await.expect("sound");
    let mut folded = Topology::default();
    lab.entries().await.iter().for_each(|entry| drop(folded.apply(entry)));
    folded.switches.values_mut().for_each(|switch| switch.state = SwitchState::Connecting);
    assert_eq!(folded, loaded.topology);
    let verified = lab.store.verify().await.expect("a chain");
    assert_eq!((verified.entries, verified.head), (loaded.seq.get(), loaded.head));
}

#[tokio::test]
async fn a_group_is_given_back_as_the_ledger_reads_it() {
    let lab = Lab::discovered().await;
    let first = moving(&lab, 1, NIC_VF2, Some(HOST_A)).await;
    let second = moving(&lab, 2, HBA_VF1, Some(HOST_B)).await;
    let closing = ended(Outcome::Applied, &first.plan.moves);
    let by = lab::somebody("grace");
    let close = Writing::Close { at: lab::at(5), change: first.change, by: by.clone(), closing };
    let group = vec![open(first), heard(), open(second), close];
    let written = lab.store.write(group).await.expect("a sound group");
    assert_eq!(written.iter().map(|e| e.seq.get()).collect::<Vec<_>>(), [3, 4, 5, 6]);
    assert_eq!((&written[2].actor, &written[3].actor), (&lab::somebody("ada"), &by));
    assert_eq!(lab.entries().await[2..], written);
    let loaded = lab.store.load().await.expect("loaded");
    assert_eq!(loaded.next_change, ChangeId::new(3));
    assert_eq!(loaded.topology.functions[&NIC_VF2].assigned.map(|a| a.host), Some(HOST_A));
    assert_eq!(loaded.topology.open.keys().copied().collect::<Vec<_>>(), [ChangeId::new(2)]);
    sound(&lab).await;
    let lines = lab.store.history(&HistoryQuery { function: Some(NIC_VF2), ..HistoryQuery::default() }).await;
    let lines = lines.expect("readable").items;
    assert_eq!((lines[0].change, lines[0].outcome), (Some(ChangeId::new(1)), Some(Outcome::Applied)));
}

#[tokio::test]
async fn a_trouble_is_known_from_raised_to_cleared_also_over_a_restart_and_stands_with_its_host() {
    let lab = Lab::discovered().await;
    let away = Subject::SwitchAway(SWITCH);
    lab.store.write(vec![health(lab::raised(DOWN)), health(lab::raised(away))]).await.expect("raised");
    let lab = lab.reopened().await;
    let open = lab.topology().await.health;
    assert_eq!(open.keys().copied().collect::<Vec<_>>(), [away, DOWN]);
    assert_eq!((open[&DOWN].since, open[&DOWN].at, open[&DOWN].times), (Seq::new(3), lab::at(8), 1));
    // Over, and at once there again: another trouble, with an entry of its own.
    let group = vec![health(lab::cleared(DOWN)), health(lab::raised(DOWN)), health(lab::cleared(away))];
    lab.store.write(group).await.expect("each takes its turn");
    sound(&lab).await;
    let open = lab.topology().await.health;
    assert_eq!(open.values().map(|raised| raised.since.get()).collect::<Vec<_>>(), [6]);
    let lines = lab.store.history(&HistoryQuery { host: Some(HOST_A), ..HistoryQuery::default() }).await;
    let lines: Vec<_> = lines.expect("readable").items.into_iter().map(|line| line.seq.get()).collect();
    assert_eq!(lines, [6, 5, 3, 2]);
}

#[tokio::test]
async fn one_bad_writing_leaves_nothing_of_its_group() {
    let lab = Lab::discovered().await;
    let good = moving(&lab, 1, NIC_VF1, Some(HOST_B)).await;
    let nowhere = SwitchId::new(9);
    let elsewhere = Opening {
        plan: Plan { switches: vec![SWITCH, nowhere], ..Plan::clone(&good.plan) }.into(),
        ..good.clone()
    };
    let mut ghost = good.plan.moves.clone();
    ghost[0].to = ghost[0].to.map(|at| Assignment { host: HostId::new(77), ..at });
    let close = |change: u64, closing| lab::closed(ChangeId::new(change), closing);
    let rolled_back = || ended(Outcome::RolledBack, &[]);
    type Check = fn(&StoreError) -> bool;
    let cases: Vec<(Vec<Writing>, Check)> = vec![
        (vec![open(elsewhere)], |e| matches!(e, StoreError::UnknownSwitch { .. })),
        (vec![found_on(nowhere)], |e| matches!(e, StoreError::UnknownSwitch { .. })),
        (vec![health(lab::cleared(DOWN))], |e| {
            e.to_string() == "The trouble host-1-down cannot be cleared: it was not raised."
        }),
        (vec![health(lab::raised(DOWN)), health(lab::raised(DOWN))], |e| {
            e.to_string() == "The trouble host-1-down was raised before and is not over."
        }),
        (vec![health(Event::SwitchReached { switch: SWITCH })], |e| {
            matches!(e, StoreError::NotRecordable { kind: "switch_reached" })
        }),
        (vec![close(1, ended(Outcome::Applied, &ghost))], |e| matches!(e, StoreError::UnknownHost { .. })),
        (vec![close(2, rolled_back())], |e| matches!(e, StoreError::UnknownChange { .. })),
        (
            vec![close(1, rolled_back()), close(1, rolled_back())],
            |e| matches!(e, StoreError::AlreadyClosed { closed, .. } if closed.get() == 5),
        ),
        (vec![open(good.clone())], |e| matches!(e, StoreError::OutOfOrder { .. })),
        (vec![open(Opening { change: ChangeId::new(3), ..good.clone() })], |e| {
            e.to_string() == "Change 3 cannot be opened: the next one is 2."
        }),
        (
            vec![Writing::Event {
                at: lab::at(4),
                event: Event::ChangeClosed {
                    change: good.change,
                    outcome: Outcome::Stuck,
                    why: None,
                    reports: [].into(),
                    moves: [].into(),
                },
            }],
            |e| matches!(e, StoreError::NotRecordable { kind: "change_closed" }),
        ),
    ];
    for (bad, refused) in cases {
        let lone = Lab::discovered().await;
        let before = lone.store.load().await.expect("loaded");
        let mut group = vec![open(good.clone()), heard()];
        group.extend(bad);
        let error = lone.store.write(group).await.expect_err("one of them is bad");
        assert!(refused(&error), "{error:?}");
        assert_eq!(lone.store.load().await.expect("loaded"), before, "{error}");
        lone.store.write(vec![open(good.clone())]).await.expect("nothing is in the way");
        sound(&lone).await;
    }
}

#[tokio::test]
async fn groups_are_bounded_and_may_be_empty() {
    let lab = Lab::discovered().await;
    assert_eq!(lab.store.write(Vec::new()).await.expect("nothing to do"), []);
    let most = std::iter::repeat_with(heard).take(WRITINGS_MAX);
    assert_eq!(lab.store.write(most.clone().collect()).await.expect("as many as fit").len(), WRITINGS_MAX);
    let refused = lab.store.write(most.chain([heard()]).collect()).await.expect_err("one more");
    assert_eq!(refused.to_string(), "1025 writings are too many for one group. Keep it to 1024.");
    sound(&lab).await;
}

#[tokio::test]
async fn a_key_stands_for_its_first_change_also_after_its_end_and_a_restart() {
    let lab = Lab::discovered().await;
    let opening = Opening { key: keyed("INC-1/a", 7), ..moving(&lab, 1, NIC_VF2, Some(HOST_A)).await };
    assert_eq!(lab.store.change_with_key(&key("INC-1/a")).await.expect("readable"), None);
    lab.store.write(vec![open(opening.clone())]).await.expect("a new key");
    lab.close(opening.change, Outcome::Applied).await;
    let lab = lab.reopened().await;
    let found = lab.store.change_with_key(&key("INC-1/a")).await.expect("readable");
    assert_eq!(found, Some((ChangeId::new(1), asked(7))));
    let again = Opening { change: ChangeId::new(2), ..opening };
    let refused = lab.store.write(vec![open(again.clone())]).await.expect_err("taken");
    assert_eq!(refused.to_string(), "The idempotency key INC-1/a stands for change 1 already.");
    // Keys are compared exactly, and one group cannot use one twice either.
    let other = Opening { key: keyed("INC-1/A", 7), ..again };
    let twice = vec![open(other.clone()), open(Opening { change: ChangeId::new(3), ..other.clone() })];
    let refused = lab.store.write(twice).await.expect_err("taken by the one in front");
    assert!(matches!(&refused, StoreError::KeyTaken { change, .. } if change.get() == 2), "{refused:?}");
    lab.store.write(vec![open(other)]).await.expect("another key");
    sound(&lab).await;
}

#[tokio::test]
async fn keys_cannot_be_changed_past_the_store() {
    let lab = Lab::discovered().await;
    let opening = Opening { key: keyed("k", 1), ..moving(&lab, 1, NIC_VF2, Some(HOST_A)).await };
    lab.store.write(vec![open(opening)]).await.expect("a new key");
    let mut raw = lab.raw().await;
    for (sql, wanted) in [
        ("UPDATE keys SET change = 2", "never changed"),
        ("DELETE FROM keys", "never deleted"),
        ("INSERT OR REPLACE INTO keys SELECT key, asked, 2 FROM keys", "stands for one change"),
        ("INSERT OR REPLACE INTO keys SELECT 'other', asked, change FROM keys", "stands for one change"),
    ] {
        let refused = sqlx::raw_sql(sql).execute(&mut raw).await.expect_err(sql).to_string();
        assert!(refused.contains(wanted), "{sql}: {refused}");
    }
}
