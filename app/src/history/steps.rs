//! The steps of a change, with what became of each.

use leptos::prelude::*;
use patchbay_domain::{ChangeClosing, Plan, Step, StepPhase, StepReport, Untold};

use crate::ui::Stage;

/// Below this a duration is said in milliseconds.
const SECOND_US: u64 = 1_000_000;
const MS_US: u64 = 1_000;

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Done, in this many microseconds.
    Done(u64),
    /// Failed after this many microseconds, and why.
    Failed(u64, String),
    /// Done, but Patchbay ended before it could write down how long it took.
    DoneUnseen,
    /// Not reached when the change ended.
    NotReached,
    /// The change ended, and nobody knows about this step.
    Unknown,
    /// The change waits for its turn: nothing was sent.
    Waiting,
    /// The change still runs, and its steps are written down when it ends.
    Open,
}

/// One step as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepLine {
    /// What is done: "Bind eth16v5 to web-03".
    pub title: String,
    /// Where, where that is not in the title.
    pub place: Option<String>,
    /// What became of it.
    pub fate: Fate,
}

/// The steps of the plan and the reading back at the end, as far as they came; empty for a plan that touches no switch.
pub fn forward(plan: &Plan, closed: Option<&ChangeClosing>, stage: Stage) -> Vec<StepLine> {
    let reports = closed.map_or(&[][..], |closing| &*closing.reports);
    let ahead = &reports[..turning_point(reports)];
    let report_of = |index, phase| {
        ahead.iter().find(|report| usize::try_from(report.step) == Ok(index) && report.phase == phase)
    };
    let untold = |index| match closed.map(|closing| Untold::of(closing.outcome, reports, index)) {
        None if stage == Stage::Waiting => Fate::Waiting,
        None => Fate::Open,
        Some(Untold::Done) => Fate::DoneUnseen,
        Some(Untold::NotReached) => Fate::NotReached,
        Some(Untold::Unknown) => Fate::Unknown,
    };
    let fate = |index, phase| report_of(index, phase).map_or_else(|| untold(index), fate);
    let steps = plan.steps.iter().enumerate();
    let mut lines: Vec<_> = steps
        .map(|(index, step)| StepLine {
            title: step.to_string(),
            place: Some(place(step)),
            fate: fate(index, StepPhase::Apply),
        })
        .collect();
    if !plan.only_adopts() {
        let title = "Read the switch back".to_owned();
        lines.push(StepLine { title, place: None, fate: fate(plan.steps.len(), StepPhase::ReadBack) });
    }
    lines
}

/// What was done to take the change back, in order; empty when nothing was.
pub fn back(plan: &Plan, reports: &[StepReport]) -> Vec<StepLine> {
    let undone = reports[turning_point(reports)..].iter();
    undone
        .map(|report| {
            let step = usize::try_from(report.step).ok().and_then(|index| plan.steps.get(index));
            match (report.phase, step) {
                (StepPhase::Undo | StepPhase::Apply, Some(step)) => {
                    let inverse = step.inverse();
                    StepLine { title: inverse.to_string(), place: Some(place(step)), fate: fate(report) }
                }
                _ => {
                    let title = "Read back that the switch is as before".to_owned();
                    StepLine { title, place: None, fate: fate(report) }
                }
            }
        })
        .collect()
}

/// Where the reports turn from carrying out to taking back.
fn turning_point(reports: &[StepReport]) -> usize {
    reports.iter().position(|report| report.phase == StepPhase::Undo).unwrap_or(reports.len())
}

fn fate(report: &StepReport) -> Fate {
    match &report.error {
        None => Fate::Done(report.elapsed_us),
        Some(why) => Fate::Failed(report.elapsed_us, why.clone()),
    }
}

fn place(step: &Step) -> String {
    format!("port {}, logical port {}", step.port, step.place.logical_port)
}

/// "38 ms", "0.4 ms" or "2.1 s".
pub fn duration(us: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    let exact = us as f64;
    match us {
        SECOND_US.. => format!("{:.1} s", exact / 1e6),
        0..10_000 => format!("{:.1} ms", exact / 1e3),
        _ => format!("{} ms", us / MS_US),
    }
}

/// Steps, numbered, each with its fate.
#[component]
pub fn Steps(
    /// The steps.
    lines: Vec<StepLine>,
) -> impl IntoView {
    let lines = lines.into_iter().map(|StepLine { title, place, fate }| {
        let (word, said, why) = match fate {
            Fate::Done(us) => ("done", duration(us), None),
            Fate::Failed(us, why) => ("failed", format!("failed after {}", duration(us)), Some(why)),
            Fate::DoneUnseen => ("done", "done, time not known".to_owned(), None),
            Fate::NotReached => ("skipped", "not reached".to_owned(), None),
            Fate::Unknown => ("skipped", "not known".to_owned(), None),
            Fate::Waiting => ("open", "waiting".to_owned(), None),
            Fate::Open => ("open", "on its way".to_owned(), None),
        };
        view! {
            <li data-fate=word>
                <div>
                    <p>{title}</p>
                    {place.map(|place| view! { <p class="step-place">{place}</p> })}
                    {why.map(|why| view! { <p class="step-why">{why}</p> })}
                </div>
                <p class="step-time">{said}</p>
            </li>
        }
    });
    view! { <ol class="steps">{lines.collect_view()}</ol> }
}

#[cfg(test)]
mod tests {
    use super::{Fate, Stage, back, duration, forward};
    use crate::history::fixture::{applied, record, report, rolled_back, stuck};
    use patchbay_domain::{ChangeRecord, StepPhase, StepReport};

    #[test]
    fn an_applied_change_has_a_time_at_every_step() {
        let record = applied();
        let lines = forward(&record.plan, record.closed.as_ref(), Stage::Running);
        let titles: Vec<_> = lines.iter().map(|line| line.title.as_str()).collect();
        assert_eq!(titles, ["Unbind eth16v5 from db-02", "Bind eth16v5 to web-03", "Read the switch back"]);
        assert_eq!(lines[1].place.as_deref(), Some("port 8, logical port 2"));
        assert!(lines.iter().all(|line| matches!(line.fate, Fate::Done(_))), "{lines:?}");
        assert!(back(&record.plan, &record.closed.expect("closed").reports).is_empty());
    }

    #[test]
    fn a_failed_step_says_why_and_what_was_taken_back() {
        let record = rolled_back();
        let closing = record.closed.expect("closed");
        let lines = forward(&record.plan, Some(&closing), Stage::Running);
        assert_eq!(lines[1].fate, Fate::Failed(700, "The logical port is taken.".to_owned()));
        assert_eq!(lines[2].fate, Fate::NotReached);
        let undone = back(&record.plan, &closing.reports);
        let titles: Vec<_> = undone.iter().map(|line| line.title.as_str()).collect();
        assert_eq!(titles, ["Bind eth16v5 to db-02", "Read back that the switch is as before"]);
    }

    #[test]
    fn steps_without_a_report_are_open_while_the_change_runs_and_done_when_it_was_applied() {
        let running = record(None);
        assert!(forward(&running.plan, None, Stage::Running).iter().all(|line| line.fate == Fate::Open));
        let waiting = forward(&running.plan, None, Stage::Waiting);
        assert!(waiting.iter().all(|line| line.fate == Fate::Waiting));
        let mut recovered = applied();
        let closing = recovered.closed.as_mut().expect("closed");
        closing.reports = [].into();
        assert!(
            forward(&recovered.plan, Some(closing), Stage::Running)
                .iter()
                .all(|line| line.fate == Fate::DoneUnseen)
        );
    }

    #[test]
    fn what_a_crash_left_is_known_by_what_was_taken_back_or_not_at_all() {
        let fates = |mut record: ChangeRecord, reports: Vec<StepReport>| {
            let closing = record.closed.as_mut().expect("closed");
            closing.reports = reports.into();
            forward(&record.plan, Some(closing), Stage::Running)
                .into_iter()
                .map(|line| line.fate)
                .collect::<Vec<_>>()
        };
        let taken_back = vec![report(0, StepPhase::Undo, None), report(2, StepPhase::ReadBack, None)];
        assert_eq!(fates(rolled_back(), taken_back), [Fate::DoneUnseen, Fate::NotReached, Fate::NotReached]);
        assert_eq!(fates(stuck(), Vec::new()), vec![Fate::Unknown; 3]);
    }

    #[test]
    fn a_report_about_a_step_that_does_not_exist_is_no_panic() {
        let plan = applied().plan;
        assert_eq!(back(&plan, &[report(99, StepPhase::Undo, None)]).len(), 1);
    }

    #[test]
    fn durations_are_short() {
        assert_eq!([400, 38_400, 2_130_000].map(duration), ["0.4 ms", "38 ms", "2.1 s"]);
    }
}
