//! Taking back what a change did.
//!
//! Each step is taken back by a compare-and-set that reads first: nobody knows what a switch did that stopped answering.

use crate::crew::Crew;
use crate::execute::{read_ports, timed, unknown};
use crate::life::{Settled, Undoing};
use crate::meant::Meant;
use patchbay_domain::{Held, Step, StepPhase};
use patchbay_driver::DriverError;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tracing::warn;

/// How long switches that are away are waited for in one turn, together for everything that is taken back in it: who waits
/// for the turn must not wait as long for each change of a company.
#[derive(Default)]
pub(crate) struct Patience {
    until: Option<Instant>,
    /// What was said when it ended; then nothing more is tried.
    spent: Option<String>,
}

impl Patience {
    /// Until when, from the first time that somebody asks.
    fn until(&mut self, crew: &Crew) -> Instant {
        *self.until.get_or_insert_with(|| Instant::now() + crew.options.undo_patience)
    }

    /// A person is needed. When that is because a switch stayed away, the next change need not wait for it again.
    fn stuck(&mut self, undoing: Undoing, error: &DriverError) -> Settled {
        let why = error.to_string();
        let settled = undoing.stuck(&why);
        if error.is_away() {
            self.spent = Some(why);
        }
        settled
    }
}

/// Takes steps back, last first, and reads back that everything is as before.
pub(crate) async fn back(crew: &Crew, mut undoing: Undoing, patience: &mut Patience) -> Settled {
    let change = undoing.change();
    if undoing.steps().is_empty() {
        return undoing.read_back(&Held::default());
    }
    warn!(%change, why = %undoing.why(), "change fails, taking it back");
    if let Some(why) = &patience.spent {
        return undoing.stuck(why);
    }
    let until = patience.until(crew);
    let plan = undoing.plan();
    // What it did not reach is not looked at: a switch of which nothing is to be taken back may stay away.
    let reached = &plan.steps[..undoing.steps().len()];
    let meant = Meant::of(crew, reached);
    if let Err(why) = meant.known() {
        return undoing.left(&why);
    }
    match persist(crew, until, || meant.look()).await {
        Ok(()) => {}
        Err(error @ DriverError::Conflict { .. }) => return undoing.left(&error.to_string()),
        Err(error) => return patience.stuck(undoing, &error),
    }
    for index in (0..undoing.steps().len()).rev() {
        let inverse = plan.steps[index].inverse();
        let undo = persist(crew, until, || meant.apply(&inverse));
        let (result, report) = timed(crew, change, index, StepPhase::Undo, undo).await;
        undoing.report(report);
        if let Err(error) = result {
            return patience.stuck(undoing, &error);
        }
    }
    let reading = persist(crew, until, || read_ports(crew, reached));
    let (read, report) = timed(crew, change, plan.steps.len(), StepPhase::ReadBack, reading).await;
    undoing.report(report);
    match read {
        Ok(held) => undoing.read_back(&held),
        Err(error) => patience.stuck(undoing, &error),
    }
}

pub(crate) async fn apply(crew: &Crew, step: &Step) -> Result<(), DriverError> {
    let Some(driver) = crew.driver(step.switch) else {
        let (operation, reason) = (step.to_string(), unknown(step.switch));
        return Err(DriverError::Refused { operation, reason });
    };
    let operation = step.to_string();
    crew.limited(step.switch, &operation, driver.apply(step)).await.map(|_| ())
}

/// Tries again while a switch is away, until patience ends. Drivers read before they apply, so a repeat of something that
/// did take effect does nothing.
async fn persist<T, F>(crew: &Crew, until: Instant, mut attempt: impl FnMut() -> F) -> Result<T, DriverError>
where
    F: Future<Output = Result<T, DriverError>>,
{
    loop {
        match attempt().await {
            Err(error) if error.is_away() && Instant::now() < until => {
                sleep(crew.options.retry_every.max(Duration::from_millis(1))).await;
            }
            result => return result,
        }
    }
}
