//! What all connections of one softswitch share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use patchbay_switchtec::code;
use tokio::sync::watch;

use crate::execute::{Executed, Session, execute};
use crate::gate::{CommandEvent, CommandKind, Gate, Phase, Verdict};
use crate::rack::Delays;
use crate::saved::StateFile;
use crate::switch::{Raised, Switch};

/// The switch with everything around it.
pub(crate) struct Shared {
    switch: Mutex<Switch>,
    /// Held while a command is executed: MRPCs run one at a time across connections (section 1.10).
    pub(crate) turn: tokio::sync::Mutex<()>,
    counts: Mutex<HashMap<CommandKind, u64>>,
    pub(crate) delays: Delays,
    gate: Option<Arc<dyn Gate>>,
    state: Option<StateFile>,
    notified: watch::Sender<u64>,
}

impl Shared {
    pub(crate) fn new(
        switch: Switch,
        delays: Delays,
        gate: Option<Arc<dyn Gate>>,
        state: Option<StateFile>,
    ) -> Self {
        Self {
            switch: Mutex::new(switch),
            turn: tokio::sync::Mutex::new(()),
            counts: Mutex::default(),
            delays,
            gate,
            state,
            notified: watch::Sender::new(0),
        }
    }

    /// The switch's state; never held across an await.
    pub(crate) fn switch(&self) -> MutexGuard<'_, Switch> {
        self.switch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts up whenever open event channels are to be notified.
    pub(crate) fn notifications(&self) -> watch::Receiver<u64> {
        self.notified.subscribe()
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
    pub(crate) fn execute(
        &self,
        session: &mut Session,
        request: &patchbay_switchtec::command::Request,
        wanted_bytes: usize,
    ) -> Executed {
        self.change(|switch| execute(switch, session, request, wanted_bytes))
            .unwrap_or_else(|code| Executed { answer: Err(code), raised: Vec::new() })
    }

    /// Runs `work` on the switch and saves the bindings before anybody hears of it.
    ///
    /// Saving blocks the thread for the time of an fsync, which a lab can afford and which leaves no moment at which
    /// a cancelled task has changed the switch but not the file.
    pub(crate) fn change<T>(&self, work: impl FnOnce(&mut Switch) -> T) -> Result<T, u32> {
        let mut switch = self.switch();
        let Some(state) = &self.state else { return Ok(work(&mut switch)) };
        let (before, bindings) = (switch.clone(), switch.bindings());
        let result = work(&mut switch);
        let after = switch.bindings();
        if bindings != after
            && let Err(error) = state.save(&switch.rack.name, &after)
        {
            tracing::error!(%error, "the bindings cannot be saved; the change is refused");
            *switch = before;
            return Err(code::BAD_FIRMWARE_STATE);
        }
        Ok(result)
    }

    /// Queues events, sets registers and notifies whoever wants it.
    pub(crate) fn raise(&self, raised: Vec<Raised>) {
        if raised.is_empty() {
            return;
        }
        let notifications = self.switch().record(raised);
        if notifications != 0 {
            self.notified.send_modify(|count| *count += notifications);
        }
    }
}
