//! How the engine is set up.

use patchbay_domain::Patience;
use patchbay_driver::SwitchDriver;
use patchbay_store::Names;
use std::sync::Arc;
use std::time::Duration;

/// One switch to look after.
pub struct SwitchConfig {
    /// A text that stays the same for this switch for ever, whatever its address: its ids hang on it.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// Where it is reached, for people.
    pub address: String,
    /// Names for its hosts and adapters when they are first seen.
    pub names: Names,
    /// What talks to it.
    pub driver: Arc<dyn SwitchDriver>,
}

/// The engine's limits and intervals.
#[derive(Clone, Copy, Debug)]
pub struct EngineOptions {
    /// How many accepted changes may wait for one switch. More than a person can oversee is a script gone wrong.
    pub queue_max: usize,
    /// How many changes that wait for the same switches are carried out in company, with one reading for all before and one
    /// after; 1 for none. Who comes later waits for all of them.
    pub company_max: usize,
    /// How often a switch is read when nothing hints at a change: hints may get lost.
    pub observe_every: Duration,
    /// The shortest pause between two readings: each change hints at itself, and a busy switch has better things to do.
    pub observe_pause: Duration,
    /// The longest that a driver may take for one call. A switch that hangs is given up then, and read before anything
    /// is tried again.
    pub call_limit: Duration,
    /// How often it is read how a switch is, when nothing hints at a change.
    pub vitals_every: Duration,
    /// The shortest pause between two such readings: each takes a few requests a port, and most hints are about
    /// bindings.
    pub vitals_pause: Duration,
    /// How long to keep trying to undo a change on a switch that is away, before a person is needed.
    pub undo_patience: Duration,
    /// The pause between two tries on a switch that is away.
    pub retry_every: Duration,
    /// How long a link or a switch must be bad before that is a trouble, and good before it is over.
    pub patience: Patience,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            queue_max: 64,
            company_max: 16,
            observe_every: Duration::from_secs(5),
            observe_pause: Duration::from_millis(250),
            call_limit: Duration::from_secs(30),
            vitals_every: Duration::from_secs(5),
            vitals_pause: Duration::from_secs(1),
            undo_patience: Duration::from_secs(60),
            retry_every: Duration::from_millis(500),
            patience: Patience::default(),
        }
    }
}
