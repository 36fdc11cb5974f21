//! GFMS_DB_DUMP: requests and the three-step conversation (section 5.5). What comes back is in
//! [`sections`](super::sections).

use crate::bytes::{Put, Reader};
use crate::command::Command;
use crate::command::sections::{DumpClass, FabricPortSection, FabricSection, PaxSection};
use crate::error::DecodeError;
use crate::units::{CommandId, PhysicalPort};

pub(crate) const STEP_START: u32 = 1;
pub(crate) const STEP_GET: u32 = 2;
pub(crate) const STEP_FINISH: u32 = 3;

/// Dwords in front of the data of every chunk.
const CHUNK_HEAD_DWORDS: u32 = 3;
/// Most data dwords in one chunk.
pub const MAX_CHUNK_DWORDS: usize = 253;
/// Most data dwords in one chunk of an EP_PORT dump: the CLI cuts larger ones.
pub const MAX_ENDPOINT_CHUNK_DWORDS: usize = 237;
/// Longest dump accepted, half a mebibyte: room for 52 adapters of 256 functions each.
pub const MAX_DUMP_DWORDS: u32 = 0x2_0000;

const ASKS: &str = "dump its database";

/// The step of a conversation, from the dword at offset 4.
pub(crate) fn step(input: &[u8]) -> Result<u32, DecodeError> {
    let mut reader = Reader::new(input, "a database dump request");
    reader.skip(4)?;
    reader.u32()
}

/// Single shot: which switches of the fabric can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DumpFabric;

/// Single shot: counts, id ranges and port maps of this switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DumpPax;

/// Single shot: one port that links to another switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DumpFabricPort {
    /// The port.
    pub port: PhysicalPort,
}

/// First step of a conversation: take a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DumpStart {
    /// PAX_ALL, HVD, EP_PORT or HVD_DETAIL.
    pub class: DumpClass,
    /// Host instance for HVD and HVD_DETAIL, physical port for EP_PORT, zero for PAX_ALL.
    pub parameter: u8,
}

/// Answer to [`DumpStart`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DumpStarted {
    /// Whole length of the snapshot in dwords.
    pub total_dwords: u32,
    /// Number of switches in it.
    pub switches: u32,
}

/// Second step, repeated: the next piece of the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DumpGet {
    /// The class of the start.
    pub class: DumpClass,
    /// The physical port for EP_PORT, else zero.
    pub port: u8,
    /// Where the piece begins, in dwords.
    pub offset_dwords: u32,
}

/// Answer to [`DumpGet`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpChunk {
    /// The offset of the request, repeated.
    pub offset_dwords: u32,
    /// The piece, a whole number of dwords.
    pub data: Vec<u8>,
}

/// Last step: release the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DumpFinish {
    /// The class of the start.
    pub class: DumpClass,
}

impl Command for DumpFabric {
    const ID: CommandId = CommandId::GFMS_DB_DUMP;
    const ASKS: &'static str = ASKS;
    type Answer = FabricSection;

    fn input(&self) -> Vec<u8> {
        vec![DumpClass::Fabric.code()]
    }

    fn parse_input(_input: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self)
    }

    fn wanted_bytes(&self) -> u16 {
        88
    }

    fn answer_bytes(answer: &FabricSection) -> Vec<u8> {
        answer.encode()
    }

    fn parse_answer(&self, data: &[u8]) -> Result<FabricSection, DecodeError> {
        FabricSection::parse(data)
    }
}

impl Command for DumpPax {
    const ID: CommandId = CommandId::GFMS_DB_DUMP;
    const ASKS: &'static str = ASKS;
    type Answer = PaxSection;

    fn input(&self) -> Vec<u8> {
        vec![DumpClass::Pax.code()]
    }

    fn parse_input(_input: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self)
    }

    fn wanted_bytes(&self) -> u16 {
        80
    }

    fn answer_bytes(answer: &PaxSection) -> Vec<u8> {
        answer.encode()
    }

    fn parse_answer(&self, data: &[u8]) -> Result<PaxSection, DecodeError> {
        PaxSection::parse(data)
    }
}

impl Command for DumpFabricPort {
    const ID: CommandId = CommandId::GFMS_DB_DUMP;
    const ASKS: &'static str = ASKS;
    type Answer = FabricPortSection;

    fn input(&self) -> Vec<u8> {
        vec![DumpClass::FabricPort.code(), self.port.get()]
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a fabric port dump request");
        reader.skip(1)?;
        Ok(Self { port: PhysicalPort::new(reader.u8()?) })
    }

    fn wanted_bytes(&self) -> u16 {
        32
    }

    fn answer_bytes(answer: &FabricPortSection) -> Vec<u8> {
        answer.encode()
    }

    fn parse_answer(&self, data: &[u8]) -> Result<FabricPortSection, DecodeError> {
        FabricPortSection::parse(data)
    }
}

/// The class of a conversation step; [`Request::parse`](super::Request::parse) has excluded other numbers.
fn class(reader: &mut Reader<'_>) -> Result<DumpClass, DecodeError> {
    let code = reader.u8()?;
    DumpClass::from_code(code).ok_or(DecodeError::TooLarge {
        what: "the dump class",
        got: code.into(),
        limit: DumpClass::HvdDetail.code().into(),
    })
}

impl Command for DumpStart {
    const ID: CommandId = CommandId::GFMS_DB_DUMP;
    const ASKS: &'static str = ASKS;
    type Answer = DumpStarted;

    fn input(&self) -> Vec<u8> {
        let mut out = vec![self.class.code(), self.parameter, 0, 0];
        out.put_u32(STEP_START);
        out
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a database dump request");
        Ok(Self { class: class(&mut reader)?, parameter: reader.u8()? })
    }

    fn wanted_bytes(&self) -> u16 {
        8
    }

    fn answer_bytes(answer: &DumpStarted) -> Vec<u8> {
        let mut out = Vec::new();
        out.put_u32(answer.total_dwords);
        out.put_u32(answer.switches);
        out
    }

    fn parse_answer(&self, data: &[u8]) -> Result<DumpStarted, DecodeError> {
        let mut reader = Reader::new(data, "the start of a database dump");
        let total_dwords = reader.u32()?;
        if total_dwords > MAX_DUMP_DWORDS {
            let (got, limit) = (total_dwords.into(), MAX_DUMP_DWORDS.into());
            return Err(DecodeError::TooLarge { what: "the database in dwords", got, limit });
        }
        Ok(DumpStarted { total_dwords, switches: reader.u32()? })
    }
}

impl Command for DumpGet {
    const ID: CommandId = CommandId::GFMS_DB_DUMP;
    const ASKS: &'static str = ASKS;
    type Answer = DumpChunk;

    fn input(&self) -> Vec<u8> {
        let mut out = vec![self.class.code(), self.port, 0, 0];
        out.put_u32(STEP_GET);
        out.put_u32(self.offset_dwords);
        out
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a database dump request");
        let class = class(&mut reader)?;
        let port = reader.u8()?;
        reader.skip(6)?;
        Ok(Self { class, port, offset_dwords: reader.u32()? })
    }

    fn wanted_bytes(&self) -> u16 {
        1024
    }

    fn answer_bytes(answer: &DumpChunk) -> Vec<u8> {
        let mut out = Vec::new();
        out.put_u32(answer.offset_dwords);
        out.put_u32(CHUNK_HEAD_DWORDS + (answer.data.len() / 4) as u32);
        out.put_u32(0);
        out.extend_from_slice(&answer.data);
        out
    }

    fn parse_answer(&self, data: &[u8]) -> Result<DumpChunk, DecodeError> {
        let mut reader = Reader::new(data, "a piece of a database dump");
        let offset_dwords = reader.u32()?;
        if offset_dwords != self.offset_dwords {
            let (announced, found) = (self.offset_dwords.into(), offset_dwords.into());
            return Err(DecodeError::Mismatch { what: "the offset of a dump piece", announced, found });
        }
        let size = reader.u32()?;
        reader.skip(4)?;
        let limit = CHUNK_HEAD_DWORDS + MAX_CHUNK_DWORDS as u32;
        if !(CHUNK_HEAD_DWORDS..=limit).contains(&size) {
            let (got, limit) = (size.into(), limit.into());
            return Err(DecodeError::TooLarge { what: "the size of a dump piece in dwords", got, limit });
        }
        let data = reader.take((size - CHUNK_HEAD_DWORDS) as usize * 4)?.to_vec();
        Ok(DumpChunk { offset_dwords, data })
    }
}

impl Command for DumpFinish {
    const ID: CommandId = CommandId::GFMS_DB_DUMP;
    const ASKS: &'static str = ASKS;
    type Answer = ();

    fn input(&self) -> Vec<u8> {
        let mut out = vec![self.class.code(), 0, 0, 0];
        out.put_u32(STEP_FINISH);
        out
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self { class: class(&mut Reader::new(input, "a database dump request"))? })
    }

    fn wanted_bytes(&self) -> u16 {
        0
    }

    fn answer_bytes(_answer: &()) -> Vec<u8> {
        Vec::new()
    }

    fn parse_answer(&self, _data: &[u8]) -> Result<(), DecodeError> {
        Ok(())
    }
}
