//! Steps in flight: what is not in the ledger until the change has ended, and how far a switch is in a plan.

use crate::address::Pdfid;
use crate::ids::ChangeId;
use crate::ledger::StepPhase;
use crate::observation::Held;
use crate::plan::{BoundFunction, Plan, Step};
use crate::topology::Place;
use crate::words::list;
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
fn holds(step: &Step, functions: &[BoundFunction], seen: &Held) -> bool {
    seen.at(step.switch, step.port, step.place.logical_port).iter().eq(functions.iter().map(|f| &f.pdfid))
}

impl Plan {
    /// How many steps of this plan its switches have done, judged by what its logical ports hold: the largest `n` for which
    /// every port is as it is after the first `n` steps. None when they are in no such state, because somebody else
    /// changed a switch too.
    ///
    /// `seen` must cover every host port of the plan.
    pub fn steps_done(&self, seen: &Held) -> Option<usize> {
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
    fn mark_fitting(&self, touching: &[usize], seen: &Held, turns: &mut [isize]) {
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

/// What every logical port that these steps touch holds before the first of them.
fn first_of(steps: &[Step]) -> BTreeMap<Place, &Step> {
    let mut first = BTreeMap::new();
    for step in steps {
        first.entry(step.place).or_insert(step);
    }
    first
}

/// Whether every logical port that these steps touch holds what the plan says it does when they begin.
///
/// # Errors
/// A sentence for the first port that does not: nothing should be sent then.
pub fn ready(steps: &[Step], seen: &Held) -> Result<(), String> {
    let wrong = |step: &&&Step| !holds(step, &step.before, seen);
    match first_of(steps).values().find(wrong) {
        None => Ok(()),
        Some(step) => Err(format!(
            "{} holds {}, and not {} as planned. Somebody else changed the switch; nothing was touched.",
            port_of(step),
            found(steps, step, seen),
            named(&step.before)
        )),
    }
}

/// Whether every logical port that these steps touch holds what the last of them promised.
///
/// # Errors
/// A sentence for the first port that does not.
pub fn promised(steps: &[Step], seen: &Held) -> Result<(), String> {
    let last: BTreeMap<Place, &Step> = steps.iter().map(|step| (step.place, step)).collect();
    match last.values().find(|step| !holds(step, &step.after, seen)) {
        None => Ok(()),
        Some(step) => Err(format!(
            "{} holds {} and not {}.",
            port_of(step),
            found(steps, step, seen),
            named(&step.after)
        )),
    }
}

fn port_of(step: &Step) -> String {
    format!("Logical port {} of {} (port {})", step.place.logical_port, step.host_name, step.port)
}

fn named(functions: &[BoundFunction]) -> String {
    let names: Vec<_> = functions.iter().map(|f| f.name.clone()).collect();
    if names.is_empty() { "nothing".to_owned() } else { list(&names) }
}

/// What a step's logical port holds, by name where the plan names it.
fn found(steps: &[Step], step: &Step, seen: &Held) -> String {
    let known = |pdfid: &Pdfid| {
        let here = steps.iter().filter(|other| other.switch == step.switch);
        let named = here.flat_map(Step::functions).find(|f| f.pdfid == *pdfid);
        named.map_or_else(|| pdfid.to_string(), |f| f.name.clone())
    };
    let held: Vec<_> = seen.at(step.switch, step.port, step.place.logical_port).iter().map(known).collect();
    if held.is_empty() { "nothing".to_owned() } else { list(&held) }
}

/// Whether every logical port these steps touch holds what it held before the first of them. `seen` must cover the
/// host port of each.
///
/// # Errors
/// A sentence for the first port that does not.
pub fn undone(steps: &[Step], seen: &Held) -> Result<(), String> {
    match first_of(steps).values().find(|step| !holds(step, &step.before, seen)) {
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
    use crate::observation::Contents;
    use crate::plan::plan;
    use crate::topology::Topology;

    fn contents(t: &Topology) -> Held {
        Held::on(SWITCH, Contents::from(&fixture::observation(t)))
    }

    #[test]
    fn a_plan_is_ready_before_it_and_promised_after_it_and_says_what_is_wrong() {
        let mut t = fixture::topology();
        let made = plan(&t, &Intent::single(NIC_VF1, Some(HOST_B))).expect("allowed");
        assert_eq!(ready(&made.steps, &contents(&t)), Ok(()));
        let early = promised(&made.steps, &contents(&t)).expect_err("nothing was done yet");
        assert_eq!(early, "Logical port 0 of web-01 (port 0) holds eth16v1 and not nothing.");
        assign(&mut t, NIC_VF1, HOST_B, 0, 0);
        assert_eq!(promised(&made.steps, &contents(&t)), Ok(()));
        assign(&mut t, NIC_VF3, HOST_A, 0, 0);
        let late = ready(&made.steps, &contents(&t)).expect_err("somebody else was here");
        assert!(late.contains("holds 0x1003, and not eth16v1 as planned"), "{late}");
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
