//! PORT_CONTROL: switching a port off and on, retraining and resetting its link (section 5.7).

use crate::bytes::Reader;
use crate::command::Command;
use crate::error::DecodeError;
use crate::units::{CommandId, PhysicalPort};

pub(crate) const OPERATION_DISABLE: u8 = 0;
pub(crate) const OPERATION_ENABLE: u8 = 1;
pub(crate) const OPERATION_RETRAIN: u8 = 2;
pub(crate) const OPERATION_HOT_RESET: u8 = 3;
/// What the CLI sends for a flag that was not given.
const NOT_GIVEN: u8 = 0xFF;

/// Changes one port's link. What is bound behind an endpoint port that is disabled gets unbound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortControl {
    /// The port.
    pub port: PhysicalPort,
    /// What to do with its link.
    pub operation: PortOperation,
}

/// What can be done to a port's link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortOperation {
    /// Switch the port off.
    Disable,
    /// Switch the port on.
    Enable,
    /// Train the link again.
    Retrain,
    /// Reset what is at the other end of the link; the sheet infers that the reset is held until it is cleared.
    HotReset(HotResetFlag),
}

/// How a hot reset is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HotResetFlag {
    /// Release the reset.
    Clear,
    /// Assert the reset and hold it.
    Set,
    /// The client did not say.
    NotGiven,
}

impl HotResetFlag {
    fn from_code(code: u8) -> Result<Self, DecodeError> {
        match code {
            0 => Ok(Self::Clear),
            1 => Ok(Self::Set),
            NOT_GIVEN => Ok(Self::NotGiven),
            got => Err(DecodeError::TooLarge { what: "the hot reset flag", got: got.into(), limit: 1 }),
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::Clear => 0,
            Self::Set => 1,
            Self::NotGiven => NOT_GIVEN,
        }
    }
}

impl PortOperation {
    fn codes(self) -> (u8, u8) {
        match self {
            Self::Disable => (OPERATION_DISABLE, NOT_GIVEN),
            Self::Enable => (OPERATION_ENABLE, NOT_GIVEN),
            Self::Retrain => (OPERATION_RETRAIN, NOT_GIVEN),
            Self::HotReset(flag) => (OPERATION_HOT_RESET, flag.code()),
        }
    }
}

impl Command for PortControl {
    const ID: CommandId = CommandId::PORT_CONTROL;
    const ASKS: &'static str = "control a port";
    type Answer = ();

    fn input(&self) -> Vec<u8> {
        let (operation, flag) = self.operation.codes();
        vec![operation, self.port.get(), flag, 0]
    }

    /// The flag belongs to hot reset alone and is not looked at in other operations.
    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a port control request");
        let (operation, port, flag) = (reader.u8()?, PhysicalPort::new(reader.u8()?), reader.u8()?);
        let operation = match operation {
            OPERATION_DISABLE => PortOperation::Disable,
            OPERATION_ENABLE => PortOperation::Enable,
            OPERATION_RETRAIN => PortOperation::Retrain,
            _ => PortOperation::HotReset(HotResetFlag::from_code(flag)?),
        };
        Ok(Self { port, operation })
    }

    no_answer!();
}
