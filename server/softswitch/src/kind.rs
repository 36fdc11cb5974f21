//! Kinds of commands, and what rack files and orders call them.

use patchbay_switchtec::command::Request;
use serde::de::{self, Deserializer, Unexpected};
use serde::{Deserialize, Serialize, Serializer};

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
        matches!(
            self,
            Self::Bind
                | Self::Unbind
                | Self::PortConfigSet
                | Self::PortControl
                | Self::Events
                | Self::Registers
        )
    }
}

impl Serialize for CommandKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for CommandKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let unknown = || de::Error::invalid_value(Unexpected::Str(&name), &"the name of a command");
        Self::from_name(&name).ok_or_else(unknown)
    }
}
