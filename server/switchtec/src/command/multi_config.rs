//! MULTI_CFG: whether the switch holds several configurations (section 5.2).

use crate::bytes::Reader;
use crate::command::Command;
use crate::error::DecodeError;
use crate::units::CommandId;

pub(crate) const SUB_SUPPORTED: u8 = 0;

/// Asks whether the switch holds several configurations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MultiConfigGet;

impl Command for MultiConfigGet {
    const ID: CommandId = CommandId::MULTI_CFG;
    const ASKS: &'static str = "tell whether it holds several configurations";
    /// Zero when it holds one; the sheet documents no other answer.
    type Answer = u32;

    fn input(&self) -> Vec<u8> {
        u32::from(SUB_SUPPORTED).to_le_bytes().to_vec()
    }

    fn parse_input(_input: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self)
    }

    fn wanted_bytes(&self) -> u16 {
        4
    }

    fn answer_bytes(answer: &u32) -> Vec<u8> {
        answer.to_le_bytes().to_vec()
    }

    fn parse_answer(&self, data: &[u8]) -> Result<u32, DecodeError> {
        Reader::new(data, "the number of configurations").u32()
    }
}
