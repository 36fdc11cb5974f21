//! Taking steps back on the cards that were meant, and on no others.
//!
//! While a change has its turn nobody else reads its switches, so the picture does not say when a card is replaced
//! meanwhile. Whoever takes back looks for themselves: before the first step, and again at a switch that was away.

use crate::back::apply;
use crate::crew::Crew;
use patchbay_domain::{Step, SwitchId, still_meant, stranger};
use patchbay_driver::DriverError;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Steps that are being taken back, and where their cards were seen.
pub(crate) struct Meant<'a> {
    crew: &'a Crew,
    steps: &'a [Step],
    /// The switches that show the cards that were meant, and were not away since.
    seen: Mutex<BTreeSet<SwitchId>>,
}

impl<'a> Meant<'a> {
    pub(crate) fn of(crew: &'a Crew, steps: &'a [Step]) -> Self {
        Self { crew, steps, seen: Mutex::default() }
    }

    /// Whether the picture still has the functions that were meant: a sentence when not.
    pub(crate) fn known(&self) -> Result<(), String> {
        self.crew.book.look(|now| still_meant(self.steps, &now.topology))
    }

    /// Looks at every switch of the steps: [`DriverError::Conflict`] when another card is where one was meant.
    pub(crate) async fn look(&self) -> Result<(), DriverError> {
        let switches: BTreeSet<_> = self.steps.iter().map(|step| step.switch).collect();
        for switch in switches {
            self.look_at(switch).await?;
        }
        Ok(())
    }

    /// Sends the inverse of one of the steps, to the card that was meant.
    pub(crate) async fn apply(&self, inverse: &Step) -> Result<(), DriverError> {
        self.look_at(inverse.switch).await?;
        let applied = apply(self.crew, inverse).await;
        if applied.as_ref().is_err_and(DriverError::is_away) {
            self.seen().remove(&inverse.switch);
        }
        applied
    }

    async fn look_at(&self, switch: SwitchId) -> Result<(), DriverError> {
        if self.seen().contains(&switch) {
            return Ok(());
        }
        // For a switch that is not looked after any more, applying says so.
        let Some(driver) = self.crew.driver(switch) else { return Ok(()) };
        let seen = self.crew.limited(switch, "tell what is in its slots", driver.observe()).await?;
        let found = self.crew.book.look(|now| stranger(self.steps, &now.topology, switch, &seen));
        match found {
            Some(found) => Err(DriverError::Conflict {
                place: format!("Slot {}", found.slot),
                expected: format!("the card of {}", found.name),
                found: "another card, or one that was numbered anew".to_owned(),
            }),
            None => {
                self.seen().insert(switch);
                Ok(())
            }
        }
    }

    fn seen(&self) -> MutexGuard<'_, BTreeSet<SwitchId>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
