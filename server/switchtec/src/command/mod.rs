//! The typed commands of section 5: each request and its answer, both to and from bytes.

pub mod binding;
pub mod database;
pub mod events;
pub mod identity;
pub mod link_status;
pub mod port_config;
pub mod port_control;
pub mod reset;
pub mod sections;
pub mod topology;

use crate::bytes::Reader;
use crate::error::{DecodeError, InputError};
use crate::units::CommandId;

use binding::{Bind, Unbind};
use database::{DumpFabric, DumpFabricPort, DumpFinish, DumpGet, DumpPax, DumpStart};
use events::{EventsClear, EventsGet};
use identity::{DieTemperature, Echo, GetPaxId, Ping};
use link_status::LinkStatusGet;
use port_config::{PortConfigGet, PortConfigSet};
use port_control::PortControl;
use reset::Reset;
use topology::{TopologyData, TopologyFinish, TopologyStart, TopologyStatus};

/// One request of the protocol with its answer, as both ends of the wire see it.
pub trait Command: Sized {
    /// The MRPC command id.
    const ID: CommandId;
    /// What is asked, as a verb phrase: "the switch refused to ...".
    const ASKS: &'static str;
    /// What the switch answers.
    type Answer;

    /// The command's input bytes.
    fn input(&self) -> Vec<u8>;

    /// Reads the input; sub-command bytes have been checked by [`Request::parse`].
    ///
    /// # Errors
    /// [`DecodeError`] when the input is too short or impossible.
    fn parse_input(input: &[u8]) -> Result<Self, DecodeError>;

    /// How many data bytes the answer has.
    fn wanted_bytes(&self) -> u16;

    /// The answer's data bytes, before they are padded to the wanted length.
    fn answer_bytes(answer: &Self::Answer) -> Vec<u8>;

    /// Reads the answer's data.
    ///
    /// # Errors
    /// [`DecodeError`] when the data are too short or contradict themselves.
    fn parse_answer(&self, data: &[u8]) -> Result<Self::Answer, DecodeError>;
}

/// Every command a server may receive.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is documented at its type")]
pub enum Request {
    Ping(Ping),
    Echo(Echo),
    GetPaxId(GetPaxId),
    DieTemperature(DieTemperature),
    LinkStatusGet(LinkStatusGet),
    TopologyStart(TopologyStart),
    TopologyStatus(TopologyStatus),
    TopologyData(TopologyData),
    TopologyFinish(TopologyFinish),
    DumpFabric(DumpFabric),
    DumpPax(DumpPax),
    DumpFabricPort(DumpFabricPort),
    DumpStart(DumpStart),
    DumpGet(DumpGet),
    DumpFinish(DumpFinish),
    Bind(Bind),
    Unbind(Unbind),
    PortConfigGet(PortConfigGet),
    PortConfigSet(PortConfigSet),
    PortControl(PortControl),
    Reset(Reset),
    EventsGet(EventsGet),
    EventsClear(EventsClear),
}

impl Request {
    /// Reads a command's input.
    ///
    /// # Errors
    /// An unknown command or sub-command, or an input that is too short or impossible; see [`InputError::code`].
    pub fn parse(id: CommandId, input: &[u8]) -> Result<Self, InputError> {
        Ok(match id {
            CommandId::PING => Self::Ping(Ping::parse_input(input)?),
            CommandId::ECHO => Self::Echo(Echo::parse_input(input)?),
            CommandId::GET_PAX_ID => Self::GetPaxId(GetPaxId),
            CommandId::DIETEMP => Self::parse_temperature(input)?,
            CommandId::LNKSTAT => Self::LinkStatusGet(LinkStatusGet::parse_input(input)?),
            CommandId::TOPO_INFO_DUMP => Self::parse_topology(input)?,
            CommandId::GFMS_DB_DUMP => Self::parse_dump(input)?,
            CommandId::GFMS_BIND_UNBIND => match sub(input)? {
                binding::SUB_BIND => Self::Bind(Bind::parse_input(input)?),
                binding::SUB_UNBIND => Self::Unbind(Unbind::parse_input(input)?),
                _ => return Err(InputError::UnknownSub),
            },
            CommandId::PORT_CONFIG => match sub(input)? {
                port_config::SUB_SET => Self::PortConfigSet(PortConfigSet::parse_input(input)?),
                port_config::SUB_GET => Self::PortConfigGet(PortConfigGet::parse_input(input)?),
                _ => return Err(InputError::UnknownSub),
            },
            CommandId::PORT_CONTROL => match sub(input)? {
                port_control::OPERATION_DISABLE..=port_control::OPERATION_HOT_RESET => {
                    Self::PortControl(PortControl::parse_input(input)?)
                }
                _ => return Err(InputError::UnknownSub),
            },
            CommandId::RESET => match sub(input)? {
                reset::SUB_HARD => Self::Reset(Reset::parse_input(input)?),
                _ => return Err(InputError::UnknownSub),
            },
            CommandId::GFMS_EVENT => match sub(input)? {
                events::SUB_CLEAR => Self::EventsClear(EventsClear),
                events::SUB_GET => Self::EventsGet(EventsGet::parse_input(input)?),
                _ => return Err(InputError::UnknownSub),
            },
            _ => return Err(InputError::UnknownCommand),
        })
    }

    fn parse_temperature(input: &[u8]) -> Result<Self, InputError> {
        match sub(input)? {
            identity::SUB_TEMPERATURE_GEN4 | identity::SUB_TEMPERATURE_GEN5 => {
                Ok(Self::DieTemperature(DieTemperature::parse_input(input)?))
            }
            _ => Err(InputError::UnknownSub),
        }
    }

    fn parse_topology(input: &[u8]) -> Result<Self, InputError> {
        Ok(match sub(input)? {
            topology::SUB_START => Self::TopologyStart(TopologyStart),
            topology::SUB_STATUS => Self::TopologyStatus(TopologyStatus),
            topology::SUB_DATA_GEN4 | topology::SUB_DATA_GEN5 => {
                Self::TopologyData(TopologyData::parse_input(input)?)
            }
            topology::SUB_FINISH => Self::TopologyFinish(TopologyFinish),
            _ => return Err(InputError::UnknownSub),
        })
    }

    fn parse_dump(input: &[u8]) -> Result<Self, InputError> {
        use sections::DumpClass;
        let class = DumpClass::from_code(sub(input)?).ok_or(InputError::UnknownSub)?;
        Ok(match class {
            DumpClass::Fabric => Self::DumpFabric(DumpFabric),
            DumpClass::Pax => Self::DumpPax(DumpPax),
            DumpClass::FabricPort => Self::DumpFabricPort(DumpFabricPort::parse_input(input)?),
            DumpClass::PaxAll | DumpClass::Hvd | DumpClass::EndpointPort | DumpClass::HvdDetail => {
                match database::step(input)? {
                    database::STEP_START => Self::DumpStart(DumpStart::parse_input(input)?),
                    database::STEP_GET => Self::DumpGet(DumpGet::parse_input(input)?),
                    database::STEP_FINISH => Self::DumpFinish(DumpFinish::parse_input(input)?),
                    _ => return Err(InputError::UnknownSub),
                }
            }
        })
    }
}

/// The first input byte, which selects the sub-command.
fn sub(input: &[u8]) -> Result<u8, DecodeError> {
    Reader::new(input, "a sub-command").u8()
}
