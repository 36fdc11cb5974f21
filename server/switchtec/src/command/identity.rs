//! Identity and health: PING, GET_PAX_ID, ECHO and DIETEMP (sections 5.1 and 5.10).

use crate::bytes::{Put, Reader};
use crate::command::Command;
use crate::error::DecodeError;
use crate::units::{CommandId, Generation, SwitchIndex};

/// DIETEMP sub-command of Gen4.
pub const SUB_TEMPERATURE_GEN4: u8 = 2;
/// DIETEMP sub-command of Gen5.
pub const SUB_TEMPERATURE_GEN5: u8 = 4;

/// PING: boot phase, hardware revision and generation, with the complement of a number as proof of life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ping {
    /// Any number; the answer holds its complement.
    pub stamp: u32,
}

/// Answer to [`Ping`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PingAnswer {
    /// Packed phase, revision and generation; see the methods.
    pub flags: u32,
    /// The complement of the stamp.
    pub complement: u32,
}

impl PingAnswer {
    /// Boot phase of a switch that runs its main firmware.
    pub const MAIN_FIRMWARE: u8 = 3;

    /// 1 first boot loader, 2 second boot loader, 3 main firmware.
    pub fn boot_phase(&self) -> u8 {
        self.flags as u8
    }

    /// 0 B, 1 C, 15 A, 14 A.1.
    pub fn hardware_revision(&self) -> u8 {
        (self.flags >> 8) as u8 & 0xF
    }

    /// The silicon generation, `None` for a number the sheet does not list.
    pub fn generation(&self) -> Option<Generation> {
        match (self.flags >> 12) & 0xF {
            0 => Some(Generation::Gen4),
            1 => Some(Generation::Gen5),
            2 => Some(Generation::Gen6),
            _ => None,
        }
    }
}

impl Command for Ping {
    const ID: CommandId = CommandId::PING;
    const ASKS: &'static str = "answer a ping";
    type Answer = PingAnswer;

    fn input(&self) -> Vec<u8> {
        self.stamp.to_le_bytes().to_vec()
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self { stamp: Reader::new(input, "a ping").u32()? })
    }

    fn wanted_bytes(&self) -> u16 {
        8
    }

    fn answer_bytes(answer: &PingAnswer) -> Vec<u8> {
        let mut out = Vec::new();
        out.put_u32(answer.flags);
        out.put_u32(answer.complement);
        out
    }

    fn parse_answer(&self, data: &[u8]) -> Result<PingAnswer, DecodeError> {
        let mut reader = Reader::new(data, "the ping answer");
        Ok(PingAnswer { flags: reader.u32()?, complement: reader.u32()? })
    }
}

/// ECHO: the answer is the complement of the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Echo {
    /// Any number.
    pub stamp: u32,
}

impl Command for Echo {
    const ID: CommandId = CommandId::ECHO;
    const ASKS: &'static str = "answer an echo";
    type Answer = u32;

    fn input(&self) -> Vec<u8> {
        self.stamp.to_le_bytes().to_vec()
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self { stamp: Reader::new(input, "an echo").u32()? })
    }

    fn wanted_bytes(&self) -> u16 {
        4
    }

    fn answer_bytes(answer: &u32) -> Vec<u8> {
        answer.to_le_bytes().to_vec()
    }

    fn parse_answer(&self, data: &[u8]) -> Result<u32, DecodeError> {
        Reader::new(data, "the echo answer").u32()
    }
}

/// GET_PAX_ID: the switch's index in the fabric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetPaxId;

impl Command for GetPaxId {
    const ID: CommandId = CommandId::GET_PAX_ID;
    const ASKS: &'static str = "tell its index";
    type Answer = SwitchIndex;

    fn input(&self) -> Vec<u8> {
        Vec::new()
    }

    fn parse_input(_input: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self)
    }

    fn wanted_bytes(&self) -> u16 {
        1
    }

    fn answer_bytes(answer: &SwitchIndex) -> Vec<u8> {
        vec![answer.get()]
    }

    fn parse_answer(&self, data: &[u8]) -> Result<SwitchIndex, DecodeError> {
        Reader::new(data, "the switch index").u8().map(SwitchIndex::new)
    }
}

/// DIETEMP: temperatures in hundredths of a degree Celsius; one value on Gen4, four on Gen5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DieTemperature {
    /// Which of the two forms is asked for.
    pub generation: Generation,
}

impl Command for DieTemperature {
    const ID: CommandId = CommandId::DIETEMP;
    const ASKS: &'static str = "tell its temperature";
    type Answer = Vec<u32>;

    fn input(&self) -> Vec<u8> {
        let sub = match self.generation {
            Generation::Gen4 => SUB_TEMPERATURE_GEN4,
            Generation::Gen5 | Generation::Gen6 => SUB_TEMPERATURE_GEN5,
        };
        u32::from(sub).to_le_bytes().to_vec()
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let sub = Reader::new(input, "a temperature request").u8()?;
        let generation = if sub == SUB_TEMPERATURE_GEN4 { Generation::Gen4 } else { Generation::Gen5 };
        Ok(Self { generation })
    }

    fn wanted_bytes(&self) -> u16 {
        match self.generation {
            Generation::Gen4 => 4,
            Generation::Gen5 | Generation::Gen6 => 16,
        }
    }

    fn answer_bytes(answer: &Vec<u32>) -> Vec<u8> {
        answer.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    fn parse_answer(&self, data: &[u8]) -> Result<Vec<u32>, DecodeError> {
        let mut reader = Reader::new(data, "the temperature");
        (0..self.wanted_bytes() / 4).map(|_| reader.u32()).collect()
    }
}
