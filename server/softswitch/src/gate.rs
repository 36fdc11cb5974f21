//! A gate in front of and behind every command: how tests and labs make a switch fail at an exact moment.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use patchbay_switchtec::command::{Command, Request};
use patchbay_switchtec::{CommandId, command};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// A kind of command, for delays and gates; several steps of one conversation are one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CommandKind {
    /// PING.
    Ping,
    /// ECHO.
    Echo,
    /// GET_PAX_ID.
    GetPaxId,
    /// DIETEMP.
    DieTemperature,
    /// LNKSTAT.
    LinkStatus,
    /// TOPO_INFO_DUMP, every step.
    Topology,
    /// GFMS_DB_DUMP, every step.
    Database,
    /// GFMS_BIND_UNBIND, bind.
    Bind,
    /// GFMS_BIND_UNBIND, unbind.
    Unbind,
    /// PORT_CONFIG get.
    PortConfig,
    /// PORT_CONFIG set.
    PortConfigSet,
    /// PORT_CONTROL.
    PortControl,
    /// RESET.
    Reset,
    /// PART_INFO, the table and the images.
    Firmware,
    /// MULTI_CFG.
    MultiConfig,
    /// FWLOGRD.
    Log,
    /// GAS_READ and GAS_WRITE.
    Registers,
    /// PMON, bandwidth and what it counts.
    Bandwidth,
    /// PMON, latency.
    Latency,
    /// PMON, event counters and their setups.
    EventCounters,
    /// EP_TUNNEL_CFG.
    Tunnel,
    /// EP_RESOURCE_ACCESS, configuration space.
    ConfigSpace,
    /// EP_RESOURCE_ACCESS, memory behind BARs.
    Memory,
    /// DEVICE_MANAGE.
    DeviceManage,
    /// GFMS_EVENT, get and clear.
    Events,
}

impl CommandKind {
    /// All kinds with the names a rack file uses.
    pub const NAMES: [(Self, &str); 25] = [
        (Self::Ping, "ping"),
        (Self::Echo, "echo"),
        (Self::GetPaxId, "get_pax_id"),
        (Self::DieTemperature, "die_temperature"),
        (Self::LinkStatus, "link_status"),
        (Self::Topology, "topology"),
        (Self::Database, "database"),
        (Self::Bind, "bind"),
        (Self::Unbind, "unbind"),
        (Self::PortConfig, "port_config"),
        (Self::PortConfigSet, "port_config_set"),
        (Self::PortControl, "port_control"),
        (Self::Reset, "reset"),
        (Self::Firmware, "firmware"),
        (Self::MultiConfig, "multi_config"),
        (Self::Log, "log"),
        (Self::Registers, "registers"),
        (Self::Bandwidth, "bandwidth"),
        (Self::Latency, "latency"),
        (Self::EventCounters, "event_counters"),
        (Self::Tunnel, "tunnel"),
        (Self::ConfigSpace, "config_space"),
        (Self::Memory, "memory"),
        (Self::DeviceManage, "device_manage"),
        (Self::Events, "events"),
    ];

    /// The kind with a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    /// The name a rack file and an order use.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(known, _)| *known == self).map_or("unknown", |(_, name)| *name)
    }

    /// The kind of a request.
    pub fn of(request: &Request) -> Self {
        match request {
            Request::Ping(_) => Self::Ping,
            Request::Echo(_) => Self::Echo,
            Request::GetPaxId(_) => Self::GetPaxId,
            Request::DieTemperature(_) => Self::DieTemperature,
            Request::LinkStatusGet(_) => Self::LinkStatus,
            Request::TopologyStart(_)
            | Request::TopologyStatus(_)
            | Request::TopologyData(_)
            | Request::TopologyFinish(_) => Self::Topology,
            Request::DumpFabric(_)
            | Request::DumpPax(_)
            | Request::DumpFabricPort(_)
            | Request::DumpStart(_)
            | Request::DumpGet(_)
            | Request::DumpFinish(_) => Self::Database,
            Request::Bind(_) => Self::Bind,
            Request::Unbind(_) => Self::Unbind,
            Request::PortConfigGet(_) => Self::PortConfig,
            Request::PortConfigSet(_) => Self::PortConfigSet,
            Request::PortControl(_) => Self::PortControl,
            Request::Reset(_) => Self::Reset,
            Request::EventsGet(_) | Request::EventsClear(_) => Self::Events,
            Request::FirmwareTableGet(_) | Request::FirmwareImageGet(_) => Self::Firmware,
            Request::MultiConfigGet(_) => Self::MultiConfig,
            Request::LogGet(_) => Self::Log,
            Request::RegisterRead(_) | Request::RegisterWrite(_) => Self::Registers,
            Request::BandwidthGet(_) | Request::BandwidthKindSet(_) => Self::Bandwidth,
            Request::LatencySetup(_) | Request::LatencyGet(_) => Self::Latency,
            Request::EventCounterSetupSet(_)
            | Request::EventCounterSetupGet(_)
            | Request::EventCounterGet(_) => Self::EventCounters,
            Request::TunnelConfig(_) => Self::Tunnel,
            Request::ConfigRead(_) | Request::ConfigWrite(_) => Self::ConfigSpace,
            Request::BarRead(_) | Request::BarWrite(_) => Self::Memory,
            Request::DeviceManage(_) => Self::DeviceManage,
        }
    }

    /// Whether such a command may change what outlives the switch's program.
    pub(crate) fn may_change(self) -> bool {
        matches!(self, Self::Bind | Self::Unbind | Self::PortConfigSet | Self::PortControl | Self::Events)
    }

    /// The MRPC command id; for [`CommandKind::Registers`] the one that reads.
    pub fn command(self) -> CommandId {
        match self {
            Self::Ping => CommandId::PING,
            Self::Echo => CommandId::ECHO,
            Self::GetPaxId => CommandId::GET_PAX_ID,
            Self::DieTemperature => CommandId::DIETEMP,
            Self::LinkStatus => CommandId::LNKSTAT,
            Self::Topology => CommandId::TOPO_INFO_DUMP,
            Self::Database => CommandId::GFMS_DB_DUMP,
            Self::Bind | Self::Unbind => command::binding::Bind::ID,
            Self::PortConfig | Self::PortConfigSet => CommandId::PORT_CONFIG,
            Self::PortControl => CommandId::PORT_CONTROL,
            Self::Reset => CommandId::RESET,
            Self::Firmware => CommandId::PART_INFO,
            Self::MultiConfig => CommandId::MULTI_CFG,
            Self::Log => CommandId::FWLOGRD,
            Self::Registers => CommandId::GAS_READ,
            Self::Bandwidth | Self::Latency | Self::EventCounters => CommandId::PMON,
            Self::Tunnel => CommandId::EP_TUNNEL_CFG,
            Self::ConfigSpace | Self::Memory => CommandId::EP_RESOURCE_ACCESS,
            Self::DeviceManage => CommandId::DEVICE_MANAGE,
            Self::Events => CommandId::GFMS_EVENT,
        }
    }
}

/// When a gate is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The command has arrived and nothing has been done.
    Before,
    /// The work is done (and saved, if the switch saves its state), the answer has not been sent.
    After,
}

/// A command at a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandEvent {
    /// Which kind of command.
    pub kind: CommandKind,
    /// When.
    pub phase: Phase,
    /// How many of its kind there have been since the start, this one included.
    pub nth: u64,
}

/// What a gate decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Proceed,
    /// Answer with this result code. Before the work: it is not done. After it: the switch lies.
    Refuse(u32),
    /// Close the connection without an answer.
    DropConnection,
    /// Never answer; the connection stays open until the client or the switch ends it.
    Hang,
}

impl Verdict {
    /// The first verdict that is not to go on.
    pub(crate) fn or(self, other: Self) -> Self {
        if self == Self::Proceed { other } else { self }
    }
}

/// A verdict that may take its time. Other connections' commands are executed meanwhile.
pub type Passing<'a> = Pin<Box<dyn Future<Output = Verdict> + Send + 'a>>;

/// Decides about every executed command, before and after its work.
pub trait Gate: Send + Sync + 'static {
    /// Called once per command and phase.
    fn pass(&self, event: CommandEvent) -> Passing<'_>;
}

/// Which command a [`ScriptedGate`] acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trigger {
    /// The kind; `None` counts binds and unbinds together.
    pub kind: Option<CommandKind>,
    /// Which one, counted from 1 since the gate was made.
    pub nth: u64,
    /// When.
    pub phase: Phase,
    /// What to do.
    pub verdict: Verdict,
}

/// A gate that acts on chosen commands and tells when it has.
#[derive(Debug)]
pub struct ScriptedGate {
    triggers: Vec<Trigger>,
    counts: Mutex<Vec<(CommandKind, u64)>>,
    changes: AtomicU64,
    reached: watch::Sender<usize>,
}

impl ScriptedGate {
    /// A gate that lets everything pass but the triggers' commands.
    pub fn new(triggers: Vec<Trigger>) -> Arc<Self> {
        let counts = Mutex::new(Vec::new());
        Arc::new(Self { triggers, counts, changes: AtomicU64::new(0), reached: watch::Sender::new(0) })
    }

    /// A gate that acts on the `nth` bind or unbind.
    pub fn on_change(nth: u64, phase: Phase, verdict: Verdict) -> Arc<Self> {
        Self::new(vec![Trigger { kind: None, nth, phase, verdict }])
    }

    /// Waits until that many triggers have acted. A verdict is counted before it takes effect.
    pub async fn reached(&self, count: usize) {
        // The sender lives as long as the gate, so waiting cannot fail.
        let _ = self.reached.subscribe().wait_for(|reached| *reached >= count).await;
    }

    /// How many binds and unbinds have arrived.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Counts a command when it arrives; the numbers of its kind and of all changes so far.
    fn count(&self, event: CommandEvent) -> (u64, u64) {
        let arrived = u64::from(event.phase == Phase::Before);
        let is_change = matches!(event.kind, CommandKind::Bind | CommandKind::Unbind);
        let changes = self.changes.fetch_add(arrived * u64::from(is_change), Ordering::AcqRel)
            + arrived * u64::from(is_change);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let at = counts.iter().position(|(kind, _)| *kind == event.kind).unwrap_or_else(|| {
            counts.push((event.kind, 0));
            counts.len() - 1
        });
        counts[at].1 += arrived;
        (counts[at].1, if is_change { changes } else { 0 })
    }

    fn verdict(&self, event: CommandEvent) -> Verdict {
        let (of_kind, of_changes) = self.count(event);
        let hit = self.triggers.iter().find(|trigger| {
            let counted = match trigger.kind {
                Some(kind) => kind == event.kind && trigger.nth == of_kind,
                None => trigger.nth == of_changes,
            };
            counted && trigger.phase == event.phase
        });
        let Some(trigger) = hit else { return Verdict::Proceed };
        self.reached.send_modify(|count| *count += 1);
        trigger.verdict
    }
}

impl Gate for ScriptedGate {
    fn pass(&self, event: CommandEvent) -> Passing<'_> {
        let verdict = self.verdict(event);
        Box::pin(std::future::ready(verdict))
    }
}
