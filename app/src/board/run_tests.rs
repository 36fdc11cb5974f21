//! Tests of changes on their way.

use super::*;
use crate::board::fixture::{self, *};
use patchbay_domain::{Drift, Intent, Seq, plan};

const CHANGE: ChangeId = ChangeId::new(1);

fn running() -> Runs {
    let t = fixture::topology();
    let mut runs = Runs::default();
    assert!(runs.entry(&entry(1, opened(&t, 1, &Intent::single(NIC_VF1, Some(HOST_B))))));
    runs
}

fn progress(step: u32, phase: StepPhase, stage: StepStage) -> StepProgress {
    StepProgress { change: CHANGE, step, phase, stage }
}

#[test]
fn steps_tick_one_after_the_other_and_the_reading_back_comes_last() {
    let mut runs = running();
    runs.step(&progress(0, StepPhase::Apply, StepStage::Done { elapsed_us: 38_400 }));
    runs.step(&progress(1, StepPhase::Apply, StepStage::Started));
    let run = runs.get(CHANGE).expect("begun");
    assert_eq!(run.marks, [Mark::Done(38_400), Mark::Running, Mark::Waiting]);
    assert_eq!(run.marks[0].took(), "38 ms");
    assert_eq!(Mark::Done(420).took(), "0.4 ms");
}

#[test]
fn a_failed_step_shows_the_undo_and_the_ending_says_why() {
    let mut runs = running();
    runs.step(&progress(0, StepPhase::Apply, StepStage::Done { elapsed_us: 1 }));
    runs.step(&progress(1, StepPhase::Apply, StepStage::Failed { why: "No.".to_owned() }));
    runs.step(&progress(0, StepPhase::Undo, StepStage::Started));
    runs.step(&progress(0, StepPhase::Undo, StepStage::Done { elapsed_us: 2 }));
    runs.step(&progress(2, StepPhase::ReadBack, StepStage::Done { elapsed_us: 3 }));
    let run = runs.get(CHANGE).expect("begun");
    let (ahead, back) = (
        vec![Mark::Done(1), Mark::Failed("No.".to_owned()), Mark::Waiting],
        vec![(0, Mark::Done(2)), (2, Mark::Done(3))],
    );
    assert_eq!((&run.marks, &run.undo), (&ahead, &back));
    let Event::ChangeClosed { change, outcome, why, moves, .. } = rolled_back(1, "The switch refused.")
    else {
        panic!("a closing event");
    };
    let report = |step, phase, elapsed_us, error: Option<&str>| StepReport {
        step,
        phase,
        elapsed_us,
        error: error.map(str::to_owned),
        unanswered: false,
    };
    let reports = [
        report(0, StepPhase::Apply, 1, None),
        report(1, StepPhase::Apply, 9, Some("No.")),
        report(0, StepPhase::Undo, 2, None),
        report(2, StepPhase::ReadBack, 3, None),
    ];
    let reports = reports.into();
    runs.entry(&entry(2, Event::ChangeClosed { change, outcome, why, reports, moves }));
    let run = runs.get(CHANGE).expect("begun");
    assert_eq!((&run.marks[..2], &run.marks[2]), (&ahead[..2], &Mark::NotReached));
    assert_eq!(run.undo, back);
    assert_eq!(run.ending.as_ref().map(|e| e.outcome), Some(Outcome::RolledBack));
}

#[test]
fn an_adoption_has_no_steps_and_nothing_is_read_for_it() {
    let mut t = fixture::topology();
    let at = t.functions[&NIC_VF1].assigned;
    t.drift.insert(NIC_VF1, Drift { wished: None, since: Seq::new(1) });
    let run = Run::new(plan(&t, &Intent::adopting([NIC_VF1])).expect("allowed"));
    assert_eq!((run.plan.adoptions[0].to, run.marks), (at, Vec::new()));
}

#[test]
fn steps_without_a_report_were_done_when_the_change_was_applied() {
    let mut runs = running();
    let Event::ChangeClosed { change, outcome, why, moves, .. } = rolled_back(1, "No.") else {
        panic!("a closing event");
    };
    assert_eq!(outcome, Outcome::RolledBack);
    let reports = [].into();
    runs.entry(&entry(2, Event::ChangeClosed { change, outcome: Outcome::Applied, why, reports, moves }));
    assert_eq!(runs.get(CHANGE).expect("begun").marks, vec![Mark::Unseen; 3]);
}

#[test]
fn reports_fill_in_what_was_missed_and_late_steps_change_nothing() {
    let mut runs = running();
    let report = |step, phase| StepReport { step, phase, elapsed_us: 5, error: None, unanswered: false };
    let closed = Event::ChangeClosed {
        change: CHANGE,
        outcome: Outcome::Applied,
        why: None,
        reports: [report(0, StepPhase::Apply), report(1, StepPhase::Apply), report(2, StepPhase::ReadBack)]
            .into(),
        moves: [].into(),
    };
    runs.entry(&entry(2, closed));
    runs.step(&progress(1, StepPhase::Apply, StepStage::Started));
    let run = runs.get(CHANGE).expect("begun");
    assert_eq!(run.marks, [Mark::Done(5), Mark::Done(5), Mark::Done(5)]);
}

#[test]
fn only_so_many_changes_are_kept_and_none_that_runs_is_forgotten() {
    let mut runs = running();
    let plan = runs.get(CHANGE).expect("begun").plan.clone();
    for change in 2..=40 {
        runs.begin(ChangeId::new(change), &plan);
        runs.entry(&entry(change, rolled_back(change, "No.")));
    }
    assert!(runs.get(CHANGE).is_some_and(|run| run.ending.is_none()), "it still runs");
    assert_eq!(runs.get(ChangeId::new(2)), None);
    assert!(runs.get(ChangeId::new(40)).is_some());
}

#[test]
fn a_change_that_ended_unseen_is_not_said_to_run() {
    let mut runs = running();
    let plan = runs.get(CHANGE).expect("begun").plan.clone();
    runs.begin(ChangeId::new(2), &plan);
    let recent = HistoryItem { outcome: Some(Outcome::Stuck), why: Some("No answer.".to_owned()), ..line(2) };
    runs.look_again(&BTreeMap::new(), &[recent]);
    assert!(runs.get(CHANGE).is_some_and(|run| run.lost && run.ending.is_none()));
    let two = runs.get(ChangeId::new(2)).expect("known");
    assert_eq!(two.ending, Some(Ending { outcome: Outcome::Stuck, why: Some("No answer.".to_owned()) }));
    assert_eq!(two.marks, vec![Mark::Unknown; 3]);
}

fn line(change: u64) -> HistoryItem {
    let open = opened(&fixture::topology(), change, &Intent::single(NIC_VF1, Some(HOST_B)));
    HistoryItem::of(&entry(change, open), "").expect("a line")
}

#[test]
fn what_a_crash_left_is_known_by_what_was_taken_back() {
    let mut runs = running();
    let Event::ChangeClosed { change, outcome, why, moves, .. } = rolled_back(1, "No.") else {
        panic!("a closing event");
    };
    let undone = |step, phase| StepReport { step, phase, elapsed_us: 1, error: None, unanswered: false };
    let reports = [undone(0, StepPhase::Undo), undone(2, StepPhase::ReadBack)].into();
    runs.entry(&entry(2, Event::ChangeClosed { change, outcome, why, reports, moves }));
    let marks = &runs.get(CHANGE).expect("begun").marks;
    assert_eq!(*marks, [Mark::Unseen, Mark::NotReached, Mark::NotReached]);
}

#[test]
fn a_stuck_change_is_settled_when_later_ones_decided_about_all_of_it() {
    let mut runs = running();
    let mut t = fixture::topology();
    let why = Some("No answer.".to_owned());
    let stuck = Event::ChangeClosed {
        change: CHANGE,
        outcome: Outcome::Stuck,
        why,
        reports: [].into(),
        moves: [].into(),
    };
    runs.entry(&entry(2, stuck));
    let settled = |runs: &Runs| runs.get(CHANGE).expect("begun").settled;
    for (change, function, by) in [(2, HBA_VF1, None), (3, NIC_VF1, Some(ChangeId::new(3)))] {
        let open = entry(change, opened(&t, change, &Intent::single(function, None)));
        t.apply(&open);
        runs.entry(&open);
        let close = entry(change, applied(&t, change));
        t.apply(&close);
        runs.entry(&close);
        assert_eq!(settled(&runs), by);
    }
}

#[test]
fn how_far_a_stuck_change_came_without_reports_nobody_knows() {
    let mut runs = running();
    let (change, why) = (CHANGE, Some("No answer.".to_owned()));
    let closed =
        Event::ChangeClosed { change, outcome: Outcome::Stuck, why, reports: [].into(), moves: [].into() };
    runs.entry(&entry(2, closed));
    assert_eq!(runs.get(CHANGE).expect("begun").marks, vec![Mark::Unknown; 3]);
}
