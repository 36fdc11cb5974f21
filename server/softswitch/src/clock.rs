//! Where an emulated switch takes the time from.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A clock that never goes back; what it counts from does not matter.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The present time.
    fn now(&self) -> Duration;
}

/// The machine's own clock.
#[derive(Debug)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The time since a switch was started.
#[derive(Debug, Clone)]
pub(crate) struct Uptime {
    clock: Arc<dyn Clock>,
    started: Duration,
}

impl Uptime {
    /// Starts counting now.
    pub(crate) fn start(clock: Arc<dyn Clock>) -> Self {
        let started = clock.now();
        Self { clock, started }
    }

    /// The clock it goes by.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// How long the switch has been running.
    pub(crate) fn elapsed(&self) -> Duration {
        self.clock.now().saturating_sub(self.started)
    }

    /// The same in whole microseconds, as the counters give it.
    pub(crate) fn elapsed_us(&self) -> u64 {
        u64::try_from(self.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}
