//! What adapters are in the slots, and what their functions are called.

use std::collections::BTreeSet;
use std::sync::Arc;

use patchbay_switchtec::command::events::EventKind;
use patchbay_switchtec::{Pdfid, PhysicalPort};

use super::models::CATALOGUE;
use super::{Raised, Switch};
use crate::picture::PDFIDS;
use crate::rack::Adapter;

/// The names of an adapter's functions start at multiples of this where there is room, so that people can tell
/// adapters apart.
const PDFID_STRIDE: usize = 0x10;

impl Switch {
    /// The models that can be put into a slot, by name: the shelf, and those the rack came with.
    pub(crate) fn models(&self) -> Vec<String> {
        let shelf = CATALOGUE.iter().map(|model| model.name.to_owned());
        let own: BTreeSet<_> = self.built().slots.iter().map(|slot| slot.adapter.name.clone()).collect();
        shelf.chain(own).collect()
    }

    /// An adapter of a model, `None` for a model nobody has.
    pub(crate) fn model(&self, name: &str) -> Option<Adapter> {
        let shelf = CATALOGUE.iter().find(|model| model.name == name).map(|model| model.adapter());
        let own = || self.built().slots.iter().find(|slot| slot.adapter.name == name);
        shelf.or_else(|| own().map(|slot| slot.adapter.clone()))
    }

    /// The model of an adapter that was swapped in.
    pub(crate) fn swapped(&self, slot: PhysicalPort) -> Option<&str> {
        self.swapped.get(&slot).map(String::as_str)
    }

    /// Every function of the adapters in the slots.
    pub(crate) fn functions(&self) -> impl Iterator<Item = Pdfid> {
        let functions = self.rack.slots.iter().flat_map(|slot| &slot.adapter.functions);
        functions.map(|function| function.pdfid)
    }

    /// Names for that many functions, one after the other, none of which is in use; `None` when there is no such room.
    pub(crate) fn free_names(&self, count: usize) -> Option<Vec<Pdfid>> {
        let used: BTreeSet<_> = self.functions().map(Pdfid::get).collect();
        let free = |first: &u16| {
            let last = usize::from(*first) + count.saturating_sub(1);
            last <= usize::from(PDFIDS.end) && used.range(*first..=last as u16).next().is_none()
        };
        let all = || PDFIDS.start..=PDFIDS.end;
        let first = all().step_by(PDFID_STRIDE).find(free).or_else(|| all().find(free))?;
        Some((first..).take(count).map(Pdfid::new).collect())
    }

    /// Puts an adapter of a known model into a slot in place of the one there. Its functions get the names given, one
    /// each; they are unbound.
    pub(crate) fn swap(&mut self, slot: PhysicalPort, model: &str, names: &[Pdfid]) -> Vec<Raised> {
        let mut raised = self.relink(slot, |port| port.plugged = false);
        self.refit(slot, Some(model), names);
        raised.extend(self.relink(slot, |port| port.plugged = true));
        raised
    }

    /// Puts an adapter into a slot, or names the functions of the one there, without telling anybody; whether the model
    /// is known and has as many functions as there are names.
    pub(crate) fn refit(&mut self, slot: PhysicalPort, model: Option<&str>, names: &[Pdfid]) -> bool {
        let there = || self.slot(slot).map(|slot| slot.adapter.clone());
        let adapter = match model {
            Some(model) => self.model(model),
            None => there(),
        };
        let Some(mut adapter) = adapter.filter(|adapter| adapter.functions.len() == names.len()) else {
            return false;
        };
        for (function, name) in adapter.functions.iter_mut().zip(names) {
            function.pdfid = *name;
        }
        let slots = &mut Arc::make_mut(&mut self.rack).slots;
        let Some(place) = slots.iter_mut().find(|known| known.port == slot) else { return false };
        place.adapter = adapter;
        if let Some(model) = model {
            self.swapped.insert(slot, model.to_owned());
        }
        true
    }

    /// Gives a function another name, as a renumbering by the firmware does. Bindings follow; what was written to the
    /// function under its old name is forgotten.
    pub(crate) fn rename(&mut self, function: Pdfid, to: Pdfid) -> Vec<Raised> {
        self.endpoints.forget(&[function]);
        let slots = Arc::make_mut(&mut self.rack).slots.iter_mut();
        for known in slots.flat_map(|slot| &mut slot.adapter.functions) {
            if known.pdfid == function {
                known.pdfid = to;
            }
        }
        self.bindings.rename(function, to);
        vec![Raised::Gfms(EventKind::DatabaseChanged)]
    }
}
