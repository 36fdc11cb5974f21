//! Every command a server may receive, and how it is recognised.

use super::Command;
use super::binding::{self, Bind, Unbind};
use super::database::{self, DumpFabric, DumpFabricPort, DumpFinish, DumpGet, DumpPax, DumpStart};
use super::endpoint::{self, BarRead, BarWrite, ConfigRead, ConfigWrite, DeviceManage, TunnelConfig};
use super::events::{self, EventsClear, EventsGet};
use super::firmware::{self, FirmwareImageGet, FirmwareTableGet};
use super::identity::{self, DieTemperature, Echo, GetPaxId, Ping};
use super::link_status::LinkStatusGet;
use super::log::LogGet;
use super::multi_config::{self, MultiConfigGet};
use super::performance::{
    self, BandwidthGet, BandwidthKindSet, EventCounterGet, EventCounterSetupGet, EventCounterSetupSet,
    LatencyGet, LatencySetup,
};
use super::port_config::{self, PortConfigGet, PortConfigSet};
use super::port_control::{self, PortControl};
use super::remote::{RegisterRead, RegisterWrite};
use super::reset::{self, Reset};
use super::sections::DumpClass;
use super::topology::{self, TopologyData, TopologyFinish, TopologyStart, TopologyStatus};
use crate::bytes::Reader;
use crate::error::{DecodeError, InputError};
use crate::units::CommandId;

/// Work to be done with a request whose kind is known only at run time; see [`Request::visit`].
pub trait Visit {
    /// What comes of it.
    type Outcome;

    /// Does the work.
    fn command<C: Command>(self, command: C) -> Self::Outcome;
}

macro_rules! requests {
    ($($name:ident),* $(,)?) => {
        /// Every command a server may receive.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each variant is documented at its type")]
        pub enum Request {
            $($name($name),)*
        }

        impl Request {
            /// The names of all kinds of command, as [`Request::name`] tells them.
            pub const NAMES: &[&str] = &[$(stringify!($name)),*];

            /// Hands the command inside to `visitor`.
            pub fn visit<V: Visit>(self, visitor: V) -> V::Outcome {
                match self {
                    $(Self::$name(command) => visitor.command(command),)*
                }
            }

            /// The MRPC command id.
            pub fn id(&self) -> CommandId {
                match self {
                    $(Self::$name(_) => $name::ID,)*
                }
            }

            /// The command's input bytes.
            pub fn input(&self) -> Vec<u8> {
                match self {
                    $(Self::$name(command) => command.input(),)*
                }
            }

            /// How many data bytes the answer has.
            pub fn wanted_bytes(&self) -> u16 {
                match self {
                    $(Self::$name(command) => command.wanted_bytes(),)*
                }
            }

            /// The name of the kind of command, for logs and tests.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name),)*
                }
            }
        }

        $(impl From<$name> for Request {
            fn from(command: $name) -> Self {
                Self::$name(command)
            }
        })*
    };
}

requests! {
    Ping, Echo, GetPaxId, DieTemperature, LinkStatusGet,
    TopologyStart, TopologyStatus, TopologyData, TopologyFinish,
    DumpFabric, DumpPax, DumpFabricPort, DumpStart, DumpGet, DumpFinish,
    Bind, Unbind, PortConfigGet, PortConfigSet, PortControl, Reset, EventsGet, EventsClear,
    FirmwareTableGet, FirmwareImageGet, MultiConfigGet, LogGet, RegisterRead, RegisterWrite,
    BandwidthGet, BandwidthKindSet, LatencySetup, LatencyGet,
    EventCounterSetupSet, EventCounterSetupGet, EventCounterGet,
    TunnelConfig, ConfigRead, ConfigWrite, BarRead, BarWrite, DeviceManage,
}

/// Reads an input as the command `C`.
fn read<C: Command + Into<Request>>(input: &[u8]) -> Result<Request, InputError> {
    Ok(C::parse_input(input)?.into())
}

impl Request {
    /// Reads a command's input.
    ///
    /// # Errors
    /// An unknown command or sub-command, or an input that is too short or impossible; see [`InputError::code`].
    pub fn parse(id: CommandId, input: &[u8]) -> Result<Self, InputError> {
        match id {
            CommandId::PING => read::<Ping>(input),
            CommandId::ECHO => read::<Echo>(input),
            CommandId::GET_PAX_ID => read::<GetPaxId>(input),
            CommandId::LNKSTAT => read::<LinkStatusGet>(input),
            CommandId::GAS_READ => read::<RegisterRead>(input),
            CommandId::GAS_WRITE => read::<RegisterWrite>(input),
            CommandId::DEVICE_MANAGE => read::<DeviceManage>(input),
            CommandId::GFMS_DB_DUMP => parse_dump(input),
            CommandId::TOPO_INFO_DUMP => parse_topology(input, sub(input)?),
            CommandId::PMON => parse_performance(input, sub(input)?),
            CommandId::EP_RESOURCE_ACCESS => parse_resource(input, sub(input)?),
            CommandId::EP_TUNNEL_CFG => parse_tunnel(input),
            CommandId::DIETEMP
            | CommandId::FWLOGRD
            | CommandId::RESET
            | CommandId::MULTI_CFG
            | CommandId::PART_INFO
            | CommandId::GFMS_BIND_UNBIND
            | CommandId::PORT_CONFIG
            | CommandId::GFMS_EVENT
            | CommandId::PORT_CONTROL => parse_small(id, input, sub(input)?),
            _ => Err(InputError::UnknownCommand),
        }
    }
}

/// Commands with a few sub-commands in the first byte.
fn parse_small(id: CommandId, input: &[u8], sub: u8) -> Result<Request, InputError> {
    match (id, sub) {
        (CommandId::DIETEMP, identity::SUB_TEMPERATURE_GEN4 | identity::SUB_TEMPERATURE_GEN5) => {
            read::<DieTemperature>(input)
        }
        (CommandId::FWLOGRD, sub) if LogGet::from_sub(sub).is_some() => read::<LogGet>(input),
        (CommandId::RESET, reset::SUB_HARD) => read::<Reset>(input),
        (CommandId::MULTI_CFG, multi_config::SUB_SUPPORTED) => read::<MultiConfigGet>(input),
        (CommandId::PART_INFO, firmware::SUB_TABLE) => read::<FirmwareTableGet>(input),
        (CommandId::PART_INFO, firmware::SUB_IMAGE) => read::<FirmwareImageGet>(input),
        (CommandId::GFMS_BIND_UNBIND, binding::SUB_BIND) => read::<Bind>(input),
        (CommandId::GFMS_BIND_UNBIND, binding::SUB_UNBIND) => read::<Unbind>(input),
        (CommandId::PORT_CONFIG, port_config::SUB_SET) => read::<PortConfigSet>(input),
        (CommandId::PORT_CONFIG, port_config::SUB_GET) => read::<PortConfigGet>(input),
        (CommandId::GFMS_EVENT, events::SUB_CLEAR) => read::<EventsClear>(input),
        (CommandId::GFMS_EVENT, events::SUB_GET) => read::<EventsGet>(input),
        (CommandId::PORT_CONTROL, port_control::OPERATION_DISABLE..=port_control::OPERATION_HOT_RESET) => {
            read::<PortControl>(input)
        }
        _ => Err(InputError::UnknownSub),
    }
}

fn parse_topology(input: &[u8], sub: u8) -> Result<Request, InputError> {
    match sub {
        topology::SUB_START => read::<TopologyStart>(input),
        topology::SUB_STATUS => read::<TopologyStatus>(input),
        topology::SUB_DATA_GEN4 | topology::SUB_DATA_GEN5 => read::<TopologyData>(input),
        topology::SUB_FINISH => read::<TopologyFinish>(input),
        _ => Err(InputError::UnknownSub),
    }
}

fn parse_performance(input: &[u8], sub: u8) -> Result<Request, InputError> {
    match sub {
        performance::SUB_COUNTER_SETUP_SET => read::<EventCounterSetupSet>(input),
        performance::SUB_BANDWIDTH_GET => read::<BandwidthGet>(input),
        performance::SUB_COUNTER_GET => read::<EventCounterGet>(input),
        performance::SUB_COUNTER_SETUP_GET => read::<EventCounterSetupGet>(input),
        performance::SUB_LATENCY_SETUP => read::<LatencySetup>(input),
        performance::SUB_LATENCY_GET => read::<LatencyGet>(input),
        performance::SUB_BANDWIDTH_KIND_SET => read::<BandwidthKindSet>(input),
        _ => Err(InputError::UnknownSub),
    }
}

fn parse_resource(input: &[u8], sub: u8) -> Result<Request, InputError> {
    match sub {
        endpoint::SUB_CONFIG_READ => read::<ConfigRead>(input),
        endpoint::SUB_CONFIG_WRITE => read::<ConfigWrite>(input),
        endpoint::SUB_BAR_READ => read::<BarRead>(input),
        endpoint::SUB_BAR_WRITE => read::<BarWrite>(input),
        _ => Err(InputError::UnknownSub),
    }
}

/// Here the sub-command has two bytes.
fn parse_tunnel(input: &[u8]) -> Result<Request, InputError> {
    match Reader::new(input, "a sub-command").u16()?.to_le_bytes() {
        [endpoint::SUB_TUNNEL_ENABLE..=endpoint::SUB_TUNNEL_STATUS, 0] => read::<TunnelConfig>(input),
        _ => Err(InputError::UnknownSub),
    }
}

fn parse_dump(input: &[u8]) -> Result<Request, InputError> {
    match DumpClass::from_code(sub(input)?).ok_or(InputError::UnknownSub)? {
        DumpClass::Fabric => read::<DumpFabric>(input),
        DumpClass::Pax => read::<DumpPax>(input),
        DumpClass::FabricPort => read::<DumpFabricPort>(input),
        DumpClass::PaxAll | DumpClass::Hvd | DumpClass::EndpointPort | DumpClass::HvdDetail => {
            match database::step(input)? {
                database::STEP_START => read::<DumpStart>(input),
                database::STEP_GET => read::<DumpGet>(input),
                database::STEP_FINISH => read::<DumpFinish>(input),
                _ => Err(InputError::UnknownSub),
            }
        }
    }
}

/// The first input byte, which selects the sub-command.
fn sub(input: &[u8]) -> Result<u8, DecodeError> {
    Reader::new(input, "a sub-command").u8()
}
