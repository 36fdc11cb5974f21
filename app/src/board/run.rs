//! A change being carried out, step by step, as the live stream tells it.

use patchbay_domain::{
    ChangeId, Entry, Event, FunctionId, HistoryItem, OpenChange, Outcome, Plan, PlannedMove, StepPhase,
    StepProgress, StepReport, StepStage, Untold,
};
use std::collections::{BTreeMap, BTreeSet};

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
    /// The functions of a stuck one about which no later change has decided.
    unsettled: BTreeSet<FunctionId>,
    /// The later change that decided about the last of them.
    pub settled: Option<ChangeId>,
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
        let unsettled = BTreeSet::new();
        Self { plan, marks, undo: Vec::new(), ending: None, lost: false, unsettled, settled: None }
    }

    /// Whether it runs no longer, however it ended.
    const fn is_over(&self) -> bool {
        self.ending.is_some() || self.lost
    }

    /// A later change was applied, which moved or accepted these.
    fn decided(&mut self, by: ChangeId, moves: &[PlannedMove]) {
        if !self.unsettled.is_empty() {
            self.unsettled.retain(|function| moves.iter().all(|one| one.function != *function));
            self.settled = self.unsettled.is_empty().then_some(by);
        }
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
        self.end(outcome, why);
    }

    fn end(&mut self, outcome: Outcome, why: Option<&String>) {
        if outcome == Outcome::Stuck {
            self.unsettled = self.plan.functions().collect();
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
                    run.end(outcome, why);
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
            Event::ChangeClosed { change, outcome, why, reports, moves } => {
                self.0.values_mut().for_each(|run| run.decided(*change, moves));
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
#[path = "run_tests.rs"]
mod tests;
