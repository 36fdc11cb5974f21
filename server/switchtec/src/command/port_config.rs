//! PORT_CONFIG get: what a port is configured as (section 5.6).

use crate::bytes::Reader;
use crate::command::Command;
use crate::error::DecodeError;
use crate::units::{CommandId, PhysicalPort, PortType};

pub(crate) const SUB_GET: u8 = 1;

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
        vec![answer.port_type.code(), answer.clock_source, answer.sris, answer.hvd]
    }

    fn parse_answer(&self, data: &[u8]) -> Result<PortConfig, DecodeError> {
        let mut reader = Reader::new(data, "a port's configuration");
        Ok(PortConfig {
            port_type: PortType::from_code(reader.u8()?),
            clock_source: reader.u8()?,
            sris: reader.u8()?,
            hvd: reader.u8()?,
        })
    }
}
