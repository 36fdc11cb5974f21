//! Carrying changes out.
//!
//! Before anything is sent, every logical port that a plan touches is read on every switch and must hold what the plan
//! starts from, and its functions must still be those that were meant. Then the steps go out one after another, and at the
//! end all of it is read again. What fails is taken back step by step, each a compare-and-set that reads first: nobody
//! knows what a switch did that stopped answering. A step that was given up may still be done; what is relied on is that
//! a switch ends what it was told over a connection that broke before it answers the next one.
//!
//! Changes that wait for the same switches go in company, because reading takes longer than programming: one reading
//! before all of them, then the steps of each in turn, then one reading for all. That is as good as a reading for each,
//! since no two open changes share a function or a logical port. Each begins by itself and ends by itself.

use crate::asks::Answer;
use crate::back::{Patience, back};
use crate::crew::Crew;
use crate::foresight::Foreseen;
use crate::lanes::Turn;
use crate::life::{Running, Settled, Undoing};
use crate::meant::Meant;
use patchbay_domain::{
    ChangeId, Held, PhysicalPort, Plan, Step, StepPhase, StepProgress, StepReport, StepStage, SwitchId,
    known, ready, still_found,
};
use patchbay_driver::{DriverError, SwitchDriver};
use patchbay_store::StoreError;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::time::{Instant, sleep};
use tracing::{error, info};

/// The most steps that a company has together: who comes later waits for all of them, and on a slow switch each may take a
/// few hundredths of a second.
const COMPANY_STEPS_MAX: usize = 32;

/// Carries a change out whose turn it is, with those that may come along, and writes down how they ended.
///
/// What was read of its logical ports while it was written serves when it goes alone.
pub(crate) async fn carry_out(crew: &Crew, change: ChangeId, turn: Turn, foreseen: Option<Foreseen>) {
    let plans = in_company(crew, change, &turn);
    let switches = plans.first().map(|(_, plan)| plan.switches.clone()).unwrap_or_default();
    let adopts = plans.iter().any(|(_, plan)| !plan.adoptions.is_empty());
    let settled = all_forward(crew, &plans, foreseen).await;
    settle_all(crew, settled, turn, adopts).await;
    for switch in switches {
        crew.look_at(switch);
    }
}

/// The change and those that wait behind it for the same switches, as far as all of them together are soon done.
fn in_company(crew: &Crew, change: ChangeId, turn: &Turn) -> Vec<(ChangeId, Arc<Plan>)> {
    let first = crew.plan_of(change).map(|plan| (change, plan));
    let mut plans: Vec<_> = first.into_iter().collect();
    let mut steps: usize = plans.iter().map(|(_, plan)| plan.steps.len()).sum();
    turn.company(|next| {
        let Some(plan) = crew.plan_of(next) else { return false };
        steps += plan.steps.len();
        let fits = plans.len() < crew.options.company_max && steps <= COMPANY_STEPS_MAX;
        if fits {
            plans.push((next, plan));
        }
        fits
    });
    plans
}

/// Every step of every change, each change after the one before; then one reading back. One that fails is taken back
/// before the next one begins.
async fn all_forward(
    crew: &Crew,
    plans: &[(ChangeId, Arc<Plan>)],
    foreseen: Option<Foreseen>,
) -> Vec<Settled> {
    let foreseen = match (foreseen, plans) {
        (Some(foreseen), [(_, plan)]) => foreseen.held(crew, plan).await,
        _ => None,
    };
    let mut before = match foreseen {
        Some(before) => before,
        None => read_before(crew, plans).await,
    };
    let (mut sent, mut settled, mut patience) = (Vec::new(), Vec::new(), Patience::default());
    for (at, (change, _)) in plans.iter().enumerate() {
        // One that was cancelled meanwhile is not there any more.
        let Some(change) = crew.take(*change) else { continue };
        match forward(crew, change.begin(), before.as_ref()).await {
            Ok(running) => sent.push(running),
            Err(undoing) => {
                let touched = !undoing.steps().is_empty();
                settled.push(back(crew, undoing, &mut patience).await);
                // That may have taken a minute, in which anybody may have been at the switch.
                if touched {
                    before = read_before(crew, &plans[at + 1..]).await;
                }
            }
        }
    }
    settled.extend(confirm(crew, sent, &mut patience).await);
    settled
}

/// What the logical ports of changes hold before anything is sent, or why that could not be read.
async fn read_before(crew: &Crew, plans: &[(ChangeId, Arc<Plan>)]) -> Result<Held, String> {
    let read = read_ports(crew, plans.iter().flat_map(|(_, plan)| &plan.steps)).await;
    read.map_err(|error| error.to_string())
}

/// Every step of a change; or what is to be taken back.
async fn forward(
    crew: &Crew,
    mut running: Running,
    before: Result<&Held, &String>,
) -> Result<Running, Undoing> {
    let (change, plan) = (running.change(), running.plan());
    info!(%change, title = %plan.title, steps = plan.steps.len(), "change begins");
    crew.book.begin(change);
    let failed = match may_begin(crew, &plan, before).await {
        Err(why) => Some((0, why)),
        Ok(()) => send(crew, &mut running, &plan).await,
    };
    match failed {
        Some((reached, why)) => Err(running.fails(reached, why)),
        None => Ok(running),
    }
}

/// Whether everything is still as planned: the functions, by what was read last, and the logical ports, read just now. At a
/// switch that was away since it was read, the cards are looked at too.
async fn may_begin(crew: &Crew, plan: &Plan, before: Result<&Held, &String>) -> Result<(), String> {
    crew.book.look(|now| {
        known(&plan.steps, &now.topology)?;
        still_found(&plan.adoptions, &now.topology).map_err(|why| format!("{why} Nothing was touched."))
    })?;
    if plan.switches.iter().any(|&switch| crew.is_in_doubt(switch)) {
        Meant::of(crew, &plan.steps).look().await.map_err(|error| error.to_string())?;
    }
    ready(&plan.steps, before.map_err(String::clone)?)
}

/// Writes down how changes ended. Whoever is next on their switches begins as soon as the scribe was asked: the scribe
/// works out everything that comes later, readings too, with these changes ended; and until their end is durable nothing
/// else can touch their functions and logical ports. So a crash that leaves both open is no riddle: what each of them did
/// is read from its own ports. What is adopted is not in flight, so that must not be read in between: where something is
/// adopted, they begin when its end is durable.
pub(crate) async fn settle_all(crew: &Crew, settled: Vec<Settled>, turn: Turn, adopts: bool) {
    let mut asked = Vec::with_capacity(settled.len());
    for settled in settled {
        let Some(answer) = crew.asks.settle(settled.clone()).await else { return };
        asked.push((settled, answer));
    }
    let turn = Some(turn).filter(|_| adopts);
    for (settled, answer) in asked {
        recorded(crew, settled, answer).await;
    }
    drop(turn);
}

/// Writes the end of a change down that has no turn. False when that is left to recovery at the next start.
pub(crate) async fn settle(crew: &Crew, settled: Settled) -> bool {
    let Some(answer) = crew.asks.settle(settled.clone()).await else { return false };
    recorded(crew, settled, answer).await
}

/// Waits until the end of a change is durable. When the store fails it is asked again until it works or the engine has
/// stopped; then the change stays open, and recovery at the next start closes it from what the switches say.
async fn recorded(crew: &Crew, settled: Settled, mut answer: Answer) -> bool {
    let (change, outcome) = (settled.change(), settled.outcome());
    loop {
        match answer.await {
            Ok(Ok(()) | Err(StoreError::AlreadyClosed { .. })) => {
                info!(%change, outcome = outcome.words(), "change closed");
                return true;
            }
            Err(_) => return false,
            Ok(Err(failure)) => {
                error!(%change, %failure, "the end of a change could not be recorded");
                if crew.stopping.is_cancelled() {
                    return false;
                }
                sleep(crew.options.retry_every).await;
            }
        }
        let Some(again) = crew.asks.settle(settled.clone()).await else { return false };
        answer = again;
    }
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

/// Reads everything again, once for all: what is as promised is applied, the others are taken back.
async fn confirm(crew: &Crew, sent: Vec<Running>, patience: &mut Patience) -> Vec<Settled> {
    // What only adopts has sent nothing, and says so: no reading is reported for it.
    let (mut settled, mut to_read) = (Vec::with_capacity(sent.len()), Vec::with_capacity(sent.len()));
    for running in sent {
        match running.adopted() {
            Ok(adopted) => settled.push(adopted),
            Err(running) => to_read.push(running),
        }
    }
    let mut sent = to_read;
    if sent.is_empty() {
        return settled;
    }
    let plans: Vec<_> = sent.iter().map(Running::plan).collect();
    let clocks: Vec<_> = sent
        .iter()
        .map(|one| Clocked::start(crew, one.change(), one.plan().steps.len(), StepPhase::ReadBack))
        .collect();
    let read = read_ports(crew, plans.iter().flat_map(|plan| &plan.steps)).await;
    for (running, clock) in sent.iter_mut().zip(clocks) {
        running.report(clock.end(crew, read.as_ref().err()));
    }
    for running in sent {
        let confirmed = match &read {
            Ok(held) => running.read_back(held),
            Err(why) => {
                let steps = running.plan().steps.len();
                Err(running.fails(steps, why.to_string()))
            }
        };
        settled.push(match confirmed {
            Ok(settled) => settled,
            Err(undoing) => back(crew, undoing, patience).await,
        });
    }
    settled
}

pub(crate) fn unknown(switch: SwitchId) -> String {
    format!("Patchbay does not look after switch {switch} any more.")
}

/// Reads every host port that these steps touch, on every switch.
pub(crate) async fn read_ports<'a>(
    crew: &Crew,
    steps: impl IntoIterator<Item = &'a Step>,
) -> Result<Held, DriverError> {
    let mut wanted: BTreeMap<SwitchId, BTreeSet<PhysicalPort>> = BTreeMap::new();
    for step in steps {
        wanted.entry(step.switch).or_default().insert(step.port);
    }
    let mut held = Held::default();
    for (switch, ports) in wanted {
        if let Some(driver) = crew.driver(switch) {
            let read = crew.limited(switch, "tell what is bound", driver.contents(&ports)).await?;
            held.insert(switch, read);
        }
    }
    Ok(held)
}

/// Does one thing, tells listeners when it starts and ends, and gives the report for the ledger.
pub(crate) async fn timed<T>(
    crew: &Crew,
    change: ChangeId,
    index: usize,
    phase: StepPhase,
    work: impl Future<Output = Result<T, DriverError>>,
) -> (Result<T, DriverError>, StepReport) {
    let clock = Clocked::start(crew, change, index, phase);
    let result = work.await;
    let report = clock.end(crew, result.as_ref().err());
    (result, report)
}

/// Something of a change that is being done.
struct Clocked {
    change: ChangeId,
    step: u32,
    phase: StepPhase,
    started: Instant,
}

impl Clocked {
    /// Tells listeners that it starts.
    fn start(crew: &Crew, change: ChangeId, index: usize, phase: StepPhase) -> Self {
        let step = u32::try_from(index).unwrap_or(u32::MAX);
        let clocked = Self { change, step, phase, started: Instant::now() };
        clocked.tell(crew, StepStage::Started);
        clocked
    }

    /// Tells listeners how it ended, and gives the report for the ledger.
    fn end(self, crew: &Crew, error: Option<&DriverError>) -> StepReport {
        let unanswered =
            self.phase != StepPhase::ReadBack && matches!(error, Some(DriverError::Interrupted { .. }));
        let error = error.map(ToString::to_string);
        let elapsed_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.tell(
            crew,
            match &error {
                None => StepStage::Done { elapsed_us },
                Some(why) => StepStage::Failed { why: why.clone() },
            },
        );
        let Self { step, phase, .. } = self;
        StepReport { step, phase, elapsed_us, error, unanswered }
    }

    fn tell(&self, crew: &Crew, stage: StepStage) {
        let Self { change, step, phase, .. } = *self;
        crew.book.tell_step(StepProgress { change, step, phase, stage });
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
