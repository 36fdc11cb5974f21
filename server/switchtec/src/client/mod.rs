//! The asynchronous client: one switch, one request in flight, reconnecting.
//!
//! ```text
//!              use, pause over           answer complete
//!   [closed] ------------------> [open] <---------------- [asking]
//!      ^                            |                        |
//!      |   channel ended            |   request written      |
//!      +----------------------------+----------------------->|
//!      ^                                                     |
//!      +-----------------------------------------------------+
//!         time limit, broken connection, nonsense, caller gone
//! ```
//!
//! The client never repeats a request by itself: one that was sent without an answer is reported as such
//! ([`ClientError::outcome_unknown`]) and the caller decides after reading the switch's state.

mod alarm;
mod calls;
mod dumps;
mod error;
mod line;
mod performance;
mod port_events;
mod ports;
mod turn;

use std::net::SocketAddrV4;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard, watch};
use tokio::time::{sleep_until, timeout};

pub use error::{ClientError, LineError, ReachError};
pub use line::Identity;
pub use port_events::{ARMED_PORT_EVENTS, PortEventRecord};

use line::{AskError, Line};
use turn::{Slot, Turn};

/// The port switches listen on (section 1.1).
pub const DEFAULT_PORT: u16 = 54545;

/// Time limits and pauses; the defaults suit real switches.
#[derive(Debug, Clone, Copy)]
pub struct ClientOptions {
    /// Longest wait for one answer. Section 1.10: the vendor uses 30 s.
    pub request_limit: Duration,
    /// Longest time for connecting and the session start together.
    pub connect_limit: Duration,
    /// Pause after the first failure; doubles with every further one.
    pub first_pause: Duration,
    /// Longest pause.
    pub longest_pause: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            request_limit: Duration::from_secs(30),
            connect_limit: Duration::from_secs(10),
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(5),
        }
    }
}

/// A client of one switch. Cheap to share behind an `Arc`; calls take turns.
///
/// Every call may be cancelled by dropping its future: the connection is then closed if it was in the middle of
/// something, and the next call opens a new one.
#[derive(Debug)]
pub struct Client {
    address: SocketAddrV4,
    instance: u8,
    options: ClientOptions,
    slot: Mutex<Slot>,
    identity: RwLock<Identity>,
    notified: Arc<watch::Sender<u64>>,
    armed: AtomicBool,
    port_events_armed: AtomicBool,
    stamps: AtomicU32,
}

impl Client {
    /// Opens both channels and runs the session start of section 2.
    ///
    /// `instance` is the service instance, 0 or 1.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] with the reason; nothing is retried here.
    pub async fn connect(
        address: SocketAddrV4,
        instance: u8,
        options: ClientOptions,
    ) -> Result<Self, ClientError> {
        let notified = Arc::new(watch::Sender::new(0));
        let stamps = AtomicU32::new(std::process::id());
        let stamp = stamps.load(Ordering::Relaxed);
        let (line, identity) = open(address, instance, stamp, &options, &notified).await?;
        let slot = Slot { line: Some(line), ..Slot::default() };
        Ok(Self {
            address,
            instance,
            options,
            slot: Mutex::new(slot),
            identity: RwLock::new(identity),
            notified,
            armed: false.into(),
            port_events_armed: false.into(),
            stamps,
        })
    }

    /// The switch's address.
    pub fn address(&self) -> SocketAddrV4 {
        self.address
    }

    /// Who the switch said it is when the present session started.
    pub fn identity(&self) -> Identity {
        *self.identity.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts up with every event notification, with the end of the event channel, and after a reconnection: each
    /// time there may be something new to read. Survives reconnections.
    pub fn notifications(&self) -> watch::Receiver<u64> {
        self.notified.subscribe()
    }

    /// Closes the session, if there is one, and opens a new one at once, whatever pause is due.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`]; the next call tries again after a pause.
    pub async fn reconnect(&self) -> Result<Identity, ClientError> {
        let mut slot = self.slot.lock().await;
        slot.line = None;
        slot.retry_at = None;
        let line = self.reopen(&mut slot).await?;
        slot.line = Some(line);
        Ok(self.identity())
    }

    fn options(&self) -> &ClientOptions {
        &self.options
    }

    /// A number for a ping or an echo, different each time.
    fn stamp(&self) -> u32 {
        self.stamps.fetch_add(0x9E37_79B9, Ordering::Relaxed)
    }

    /// Waits for the caller's turn and for an open connection.
    async fn turn(&self) -> Result<Turn<'_>, ClientError> {
        let mut slot: MutexGuard<'_, Slot> = self.slot.lock().await;
        let line = match slot.line.take() {
            Some(line) if line.is_usable() => line,
            _ => self.reopen(&mut slot).await?,
        };
        Ok(Turn::new(slot, line, self))
    }

    async fn reopen(&self, slot: &mut Slot) -> Result<Line, ClientError> {
        if let Some(at) = slot.retry_at {
            sleep_until(at).await;
        }
        let opened = open(self.address, self.instance, self.stamp(), &self.options, &self.notified).await;
        let (mut line, identity) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                slot.failed(self.options.first_pause, self.options.longest_pause);
                return Err(error);
            }
        };
        if let Err(error) = self.arm_again(&mut line).await {
            slot.failed(self.options.first_pause, self.options.longest_pause);
            return Err(ClientError::Unreachable { address: self.address, source: error.into() });
        }
        slot.succeeded();
        self.remember(identity);
        Ok(line)
    }

    /// Arms what was armed before: the switch may have been restarted in between.
    async fn arm_again(&self, line: &mut Line) -> Result<(), AskError> {
        if self.armed.load(Ordering::Acquire) {
            line.access(calls::arm()).await?;
        }
        if self.port_events_armed.load(Ordering::Acquire) {
            line.arm_port_events().await?;
        }
        Ok(())
    }

    fn remember(&self, identity: Identity) {
        let mut known = self.identity.write().unwrap_or_else(PoisonError::into_inner);
        if known.device != identity.device || known.switch != identity.switch {
            tracing::warn!(address = %self.address, before = ?*known, now = ?identity, "another switch answers");
        }
        *known = identity;
        drop(known);
        self.notified.send_modify(|count| *count += 1);
    }
}

async fn open(
    address: SocketAddrV4,
    instance: u8,
    stamp: u32,
    options: &ClientOptions,
    notified: &Arc<watch::Sender<u64>>,
) -> Result<(Line, Identity), ClientError> {
    let opening = Line::open(address, instance, stamp, options.request_limit, Arc::clone(notified));
    let opened = match timeout(options.connect_limit, opening).await {
        Ok(opened) => opened,
        Err(_) => Err(ReachError::TimedOut(options.connect_limit)),
    };
    opened.map_err(|source| ClientError::Unreachable { address, source })
}
