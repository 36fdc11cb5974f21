//! LNKSTAT: the link status of every port (section 5.9).

use crate::bytes::{Put, Reader};
use crate::command::Command;
use crate::error::DecodeError;
use crate::units::{CommandId, Generation, LtssmState, PhysicalPort, Rate};

const RECORD_BYTES: usize = 12;
const LINK_UP: u8 = 0x80;
/// Stack numbers above this mark an unused record.
const MAX_STACK: u8 = 8;

/// Asks for the status of every link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkStatusGet {
    /// Decides how many records are wanted: 52 on Gen4, 60 on Gen5. Not part of the input: a parsed request says
    /// Gen4, a server goes by the wanted length.
    pub generation: Generation,
}

/// Status of one link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkRecord {
    /// The port.
    pub port: PhysicalPort,
    /// Its partition, 255 when unbound.
    pub partition: u8,
    /// Its number within the partition.
    pub logical_id: u8,
    /// The stack, 0..8.
    pub stack: u8,
    /// The port's number in the stack, 0..15.
    pub stack_port: u8,
    /// Lanes the port is configured for.
    pub configured_width: u8,
    /// Lanes of the trained link.
    pub negotiated_width: u8,
    /// Whether the port leads to a host.
    pub upstream: bool,
    /// Whether the link is up.
    pub up: bool,
    /// The link's rate.
    pub rate: Rate,
    /// State of the link's training machine.
    pub ltssm: LtssmState,
    /// Lane reversal: 0 normal, 1 full x16, 2, 4, 8.
    pub lane_reversal: u8,
    /// First active lane.
    pub first_lane: u8,
}

/// How many records an answer of a generation has room for.
pub fn record_count(generation: Generation) -> usize {
    if generation == Generation::Gen4 { 52 } else { 60 }
}

impl Command for LinkStatusGet {
    const ID: CommandId = CommandId::LNKSTAT;
    const ASKS: &'static str = "tell the state of its links";
    type Answer = Vec<LinkRecord>;

    fn input(&self) -> Vec<u8> {
        vec![0; 8]
    }

    fn parse_input(_input: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self { generation: Generation::Gen4 })
    }

    fn wanted_bytes(&self) -> u16 {
        (record_count(self.generation) * RECORD_BYTES) as u16
    }

    /// Unused records are filled with 0xFF up to the longest answer; the server cuts to the wanted length.
    fn answer_bytes(answer: &Vec<LinkRecord>) -> Vec<u8> {
        let mut out = Vec::with_capacity(record_count(Generation::Gen5) * RECORD_BYTES);
        for record in answer {
            record.encode(&mut out);
        }
        out.resize(out.len().max(record_count(Generation::Gen5) * RECORD_BYTES), 0xFF);
        out
    }

    fn parse_answer(&self, data: &[u8]) -> Result<Vec<LinkRecord>, DecodeError> {
        let mut reader = Reader::new(data, "the link status");
        let mut records = Vec::new();
        for _ in 0..record_count(self.generation) {
            records.extend(LinkRecord::parse(&mut reader)?);
        }
        Ok(records)
    }
}

impl LinkRecord {
    fn encode(&self, out: &mut Vec<u8>) {
        let place = self.stack << 4 | (self.stack_port & 0xF);
        out.extend_from_slice(&[self.port.get(), self.partition, self.logical_id, place]);
        let status = (u8::from(self.up) * LINK_UP) | self.rate.code();
        out.extend_from_slice(&[self.configured_width, self.negotiated_width, self.upstream.into(), status]);
        out.put_u16(self.ltssm.word());
        out.extend_from_slice(&[self.lane_reversal, self.first_lane & 0xF]);
    }

    /// One record, `None` when it is unused.
    fn parse(reader: &mut Reader<'_>) -> Result<Option<Self>, DecodeError> {
        let port = PhysicalPort::new(reader.u8()?);
        let partition = reader.u8()?;
        let logical_id = reader.u8()?;
        let place = reader.u8()?;
        let configured_width = reader.u8()?;
        let negotiated_width = reader.u8()?;
        let upstream = reader.u8()? == 1;
        let status = reader.u8()?;
        let ltssm = LtssmState::from_word(reader.u16()?);
        let lane_reversal = reader.u8()?;
        let first_lane = reader.u8()? & 0xF;
        let record = Self {
            port,
            partition,
            logical_id,
            stack: place >> 4,
            stack_port: place & 0xF,
            configured_width,
            negotiated_width,
            upstream,
            up: status & LINK_UP != 0,
            rate: Rate::from_code(status & !LINK_UP),
            ltssm,
            lane_reversal,
            first_lane,
        };
        Ok((record.stack <= MAX_STACK).then_some(record))
    }
}
