//! Commands that are to fail: what the lab has ordered and has not happened yet.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::gate::{Phase, Verdict};
use crate::kind::CommandKind;

/// Most faults that wait at once: far more than a person can keep in mind.
pub const MAX_COMMAND_FAULTS: usize = 64;

/// Names a fault that waits for its command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FaultId(pub u64);

/// What becomes of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// This and every later one takes longer.
    Slow(Duration),
    /// It is never answered, and not executed.
    Hang,
    /// It is answered with a result code, and not executed.
    Refuse(u32),
    /// The connection is closed without an answer.
    Drop(Phase),
}

/// A fault that waits for its command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CommandFault {
    pub(crate) id: FaultId,
    /// `None` counts binds and unbinds together.
    pub(crate) command: Option<CommandKind>,
    /// Which one: 1 is the next. [`Effect::Slow`] acts on all.
    pub(crate) nth: u64,
    pub(crate) effect: Effect,
}

/// What happens to a command that has just arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Strike {
    pub(crate) delay: Duration,
    pub(crate) before: Verdict,
    pub(crate) after: Verdict,
}

/// The faults that wait.
#[derive(Debug, Default)]
pub(crate) struct CommandFaults(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    last: u64,
    faults: Vec<CommandFault>,
}

impl CommandFault {
    fn concerns(&self, kind: CommandKind) -> bool {
        match self.command {
            Some(command) => command == kind,
            None => matches!(kind, CommandKind::Bind | CommandKind::Unbind),
        }
    }
}

impl CommandFaults {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a fault; `None` when [`MAX_COMMAND_FAULTS`] wait already.
    pub(crate) fn add(&self, command: Option<CommandKind>, nth: u64, effect: Effect) -> Option<FaultId> {
        let mut waiting = self.waiting();
        if waiting.faults.len() == MAX_COMMAND_FAULTS {
            return None;
        }
        waiting.last += 1;
        let id = FaultId(waiting.last);
        waiting.faults.push(CommandFault { id, command, nth, effect });
        Some(id)
    }

    /// Forgets a fault; whether there was one.
    pub(crate) fn cancel(&self, id: FaultId) -> bool {
        let mut waiting = self.waiting();
        let before = waiting.faults.len();
        waiting.faults.retain(|fault| fault.id != id);
        waiting.faults.len() < before
    }

    /// Forgets all faults; how many there were.
    pub(crate) fn clear(&self) -> usize {
        std::mem::take(&mut self.waiting().faults).len()
    }

    /// All faults, oldest first, with what is left of their counts.
    pub(crate) fn list(&self) -> Vec<CommandFault> {
        self.waiting().faults.clone()
    }

    /// Counts a command that has arrived, and says what happens to it. A fault that has struck is forgotten, but for
    /// slowness; of several that strike at once the oldest decides.
    pub(crate) fn arrive(&self, kind: CommandKind) -> Strike {
        let mut strike = Strike { delay: Duration::ZERO, before: Verdict::Proceed, after: Verdict::Proceed };
        self.waiting().faults.retain_mut(|fault| {
            if !fault.concerns(kind) {
                return true;
            }
            if let Effect::Slow(delay) = fault.effect {
                strike.delay = strike.delay.saturating_add(delay);
                return true;
            }
            fault.nth = fault.nth.saturating_sub(1);
            if fault.nth == 0 {
                strike.add(fault.effect);
            }
            fault.nth != 0
        });
        strike
    }
}

impl Strike {
    fn add(&mut self, effect: Effect) {
        let (place, verdict) = match effect {
            Effect::Slow(_) => return,
            Effect::Hang => (&mut self.before, Verdict::Hang),
            Effect::Refuse(code) => (&mut self.before, Verdict::Refuse(code)),
            Effect::Drop(Phase::Before) => (&mut self.before, Verdict::DropConnection),
            Effect::Drop(Phase::After) => (&mut self.after, Verdict::DropConnection),
        };
        if *place == Verdict::Proceed {
            *place = verdict;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Strike =
        Strike { delay: Duration::ZERO, before: Verdict::Proceed, after: Verdict::Proceed };

    #[test]
    fn a_fault_waits_for_its_command_and_strikes_once() {
        let faults = CommandFaults::default();
        faults.add(Some(CommandKind::Echo), 2, Effect::Refuse(5)).unwrap();
        assert_eq!(faults.arrive(CommandKind::Ping), NOTHING);
        assert_eq!(faults.arrive(CommandKind::Echo), NOTHING);
        assert_eq!(faults.list()[0].nth, 1);
        assert_eq!(faults.arrive(CommandKind::Echo).before, Verdict::Refuse(5));
        assert_eq!(faults.arrive(CommandKind::Echo), NOTHING);
        assert_eq!(faults.list(), []);
    }

    #[test]
    fn a_fault_of_no_command_counts_binds_and_unbinds() {
        let faults = CommandFaults::default();
        faults.add(None, 3, Effect::Drop(Phase::After)).unwrap();
        for kind in [CommandKind::Bind, CommandKind::Database, CommandKind::Unbind] {
            assert_eq!(faults.arrive(kind), NOTHING);
        }
        assert_eq!(faults.arrive(CommandKind::Bind).after, Verdict::DropConnection);
    }

    #[test]
    fn slowness_stays_until_it_is_cancelled_and_adds_up() {
        let faults = CommandFaults::default();
        let ms = Duration::from_millis;
        let first = faults.add(None, 1, Effect::Slow(ms(10))).unwrap();
        faults.add(Some(CommandKind::Bind), 1, Effect::Slow(ms(5))).unwrap();
        for _ in 0..2 {
            assert_eq!(faults.arrive(CommandKind::Bind).delay, ms(15));
        }
        assert!(faults.cancel(first) && !faults.cancel(first));
        assert_eq!(faults.arrive(CommandKind::Bind).delay, ms(5));
        assert_eq!(faults.clear(), 1);
        assert_eq!(faults.arrive(CommandKind::Bind), NOTHING);
    }

    #[test]
    fn the_oldest_of_several_decides() {
        let faults = CommandFaults::default();
        faults.add(None, 1, Effect::Hang).unwrap();
        faults.add(None, 1, Effect::Refuse(7)).unwrap();
        assert_eq!(faults.arrive(CommandKind::Bind).before, Verdict::Hang);
        assert_eq!(faults.list(), [], "both have struck");
    }

    #[test]
    fn there_is_a_limit() {
        let faults = CommandFaults::default();
        for _ in 0..MAX_COMMAND_FAULTS {
            faults.add(None, 1, Effect::Hang).unwrap();
        }
        assert_eq!(faults.add(None, 1, Effect::Hang), None);
    }
}
