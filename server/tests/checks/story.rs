//! The ledger read as a story: who had which function after each entry, and whether each entry can follow the others.

use patchbay_domain::{
    Assignment, ChangeId, Entry, Event, FunctionId, Hash, HostId, Intent, Outcome, Plan, PlannedMove, Seq,
    SwitchPicture,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use thiserror::Error;

/// What cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Wrong {
    #[error("entry {found} follows entry {last}")]
    Gap { last: Seq, found: Seq },
    #[error("entry {seq} does not name the hash of the entry before it")]
    Chain { seq: Seq },
    #[error("change {change} was opened twice")]
    OpenedTwice { change: ChangeId },
    #[error("{reason:?} was asked for once and opened twice, as changes {first} and {second}")]
    AskedOnce { reason: String, first: ChangeId, second: ChangeId },
    #[error("change {change} was closed and not open")]
    NotOpen { change: ChangeId },
    #[error(
        "change {change} was planned with function {function} at {planned:?}, but it was at {found:?}: an update is lost"
    )]
    Lost { change: ChangeId, function: FunctionId, planned: Option<Assignment>, found: Option<Assignment> },
    #[error("function {function} is part of change {change} while change {other} moves it")]
    MovedTwice { change: ChangeId, other: ChangeId, function: FunctionId },
    #[error("change {change} gives {place:?} to function {function}, but function {other} has it")]
    Taken { change: ChangeId, function: FunctionId, other: FunctionId, place: Assignment },
    #[error("change {change} ended with other moves than planned")]
    OtherMoves { change: ChangeId },
    #[error("change {change} ended as {outcome:?} and moved something")]
    MovedAnyway { change: ChangeId, outcome: Outcome },
    #[error("entry {seq} found function {function} at {found:?}, but nobody moved it there")]
    Drifted { seq: Seq, function: FunctionId, found: Option<Assignment> },
    #[error("changes {open:?} are still open")]
    StillOpen { open: Vec<ChangeId> },
    #[error("change {change} is stuck although nobody else touched the switch: {why:?}")]
    Stuck { change: ChangeId, why: Option<String> },
}

/// A change as the ledger tells it.
#[derive(Clone, Debug)]
pub struct Told {
    intent: Intent,
    /// The words with which it was asked for.
    pub reason: String,
    /// The entry that opened it.
    pub opened: Seq,
    /// The entry that closed it, and how.
    pub closed: Option<(Seq, Outcome)>,
    plan: Arc<Plan>,
}

impl Told {
    /// What was asked for, as its client wrote it.
    pub fn wanted(&self) -> Vec<(FunctionId, Option<HostId>)> {
        self.intent.moves.iter().map(|one| (one.function, one.to)).collect()
    }
}

/// One function's new place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write {
    /// The entry that made it true.
    pub seq: Seq,
    /// The place.
    pub place: Option<Assignment>,
}

/// Everything that was read so far.
#[derive(Clone, Debug, Default)]
pub struct Story {
    last: Option<(Seq, Hash)>,
    /// All changes.
    pub changes: BTreeMap<ChangeId, Told>,
    by_reason: BTreeMap<String, ChangeId>,
    /// Where each function was, from when on.
    writes: BTreeMap<FunctionId, Vec<Write>>,
    owners: BTreeMap<Assignment, FunctionId>,
    moving: BTreeMap<FunctionId, ChangeId>,
}

impl Story {
    /// The last entry read.
    pub fn seq(&self) -> Seq {
        self.last.map_or(Seq::new(0), |(seq, _)| seq)
    }

    /// The change that was asked for with these words.
    pub fn of_reason(&self, reason: &str) -> Option<(ChangeId, &Told)> {
        let id = *self.by_reason.get(reason)?;
        self.changes.get(&id).map(|told| (id, told))
    }

    /// Where a function is after the last entry.
    pub fn place(&self, function: FunctionId) -> Option<Assignment> {
        self.writes.get(&function).and_then(|writes| writes.last()).and_then(|write| write.place)
    }

    /// Where a function was after an entry.
    pub fn place_at(&self, function: FunctionId, seq: Seq) -> Option<Assignment> {
        let writes = self.writes.get(&function)?;
        writes.iter().rev().find(|write| write.seq <= seq).and_then(|write| write.place)
    }

    /// All functions that were ever seen.
    pub fn functions(&self) -> impl Iterator<Item = FunctionId> {
        self.writes.keys().copied()
    }

    /// The last entry that changed where a function is, as of an entry.
    pub fn written_at(&self, function: FunctionId, seq: Seq) -> Option<Seq> {
        let writes = self.writes.get(&function)?;
        writes.iter().rev().find(|write| write.seq <= seq).map(|write| write.seq)
    }

    /// Reads the next entry.
    ///
    /// # Errors
    /// [`Wrong`] when it cannot follow what was read before.
    pub fn read(&mut self, entry: &Entry) -> Result<(), Wrong> {
        let seq = entry.seq;
        if let Some((last, hash)) = self.last {
            if seq != last.next() {
                return Err(Wrong::Gap { last, found: seq });
            }
            if entry.prev != hash {
                return Err(Wrong::Chain { seq });
            }
        }
        self.last = Some((seq, entry.hash));
        match &entry.event {
            Event::Discovered { picture, .. } => self.discover(seq, picture),
            Event::BindingsFound { differences, .. } => {
                differences.iter().try_for_each(|found| self.unchanged(seq, found.function, found.found))
            }
            Event::ChangeOpened { change, intent, plan, reason, .. } => {
                let (intent, reason, plan) = (intent.clone(), reason.as_str().to_owned(), Arc::clone(plan));
                self.open(*change, Told { intent, reason, opened: seq, closed: None, plan })
            }
            Event::ChangeClosed { change, outcome, moves, why, .. } => {
                self.close(seq, *change, *outcome, moves, why.as_ref())
            }
            _ => Ok(()),
        }
    }

    /// Checks that nothing is on its way.
    ///
    /// # Errors
    /// [`Wrong::StillOpen`].
    pub fn settled(&self) -> Result<(), Wrong> {
        let open = self.changes.iter().filter(|(_, told)| told.closed.is_none());
        let open: Vec<_> = open.map(|(id, _)| *id).collect();
        if open.is_empty() { Ok(()) } else { Err(Wrong::StillOpen { open }) }
    }

    /// The first time, the switch is believed. Later it must say what the changes made of it.
    fn discover(&mut self, seq: Seq, picture: &SwitchPicture) -> Result<(), Wrong> {
        for function in &picture.functions {
            if self.writes.contains_key(&function.id) {
                self.unchanged(seq, function.id, function.assigned)?;
            } else {
                self.write(seq, function.id, function.assigned);
            }
        }
        Ok(())
    }

    fn unchanged(&self, seq: Seq, function: FunctionId, found: Option<Assignment>) -> Result<(), Wrong> {
        if self.place(function) == found { Ok(()) } else { Err(Wrong::Drifted { seq, function, found }) }
    }

    fn open(&mut self, change: ChangeId, told: Told) -> Result<(), Wrong> {
        for one in &told.plan.moves {
            let (function, planned) = (one.function, one.from);
            if let Some(other) = self.moving.insert(function, change) {
                return Err(Wrong::MovedTwice { change, other, function });
            }
            let found = self.place(function);
            if planned != found {
                return Err(Wrong::Lost { change, function, planned, found });
            }
        }
        if let Some(first) = self.by_reason.insert(told.reason.clone(), change) {
            return Err(Wrong::AskedOnce { reason: told.reason, first, second: change });
        }
        match self.changes.insert(change, told) {
            Some(_) => Err(Wrong::OpenedTwice { change }),
            None => Ok(()),
        }
    }

    fn close(
        &mut self,
        seq: Seq,
        change: ChangeId,
        outcome: Outcome,
        moves: &[PlannedMove],
        why: Option<&String>,
    ) -> Result<(), Wrong> {
        let told = self.changes.get_mut(&change).filter(|told| told.closed.is_none());
        let told = told.ok_or(Wrong::NotOpen { change })?;
        told.closed = Some((seq, outcome));
        for one in &told.plan.moves {
            self.moving.remove(&one.function);
        }
        match outcome {
            Outcome::Stuck => return Err(Wrong::Stuck { change, why: why.cloned() }),
            Outcome::Applied if told.plan.moves != moves => return Err(Wrong::OtherMoves { change }),
            Outcome::Applied => {}
            _ if moves.is_empty() => {}
            _ => return Err(Wrong::MovedAnyway { change, outcome }),
        }
        self.move_all(seq, change, moves)
    }

    /// All functions leave before any arrives: in a swap each takes the other's place.
    fn move_all(&mut self, seq: Seq, change: ChangeId, moves: &[PlannedMove]) -> Result<(), Wrong> {
        for from in moves.iter().filter_map(|one| one.from) {
            self.owners.remove(&from);
        }
        for one in moves {
            if let Some(place) = one.to
                && let Some(&other) = self.owners.get(&place)
            {
                return Err(Wrong::Taken { change, function: one.function, other, place });
            }
            self.write(seq, one.function, one.to);
        }
        Ok(())
    }

    fn write(&mut self, seq: Seq, function: FunctionId, place: Option<Assignment>) {
        if let Some(place) = place {
            self.owners.insert(place, function);
        }
        self.writes.entry(function).or_default().push(Write { seq, place });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::made_up::Ledger;

    /// The first thing that is wrong in a made-up ledger.
    fn wrong(write: impl FnOnce(&mut Ledger)) -> Option<Wrong> {
        let mut ledger = Ledger::with_functions(3);
        write(&mut ledger);
        let mut story = Story::default();
        ledger.entries.iter().find_map(|entry| story.read(entry).err()).or_else(|| story.settled().err())
    }

    #[test]
    fn a_true_story_is_believed() {
        let found = wrong(|ledger| {
            ledger.apply(1, &[(1, None, Some(10))]);
            ledger.apply(2, &[(2, None, Some(11))]);
            ledger.apply(3, &[(1, Some(10), Some(11)), (2, Some(11), Some(10))]);
            ledger.open(4, "four", &[(3, None, Some(12))]);
            ledger.open(5, "five", &[(1, Some(11), None)]);
            ledger.close(5, Outcome::RolledBack, &[]);
            ledger.close(4, Outcome::Applied, &[(3, None, Some(12))]);
        });
        assert_eq!(found, None);
    }

    #[test]
    fn a_lost_update_is_found() {
        let found = wrong(|ledger| {
            ledger.apply(1, &[(1, None, Some(10))]);
            ledger.apply(2, &[(1, None, Some(11))]);
        });
        assert!(matches!(found, Some(Wrong::Lost { .. })), "{found:?}");
    }

    #[test]
    fn two_changes_that_move_a_function_at_once_are_found() {
        let found = wrong(|ledger| {
            ledger.open(1, "one", &[(1, None, Some(10))]);
            ledger.open(2, "two", &[(1, None, Some(11))]);
        });
        assert!(matches!(found, Some(Wrong::MovedTwice { .. })), "{found:?}");
    }

    #[test]
    fn a_place_with_two_owners_is_found() {
        let found = wrong(|ledger| {
            ledger.apply(1, &[(1, None, Some(10))]);
            ledger.apply(2, &[(2, None, Some(10))]);
        });
        assert!(matches!(found, Some(Wrong::Taken { .. })), "{found:?}");
    }

    #[test]
    fn half_a_change_is_found() {
        let half = wrong(|ledger| {
            ledger.open(1, "one", &[(1, None, Some(10)), (2, None, Some(11))]);
            ledger.close(1, Outcome::Applied, &[(1, None, Some(10))]);
        });
        assert!(matches!(half, Some(Wrong::OtherMoves { .. })), "{half:?}");
        let anyway = wrong(|ledger| {
            ledger.open(1, "one", &[(1, None, Some(10))]);
            ledger.close(1, Outcome::RolledBack, &[(1, None, Some(10))]);
        });
        assert!(matches!(anyway, Some(Wrong::MovedAnyway { .. })), "{anyway:?}");
    }

    #[test]
    fn endings_that_cannot_be_are_found() {
        let open = wrong(|ledger| ledger.open(1, "one", &[(1, None, Some(10))]));
        assert!(matches!(open, Some(Wrong::StillOpen { .. })), "{open:?}");
        let twice = wrong(|ledger| {
            ledger.apply(1, &[(1, None, Some(10))]);
            ledger.close(1, Outcome::RolledBack, &[]);
        });
        assert!(matches!(twice, Some(Wrong::NotOpen { .. })), "{twice:?}");
        let stuck = wrong(|ledger| {
            ledger.open(1, "one", &[(1, None, Some(10))]);
            ledger.close(1, Outcome::Stuck, &[]);
        });
        assert!(matches!(stuck, Some(Wrong::Stuck { .. })), "{stuck:?}");
    }

    #[test]
    fn a_request_that_became_two_changes_is_found() {
        let found = wrong(|ledger| {
            ledger.open(1, "once", &[(1, None, Some(10))]);
            ledger.open(2, "once", &[(2, None, Some(11))]);
        });
        assert!(matches!(found, Some(Wrong::AskedOnce { .. })), "{found:?}");
    }

    #[test]
    fn a_binding_that_nobody_made_is_found() {
        let found = wrong(|ledger| ledger.find(1, Some(10)));
        assert!(matches!(found, Some(Wrong::Drifted { .. })), "{found:?}");
    }

    #[test]
    fn a_missing_entry_and_a_broken_chain_are_found() {
        let gap = wrong(|ledger| {
            ledger.apply(1, &[(1, None, Some(10))]);
            ledger.entries.remove(1);
        });
        assert!(matches!(gap, Some(Wrong::Gap { .. })), "{gap:?}");
        let chain = wrong(|ledger| {
            ledger.apply(1, &[(1, None, Some(10))]);
            ledger.entries[1].prev = Hash::ZERO;
        });
        assert!(matches!(chain, Some(Wrong::Chain { .. })), "{chain:?}");
    }
}
