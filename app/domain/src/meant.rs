//! Whether the functions of a plan are still those that were meant.
//!
//! A switch knows functions only by their PDFIDs, and another card in a slot may have the same ones: what is sent for the
//! one would then reach the other.

use crate::address::{Pdfid, PhysicalPort};
use crate::ids::SwitchId;
use crate::observation::{Observation, ObservedAdapter};
use crate::plan::{BoundFunction, PlannedMove, Step};
use crate::topology::Topology;
use crate::words::whereabouts;
use std::collections::BTreeMap;

/// Another card's function under a number that a plan names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// The slot of that card.
    pub slot: PhysicalPort,
    /// What the plan means by the number, as in "eth16v5".
    pub name: String,
}

/// Whether every function that these steps move is still the one that was meant.
///
/// # Errors
/// A sentence for the first function that is not: nothing should be sent then.
pub fn known(steps: &[Step], topology: &Topology) -> Result<(), String> {
    still_meant(steps, topology).map_err(|why| format!("{why} Nothing was touched."))
}

/// The same, for whoever says in their own words what follows from it.
///
/// # Errors
/// A sentence for the first function that is another one now, or gone.
pub fn still_meant<'a>(steps: impl IntoIterator<Item = &'a Step>, topology: &Topology) -> Result<(), String> {
    let same = |b: &&BoundFunction| topology.functions.get(&b.function).is_some_and(|f| f.pdfid == b.pdfid);
    match steps.into_iter().flat_map(Step::functions).find(|b| !same(b)) {
        None => Ok(()),
        Some(gone) => Err(format!(
            "{} is not what it was when this was planned: another card is in its slot, or the switch has numbered it anew.",
            gone.name
        )),
    }
}

/// Whether every function that is adopted is where it was found when this was planned.
///
/// # Errors
/// A sentence for the first one that is not.
pub fn still_found(adoptions: &[PlannedMove], topology: &Topology) -> Result<(), String> {
    let found = |one: &PlannedMove| topology.functions.get(&one.function).map(|function| function.assigned);
    match adoptions.iter().find(|one| found(one) != Some(one.to)) {
        None => Ok(()),
        Some(one) => {
            let now = found(one).map_or_else(|| "gone".to_owned(), |at| whereabouts(topology, at));
            Err(format!("{} is {now} now, and not where it was when this was planned.", one.name))
        }
    }
}

/// The first function of another card that a switch shows where these steps mean one of the picture. A card that is not
/// there is no stranger: the switch itself refuses what it does not have.
pub fn stranger(
    steps: &[Step],
    topology: &Topology,
    switch: SwitchId,
    seen: &Observation,
) -> Option<Stranger> {
    let cards = seen.slots.iter().filter_map(|slot| Some((slot.port, slot.adapter.as_ref()?)));
    let shown: BTreeMap<Pdfid, (PhysicalPort, &ObservedAdapter, u16)> = cards
        .flat_map(|(slot, card)| card.functions.iter().map(move |f| (f.pdfid, (slot, card, f.index))))
        .collect();
    let other = |b: &BoundFunction| {
        let &(slot, card, index) = shown.get(&b.pdfid)?;
        let meant = topology.functions.get(&b.function);
        let same = meant.is_some_and(|function| {
            function.index == index
                && topology.adapter_of(function).is_some_and(|adapter| {
                    adapter.slot == slot
                        && adapter.kind == card.kind
                        && adapter.fingerprint == card.fingerprint
                })
        });
        (!same).then(|| Stranger { slot, name: b.name.clone() })
    };
    steps.iter().filter(|step| step.switch == switch).flat_map(Step::functions).find_map(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, *};
    use crate::intent::Intent;
    use crate::plan::plan;

    #[test]
    fn a_function_is_meant_as_long_as_it_has_its_number() {
        let mut t = fixture::topology();
        let made = plan(&t, &Intent::single(NIC_VF1, Some(HOST_B))).expect("allowed");
        assert_eq!(known(&made.steps, &t), Ok(()));
        let other = t.functions[&NIC_VF2].pdfid;
        t.functions.get_mut(&NIC_VF1).expect("known").pdfid = other;
        let why = known(&made.steps, &t).expect_err("numbered anew");
        assert!(why.starts_with("eth16v1 is not what it was when this was planned"), "{why}");
        assert!(why.ends_with("Nothing was touched."), "{why}");
        t.functions.remove(&NIC_VF1);
        assert!(still_meant(&made.steps, &t).is_err(), "another card is in the slot");
    }

    #[test]
    fn another_card_is_a_stranger_and_an_empty_slot_is_not() {
        let t = fixture::topology();
        let made = plan(&t, &Intent::single(NIC_VF1, Some(HOST_B))).expect("allowed");
        let looks = |seen: &Observation| stranger(&made.steps, &t, SWITCH, seen);
        let mut seen = fixture::observation(&t);
        assert_eq!(looks(&seen), None);
        let slot = seen.slots[0].port;
        let found = Some(Stranger { slot, name: "eth16v1".to_owned() });

        let mut numbered = seen.clone();
        let functions = &mut numbered.slots[0].adapter.as_mut().expect("a NIC").functions;
        functions.iter_mut().for_each(|f| f.index += 1);
        assert_eq!(looks(&numbered), found, "the number is another function's now");
        assert_eq!(stranger(&made.steps, &t, SwitchId::new(9), &numbered), None, "another switch's numbers");

        seen.slots[0].adapter.as_mut().expect("a NIC").fingerprint.subsystem_device += 1;
        assert_eq!(looks(&seen), found, "another card");
        seen.slots[0].adapter = None;
        assert_eq!(looks(&seen), None);
    }
}
