//! Carrying a change out, and taking it back when something fails.

use crate::worker::Worker;
use patchbay_domain::reconcile::promised;
use patchbay_domain::{
    ChangeId, Contents, Outcome, Plan, Step, StepPhase, StepProgress, StepReport, StepStage, undone,
};
use patchbay_driver::DriverError;
use patchbay_store::Closing;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

/// How far a plan got when it failed.
struct Failure {
    /// How many steps may have taken effect: these are taken back.
    reached: usize,
    why: String,
}

/// What was done for a change, told to listeners as it happens and kept for the ledger.
pub(crate) struct Run<'a> {
    worker: &'a Worker,
    change: ChangeId,
    pub(crate) reports: Vec<StepReport>,
}

impl Worker {
    /// Carries an open change out and closes it.
    pub(crate) async fn execute(&self, change: ChangeId) {
        let snapshot = self.book.snapshot();
        let Some(plan) = snapshot.topology.open.get(&change).map(|open| open.plan.clone()) else {
            warn!(%change, "the change is no longer open");
            return;
        };
        info!(%change, switch = %self.name, title = %plan.title, steps = plan.steps.len(), "change begins");
        let mut run = Run::new(self, change);
        let closing = match run.forward(&plan).await {
            Ok(()) => {
                Closing { outcome: Outcome::Applied, why: None, reports: run.reports, moves: plan.moves }
            }
            Err(failure) => {
                warn!(%change, why = %failure.why, "change fails, taking it back");
                let outcome = run.back(&plan.steps[..failure.reached]).await;
                run.close_failed(outcome, failure.why)
            }
        };
        self.close(change, closing).await;
    }
}

impl<'a> Run<'a> {
    pub(crate) fn new(worker: &'a Worker, change: ChangeId) -> Self {
        Self { worker, change, reports: Vec::new() }
    }

    /// The closing of a change that was not applied.
    pub(crate) fn close_failed(self, undo: Result<(), String>, why: String) -> Closing {
        match undo {
            Ok(()) => without_effect(Outcome::RolledBack, why, self.reports),
            Err(stuck) => without_effect(Outcome::Stuck, format!("{why} {stuck}"), self.reports),
        }
    }

    /// Every step, then the reading back.
    async fn forward(&mut self, plan: &Plan) -> Result<(), Failure> {
        for (index, step) in plan.steps.iter().enumerate() {
            let result = self.timed(index, StepPhase::Apply, self.worker.driver.apply(step)).await;
            if let Err(error) = result {
                return Err(Failure {
                    reached: index + usize::from(may_have_acted(&error)),
                    why: error.to_string(),
                });
            }
        }
        let steps = plan.steps.len();
        let read = self.timed(steps, StepPhase::ReadBack, self.read_back(plan)).await;
        read.map_err(|why| Failure { reached: steps, why })
    }

    /// Reads the switch and compares it with what the plan promised.
    fn read_back(&self, plan: &Plan) -> impl Future<Output = Result<(), String>> + use<'a> {
        let worker = self.worker;
        let plan = plan.clone();
        async move {
            let seen = worker.driver.observe().await.map_err(|error| error.to_string())?;
            promised(&worker.book.snapshot().topology, &plan, &seen)
        }
    }

    /// Takes steps back, last first, and reads back that everything is as before.
    pub(crate) async fn back(&mut self, steps: &[Step]) -> Result<(), String> {
        let patience = Instant::now() + self.worker.options.undo_patience;
        for (index, step) in steps.iter().enumerate().rev() {
            let inverse = step.inverse();
            let undo = self.worker.persist(patience, || self.worker.driver.apply(&inverse));
            self.timed(index, StepPhase::Undo, undo).await.map_err(stuck)?;
        }
        if steps.is_empty() {
            return Ok(());
        }
        let check = async {
            let seen = self.worker.persist(patience, || self.worker.driver.observe()).await;
            undone(steps, &Contents::from(&seen.map_err(|error| error.to_string())?))
        };
        self.timed(steps.len(), StepPhase::ReadBack, check).await.map_err(stuck)
    }

    /// Does one thing, tells listeners when it starts and ends, and keeps the report.
    async fn timed<T, E: ToString>(
        &mut self,
        index: usize,
        phase: StepPhase,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let step = u32::try_from(index).unwrap_or(u32::MAX);
        self.tell(step, phase, StepStage::Started);
        let started = Instant::now();
        let result = work.await;
        let elapsed_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let error = result.as_ref().err().map(ToString::to_string);
        let stage = match &error {
            None => StepStage::Done { elapsed_us },
            Some(why) => StepStage::Failed { why: why.clone() },
        };
        self.tell(step, phase, stage);
        self.reports.push(StepReport { step, phase, elapsed_us, error });
        result
    }

    fn tell(&self, step: u32, phase: StepPhase, stage: StepStage) {
        self.worker.book.tell_step(StepProgress { change: self.change, step, phase, stage });
    }
}

impl Worker {
    /// Tries again while the switch is away, until patience ends. Drivers read before they act, so a repeat of
    /// something that did take effect does nothing.
    pub(crate) async fn persist<T, F>(
        &self,
        until: Instant,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T, DriverError>
    where
        F: Future<Output = Result<T, DriverError>>,
    {
        loop {
            match attempt().await {
                Err(error) if error.is_away() && Instant::now() < until => self.pause().await,
                result => return result,
            }
        }
    }

    async fn pause(&self) {
        sleep(self.options.retry_every.max(Duration::from_millis(1))).await;
    }
}

/// Whether a step that failed like this may have reprogrammed the switch. After a conflict or an unreachable switch it
/// has not: nothing was sent.
fn may_have_acted(error: &DriverError) -> bool {
    match error {
        DriverError::Unreachable { .. } | DriverError::Conflict { .. } => false,
        DriverError::Interrupted { .. }
        | DriverError::Refused { .. }
        | DriverError::NotBelieved { .. }
        | DriverError::Nonsense { .. } => true,
    }
}

fn stuck(why: impl ToString) -> String {
    format!("Taking it back failed too: {} Look at the switch and decide what shall be.", why.to_string())
}

/// The closing of a change that left every function where it was, or where only a person can tell.
pub(crate) fn without_effect(outcome: Outcome, why: String, reports: Vec<StepReport>) -> Closing {
    Closing { outcome, why: Some(why), reports, moves: Vec::new() }
}
