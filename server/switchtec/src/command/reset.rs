//! RESET: restarting the switch (section 5.14).

use crate::bytes::Reader;
use crate::command::Command;
use crate::error::DecodeError;
use crate::units::CommandId;

pub(crate) const SUB_HARD: u8 = 0;

/// Restarts the switch. It answers first and then drops every connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reset;

impl Command for Reset {
    const ID: CommandId = CommandId::RESET;
    const ASKS: &'static str = "restart";
    type Answer = ();

    fn input(&self) -> Vec<u8> {
        u32::from(SUB_HARD).to_le_bytes().to_vec()
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        Reader::new(input, "a reset request").u32().map(|_| Self)
    }

    no_answer!();
}
