//! Steps in flight: what is not in the ledger until the change has ended, and how far a switch is in a plan.

use crate::ids::ChangeId;
use crate::ledger::StepPhase;
use crate::observation::Observation;
use crate::plan::{BoundFunction, Plan, Step};
use crate::topology::Place;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far a step of a running change is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepProgress {
    /// The change.
    pub change: ChangeId,
    /// The step's place in the plan, from 0. For [`StepPhase::ReadBack`] the number of steps.
    pub step: u32,
    /// What is being done with it.
    pub phase: StepPhase,
    /// How far it is.
    pub stage: StepStage,
}

/// Started, done or failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStage {
    /// Sent to the switch.
    Started,
    /// Done, and seen to be done.
    Done {
        /// How long it took, in microseconds.
        elapsed_us: u64,
    },
    /// Not done.
    Failed {
        /// Why, as a sentence.
        why: String,
    },
}

/// What a step's logical port holds on the switch.
fn held(step: &Step, seen: &Observation) -> Vec<crate::Pdfid> {
    seen.contents(step.port, step.place.logical_port)
}

fn pdfids(functions: &[BoundFunction]) -> Vec<crate::Pdfid> {
    functions.iter().map(|f| f.pdfid).collect()
}

impl Plan {
    /// How many steps of this plan a switch has done, judged by what its logical ports hold: the largest `n` for which
    /// every port is as it is after the first `n` steps. None when it is in no such state, because somebody else
    /// changed the switch too.
    pub fn steps_done(&self, seen: &Observation) -> Option<usize> {
        (0..=self.steps.len()).rev().find(|&done| self.fits(done, seen))
    }

    fn fits(&self, done: usize, seen: &Observation) -> bool {
        let mut expected: BTreeMap<Place, (&Step, &[BoundFunction])> = BTreeMap::new();
        for (index, step) in self.steps.iter().enumerate() {
            if index < done {
                expected.insert(step.place, (step, &step.after));
            } else {
                expected.entry(step.place).or_insert((step, &step.before));
            }
        }
        expected.values().all(|(step, functions)| held(step, seen) == pdfids(functions))
    }
}

/// Whether every logical port these steps touch holds what it held before the first of them.
///
/// # Errors
/// A sentence for the first port that does not.
pub fn undone(steps: &[Step], seen: &Observation) -> Result<(), String> {
    let mut first: BTreeMap<Place, &Step> = BTreeMap::new();
    for step in steps {
        first.entry(step.place).or_insert(step);
    }
    match first.values().find(|step| held(step, seen) != pdfids(&step.before)) {
        None => Ok(()),
        Some(step) => Err(format!(
            "Port {}, logical port {} of {} does not hold what it held before.",
            step.port, step.place.logical_port, step.host_name
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, *};
    use crate::intent::Intent;
    use crate::plan::plan;

    #[test]
    fn a_switch_tells_how_far_it_is_in_a_plan() {
        let mut t = fixture::topology();
        assign(&mut t, NIC_VF2, HOST_A, 0, 1);
        let made = plan(&t, &Intent::single(NIC_VF1, Some(HOST_B))).expect("allowed");
        assert_eq!(made.steps.len(), 3, "unbind both, bind the one that stays, bind the one that moves");
        assert_eq!(made.steps_done(&fixture::observation(&t)), Some(0));
        t.functions.get_mut(&NIC_VF1).expect("known").assigned = None;
        t.functions.get_mut(&NIC_VF2).expect("known").assigned = None;
        assert_eq!(made.steps_done(&fixture::observation(&t)), Some(1));
        assert!(undone(&made.steps[..1], &fixture::observation(&t)).is_err());
        assign(&mut t, NIC_VF2, HOST_A, 0, 0);
        assert_eq!(made.steps_done(&fixture::observation(&t)), Some(2));
        assign(&mut t, NIC_VF1, HOST_B, 0, 0);
        assert_eq!(made.steps_done(&fixture::observation(&t)), Some(3));
    }

    #[test]
    fn a_switch_that_somebody_else_changed_fits_no_step() {
        let mut t = fixture::topology();
        let made = plan(&t, &Intent::single(NIC_VF1, Some(HOST_B))).expect("allowed");
        assign(&mut t, NIC_VF3, HOST_B, 0, 0);
        assert_eq!(made.steps_done(&fixture::observation(&t)), None);
        assert_eq!(undone(&made.steps[..1], &fixture::observation(&t)), Ok(()));
    }
}
