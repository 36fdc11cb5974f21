//! The softswitch as a server: start, accept, stop, and controls for labs and tests.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use patchbay_switchtec::command::binding::Bind;
use patchbay_switchtec::{HostPort, LogicalPort, Pdfid, PhysicalPort, code};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::accept::{Accepting, bind};
use crate::clock::{Clock, SystemClock};
use crate::control::{Condition, Controls, Done, Door, Order, OrderError, Script};
use crate::gate::Gate;
use crate::limits::Limits;
use crate::rack::{Binding, Delays, Link, Rack};
use crate::saved::StateFile;
use crate::shared::{Shared, Surroundings};
use crate::switch::{NoSuchPort, Raised, Switch};

/// How long a graceful stop waits for commands in progress.
const STOP_LIMIT: Duration = Duration::from_secs(2);
/// Restarts that may be asked for before the first is done; they all lead to the same state.
pub(crate) const RESTART_QUEUE: usize = 4;

/// How a softswitch runs.
#[derive(Default)]
pub struct Options {
    /// Replaces the delays of the rack.
    pub delays: Option<Delays>,
    /// How long the server waits for its clients.
    pub limits: Limits,
    /// Asked before and after every command.
    pub gate: Option<Arc<dyn Gate>>,
    /// Where the switch's state is kept across restarts; a file that exists replaces the rack's initial bindings.
    pub state: Option<PathBuf>,
    /// Replaces the machine's clock, which counters and log go by.
    pub clock: Option<Arc<dyn Clock>>,
    /// A Unix socket at which orders are taken; made at the start, removed at the end.
    pub control: Option<PathBuf>,
}

/// Starts softswitches.
pub struct Softswitch;

impl Softswitch {
    /// Serves a rack over TCP. Port 0 picks a free port; see [`Running::addr`].
    ///
    /// # Errors
    /// An address or control socket that cannot be listened on, or a state file that cannot be read.
    pub async fn start(rack: Rack, listen: SocketAddr, options: Options) -> io::Result<Running> {
        let delays = options.delays.unwrap_or_else(|| rack.delays.clone());
        let script = rack.script.clone();
        let clock = options.clock.unwrap_or_else(|| Arc::new(SystemClock::default()));
        let mut switch = built(rack, clock)?;
        let state = options.state.map(StateFile::new);
        if let Some(state) = &state {
            state.restore(&mut switch)?;
        }
        let (restarts, asked) = mpsc::channel(RESTART_QUEUE);
        let (gate, limits) = (options.gate, options.limits);
        let shared = Arc::new(Shared::new(switch, Surroundings { delays, limits, gate, state, restarts }));
        let listener = bind(listen).await?;
        let address = listener.local_addr()?;
        let stopping = watch::Sender::new(Stopping::No);
        let controls = Controls::new(Arc::clone(&shared));
        let door = options.control.map(|path| Door::open(path, controls.clone())).transpose()?;
        let script = Script::start(script, controls);
        let accepting = Accepting::new(Arc::clone(&shared), Stop(stopping.subscribe()), address);
        let accepting = tokio::spawn(accepting.run(listener, asked));
        Ok(Running { address, shared, stopping, accepting, _door: door, _script: script })
    }
}

/// The switch of a rack, with what the rack binds at the start.
pub(crate) fn built(rack: Rack, clock: Arc<dyn Clock>) -> io::Result<Switch> {
    let initial = rack.bindings.clone();
    let mut switch = Switch::with_clock(Arc::new(rack), clock);
    for binding in &initial {
        // The rack file was checked with the same rules.
        switch.bind_again(binding).map_err(|code| io::Error::other(format!("binding: 0x{code:X}")))?;
    }
    Ok(switch)
}

/// A softswitch that serves until it is stopped or dropped.
#[must_use = "dropping it stops the softswitch"]
pub struct Running {
    address: SocketAddr,
    shared: Arc<Shared>,
    stopping: watch::Sender<Stopping>,
    accepting: JoinHandle<()>,
    /// Both end with the switch.
    _door: Option<Door>,
    _script: Script,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A control that could not be carried out; nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// There is no such port of this kind.
    #[error(transparent)]
    NoSuchPort(#[from] NoSuchPort),
    /// The switch's rules or its state file are in the way.
    #[error("the switch refuses with code 0x{0:X}")]
    Refused(u32),
}

impl Running {
    /// The address the switch listens on.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Gives orders to this switch, for whoever does not own it.
    pub fn controls(&self) -> Controls {
        Controls::new(Arc::clone(&self.shared))
    }

    /// As [`Controls::order`].
    ///
    /// # Errors
    /// An order that cannot be carried out; nothing has changed then.
    pub async fn order(&self, order: Order) -> Result<Done, OrderError> {
        self.controls().order(order).await
    }

    /// As [`Controls::condition`].
    pub fn condition(&self) -> Condition {
        self.controls().condition()
    }

    /// What is bound now, in the order of ports and logical ports.
    pub fn bindings(&self) -> Vec<Binding> {
        self.shared.switch().bindings()
    }

    /// Changes a host port's link, as if the cable or the port had; raises the events of section 7.
    ///
    /// # Errors
    /// A port that is no host port.
    pub fn set_host_link(&self, port: PhysicalPort, link: Link) -> Result<(), ControlError> {
        self.control(|switch| switch.set_host_link(port, link).map_err(ControlError::from))
    }

    /// Changes a slot's link; an adapter that goes away loses its bindings. Raises the events of section 7.
    ///
    /// # Errors
    /// A port that is no slot.
    pub fn set_slot_link(&self, port: PhysicalPort, link: Link) -> Result<(), ControlError> {
        self.control(|switch| switch.set_slot_link(port, link).map_err(ControlError::from))
    }

    /// Binds functions behind every client's back, under the same rules.
    ///
    /// # Errors
    /// The code the switch would answer.
    pub fn bind(
        &self,
        port: PhysicalPort,
        logical_port: LogicalPort,
        functions: &[Pdfid],
    ) -> Result<(), ControlError> {
        self.control(|switch| {
            let host = HostPort { switch: switch.rack.index, port };
            let bind = Bind::new(host, logical_port, functions)
                .map_err(|_| ControlError::Refused(code::BAD_PARAMETER))?;
            switch.bind(&bind).map_err(ControlError::Refused)
        })
    }

    /// Unbinds a logical port behind every client's back, under the same rules.
    ///
    /// # Errors
    /// The code the switch would answer.
    pub fn unbind(&self, port: PhysicalPort, logical_port: LogicalPort) -> Result<(), ControlError> {
        self.control(|switch| {
            let host = HostPort { switch: switch.rack.index, port };
            switch.unbind(host, logical_port).map_err(ControlError::Refused)
        })
    }

    fn control(
        &self,
        work: impl FnOnce(&mut Switch) -> Result<Vec<Raised>, ControlError>,
    ) -> Result<(), ControlError> {
        let work = |switch: &mut Switch| work(switch).map(|raised| ((), raised));
        self.shared.change_and_tell(work).map_err(ControlError::Refused)?
    }

    /// Stops gracefully: commands in progress are answered first, for two seconds at most.
    pub async fn stop(mut self) {
        self.stopping.send_replace(Stopping::Gracefully);
        if timeout(STOP_LIMIT, &mut self.accepting).await.is_err() {
            self.kill().await;
        }
    }

    /// Stops in the middle of everything, as a crash would, and returns when nothing runs any more.
    pub async fn kill(mut self) {
        self.stopping.send_replace(Stopping::AtOnce);
        // A failure here is the task's own panic, which has stopped it just as well.
        let _ = (&mut self.accepting).await;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopping {
    No,
    Gracefully,
    AtOnce,
}

/// Tells a connection when to end.
#[derive(Clone)]
pub(crate) struct Stop(pub(crate) watch::Receiver<Stopping>);

impl Stop {
    /// Resolves when the switch stops.
    pub(crate) async fn requested(&mut self) {
        // An error means the switch has been dropped, which is a stop as well.
        let _ = self.0.wait_for(|stopping| *stopping != Stopping::No).await;
    }

    pub(crate) async fn at_once(&mut self) {
        let _ = self.0.wait_for(|stopping| *stopping == Stopping::AtOnce).await;
    }
}
