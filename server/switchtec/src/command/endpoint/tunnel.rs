//! EP_TUNNEL_CFG: the tunnel to one function, switched and asked (section 5.12).

use crate::bytes::{Put, Reader};
use crate::command::Command;
use crate::error::DecodeError;
use crate::packet::MAX_DATA_BYTES;
use crate::units::{CommandId, Pdfid};

pub(crate) const SUB_TUNNEL_ENABLE: u8 = 0;
pub(crate) const SUB_TUNNEL_DISABLE: u8 = 1;
pub(crate) const SUB_TUNNEL_STATUS: u8 = 2;

/// Switches the tunnel to a function, or asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TunnelConfig {
    /// The function.
    pub function: Pdfid,
    /// What is to be done. The meta data a request may carry have no public meaning and are passed over.
    pub operation: TunnelOperation,
}

/// What can be done to a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TunnelOperation {
    /// Open it.
    Enable,
    /// Close it.
    Disable,
    /// Tell whether it is open.
    Status,
}

/// Whether a tunnel is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TunnelState {
    /// Closed.
    #[default]
    Disabled,
    /// Open.
    Enabled,
}

impl TunnelOperation {
    fn code(self) -> u8 {
        match self {
            Self::Enable => SUB_TUNNEL_ENABLE,
            Self::Disable => SUB_TUNNEL_DISABLE,
            Self::Status => SUB_TUNNEL_STATUS,
        }
    }

    fn expected_bytes(self) -> u16 {
        if self == Self::Status { 4 } else { 0 }
    }
}

impl Command for TunnelConfig {
    const ID: CommandId = CommandId::EP_TUNNEL_CFG;
    const ASKS: &'static str = "configure the tunnel to a function";
    /// The state for [`TunnelOperation::Status`], nothing for the others.
    type Answer = Option<TunnelState>;

    fn input(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.put_u16(self.operation.code().into());
        out.put_u16(self.function.get());
        out.put_u16(self.operation.expected_bytes());
        out.put_u16(0);
        out
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a tunnel request");
        let operation = match reader.u16()? as u8 {
            SUB_TUNNEL_ENABLE => TunnelOperation::Enable,
            SUB_TUNNEL_DISABLE => TunnelOperation::Disable,
            _ => TunnelOperation::Status,
        };
        let function = Pdfid::new(reader.u16()?);
        reader.skip(2)?;
        let meta_bytes = usize::from(reader.u16()?);
        reader.skip(meta_bytes)?;
        Ok(Self { function, operation })
    }

    fn wanted_bytes(&self) -> u16 {
        MAX_DATA_BYTES as u16
    }

    fn answer_bytes(answer: &Option<TunnelState>) -> Vec<u8> {
        let mut out = Vec::new();
        match answer {
            None => out.put_u32(0),
            Some(state) => {
                out.put_u32(4);
                out.put_u32(u32::from(*state == TunnelState::Enabled));
            }
        }
        out
    }

    fn parse_answer(&self, data: &[u8]) -> Result<Option<TunnelState>, DecodeError> {
        if self.operation != TunnelOperation::Status {
            return Ok(None);
        }
        let mut reader = Reader::new(data, "the state of a tunnel");
        let found = reader.u32()?;
        if found != 4 {
            let what = "the length of a tunnel's state";
            return Err(DecodeError::Mismatch { what, announced: 4, found: found.into() });
        }
        Ok(Some(if reader.u32()? == 0 { TunnelState::Disabled } else { TunnelState::Enabled }))
    }
}
