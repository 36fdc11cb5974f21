//! Steps in flight: what is not in the ledger until the change has ended, and how far a switch is in a plan.

use crate::ids::ChangeId;
use crate::ledger::StepPhase;
use crate::observation::Contents;
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

/// Whether a step's logical port holds exactly these functions.
fn holds(step: &Step, functions: &[BoundFunction], seen: &Contents) -> bool {
    seen.at(step.port, step.place.logical_port).iter().eq(functions.iter().map(|f| &f.pdfid))
}

impl Plan {
    /// How many steps of this plan a switch has done, judged by what its logical ports hold: the largest `n` for which
    /// every port is as it is after the first `n` steps. None when it is in no such state, because somebody else
    /// changed the switch too.
    ///
    /// `seen` must cover every host port of the plan.
    pub fn steps_done(&self, seen: &Contents) -> Option<usize> {
        let mut by_place: BTreeMap<Place, Vec<usize>> = BTreeMap::new();
        for (index, step) in self.steps.iter().enumerate() {
            by_place.entry(step.place).or_default().push(index);
        }
        // Between two steps on it a place stays as it is, so it fits whole ranges of `n`. `turns[n]` is how many more
        // places fit `n` than `n - 1`; their sum up to `n` is how many fit `n`.
        let mut turns = vec![0_isize; self.steps.len() + 2];
        for touching in by_place.values() {
            self.mark_fitting(touching, seen, &mut turns);
        }
        let fitting = turns.iter().scan(0, |sum, turn| {
            *sum += turn;
            Some(*sum)
        });
        let wanted = isize::try_from(by_place.len()).ok()?;
        // The last of `turns` only ends ranges; it is no number of steps.
        fitting
            .take(self.steps.len() + 1)
            .enumerate()
            .filter(|(_, fit)| *fit == wanted)
            .map(|(n, _)| n)
            .last()
    }

    /// Marks for which numbers of done steps one place holds what it should, given the steps that touch it.
    fn mark_fitting(&self, touching: &[usize], seen: &Contents, turns: &mut [isize]) {
        let Some(first) = touching.first().map(|&index| &self.steps[index]) else { return };
        let mut from = 0;
        let mut fits = holds(first, &first.before, seen);
        for &index in touching {
            if fits {
                turns[from] += 1;
                turns[index + 1] -= 1;
            }
            from = index + 1;
            fits = holds(first, &self.steps[index].after, seen);
        }
        if fits {
            turns[from] += 1;
            turns[self.steps.len() + 1] -= 1;
        }
    }
}

/// Whether every logical port these steps touch holds what it held before the first of them. `seen` must cover the
/// host port of each.
///
/// # Errors
/// A sentence for the first port that does not.
pub fn undone(steps: &[Step], seen: &Contents) -> Result<(), String> {
    let mut first: BTreeMap<Place, &Step> = BTreeMap::new();
    for step in steps {
        first.entry(step.place).or_insert(step);
    }
    match first.values().find(|step| !holds(step, &step.before, seen)) {
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
    use crate::topology::Topology;

    fn contents(t: &Topology) -> Contents {
        Contents::from(&fixture::observation(t))
    }

    #[test]
    fn a_switch_tells_how_far_it_is_in_a_plan() {
        let mut t = fixture::topology();
        assign(&mut t, NIC_VF2, HOST_A, 0, 1);
        let made = plan(&t, &Intent::single(NIC_VF1, Some(HOST_B))).expect("allowed");
        assert_eq!(made.steps.len(), 3, "unbind both, bind the one that stays, bind the one that moves");
        assert_eq!(made.steps_done(&contents(&t)), Some(0));
        t.functions.get_mut(&NIC_VF1).expect("known").assigned = None;
        t.functions.get_mut(&NIC_VF2).expect("known").assigned = None;
        assert_eq!(made.steps_done(&contents(&t)), Some(1));
        assert!(undone(&made.steps[..1], &contents(&t)).is_err());
        assign(&mut t, NIC_VF2, HOST_A, 0, 0);
        assert_eq!(made.steps_done(&contents(&t)), Some(2));
        assign(&mut t, NIC_VF1, HOST_B, 0, 0);
        assert_eq!(made.steps_done(&contents(&t)), Some(3));
    }

    #[test]
    fn a_switch_that_somebody_else_changed_fits_no_step() {
        let mut t = fixture::topology();
        let made = plan(&t, &Intent::single(NIC_VF1, Some(HOST_B))).expect("allowed");
        assign(&mut t, NIC_VF3, HOST_B, 0, 0);
        assert_eq!(made.steps_done(&contents(&t)), None);
        assert_eq!(undone(&made.steps[..1], &contents(&t)), Ok(()));
    }
}
