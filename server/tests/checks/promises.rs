//! What clients were told, held against the ledger: a promise is kept for ever, and who got no promise got all or nothing.

use super::story::{Story, Told};
use patchbay_domain::{ChangeId, FunctionId, HostId, Outcome};
use thiserror::Error;

/// A request for a change, with words that no other has.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What was asked for.
    pub wanted: Vec<(FunctionId, Option<HostId>)>,
    /// The words.
    pub reason: String,
    /// What came back.
    pub heard: Heard,
}

/// What a client was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The change has ended.
    Ended {
        /// The change.
        change: ChangeId,
        /// How.
        outcome: Outcome,
    },
    /// It was not accepted.
    Refused,
    /// No answer came.
    Nothing,
}

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unkept {
    #[error("{reason:?} was answered as change {change}, which the ledger does not have")]
    Forgotten { reason: String, change: ChangeId },
    #[error("{reason:?} was answered as change {change}, but the ledger has it as change {found}")]
    OtherChange { reason: String, change: ChangeId, found: ChangeId },
    #[error("change {change} was answered as {told:?}, but the ledger says {found:?}")]
    OtherEnd { change: ChangeId, told: Outcome, found: Option<Outcome> },
    #[error("change {change} is not what was asked for with {reason:?}")]
    OtherIntent { reason: String, change: ChangeId },
    #[error("{reason:?} was refused, but the ledger has it as change {change}")]
    DoneAnyway { reason: String, change: ChangeId },
}

impl Asked {
    /// Holds this request against a ledger in which nothing is on its way.
    ///
    /// # Errors
    /// [`Unkept`].
    pub fn check(&self, story: &Story) -> Result<(), Unkept> {
        let found = story.of_reason(&self.reason);
        match (self.heard, found) {
            (Heard::Ended { change, outcome }, Some((id, told))) => self.kept(change, outcome, id, told),
            (Heard::Ended { change, .. }, None) => {
                Err(Unkept::Forgotten { reason: self.reason.clone(), change })
            }
            (Heard::Refused, Some((change, _))) => {
                Err(Unkept::DoneAnyway { reason: self.reason.clone(), change })
            }
            (Heard::Nothing, Some((change, told))) => self.same_intent(change, told),
            (Heard::Refused | Heard::Nothing, None) => Ok(()),
        }
    }

    fn kept(&self, change: ChangeId, outcome: Outcome, found: ChangeId, told: &Told) -> Result<(), Unkept> {
        if change != found {
            return Err(Unkept::OtherChange { reason: self.reason.clone(), change, found });
        }
        let ended = told.closed.map(|(_, outcome)| outcome);
        if ended != Some(outcome) {
            return Err(Unkept::OtherEnd { change, told: outcome, found: ended });
        }
        self.same_intent(change, told)
    }

    fn same_intent(&self, change: ChangeId, told: &Told) -> Result<(), Unkept> {
        let same = told.wanted() == self.wanted;
        if same { Ok(()) } else { Err(Unkept::OtherIntent { reason: self.reason.clone(), change }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::made_up::{self, Ledger};

    const ONE: &[made_up::Short] = &[(1, None, Some(10))];

    /// A story in which "change 1" was applied and "gone" was rolled back.
    fn story() -> Story {
        let mut ledger = Ledger::with_functions(2);
        ledger.apply(1, ONE);
        ledger.open(2, "gone", &[(2, None, Some(11))]);
        ledger.close(2, Outcome::RolledBack, &[]);
        let mut story = Story::default();
        ledger.entries.iter().for_each(|entry| story.read(entry).expect("a true story"));
        story
    }

    fn check(reason: &str, heard: Heard) -> Result<(), Unkept> {
        Asked { wanted: made_up::wanted(ONE), reason: reason.to_owned(), heard }.check(&story())
    }

    fn ended(change: u64, outcome: Outcome) -> Heard {
        Heard::Ended { change: ChangeId::new(change), outcome }
    }

    #[test]
    fn kept_promises_and_requests_without_one_pass() {
        assert_eq!(check("change 1", ended(1, Outcome::Applied)), Ok(()));
        assert_eq!(check("change 1", Heard::Nothing), Ok(()));
        assert_eq!(check("never arrived", Heard::Nothing), Ok(()));
        assert_eq!(check("refused", Heard::Refused), Ok(()));
    }

    #[test]
    fn a_forgotten_change_is_found() {
        let found = check("lost", ended(7, Outcome::Applied));
        assert!(matches!(found, Err(Unkept::Forgotten { .. })), "{found:?}");
    }

    #[test]
    fn an_end_that_turned_round_is_found() {
        let found = check("change 1", ended(1, Outcome::RolledBack));
        assert!(matches!(found, Err(Unkept::OtherEnd { .. })), "{found:?}");
        let other = check("change 1", ended(2, Outcome::Applied));
        assert!(matches!(other, Err(Unkept::OtherChange { .. })), "{other:?}");
    }

    #[test]
    fn a_refused_request_that_was_carried_out_is_found() {
        let found = check("change 1", Heard::Refused);
        assert!(matches!(found, Err(Unkept::DoneAnyway { .. })), "{found:?}");
    }

    #[test]
    fn another_intent_under_the_same_words_is_found() {
        let found = check("gone", Heard::Nothing);
        assert!(matches!(found, Err(Unkept::OtherIntent { .. })), "{found:?}");
    }
}
