//! Where the engine gets the time from.

use chrono::{DateTime, Utc};

/// A source of the time of day. A plain function, so that tests can hold time still.
#[derive(Clone, Copy, Debug)]
pub struct Clock(fn() -> DateTime<Utc>);

impl Clock {
    /// The machine's clock.
    pub const SYSTEM: Self = Self(Utc::now);

    /// A clock that asks this function.
    pub const fn new(now: fn() -> DateTime<Utc>) -> Self {
        Self(now)
    }

    /// The time now.
    pub fn now(self) -> DateTime<Utc> {
        (self.0)()
    }
}
