//! GAS_READ and GAS_WRITE: registers of another switch of the fabric, by command (section 5.14).

use crate::bytes::{Put, Reader};
use crate::command::Command;
use crate::error::DecodeError;
use crate::packet::MAX_DATA_BYTES;
use crate::units::CommandId;

const HEAD_BYTES: usize = 8;
/// Most bytes one [`RegisterWrite`] carries.
pub const MAX_REGISTER_WRITE_BYTES: usize = MAX_DATA_BYTES - HEAD_BYTES;

/// Reads registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegisterRead {
    /// Byte offset in the register space.
    pub offset: u32,
    /// How many bytes, at most what an answer holds.
    pub count_bytes: u16,
}

impl Command for RegisterRead {
    const ID: CommandId = CommandId::GAS_READ;
    const ASKS: &'static str = "read registers";
    type Answer = Vec<u8>;

    fn input(&self) -> Vec<u8> {
        head(self.offset, self.count_bytes.into())
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a register read");
        let offset = reader.u32()?;
        Ok(Self { offset, count_bytes: bounded(reader.u32()?, MAX_DATA_BYTES)? })
    }

    fn wanted_bytes(&self) -> u16 {
        self.count_bytes
    }

    fn answer_bytes(answer: &Vec<u8>) -> Vec<u8> {
        answer.clone()
    }

    fn parse_answer(&self, data: &[u8]) -> Result<Vec<u8>, DecodeError> {
        Ok(Reader::new(data, "registers").take(self.count_bytes.into())?.to_vec())
    }
}

/// Writes registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterWrite {
    /// Byte offset in the register space.
    pub offset: u32,
    /// At most [`MAX_REGISTER_WRITE_BYTES`].
    pub data: Vec<u8>,
}

impl Command for RegisterWrite {
    const ID: CommandId = CommandId::GAS_WRITE;
    const ASKS: &'static str = "write registers";
    type Answer = ();

    fn input(&self) -> Vec<u8> {
        let data = &self.data[..self.data.len().min(MAX_REGISTER_WRITE_BYTES)];
        let mut out = head(self.offset, data.len() as u32);
        out.extend_from_slice(data);
        out
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a register write");
        let offset = reader.u32()?;
        let count = bounded(reader.u32()?, MAX_REGISTER_WRITE_BYTES)?;
        Ok(Self { offset, data: reader.take(count.into())?.to_vec() })
    }

    no_answer!();
}

fn head(offset: u32, count_bytes: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD_BYTES);
    out.put_u32(offset);
    out.put_u32(count_bytes);
    out
}

fn bounded(count: u32, limit: usize) -> Result<u16, DecodeError> {
    if count as usize > limit {
        let (got, limit) = (count.into(), limit as u64);
        return Err(DecodeError::TooLarge { what: "the length of a register access", got, limit });
    }
    Ok(count as u16)
}
