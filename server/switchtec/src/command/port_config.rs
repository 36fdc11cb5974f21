//! PORT_CONFIG: what a port is configured as, asked and set (section 5.6).

use crate::bytes::Reader;
use crate::command::Command;
use crate::error::DecodeError;
use crate::units::{CommandId, PhysicalPort, PortType};

pub(crate) const SUB_SET: u8 = 0;
pub(crate) const SUB_GET: u8 = 1;
/// What the CLI sends for a setting that was not given.
const NOT_GIVEN: u8 = 0xFF;

/// Asks for one port's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortConfigGet {
    /// The port.
    pub port: PhysicalPort,
}

/// One port's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortConfig {
    /// What the port is used for.
    pub port_type: PortType,
    /// Clock source.
    pub clock_source: u8,
    /// Separate reference clocks with independent spread spectrum: 0 off, 1 on.
    pub sris: u8,
    /// The host instance, meaningful for host ports.
    pub hvd: u8,
}

impl Command for PortConfigGet {
    const ID: CommandId = CommandId::PORT_CONFIG;
    const ASKS: &'static str = "tell a port's configuration";
    type Answer = PortConfig;

    fn input(&self) -> Vec<u8> {
        vec![SUB_GET, self.port.get(), 0, 0]
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a port configuration request");
        reader.skip(1)?;
        Ok(Self { port: PhysicalPort::new(reader.u8()?) })
    }

    fn wanted_bytes(&self) -> u16 {
        4
    }

    fn answer_bytes(answer: &PortConfig) -> Vec<u8> {
        answer.encode()
    }

    fn parse_answer(&self, data: &[u8]) -> Result<PortConfig, DecodeError> {
        PortConfig::parse(data)
    }
}

/// Configures one port; the switch answers with the new state. A setting that is `None` stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortConfigSet {
    /// The port.
    pub port: PhysicalPort,
    /// What the port is to be used for. The CLI cannot ask for a fabric link.
    pub port_type: PortType,
    /// Clock source; the CLI gives it for endpoints and hosts.
    pub clock_source: Option<u8>,
    /// Separate reference clocks with independent spread spectrum: 0 off, 1 on; as the clock source.
    pub sris: Option<u8>,
    /// The host instance; the CLI gives it for hosts.
    pub hvd: Option<u8>,
}

impl Command for PortConfigSet {
    const ID: CommandId = CommandId::PORT_CONFIG;
    const ASKS: &'static str = "configure a port";
    type Answer = PortConfig;

    fn input(&self) -> Vec<u8> {
        let setting = |value: Option<u8>| value.unwrap_or(NOT_GIVEN);
        let (clock_source, sris, hvd) = (setting(self.clock_source), setting(self.sris), setting(self.hvd));
        vec![SUB_SET, self.port.get(), self.port_type.code(), clock_source, sris, hvd, 0, 0]
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a port configuration");
        reader.skip(1)?;
        let port = PhysicalPort::new(reader.u8()?);
        let port_type = PortType::from_code(reader.u8()?);
        let mut setting = || reader.u8().map(|value| (value != NOT_GIVEN).then_some(value));
        Ok(Self { port, port_type, clock_source: setting()?, sris: setting()?, hvd: setting()? })
    }

    fn wanted_bytes(&self) -> u16 {
        4
    }

    fn answer_bytes(answer: &PortConfig) -> Vec<u8> {
        answer.encode()
    }

    fn parse_answer(&self, data: &[u8]) -> Result<PortConfig, DecodeError> {
        PortConfig::parse(data)
    }
}

impl PortConfig {
    fn encode(&self) -> Vec<u8> {
        vec![self.port_type.code(), self.clock_source, self.sris, self.hvd]
    }

    fn parse(data: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(data, "a port's configuration");
        Ok(Self {
            port_type: PortType::from_code(reader.u8()?),
            clock_source: reader.u8()?,
            sris: reader.u8()?,
            hvd: reader.u8()?,
        })
    }
}
