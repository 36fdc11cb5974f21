//! Whether steps reach the cards that were meant, as far as the engine can know: numbers are the same on other cards.

use crate::judge::Judge;
use crate::switch::Switch;
use patchbay_domain::*;
use std::collections::BTreeMap;

/// What is known of the cards, by how often they were replaced.
#[derive(Default)]
pub struct Cards {
    /// The card of every function that there ever was.
    of: BTreeMap<FunctionId, Adapter>,
    /// By switch: up to which replacement this engine has looked at it; none when it has not.
    looked: BTreeMap<usize, u32>,
    /// By switch: up to which replacement it must know everything.
    recorded: BTreeMap<usize, u32>,
}

/// Up to when whoever sends a step must know which cards are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knows {
    /// As of what is recorded: nobody reads a switch again for a change that goes on.
    AsRecorded,
    /// As of the last look: whoever takes something back looks first.
    AsLooked,
}

impl Cards {
    /// The ledger says what is on a switch.
    pub fn discovered(&mut self, switch: usize, picture: &SwitchPicture) {
        for function in &picture.functions {
            if let Some(card) = picture.adapters.iter().find(|card| card.id == function.adapter) {
                self.of.insert(function.id, card.clone());
            }
        }
        if let Some(looked) = self.looked.get(&switch) {
            self.recorded.insert(switch, *looked);
        }
    }

    /// Another engine begins. Before it does anything it looks, so what was replaced until now is no surprise to it.
    pub fn begun(&mut self, switches: &[Switch]) {
        self.looked.clear();
        self.recorded = switches.iter().map(|switch| switch.swaps).enumerate().collect();
    }
}

impl Judge {
    /// The engine looks at a switch.
    pub fn looked(&mut self, switch: usize, swaps: u32) {
        self.cards.looked.insert(switch, swaps);
    }

    /// A step reaches a switch: not the functions of another card, unless that came since anybody could know.
    pub fn reaches(&mut self, number: usize, switch: &Switch, step: &Step, knows: Knows) {
        let known = match knows {
            Knows::AsRecorded => self.cards.recorded.get(&number).copied(),
            Knows::AsLooked => self.cards.looked.get(&number).copied(),
        };
        // Whoever never looked has no excuse.
        if known.is_some_and(|known| known < switch.swaps) {
            return;
        }
        for bound in step.functions() {
            let card = self.cards.of.get(&bound.function);
            let wrong = card.is_none_or(|card| switch.is_of_another(bound.pdfid, card));
            self.check(!wrong, || {
                format!("{step}: sent to switch {} for another card's function", number + 1)
            });
        }
    }
}
