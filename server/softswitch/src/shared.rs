//! What all connections of one softswitch share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use patchbay_switchtec::command::Request;
use patchbay_switchtec::{SwitchIndex, code};
use tokio::sync::{mpsc, watch};

use crate::execute::{Session, execute};
use crate::fault::CommandFaults;
use crate::gate::{CommandEvent, Gate, Phase, Verdict};
use crate::kind::CommandKind;
use crate::limits::Limits;
use crate::rack::Delays;
use crate::restart::Restart;
use crate::saved::StateFile;
use crate::switch::{Raised, Switch, Ticket};

/// The switch with everything around it.
pub(crate) struct Shared {
    /// Held while a command is executed: MRPCs run one at a time across connections (section 1.10). Never held while
    /// anything waits, so a slow or hanging command holds up nobody else.
    switch: Mutex<Switch>,
    /// The switch's place in the fabric, which never changes.
    pub(crate) index: SwitchIndex,
    counts: Mutex<HashMap<CommandKind, u64>>,
    pub(crate) faults: CommandFaults,
    pub(crate) delays: Delays,
    pub(crate) limits: Limits,
    gate: Option<Arc<dyn Gate>>,
    state: Option<StateFile>,
    notified: watch::Sender<u64>,
    restarts: mpsc::Sender<Restart>,
}

/// What surrounds a switch.
pub(crate) struct Surroundings {
    pub(crate) delays: Delays,
    pub(crate) limits: Limits,
    pub(crate) gate: Option<Arc<dyn Gate>>,
    pub(crate) state: Option<StateFile>,
    pub(crate) restarts: mpsc::Sender<Restart>,
}

/// What a command did.
pub(crate) struct Executed {
    /// Answer data, not yet padded; the error is the result code.
    pub(crate) answer: Result<Vec<u8>, u32>,
    /// Events that wait until the answer has been written.
    pub(crate) ticket: Option<Ticket>,
}

impl Shared {
    pub(crate) fn new(switch: Switch, around: Surroundings) -> Self {
        Self {
            index: switch.rack.index,
            switch: Mutex::new(switch),
            counts: Mutex::default(),
            faults: CommandFaults::default(),
            delays: around.delays,
            limits: around.limits,
            gate: around.gate,
            state: around.state,
            notified: watch::Sender::new(0),
            restarts: around.restarts,
        }
    }

    /// The switch's state; never held across an await.
    pub(crate) fn switch(&self) -> MutexGuard<'_, Switch> {
        self.switch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts up by one for each notification that open event channels are to get.
    pub(crate) fn notifications(&self) -> watch::Receiver<u64> {
        self.notified.subscribe()
    }

    /// Where a restart is asked for.
    pub(crate) fn restarts(&self) -> &mpsc::Sender<Restart> {
        &self.restarts
    }

    /// The switch's own time, in microseconds since it was started.
    pub(crate) fn time_us(&self) -> u64 {
        self.switch().uptime.elapsed_us()
    }

    /// Counts a command that has arrived.
    pub(crate) fn count(&self, kind: CommandKind) -> u64 {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(kind).or_default();
        *count += 1;
        *count
    }

    /// Asks the gate, if there is one.
    pub(crate) async fn pass(&self, kind: CommandKind, phase: Phase, nth: u64) -> Verdict {
        match &self.gate {
            Some(gate) => gate.pass(CommandEvent { kind, phase, nth }).await,
            None => Verdict::Proceed,
        }
    }

    /// Executes a command. A change that cannot be saved is taken back and refused.
    pub(crate) fn execute(&self, session: &mut Session, request: &Request, wanted_bytes: usize) -> Executed {
        let mut work = |switch: &mut Switch| {
            let executed = execute(switch, session, request, wanted_bytes);
            Executed { answer: executed.answer, ticket: switch.put_aside(executed.raised) }
        };
        if !CommandKind::of(request).may_change() {
            return work(&mut self.switch());
        }
        self.change(work).unwrap_or_else(|code| Executed { answer: Err(code), ticket: None })
    }

    /// Makes a change that no command asked for, and tells whoever listens.
    pub(crate) fn change_and_tell<T, E>(
        &self,
        work: impl FnOnce(&mut Switch) -> Result<(T, Vec<Raised>), E>,
    ) -> Result<Result<T, E>, u32> {
        let changed = self.change(|switch| {
            let (done, raised) = work(switch)?;
            Ok((done, switch.put_aside(raised)))
        })?;
        Ok(changed.map(|(done, ticket)| {
            self.tell(ticket);
            done
        }))
    }

    /// Runs `work` on the switch and saves what outlives the process before anybody hears of it.
    ///
    /// Saving blocks the thread for the time of an fsync, which a lab can afford and which leaves no moment at which
    /// a cancelled task has changed the switch but not the file.
    pub(crate) fn change<T>(&self, work: impl FnOnce(&mut Switch) -> T) -> Result<T, u32> {
        let mut switch = self.switch();
        let Some(state) = &self.state else { return Ok(work(&mut switch)) };
        let before = switch.clone();
        let result = work(&mut switch);
        if let Err(error) = state.save(&switch) {
            tracing::error!(%error, "the switch's state cannot be saved; the change is refused");
            *switch = before;
            return Err(code::BAD_FIRMWARE_STATE);
        }
        Ok(result)
    }

    /// Queues events, sets registers and notifies whoever wants it.
    pub(crate) fn tell(&self, ticket: Option<Ticket>) {
        let Some(ticket) = ticket else { return };
        let notifications = self.switch().record(ticket);
        if notifications != 0 {
            self.notified.send_modify(|count| *count += notifications);
        }
    }
}
