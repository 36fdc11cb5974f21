//! The life of a change, as types: what cannot happen cannot be written.
//!
//! ```text
//!   accepted, durable
//!        |
//!     Waiting ----- cancelled, or Patchbay stops -------------------------> Settled(RolledBack)
//!        | begin: its turn on every switch it concerns
//!     Running ----- read back as promised ---------------------------------> Settled(Applied)
//!        |'-------- its plan has no steps, so nothing was sent --------------> Settled(Applied)
//!        | a step fails, or reads back otherwise
//!     Undoing ----- read back as before -----------------------------------> Settled(RolledBack)
//!        |'-------- cannot be confirmed, or another card is there ----------> Settled(Stuck)
//!        ^
//!   Unfinished (open when Patchbay ended) --- every step is done ----------> Settled(Applied)
//!                                         '-- in no state of the plan, or
//!                                             done with another card, or a
//!                                             switch is not looked after --> Settled(Stuck)
//! ```
//!
//! Each arrow is a method that takes the state by value. Only this file makes a [`Settled`], and only a [`Settled`] can
//! be written as the end of a change: so nothing that was sent is ever recorded as applied without having been read
//! back, or as rolled back.

use patchbay_domain::{
    Actor, ChangeId, Held, OpenChange, Outcome, Place, Plan, Step, StepReport, Topology, promised,
    still_found, still_meant, undone,
};
use patchbay_store::Closing;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Accepted, and nothing was sent yet.
pub(crate) struct Waiting {
    change: ChangeId,
    plan: Arc<Plan>,
}

/// Steps are being sent.
pub(crate) struct Running {
    change: ChangeId,
    plan: Arc<Plan>,
    reports: Vec<StepReport>,
}

/// Steps are being taken back.
pub(crate) struct Undoing {
    change: ChangeId,
    plan: Arc<Plan>,
    /// How many steps may have taken effect: these are taken back.
    reached: usize,
    why: String,
    reports: Vec<StepReport>,
}

/// Found open at the start.
pub(crate) struct Unfinished {
    change: ChangeId,
    plan: Arc<Plan>,
}

/// Where an unfinished change goes on.
pub(crate) enum Recovery {
    /// Its end is known.
    Settled(Settled),
    /// What it did is taken back.
    Undo(Undoing),
}

/// How a change ended: ready to be written.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    change: ChangeId,
    by: Actor,
    closing: Closing,
}

impl Waiting {
    /// A change that was just accepted.
    pub(crate) fn new(change: ChangeId, plan: Arc<Plan>) -> Self {
        Self { change, plan }
    }

    pub(crate) const fn change(&self) -> ChangeId {
        self.change
    }

    pub(crate) fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.plan)
    }

    /// Its turn has come.
    pub(crate) fn begin(self) -> Running {
        Running { change: self.change, plan: self.plan, reports: Vec::new() }
    }

    /// A person took it back before it began.
    pub(crate) fn cancelled(self, by: Actor) -> Settled {
        let why = format!("Cancelled by {by} before it began. Nothing was touched.");
        Settled { change: self.change, by, closing: ended(Outcome::RolledBack, why, Vec::new()) }
    }

    /// Patchbay stops before it began.
    pub(crate) fn turned_away(self) -> Settled {
        let why = "Patchbay was stopped before this change began. Nothing was touched.".to_owned();
        let closing = ended(Outcome::RolledBack, why, Vec::new());
        Settled { change: self.change, by: Actor::Engine, closing }
    }
}

impl Running {
    pub(crate) const fn change(&self) -> ChangeId {
        self.change
    }

    pub(crate) fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.plan)
    }

    pub(crate) fn report(&mut self, report: StepReport) {
        self.reports.push(report);
    }

    /// Every step was sent, and this was read afterwards: as promised it is applied, else it is undone.
    pub(crate) fn read_back(self, held: &Held) -> Result<Settled, Undoing> {
        match promised(&self.plan.steps, held) {
            Ok(()) => Ok(applied(self.change, &self.plan, None, self.reports)),
            Err(why) => {
                let reached = self.plan.steps.len();
                Err(self.fails(reached, why))
            }
        }
    }

    /// The end of a change without steps, where the ledger only follows what was found and there is nothing to read back; or
    /// the change as it is.
    pub(crate) fn adopted(self) -> Result<Settled, Self> {
        if self.plan.only_adopts() {
            return Ok(applied(self.change, &self.plan, None, self.reports));
        }
        Err(self)
    }

    /// Something failed when the first `reached` steps may have taken effect.
    pub(crate) fn fails(self, reached: usize, why: String) -> Undoing {
        let Self { change, plan, reports } = self;
        Undoing { change, plan, reached, why, reports }
    }
}

impl Undoing {
    pub(crate) const fn change(&self) -> ChangeId {
        self.change
    }

    /// The steps to take back, last first.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.plan.steps[..self.reached]
    }

    pub(crate) fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.plan)
    }

    pub(crate) fn why(&self) -> &str {
        &self.why
    }

    pub(crate) fn report(&mut self, report: StepReport) {
        self.reports.push(report);
    }

    /// Nothing had taken effect, or this was read after taking everything back.
    pub(crate) fn read_back(self, held: &Held) -> Settled {
        match undone(self.steps(), held) {
            Ok(()) => {
                let closing = ended(Outcome::RolledBack, self.why, self.reports);
                Settled { change: self.change, by: Actor::Engine, closing }
            }
            Err(why) => self.stuck(&why),
        }
    }

    /// It can neither be confirmed nor taken back.
    pub(crate) fn stuck(self, why: &str) -> Settled {
        let why = format!(
            "{} Taking it back failed too: {why} Look at the switch and decide what shall be.",
            self.why
        );
        let closing = ended(Outcome::Stuck, why, self.reports);
        Settled { change: self.change, by: Actor::Engine, closing }
    }

    /// Nothing was taken back, because it would have reached another card, for this reason.
    pub(crate) fn left(self, why: &str) -> Settled {
        let why = format!(
            "{} {why} Nothing was taken back, because that would reach functions that this change was not about. Look at the switch, and assign what is there as it shall be.",
            self.why
        );
        let closing = ended(Outcome::Stuck, why, self.reports);
        Settled { change: self.change, by: Actor::Engine, closing }
    }
}

impl Unfinished {
    /// A change that was open when Patchbay ended.
    pub(crate) fn new(open: &OpenChange) -> Self {
        Self { change: open.id, plan: Arc::clone(&open.plan) }
    }

    pub(crate) const fn change(&self) -> ChangeId {
        self.change
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What the switches hold tells how far it came: the steps of a plan are done in order, so switches that only
    /// Patchbay touched hold exactly what they hold after the first `n`, for some `n`. They tell it by PDFIDs, so what is
    /// bound at the end must also be what was meant.
    pub(crate) fn found(self, held: &Held, topology: &Topology) -> Recovery {
        let steps = self.plan.steps.len();
        match self.plan.steps_done(held) {
            Some(0) => self.undo(
                0,
                "Patchbay ended before this change had done anything. Nothing was touched.".to_owned(),
            ),
            Some(done) if done == steps => Recovery::Settled(match self.as_meant(topology) {
                Ok(()) => {
                    let why = "Patchbay ended while this change ran; after the restart the switch shows every step done.";
                    applied(self.change, &self.plan, Some(why.to_owned()), Vec::new())
                }
                Err(why) => self.stuck(format!(
                    "Patchbay ended while this change ran, and the switch shows every step done. But {why} Nothing was taken back. Look at the switch, and assign what is there as it shall be."
                )),
            }),
            Some(done) => self.undo(done, format!("Patchbay ended after {done} of {steps} steps.")),
            None => Recovery::Settled(self.stuck("Patchbay ended while this change ran, and the switch is neither as before any of its steps nor as after: somebody else changed it too. Look at the switch and decide what shall be.".to_owned())),
        }
    }

    /// Whether what is bound at the end is what was meant, and what it adopts is where it was found.
    fn as_meant(&self, topology: &Topology) -> Result<(), String> {
        still_meant(self.bound(), topology)?;
        still_found(&self.plan.adoptions, topology)
    }

    /// The steps whose functions are bound when all of them are done.
    fn bound(&self) -> Vec<&Step> {
        let last: BTreeMap<Place, &Step> = self.plan.steps.iter().map(|step| (step.place, step)).collect();
        last.into_values().filter(|step| !step.after.is_empty()).collect()
    }

    /// One of its switches cannot be asked.
    pub(crate) fn forsaken(self, why: &str) -> Settled {
        self.stuck(format!(
            "Patchbay ended while this change ran, and nobody knows how far it came. {why} Look at the switches and decide what shall be."
        ))
    }

    fn undo(self, reached: usize, why: String) -> Recovery {
        let Self { change, plan } = self;
        Recovery::Undo(Undoing { change, plan, reached, why, reports: Vec::new() })
    }

    fn stuck(self, why: String) -> Settled {
        Settled { change: self.change, by: Actor::Engine, closing: ended(Outcome::Stuck, why, Vec::new()) }
    }
}

impl Settled {
    pub(crate) const fn change(&self) -> ChangeId {
        self.change
    }

    pub(crate) const fn outcome(&self) -> Outcome {
        self.closing.outcome
    }

    /// What to write, and who ended it.
    pub(crate) fn into_parts(self) -> (ChangeId, Actor, Closing) {
        (self.change, self.by, self.closing)
    }
}

fn applied(change: ChangeId, plan: &Plan, why: Option<String>, reports: Vec<StepReport>) -> Settled {
    let (reports, moves) = (reports.into(), plan.recorded_moves());
    let closing = Closing { outcome: Outcome::Applied, why, reports, moves };
    Settled { change, by: Actor::Engine, closing }
}

fn ended(outcome: Outcome, why: String, reports: Vec<StepReport>) -> Closing {
    Closing { outcome, why: Some(why), reports: reports.into(), moves: Arc::default() }
}
