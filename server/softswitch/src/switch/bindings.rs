//! What is bound where, found by the place and by the function.

use std::collections::BTreeMap;

use patchbay_switchtec::{LogicalPort, Pdfid, PhysicalPort};

/// A logical port of a host port.
pub(crate) type Place = (PhysicalPort, LogicalPort);

/// All bindings of a switch. A function is in one place at most, and a place that is listed holds something.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bindings {
    places: BTreeMap<Place, Vec<Pdfid>>,
    /// The place of every bound function: a switch with a thousand of them is asked at every bind.
    owners: BTreeMap<Pdfid, Place>,
}

impl Bindings {
    /// The functions in a place, by slot; none for one that is free.
    pub(crate) fn at(&self, place: Place) -> &[Pdfid] {
        self.places.get(&place).map_or(&[], Vec::as_slice)
    }

    /// Where a function is bound.
    pub(crate) fn place_of(&self, function: Pdfid) -> Option<Place> {
        self.owners.get(&function).copied()
    }

    /// All of them, in the order of ports and logical ports.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Place, &[Pdfid])> {
        self.places.iter().map(|(place, functions)| (*place, functions.as_slice()))
    }

    /// Binds unbound functions, at least one, to a free place.
    pub(super) fn insert(&mut self, place: Place, functions: &[Pdfid]) {
        self.owners.extend(functions.iter().map(|function| (*function, place)));
        self.places.insert(place, functions.to_vec());
    }

    /// Frees a place, and gives what was there.
    pub(super) fn remove(&mut self, place: Place) -> Option<Vec<Pdfid>> {
        let functions = self.places.remove(&place)?;
        for function in &functions {
            self.owners.remove(function);
        }
        Some(functions)
    }

    /// Frees some places, and gives what was there.
    pub(super) fn remove_where(
        &mut self,
        gone: impl Fn(PhysicalPort, &[Pdfid]) -> bool,
    ) -> Vec<(Place, Vec<Pdfid>)> {
        let gone = self.iter().filter(|((port, _), functions)| gone(*port, functions));
        let places: Vec<_> = gone.map(|(place, _)| place).collect();
        places.into_iter().filter_map(|place| Some((place, self.remove(place)?))).collect()
    }

    /// Calls a function otherwise; it stays where it is.
    pub(super) fn rename(&mut self, function: Pdfid, to: Pdfid) {
        let Some(place) = self.owners.remove(&function) else { return };
        self.owners.insert(to, place);
        let here = self.places.get_mut(&place).into_iter().flatten();
        here.filter(|bound| **bound == function).for_each(|bound| *bound = to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn place() -> impl Strategy<Value = Place> {
        (0_u8..3, 0_u8..3).prop_map(|(port, logical)| (PhysicalPort::new(port), LogicalPort::new(logical)))
    }

    fn function() -> impl Strategy<Value = Pdfid> {
        (0_u16..8).prop_map(Pdfid::new)
    }

    #[derive(Debug, Clone)]
    enum Act {
        Insert(Place, Vec<Pdfid>),
        Remove(Place),
        RemovePort(PhysicalPort),
        Rename(Pdfid, Pdfid),
    }

    fn act() -> impl Strategy<Value = Act> {
        let functions = proptest::collection::btree_set(function(), 1..4);
        prop_oneof![
            3 => (place(), functions).prop_map(|(place, some)| Act::Insert(place, some.into_iter().collect())),
            1 => place().prop_map(Act::Remove),
            1 => place().prop_map(|(port, _)| Act::RemovePort(port)),
            1 => (function(), function()).prop_map(|(from, to)| Act::Rename(from, to)),
        ]
    }

    proptest! {
        #[test]
        fn a_function_is_found_where_its_place_has_it(acts in proptest::collection::vec(act(), 0..40)) {
            let mut bindings = Bindings::default();
            for act in acts {
                match act {
                    Act::Insert(place, functions) => {
                        let free = |function: &Pdfid| bindings.place_of(*function).is_none();
                        if bindings.at(place).is_empty() && functions.iter().all(free) {
                            bindings.insert(place, &functions);
                            prop_assert_eq!(bindings.at(place), functions);
                        }
                    }
                    Act::Remove(place) => drop(bindings.remove(place)),
                    Act::RemovePort(port) => {
                        bindings.remove_where(|at, _| at == port);
                        prop_assert!(bindings.iter().all(|((at, _), _)| at != port));
                    }
                    Act::Rename(from, to) if bindings.place_of(to).is_none() => bindings.rename(from, to),
                    Act::Rename(..) => {}
                }
                let owners = bindings.iter().flat_map(|(place, all)| all.iter().map(move |one| (*one, place)));
                let owners: Vec<_> = owners.collect();
                let known: BTreeMap<_, _> = owners.iter().copied().collect();
                prop_assert_eq!(owners.len(), known.len(), "a function in two places");
                prop_assert_eq!(&known, &bindings.owners);
            }
        }
    }
}
