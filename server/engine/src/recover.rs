//! Closing what a crash left open.
//!
//! The steps of a plan are done in order, so a switch that only Patchbay touched holds exactly what it holds after the
//! first `n` steps, for some `n`. All of them: the change is applied. Fewer: they are taken back. No such `n`: somebody
//! else was there too, and a person has to look.

use crate::execute::{Run, without_effect};
use crate::worker::Worker;
use patchbay_domain::{ChangeId, Contents, Observation, OpenChange, Outcome};
use patchbay_store::Closing;
use tracing::warn;

impl Worker {
    /// Closes every open change of this switch from what the switch shows. Returns whether there was one.
    pub(crate) async fn recover(&self, seen: &Observation) -> bool {
        let open: Vec<(ChangeId, OpenChange)> = {
            let snapshot = self.book.snapshot();
            let mine = snapshot.topology.open.iter().filter(|(_, open)| open.plan.switch == self.switch);
            mine.map(|(id, open)| (*id, open.clone())).collect()
        };
        let any = !open.is_empty();
        for (change, open) in open {
            warn!(%change, switch = %self.name, "recovering a change that was open when Patchbay ended");
            let closing = self.recovered(change, &open, seen).await;
            self.close(change, closing).await;
        }
        any
    }

    async fn recovered(&self, change: ChangeId, open: &OpenChange, seen: &Observation) -> Closing {
        let plan = &open.plan;
        match plan.steps_done(&Contents::from(seen)) {
            Some(done) if done == plan.steps.len() => Closing {
                outcome: Outcome::Applied,
                why: Some("Patchbay ended while this change ran; after the restart the switch shows every step done.".to_owned()),
                reports: Vec::new(),
                moves: plan.moves.clone(),
            },
            Some(done) => {
                let mut run = Run::new(self, change);
                let undo = run.back(&plan.steps[..done]).await;
                let steps = plan.steps.len();
                run.close_failed(
                    undo,
                    format!("Patchbay ended after {done} of {steps} steps; after the restart they were taken back."),
                )
            }
            None => without_effect(
                Outcome::Stuck,
                "Patchbay ended while this change ran, and the switch is neither as before any of its steps nor as after: somebody else changed it too. Look at the switch and decide what shall be."
                    .to_owned(),
                Vec::new(),
            ),
        }
    }
}
