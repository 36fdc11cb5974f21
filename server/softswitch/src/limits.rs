//! How long the server waits for its clients, and how many it serves.

use std::time::Duration;

/// Most connections at once, two per client; more are closed at once.
pub const MAX_CONNECTIONS: usize = 2048;

/// How long the server waits for its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For the OPEN request: a client sends it at once.
    pub open: Duration,
    /// For the rest of a packet whose first byte has come. Between packets a client may take as long as it likes.
    pub packet: Duration,
    /// For a client to take an answer or notifications.
    pub write: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let each = Duration::from_secs(10);
        Self { open: each, packet: each, write: each }
    }
}
