//! DEVICE_MANAGE: a command of an adapter's own, carried to a function and back (section 5.12).

use crate::bytes::{Put, Reader};
use crate::command::Command;
use crate::error::DecodeError;
use crate::units::{CommandId, Pdfid};

/// Room for the adapter's command, which is always sent whole.
pub const DEVICE_COMMAND_BYTES: usize = 1020;
/// Longest answer of an adapter.
pub const MAX_DEVICE_ANSWER_BYTES: usize = 1016;

/// Carries a command to a function. What it means is between the sender and the adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceManage {
    /// The function.
    pub function: Pdfid,
    /// The command, filled with zeros: its length is not on the wire.
    pub command: Box<[u8; DEVICE_COMMAND_BYTES]>,
}

impl Command for DeviceManage {
    const ID: CommandId = CommandId::DEVICE_MANAGE;
    const ASKS: &'static str = "pass a command to an adapter";
    /// At most [`MAX_DEVICE_ANSWER_BYTES`].
    type Answer = Vec<u8>;

    fn input(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(4 + DEVICE_COMMAND_BYTES);
        out.put_u16(self.function.get());
        out.put_u16(MAX_DEVICE_ANSWER_BYTES as u16);
        out.extend_from_slice(self.command.as_slice());
        out
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a command to an adapter");
        let function = Pdfid::new(reader.u16()?);
        reader.skip(2)?;
        Ok(Self { function, command: Box::new(reader.array()?) })
    }

    fn wanted_bytes(&self) -> u16 {
        (4 + MAX_DEVICE_ANSWER_BYTES) as u16
    }

    fn answer_bytes(answer: &Vec<u8>) -> Vec<u8> {
        let data = &answer[..answer.len().min(MAX_DEVICE_ANSWER_BYTES)];
        let mut out = Vec::with_capacity(4 + data.len());
        out.put_u16(data.len() as u16);
        out.put_u16(0);
        out.extend_from_slice(data);
        out
    }

    fn parse_answer(&self, data: &[u8]) -> Result<Vec<u8>, DecodeError> {
        let mut reader = Reader::new(data, "an adapter's answer");
        let length = usize::from(reader.u16()?);
        reader.skip(2)?;
        Ok(reader.take(length)?.to_vec())
    }
}
