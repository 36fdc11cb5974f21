//! EP_RESOURCE_ACCESS: a function's configuration space and BAR memory (section 5.12).

use crate::bytes::{Put, Reader};
use crate::command::Command;
use crate::error::DecodeError;
use crate::packet::MAX_DATA_BYTES;
use crate::units::{CommandId, Pdfid};

pub(crate) const SUB_CONFIG_READ: u8 = 0;
pub(crate) const SUB_CONFIG_WRITE: u8 = 1;
pub(crate) const SUB_BAR_READ: u8 = 2;
pub(crate) const SUB_BAR_WRITE: u8 = 3;
/// Size of a function's configuration space, as PCIe has it.
pub const CONFIG_SPACE_BYTES: u16 = 4096;
/// Data area of a BAR write, which is always sent whole.
pub const MAX_BAR_WRITE_BYTES: usize = 512;

/// How much of the configuration space is accessed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessWidth {
    /// One byte.
    Byte,
    /// Two bytes.
    Word,
    /// Four bytes.
    Dword,
}

impl AccessWidth {
    /// The number of bytes.
    pub fn bytes(self) -> u8 {
        match self {
            Self::Byte => 1,
            Self::Word => 2,
            Self::Dword => 4,
        }
    }

    fn from_bytes(bytes: u8) -> Result<Self, DecodeError> {
        match bytes {
            1 => Ok(Self::Byte),
            2 => Ok(Self::Word),
            4 => Ok(Self::Dword),
            _ => Err(DecodeError::Unexpected {
                expected: "an access of 1, 2 or 4 bytes",
                got: "an access of another length",
            }),
        }
    }
}

/// A register in a function's configuration space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigPlace {
    /// The function.
    pub function: Pdfid,
    /// Byte address.
    pub address: u16,
    /// How many bytes.
    pub width: AccessWidth,
}

impl ConfigPlace {
    fn encode(self, sub: u8) -> Vec<u8> {
        let mut out = vec![sub, 0];
        out.put_u16(self.function.get());
        out.put_u16(self.address);
        out.extend_from_slice(&[self.width.bytes(), 0]);
        out
    }

    fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.skip(2)?;
        let function = Pdfid::new(reader.u16()?);
        let address = reader.u16()?;
        let width = AccessWidth::from_bytes(reader.u8()?)?;
        reader.skip(1)?;
        Ok(Self { function, address, width })
    }
}

/// Reads a configuration register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigRead {
    /// What is read.
    pub place: ConfigPlace,
}

impl Command for ConfigRead {
    const ID: CommandId = CommandId::EP_RESOURCE_ACCESS;
    const ASKS: &'static str = "read a function's configuration";
    /// The value in the low bytes.
    type Answer = u32;

    fn input(&self) -> Vec<u8> {
        self.place.encode(SUB_CONFIG_READ)
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self { place: ConfigPlace::parse(&mut Reader::new(input, "a configuration read"))? })
    }

    fn wanted_bytes(&self) -> u16 {
        4
    }

    fn answer_bytes(answer: &u32) -> Vec<u8> {
        answer.to_le_bytes().to_vec()
    }

    fn parse_answer(&self, data: &[u8]) -> Result<u32, DecodeError> {
        Reader::new(data, "a configuration register").u32()
    }
}

/// Writes a configuration register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigWrite {
    /// What is written.
    pub place: ConfigPlace,
    /// The value in the low bytes.
    pub value: u32,
}

impl Command for ConfigWrite {
    const ID: CommandId = CommandId::EP_RESOURCE_ACCESS;
    const ASKS: &'static str = "write a function's configuration";
    type Answer = ();

    fn input(&self) -> Vec<u8> {
        let mut out = self.place.encode(SUB_CONFIG_WRITE);
        out.put_u32(self.value);
        out
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a configuration write");
        Ok(Self { place: ConfigPlace::parse(&mut reader)?, value: reader.u32()? })
    }

    no_answer!();
}

/// Reads memory behind a BAR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BarRead {
    /// The function.
    pub function: Pdfid,
    /// The BAR.
    pub bar: u8,
    /// How many bytes, at most what an answer holds.
    pub count_bytes: u16,
    /// Byte offset from the BAR's start.
    pub address: u64,
}

impl Command for BarRead {
    const ID: CommandId = CommandId::EP_RESOURCE_ACCESS;
    const ASKS: &'static str = "read a function's memory";
    type Answer = Vec<u8>;

    fn input(&self) -> Vec<u8> {
        bar_head(SUB_BAR_READ, self.function, self.bar, self.count_bytes, self.address)
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let (function, bar, count_bytes, address) = parse_bar_head(&mut Reader::new(input, "a memory read"))?;
        if usize::from(count_bytes) > MAX_DATA_BYTES {
            let (got, limit) = (count_bytes.into(), MAX_DATA_BYTES as u64);
            return Err(DecodeError::TooLarge { what: "the length of a memory read", got, limit });
        }
        Ok(Self { function, bar, count_bytes, address })
    }

    fn wanted_bytes(&self) -> u16 {
        self.count_bytes
    }

    fn answer_bytes(answer: &Vec<u8>) -> Vec<u8> {
        answer.clone()
    }

    fn parse_answer(&self, data: &[u8]) -> Result<Vec<u8>, DecodeError> {
        Ok(Reader::new(data, "a function's memory").take(self.count_bytes.into())?.to_vec())
    }
}

/// Writes memory behind a BAR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BarWrite {
    /// The function.
    pub function: Pdfid,
    /// The BAR.
    pub bar: u8,
    /// Byte offset from the BAR's start.
    pub address: u64,
    /// At most [`MAX_BAR_WRITE_BYTES`].
    pub data: Vec<u8>,
}

impl Command for BarWrite {
    const ID: CommandId = CommandId::EP_RESOURCE_ACCESS;
    const ASKS: &'static str = "write a function's memory";
    type Answer = ();

    fn input(&self) -> Vec<u8> {
        let data = &self.data[..self.data.len().min(MAX_BAR_WRITE_BYTES)];
        let mut out = bar_head(SUB_BAR_WRITE, self.function, self.bar, data.len() as u16, self.address);
        let head_bytes = out.len();
        out.extend_from_slice(data);
        out.resize(head_bytes + MAX_BAR_WRITE_BYTES, 0);
        out
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a memory write");
        let (function, bar, count_bytes, address) = parse_bar_head(&mut reader)?;
        let count = usize::from(count_bytes);
        if count > MAX_BAR_WRITE_BYTES {
            let (got, limit) = (count as u64, MAX_BAR_WRITE_BYTES as u64);
            return Err(DecodeError::TooLarge { what: "the length of a memory write", got, limit });
        }
        Ok(Self { function, bar, address, data: reader.take(count)?.to_vec() })
    }

    no_answer!();
}

fn bar_head(sub: u8, function: Pdfid, bar: u8, count_bytes: u16, address: u64) -> Vec<u8> {
    let mut out = vec![sub, 0];
    out.put_u16(function.get());
    out.extend_from_slice(&[bar, 0]);
    out.put_u16(count_bytes);
    out.put_u64(address);
    out
}

fn parse_bar_head(reader: &mut Reader<'_>) -> Result<(Pdfid, u8, u16, u64), DecodeError> {
    reader.skip(2)?;
    let function = Pdfid::new(reader.u16()?);
    let bar = reader.u8()?;
    reader.skip(1)?;
    Ok((function, bar, reader.u16()?, reader.u64()?))
}
