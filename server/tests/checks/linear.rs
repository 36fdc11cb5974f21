//! Whether what many clients did and saw at once fits one order: the ledger's.
//!
//! Each function is a register. A change that was applied writes the registers of the functions it moves, all at the
//! entry that closes it; a look reads all registers as of the entry it names. The ledger gives the order, so nothing
//! has to be searched: a history is linearizable in it when
//!
//! * every look shows exactly what the ledger had made of each function by then;
//! * an operation that began after another had ended comes after it in the ledger;
//! * a change was opened by somebody who had seen what it touches as it was: else an update is lost.

use super::story::Story;
use super::{Asked, Heard};
use patchbay_domain::{ChangeId, FunctionId, HostId, LogicalPort, Seq};
use std::collections::BTreeMap;
use thiserror::Error;

/// A host's logical port.
pub type Spot = (HostId, LogicalPort);

/// Moments in the order in which clients called and returned: one counter for all of them.
pub type Tick = u64;

/// What a client saw.
#[derive(Clone, Debug)]
pub struct Look {
    /// When it asked.
    pub called: Tick,
    /// When it had the answer.
    pub returned: Tick,
    /// The last entry in what it saw.
    pub seq: Seq,
    /// Who had what.
    pub shown: BTreeMap<FunctionId, Option<Spot>>,
}

/// What a client asked for, after it had looked.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// When it asked.
    pub called: Tick,
    /// When it had the answer.
    pub returned: Tick,
    /// The last entry in what it had seen when it decided.
    pub seen: Seq,
    /// The request and its answer.
    pub asked: Asked,
}

/// Everything that clients did.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Their looks.
    pub looks: Vec<Look>,
    /// Their requests.
    pub attempts: Vec<Attempt>,
}

/// What does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Misfit {
    #[error(
        "a look as of entry {seq} showed function {function} at {shown:?}, but the ledger has it at {found:?}"
    )]
    Shown { seq: Seq, function: FunctionId, shown: Option<Spot>, found: Option<Spot> },
    #[error("a look as of entry {seq} showed two functions, {one} and {other}, at {spot:?}")]
    TwoOwners { seq: Seq, one: FunctionId, other: FunctionId, spot: Spot },
    #[error("a look that began after entry {known} was known showed entry {seq}")]
    OldNews { known: Seq, seq: Seq },
    #[error("change {change} was asked for after entry {known} was known, and stands before it")]
    TooEarly { change: ChangeId, known: Seq },
    #[error(
        "change {change} moved function {function} for somebody who had seen entry {seen}, after entry {written} had moved it: an update is lost"
    )]
    LostUpdate { change: ChangeId, function: FunctionId, seen: Seq, written: Seq },
}

impl Record {
    /// Holds the record against a ledger in which nothing is on its way.
    ///
    /// # Errors
    /// The first [`Misfit`].
    pub fn check(&self, story: &Story) -> Result<(), Misfit> {
        self.looks.iter().try_for_each(|look| look.check(story))?;
        self.attempts.iter().try_for_each(|attempt| attempt.check(story))?;
        self.check_order(story)
    }

    /// What was known when: after an operation had returned, nothing older may be shown and nothing may be put before.
    fn check_order(&self, story: &Story) -> Result<(), Misfit> {
        let looks = self.looks.iter().map(|look| (look.returned, look.seq));
        let changes = self.attempts.iter().filter_map(|attempt| {
            let (_, told) = attempt.answered(story)?;
            Some((attempt.returned, told.closed?.0))
        });
        let known = Known::of(looks.chain(changes).collect());
        for look in &self.looks {
            let (known, seq) = (known.before(look.called), look.seq);
            if seq < known {
                return Err(Misfit::OldNews { known, seq });
            }
        }
        for attempt in &self.attempts {
            // Also of a request without an answer: it began when it began.
            let Some((change, told)) = story.of_reason(&attempt.asked.reason) else { continue };
            let known = known.before(attempt.called);
            if told.opened <= known {
                return Err(Misfit::TooEarly { change, known });
            }
        }
        Ok(())
    }
}

/// The highest entry that anybody knew at each moment.
struct Known(Vec<(Tick, Seq)>);

impl Known {
    fn of(mut returned: Vec<(Tick, Seq)>) -> Self {
        returned.sort_unstable();
        let mut highest = Seq::new(0);
        for (_, seq) in &mut returned {
            highest = highest.max(*seq);
            *seq = highest;
        }
        Self(returned)
    }

    /// What was known by an operation that began at this moment.
    fn before(&self, called: Tick) -> Seq {
        let behind = self.0.partition_point(|(returned, _)| *returned < called);
        behind.checked_sub(1).map_or(Seq::new(0), |last| self.0[last].1)
    }
}

impl Look {
    fn check(&self, story: &Story) -> Result<(), Misfit> {
        let seq = self.seq;
        let mut owners = BTreeMap::new();
        for (&function, &shown) in &self.shown {
            if let Some(spot) = shown
                && let Some(one) = owners.insert(spot, function)
            {
                return Err(Misfit::TwoOwners { seq, one, other: function, spot });
            }
        }
        for (&function, &shown) in &self.shown {
            let found = story.place_at(function, seq).map(|place| (place.host, place.logical_port));
            if shown != found {
                return Err(Misfit::Shown { seq, function, shown, found });
            }
        }
        Ok(())
    }
}

impl Attempt {
    /// The change that came of it, if its client was told so.
    fn answered<'a>(&self, story: &'a Story) -> Option<(ChangeId, &'a super::story::Told)> {
        match self.asked.heard {
            Heard::Ended { .. } => story.of_reason(&self.asked.reason),
            Heard::Refused | Heard::Nothing => None,
        }
    }

    /// Whatever it moves must not have been moved between what its client had seen and its own opening.
    fn check(&self, story: &Story) -> Result<(), Misfit> {
        let Some((change, told)) = story.of_reason(&self.asked.reason) else { return Ok(()) };
        let seen = self.seen;
        for (function, _) in told.wanted() {
            if let Some(written) = story.written_at(function, told.opened).filter(|written| *written > seen) {
                return Err(Misfit::LostUpdate { change, function, seen, written });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::made_up::{self, Ledger, Short};
    use patchbay_domain::Outcome;

    /// Entry 1 discovers; change 1 moves function 1 to host 10 (entries 2, 3), change 2 on to host 11 (4, 5).
    const FIRST: &[Short] = &[(1, None, Some(10))];
    const SECOND: &[Short] = &[(1, Some(10), Some(11))];

    fn story() -> Story {
        let mut ledger = Ledger::with_functions(2);
        ledger.apply(1, FIRST);
        ledger.apply(2, SECOND);
        let mut story = Story::default();
        ledger.entries.iter().for_each(|entry| story.read(entry).expect("a true story"));
        story
    }

    fn look(called: Tick, seq: u64, first_at: Option<u32>) -> Look {
        let spot = first_at.map(|host| (HostId::new(host), LogicalPort(0)));
        let shown = BTreeMap::from([(FunctionId::new(1), spot), (FunctionId::new(2), None)]);
        Look { called, returned: called + 1, seq: Seq::new(seq), shown }
    }

    fn attempt(change: u64, (called, returned): (Tick, Tick), seen: u64, moves: &[Short]) -> Attempt {
        let heard = Heard::Ended { change: ChangeId::new(change), outcome: Outcome::Applied };
        let asked = Asked { wanted: made_up::wanted(moves), reason: format!("change {change}"), heard };
        Attempt { called, returned, seen: Seq::new(seen), asked }
    }

    fn check(looks: Vec<Look>, attempts: Vec<Attempt>) -> Result<(), Misfit> {
        Record { looks, attempts }.check(&story())
    }

    #[test]
    fn what_happened_in_the_ledgers_order_fits() {
        let looks =
            vec![look(0, 1, None), look(10, 3, Some(10)), look(20, 4, Some(10)), look(30, 5, Some(11))];
        let attempts = vec![attempt(1, (3, 9), 1, FIRST), attempt(2, (12, 28), 3, SECOND)];
        assert_eq!(check(looks, attempts), Ok(()));
    }

    #[test]
    fn overlapping_operations_may_fit_in_either_order() {
        // This look begins before the change ends, so it may show it or not.
        let attempts = || vec![attempt(1, (3, 9), 1, FIRST)];
        assert_eq!(check(vec![look(5, 2, None)], attempts()), Ok(()));
        assert_eq!(check(vec![look(5, 3, Some(10))], attempts()), Ok(()));
    }

    #[test]
    fn a_look_that_shows_what_never_was_is_rejected() {
        let found = check(vec![look(0, 3, Some(11))], Vec::new());
        assert!(matches!(found, Err(Misfit::Shown { .. })), "{found:?}");
    }

    #[test]
    fn a_look_that_shows_two_owners_is_rejected() {
        let mut look = look(0, 3, Some(10));
        look.shown.insert(FunctionId::new(2), Some((HostId::new(10), LogicalPort(0))));
        let found = check(vec![look], Vec::new());
        assert!(matches!(found, Err(Misfit::TwoOwners { .. })), "{found:?}");
    }

    #[test]
    fn a_stale_look_is_rejected() {
        let after = look(40, 3, Some(10));
        let known = check(vec![look(30, 5, Some(11)), after.clone()], Vec::new());
        assert_eq!(known, Err(Misfit::OldNews { known: Seq::new(5), seq: Seq::new(3) }));
        let answered = check(vec![after], vec![attempt(2, (12, 28), 3, SECOND)]);
        assert!(matches!(answered, Err(Misfit::OldNews { .. })), "{answered:?}");
    }

    #[test]
    fn a_change_that_stands_before_what_was_known_is_rejected() {
        // Somebody saw entry 5 before this change was asked for, and yet it is entries 4 and 5.
        let found = check(vec![look(0, 5, Some(11))], vec![attempt(2, (12, 28), 3, SECOND)]);
        assert!(matches!(found, Err(Misfit::TooEarly { .. })), "{found:?}");
        // The two changes are answered one after the other, and stand in the ledger the other way round.
        let turned = vec![attempt(2, (0, 5), 3, SECOND), attempt(1, (6, 9), 1, FIRST)];
        let found = check(Vec::new(), turned);
        assert!(matches!(found, Err(Misfit::TooEarly { .. })), "{found:?}");
    }

    #[test]
    fn a_change_on_a_stale_view_is_rejected() {
        let found = check(Vec::new(), vec![attempt(2, (12, 28), 2, SECOND)]);
        let (change, function) = (ChangeId::new(2), FunctionId::new(1));
        let lost = Misfit::LostUpdate { change, function, seen: Seq::new(2), written: Seq::new(3) };
        assert_eq!(found, Err(lost));
    }

    #[test]
    fn a_stale_view_of_something_else_is_none() {
        let mut ledger = Ledger::with_functions(2);
        ledger.apply(1, FIRST);
        ledger.apply(2, &[(2, None, Some(12))]);
        let mut story = Story::default();
        ledger.entries.iter().for_each(|entry| story.read(entry).expect("a true story"));
        let record =
            Record { attempts: vec![attempt(2, (12, 28), 1, &[(2, None, Some(12))])], ..Record::default() };
        assert_eq!(record.check(&story), Ok(()));
    }
}
