//! A change being carried out, step by step, as the live stream tells it.

use patchbay_domain::{
    ChangeId, Entry, Event, HistoryItem, OpenChange, Outcome, Plan, StepPhase, StepProgress, StepReport,
    StepStage, Untold,
};
use std::collections::BTreeMap;

/// How many changes are kept: the one on the sheet, and those a person may want to undo.
const RUNS_MAX: usize = 32;

/// How far one step is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    /// Its turn has not come.
    #[default]
    Waiting,
    /// The switch is at it.
    Running,
    /// Done, in this many microseconds.
    Done(u64),
    /// Not done, and why.
    Failed(String),
    /// Done, but nobody could write down how long it took.
    Unseen,
    /// Not reached when the change ended.
    NotReached,
    /// The change ended, and nobody knows about this step.
    Unknown,
}

impl Mark {
    /// The word for style sheets and screen readers.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done(_) | Self::Unseen => "done",
            Self::Failed(_) => "failed",
            Self::NotReached => "not reached",
            Self::Unknown => "not known",
        }
    }

    /// "38 ms", "0.4 ms"; nothing unless it is done.
    pub fn took(&self) -> String {
        match self {
            Self::Done(us) if *us < 10_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
            Self::Done(us) => format!("{} ms", us / 1_000),
            Self::Running => "…".to_owned(),
            Self::Waiting | Self::Failed(_) | Self::Unseen | Self::NotReached | Self::Unknown => {
                String::new()
            }
        }
    }
}

/// How a change ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Applied, rolled back or stuck.
    pub outcome: Outcome,
    /// Why it was not applied.
    pub why: Option<String>,
}

/// One change on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What is being done.
    pub plan: Plan,
    /// How far each step is; the last mark is the reading back of the switch. None when nothing is sent.
    pub marks: Vec<Mark>,
    /// The steps that are taken back, by their place in the plan, in the order in which that happened. The number of steps
    /// is the reading at the end of that.
    pub undo: Vec<(usize, Mark)>,
    /// How it ended; none while it runs.
    pub ending: Option<Ending>,
    /// Whether it ended while nobody told this page: only its own page says how.
    pub lost: bool,
}

impl From<Untold> for Mark {
    fn from(untold: Untold) -> Self {
        match untold {
            Untold::Done => Self::Unseen,
            Untold::NotReached => Self::NotReached,
            Untold::Unknown => Self::Unknown,
        }
    }
}

impl Run {
    /// A change that has just been accepted.
    pub fn new(plan: Plan) -> Self {
        let marks = Self::unmarked(&plan);
        Self { plan, marks, undo: Vec::new(), ending: None, lost: false }
    }

    /// Whether it runs no longer, however it ended.
    const fn is_over(&self) -> bool {
        self.ending.is_some() || self.lost
    }

    fn unmarked(plan: &Plan) -> Vec<Mark> {
        let reading = usize::from(!plan.steps.is_empty());
        vec![Mark::Waiting; plan.steps.len() + reading]
    }

    fn step(&mut self, phase: StepPhase, step: usize, mark: Mark) {
        // Once something was taken back, what is read is that all is as before.
        if phase == StepPhase::Undo || !self.undo.is_empty() {
            match self.undo.iter_mut().find(|(undone, _)| *undone == step) {
                Some((_, slot)) => *slot = mark,
                None => self.undo.push((step, mark)),
            }
        } else if let Some(slot) = self.marks.get_mut(step) {
            *slot = mark;
        }
    }

    /// The reports tell all that was done, also what was missed while the stream was away.
    fn close(&mut self, reports: &[StepReport], outcome: Outcome, why: Option<&String>) {
        (self.marks, self.undo) = (Self::unmarked(&self.plan), Vec::new());
        for report in reports {
            let mark = report.error.clone().map_or(Mark::Done(report.elapsed_us), Mark::Failed);
            self.step(report.phase, index(report.step), mark);
        }
        for (step, mark) in self.marks.iter_mut().enumerate().filter(|(_, mark)| **mark == Mark::Waiting) {
            *mark = Untold::of(outcome, reports, step).into();
        }
        (self.ending, self.lost) = (Some(Ending { outcome, why: why.cloned() }), false);
    }
}

fn index(step: u32) -> usize {
    usize::try_from(step).unwrap_or(usize::MAX)
}

/// The changes seen since the page was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs(BTreeMap<ChangeId, Run>);

impl Runs {
    /// A change, if it was seen.
    pub fn get(&self, change: ChangeId) -> Option<&Run> {
        self.0.get(&change)
    }

    /// Begins a change that is on its way, unless it is known. The oldest of those that have ended are forgotten.
    pub fn begin(&mut self, change: ChangeId, plan: &Plan) {
        self.0.entry(change).or_insert_with(|| Run::new(plan.clone()));
        while self.0.len() > RUNS_MAX {
            let Some(oldest) = self.0.iter().find(|(_, run)| run.is_over()).map(|(id, _)| *id) else {
                return;
            };
            self.0.remove(&oldest);
        }
    }

    /// A new picture says which changes are open: of the others it is known that they ended, and of the newest how.
    pub fn look_again(&mut self, open: &BTreeMap<ChangeId, OpenChange>, recent: &[HistoryItem]) {
        for (id, run) in self.0.iter_mut().filter(|(id, run)| !run.is_over() && !open.contains_key(id)) {
            let line = recent.iter().find(|item| item.change == Some(*id));
            match line.and_then(|item| Some((item.outcome?, item.why.as_ref()))) {
                Some((outcome, why)) => {
                    run.marks.iter_mut().for_each(|mark| *mark = Mark::Unknown);
                    run.ending = Some(Ending { outcome, why: why.cloned() });
                }
                None => run.lost = true,
            }
        }
    }

    /// Follows an entry. True when it is about a change.
    pub fn entry(&mut self, entry: &Entry) -> bool {
        match &entry.event {
            Event::ChangeOpened { change, plan, .. } => {
                self.begin(*change, plan);
                true
            }
            Event::ChangeClosed { change, outcome, why, reports, .. } => {
                if let Some(run) = self.0.get_mut(change) {
                    run.close(reports, *outcome, why.as_ref());
                }
                true
            }
            _ => false,
        }
    }

    /// Follows a step in flight.
    pub fn step(&mut self, progress: &StepProgress) {
        if let Some(run) = self.0.get_mut(&progress.change).filter(|run| run.ending.is_none()) {
            let mark = match &progress.stage {
                StepStage::Started => Mark::Running,
                StepStage::Done { elapsed_us } => Mark::Done(*elapsed_us),
                StepStage::Failed { why } => Mark::Failed(why.clone()),
            };
            run.step(progress.phase, index(progress.step), mark);
        }
    }
}

#[cfg(test)]
mod tests {
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
        let report = |step, phase| StepReport { step, phase, elapsed_us: 5, error: None };
        let closed = Event::ChangeClosed {
            change: CHANGE,
            outcome: Outcome::Applied,
            why: None,
            reports: [
                report(0, StepPhase::Apply),
                report(1, StepPhase::Apply),
                report(2, StepPhase::ReadBack),
            ]
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
        let recent =
            HistoryItem { outcome: Some(Outcome::Stuck), why: Some("No answer.".to_owned()), ..line(2) };
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
        let undone = |step, phase| StepReport { step, phase, elapsed_us: 1, error: None };
        let reports = [undone(0, StepPhase::Undo), undone(2, StepPhase::ReadBack)].into();
        runs.entry(&entry(2, Event::ChangeClosed { change, outcome, why, reports, moves }));
        let marks = &runs.get(CHANGE).expect("begun").marks;
        assert_eq!(*marks, [Mark::Unseen, Mark::NotReached, Mark::NotReached]);
    }

    #[test]
    fn how_far_a_stuck_change_came_without_reports_nobody_knows() {
        let mut runs = running();
        let (change, why) = (CHANGE, Some("No answer.".to_owned()));
        let closed = Event::ChangeClosed {
            change,
            outcome: Outcome::Stuck,
            why,
            reports: [].into(),
            moves: [].into(),
        };
        runs.entry(&entry(2, closed));
        assert_eq!(runs.get(CHANGE).expect("begun").marks, vec![Mark::Unknown; 3]);
    }
}
