//! What goes wrong with one command of a change, and the gate that counts commands and says when it went wrong.

use patchbay_softswitch::{CommandEvent, CommandKind, Gate, Order, Passing, Phase, Verdict};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::Notify;

/// A result code of the fabric commands: any but zero is a refusal.
const REFUSED: u32 = 0x84005;

/// What becomes of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is refused, and not done.
    Refused,
    /// It is done, and the switch says that it refuses.
    RefusedThoughDone,
    /// It is never answered, and not done.
    Hangs,
    /// It is done and never answered.
    HangsThoughDone,
    /// The connection is lost before it is done.
    Lost,
    /// The connection is lost when it is done.
    LostThoughDone,
}

impl Fault {
    pub const ALL: [Self; 6] = [
        Self::Refused,
        Self::RefusedThoughDone,
        Self::Hangs,
        Self::HangsThoughDone,
        Self::Lost,
        Self::LostThoughDone,
    ];

    /// Those after which a switch counts as away, so that taking back goes on.
    pub const AWAY: [Self; 4] = [Self::Hangs, Self::HangsThoughDone, Self::Lost, Self::LostThoughDone];

    const fn phase(self) -> Phase {
        match self {
            Self::Refused | Self::Hangs | Self::Lost => Phase::Before,
            Self::RefusedThoughDone | Self::HangsThoughDone | Self::LostThoughDone => Phase::After,
        }
    }

    const fn verdict(self) -> Verdict {
        match self {
            Self::Refused | Self::RefusedThoughDone => Verdict::Refuse(REFUSED),
            Self::Hangs | Self::HangsThoughDone => Verdict::Hang,
            Self::Lost | Self::LostThoughDone => Verdict::DropConnection,
        }
    }

    /// The order that makes a switch do this; none where only a gate can.
    pub const fn order(self, spot: Spot) -> Option<Order> {
        let (command, nth) = (Some(spot.kind), spot.nth);
        match self {
            Self::Refused => Some(Order::Refuse { command, nth, code: REFUSED }),
            Self::Hangs => Some(Order::Hang { command, nth }),
            Self::Lost => Some(Order::DropConnection { command, nth, when: Phase::Before }),
            Self::LostThoughDone => Some(Order::DropConnection { command, nth, when: Phase::After }),
            Self::RefusedThoughDone | Self::HangsThoughDone => None,
        }
    }
}

/// A command of a change: the n-th of its kind on one switch, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    pub switch: usize,
    pub kind: CommandKind,
    pub nth: u64,
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "switch {}, {} {}", self.switch + 1, self.kind.name(), self.nth)
    }
}

/// A fault that waits for its command.
struct Aim {
    /// Which command; none for any, once every earlier aim has struck.
    at: Option<(usize, CommandKind)>,
    left: u64,
    fault: Fault,
    /// The switch was ordered to do it, and the gate only looks on.
    ordered: bool,
    /// The switch that is at work on the command, for a fault after it.
    at_work: Option<usize>,
}

#[derive(Default)]
struct State {
    came: Vec<(usize, CommandKind)>,
    /// The first of them is the next to strike.
    aims: Vec<Aim>,
}

/// Sees every command of all switches.
#[derive(Default)]
pub struct Watch {
    state: Mutex<State>,
    hung: Notify,
}

/// The gate of one switch.
pub struct WatchedGate {
    pub watch: Arc<Watch>,
    pub switch: usize,
}

impl Watch {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("not poisoned")
    }

    /// Forgets the commands that came and the faults that wait; how many waited.
    pub fn clear(&self) -> usize {
        std::mem::take(&mut *self.state()).aims.len()
    }

    /// The commands that came since, each as the n-th of its kind on its switch.
    pub fn came(&self) -> Vec<Spot> {
        let came = &self.state().came;
        let nth = |upto: usize| came[..=upto].iter().filter(|one| **one == came[upto]).count();
        let spot = |(index, &(switch, kind)): (usize, &(usize, CommandKind))| Spot {
            switch,
            kind,
            nth: u64::try_from(nth(index)).expect("few"),
        };
        came.iter().enumerate().map(spot).collect()
    }

    /// Waits for a command and spoils it, or sees it spoilt when the switch was ordered to.
    pub fn aim(&self, spot: Spot, fault: Fault, ordered: bool) {
        let at = Some((spot.switch, spot.kind));
        self.state().aims.push(Aim { at, left: spot.nth, fault, ordered, at_work: None });
    }

    /// Spoils the n-th command of any kind that comes after what was aimed at before.
    pub fn aim_then(&self, nth: u64, fault: Fault) {
        self.state().aims.push(Aim { at: None, left: nth, fault, ordered: false, at_work: None });
    }

    /// Waits until a command hangs.
    pub async fn hung(&self) {
        self.hung.notified().await;
    }

    fn verdict(&self, switch: usize, event: CommandEvent) -> Verdict {
        let mut state = self.state();
        if event.phase == Phase::Before {
            state.came.push((switch, event.kind));
        }
        let Some(aim) = state.aims.first_mut() else { return Verdict::Proceed };
        match event.phase {
            Phase::Before if aim.at.is_none_or(|at| at == (switch, event.kind)) => {
                aim.left = aim.left.saturating_sub(1);
                if aim.left > 0 {
                    return Verdict::Proceed;
                }
                if aim.fault.phase() == Phase::After {
                    aim.at_work = Some(switch);
                    return Verdict::Proceed;
                }
            }
            Phase::After if aim.at_work == Some(switch) => {}
            Phase::Before | Phase::After => return Verdict::Proceed,
        }
        let struck = state.aims.remove(0);
        if struck.fault.verdict() == Verdict::Hang {
            self.hung.notify_one();
        }
        if struck.ordered { Verdict::Proceed } else { struck.fault.verdict() }
    }
}

impl Gate for WatchedGate {
    fn pass(&self, event: CommandEvent) -> Passing<'_> {
        let verdict = self.watch.verdict(self.switch, event);
        Box::pin(std::future::ready(verdict))
    }
}
