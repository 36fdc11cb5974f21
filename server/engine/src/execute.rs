//! Carrying a change out, and taking it back when something fails.
//!
//! Before anything is sent, every logical port that the plan touches is read on every switch and must hold what the plan
//! starts from, and its functions must still be those that were meant. Then the steps go out one after another, and at the
//! end all of it is read again. What fails is taken back step by step, each a compare-and-set that reads first: nobody
//! knows what a switch did that stopped answering. A step that was given up may still be done; what is relied on is that
//! a switch ends what it was told over a connection that broke before it answers the next one.

use crate::crew::{Called, Crew};
use crate::lanes::Turn;
use crate::life::{Running, Settled, Undoing, Waiting};
use crate::meant::Meant;
use patchbay_domain::{
    ChangeId, Held, Plan, Step, StepPhase, StepProgress, StepReport, StepStage, SwitchId, known, ready,
};
use patchbay_driver::{DriverError, SwitchDriver};
use patchbay_store::StoreError;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tracing::{error, info, warn};

/// Carries a change out when it is its turn, and writes down how it ended.
pub(crate) async fn carry_out(crew: &Crew, change: Waiting, called: Called) {
    match called {
        Called::Turn(turn) => {
            let switches = change.plan().switches.clone();
            let settled = forward(crew, change.begin()).await;
            settle(crew, settled, Some(turn)).await;
            for switch in switches {
                crew.look_at(switch);
            }
        }
        Called::Cancelled(cancellation) => {
            settle(crew, change.cancelled(cancellation.by), None).await;
            let _ = cancellation.recorded.send(());
        }
        Called::Stop => settle(crew, change.turned_away(), None).await,
    }
}

/// Writes the end of a change down. When the store fails it is tried again until it works or the engine has stopped; then
/// the change stays open, and recovery at the next start closes it from what the switches say.
///
/// Whoever is next on its switches begins as soon as the scribe was asked: the scribe works out everything that comes
/// later, readings too, with this change ended; and until its end is durable nothing else can touch its functions and
/// logical ports. So a crash that leaves both open is no riddle: what each of them did is read from its own ports.
pub(crate) async fn settle(crew: &Crew, settled: Settled, mut turn: Option<Turn>) {
    let (change, outcome) = (settled.change(), settled.outcome());
    loop {
        let Some(answer) = crew.asks.settle(settled.clone()).await else { return };
        turn.take();
        match answer.await {
            Ok(Ok(()) | Err(StoreError::AlreadyClosed { .. })) => {
                info!(%change, outcome = outcome.words(), "change closed");
                return;
            }
            Err(_) => return,
            Ok(Err(failure)) => {
                error!(%change, %failure, "the end of a change could not be recorded");
                if crew.stopping.is_cancelled() {
                    return;
                }
                sleep(crew.options.retry_every).await;
            }
        }
    }
}

/// Every step, then the reading back; or all of it taken back.
async fn forward(crew: &Crew, mut running: Running) -> Settled {
    let (change, plan) = (running.change(), running.plan());
    info!(%change, title = %plan.title, steps = plan.steps.len(), "change begins");
    crew.book.begin(change);
    let failed = match may_begin(crew, &plan).await {
        Err(why) => Some((0, why)),
        Ok(()) => send(crew, &mut running, &plan).await,
    };
    let undoing = match failed {
        Some((reached, why)) => running.fails(reached, why),
        None => match confirm(crew, running, &plan).await {
            Ok(settled) => return settled,
            Err(undoing) => undoing,
        },
    };
    back(crew, undoing).await
}

/// Whether everything is still as planned: the functions, by what was read last, and the logical ports, read now.
async fn may_begin(crew: &Crew, plan: &Plan) -> Result<(), String> {
    crew.book.look(|now| known(&plan.steps, &now.topology))?;
    let held = read_ports(crew, plan).await.map_err(|error| error.to_string())?;
    ready(&plan.steps, &held)
}

/// Sends every step. Gives how many may have taken effect when one fails, and why it failed.
async fn send(crew: &Crew, running: &mut Running, plan: &Plan) -> Option<(usize, String)> {
    for (index, step) in plan.steps.iter().enumerate() {
        let Some(driver) = crew.driver(step.switch) else { return Some((index, unknown(step.switch))) };
        let operation = step.to_string();
        let programming = crew.limited(step.switch, &operation, driver.program(step));
        let (result, report) = timed(crew, running.change(), index, StepPhase::Apply, programming).await;
        running.report(report);
        if let Err(error) = result {
            return Some((index + usize::from(may_have_acted(&error)), error.to_string()));
        }
    }
    None
}

/// Reads everything again: as promised it is applied.
async fn confirm(crew: &Crew, mut running: Running, plan: &Plan) -> Result<Settled, Undoing> {
    let steps = plan.steps.len();
    let (read, report) =
        timed(crew, running.change(), steps, StepPhase::ReadBack, read_ports(crew, plan)).await;
    running.report(report);
    match read {
        Ok(held) => running.read_back(&held),
        Err(error) => Err(running.fails(steps, error.to_string())),
    }
}

/// Takes steps back, last first, and reads back that everything is as before.
pub(crate) async fn back(crew: &Crew, mut undoing: Undoing) -> Settled {
    let change = undoing.change();
    if undoing.steps().is_empty() {
        return undoing.read_back(&Held::default());
    }
    warn!(%change, why = %undoing.why(), "change fails, taking it back");
    let patience = Instant::now() + crew.options.undo_patience;
    let plan = undoing.plan();
    let meant = Meant::of(crew, &plan.steps[..undoing.steps().len()]);
    if let Err(why) = meant.known() {
        return undoing.left(&why);
    }
    match persist(crew, patience, || meant.look()).await {
        Ok(()) => {}
        Err(error @ DriverError::Conflict { .. }) => return undoing.left(&error.to_string()),
        Err(error) => return undoing.stuck(&error.to_string()),
    }
    for index in (0..undoing.steps().len()).rev() {
        let inverse = plan.steps[index].inverse();
        let undo = persist(crew, patience, || meant.apply(&inverse));
        let (result, report) = timed(crew, change, index, StepPhase::Undo, undo).await;
        undoing.report(report);
        if let Err(error) = result {
            return undoing.stuck(&error.to_string());
        }
    }
    let reading = persist(crew, patience, || read_ports(crew, &plan));
    let (read, report) = timed(crew, change, plan.steps.len(), StepPhase::ReadBack, reading).await;
    undoing.report(report);
    match read {
        Ok(held) => undoing.read_back(&held),
        Err(error) => undoing.stuck(&error.to_string()),
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

fn unknown(switch: SwitchId) -> String {
    format!("Patchbay does not look after switch {switch} any more.")
}

/// Reads every host port that a plan touches, on every switch.
pub(crate) async fn read_ports(crew: &Crew, plan: &Plan) -> Result<Held, DriverError> {
    let mut held = Held::default();
    for &switch in &plan.switches {
        let ports = plan.ports_on(switch);
        if let Some(driver) = crew.driver(switch).filter(|_| !ports.is_empty()) {
            let read = crew.limited(switch, "tell what is bound", driver.contents(&ports)).await?;
            held.insert(switch, read);
        }
    }
    Ok(held)
}

/// Does one thing, tells listeners when it starts and ends, and gives the report for the ledger.
async fn timed<T, E: ToString>(
    crew: &Crew,
    change: ChangeId,
    index: usize,
    phase: StepPhase,
    work: impl Future<Output = Result<T, E>>,
) -> (Result<T, E>, StepReport) {
    let step = u32::try_from(index).unwrap_or(u32::MAX);
    let tell = |stage| crew.book.tell_step(StepProgress { change, step, phase, stage });
    tell(StepStage::Started);
    let started = Instant::now();
    let result = work.await;
    let elapsed_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let error = result.as_ref().err().map(ToString::to_string);
    tell(match &error {
        None => StepStage::Done { elapsed_us },
        Some(why) => StepStage::Failed { why: why.clone() },
    });
    (result, StepReport { step, phase, elapsed_us, error })
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

impl Crew {
    /// What talks to a switch; none for one that is not looked after in this run.
    pub(crate) fn driver(&self, switch: SwitchId) -> Option<&Arc<dyn SwitchDriver>> {
        self.benches.get(&switch).map(|bench| &bench.driver)
    }

    /// Asks for a reading of a switch soon.
    pub(crate) fn look_at(&self, switch: SwitchId) {
        if let Some(bench) = self.benches.get(&switch) {
            bench.look.notify_one();
        }
    }
}
