//! TOPO_INFO_DUMP: the ports of a switch, their types and links (section 5.3).
//!
//! A conversation: start, poll the status until it is not [`DumpStatus::Working`], fetch the data piece by piece,
//! finish. The pieces together are one [`Topology`].

use crate::bytes::{Put, Reader};
use crate::command::Command;
use crate::error::DecodeError;
use crate::units::{CommandId, Generation, LtssmState, PhysicalPort, PortType, Rate, SwitchIndex};

pub(crate) const SUB_START: u8 = 1;
pub(crate) const SUB_STATUS: u8 = 2;
pub(crate) const SUB_DATA_GEN4: u8 = 3;
pub(crate) const SUB_FINISH: u8 = 4;
pub(crate) const SUB_DATA_GEN5: u8 = 5;

/// Most data bytes in one piece.
pub const MAX_PIECE_BYTES: u16 = 1000;
/// Longest dump accepted: the Gen4 one has 1976 bytes at most, the Gen5 one a little more.
pub const MAX_TOPOLOGY_BYTES: usize = 4096;
/// Physical port ids run from 0 to 63: the port bitmap has 64 bits.
pub const MAX_PORT_ID: u8 = 63;

const ROUTES: usize = 16;
const RECORD_BYTES: usize = 32;

/// Where a topology dump stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DumpStatus {
    /// No dump has been started on this connection.
    NotStarted,
    /// The switch is still collecting.
    Working,
    /// The data can be fetched.
    Ready,
    /// The switch could not collect the data.
    Failed,
    /// The sub-command does not fit this generation.
    WrongSub,
    /// A number the sheet does not list.
    Other(u8),
}

impl DumpStatus {
    fn from_code(code: u8) -> Self {
        match code {
            1 => Self::NotStarted,
            2 => Self::Working,
            3 => Self::Ready,
            4 => Self::Failed,
            5 => Self::WrongSub,
            other => Self::Other(other),
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::NotStarted => 1,
            Self::Working => 2,
            Self::Ready => 3,
            Self::Failed => 4,
            Self::WrongSub => 5,
            Self::Other(other) => other,
        }
    }
}

/// Sub-command 1: take a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopologyStart;

/// Sub-command 4: release the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopologyFinish;

macro_rules! status_only {
    ($name:ty, $sub:expr, $make:expr) => {
        impl Command for $name {
            const ID: CommandId = CommandId::TOPO_INFO_DUMP;
            const ASKS: &'static str = "list its ports";
            type Answer = DumpStatus;

            fn input(&self) -> Vec<u8> {
                vec![$sub]
            }

            fn parse_input(_input: &[u8]) -> Result<Self, DecodeError> {
                Ok($make)
            }

            fn wanted_bytes(&self) -> u16 {
                1
            }

            fn answer_bytes(answer: &DumpStatus) -> Vec<u8> {
                vec![answer.code()]
            }

            fn parse_answer(&self, data: &[u8]) -> Result<DumpStatus, DecodeError> {
                Reader::new(data, "the dump status").u8().map(DumpStatus::from_code)
            }
        }
    };
}

status_only!(TopologyStart, SUB_START, TopologyStart);
status_only!(TopologyFinish, SUB_FINISH, TopologyFinish);

/// Sub-command 2: is the snapshot ready, and how long is it?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopologyStatus;

/// Answer to [`TopologyStatus`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopologyProgress {
    /// Where the dump stands.
    pub status: DumpStatus,
    /// Its whole length in dwords.
    pub total_dwords: u16,
}

impl Command for TopologyStatus {
    const ID: CommandId = CommandId::TOPO_INFO_DUMP;
    const ASKS: &'static str = "list its ports";
    type Answer = TopologyProgress;

    fn input(&self) -> Vec<u8> {
        vec![SUB_STATUS]
    }

    fn parse_input(_input: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self)
    }

    fn wanted_bytes(&self) -> u16 {
        4
    }

    fn answer_bytes(answer: &TopologyProgress) -> Vec<u8> {
        let mut out = vec![answer.status.code(), 0];
        out.put_u16(answer.total_dwords);
        out
    }

    fn parse_answer(&self, data: &[u8]) -> Result<TopologyProgress, DecodeError> {
        let mut reader = Reader::new(data, "the dump status");
        let status = DumpStatus::from_code(reader.u8()?);
        reader.skip(1)?;
        Ok(TopologyProgress { status, total_dwords: reader.u16()? })
    }
}

/// Sub-command 3, or 5 on Gen5: the next piece of the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopologyData {
    /// Selects the sub-command.
    pub generation: Generation,
    /// Byte offset in the snapshot.
    pub offset_bytes: u16,
    /// How many data bytes are wanted, at most [`MAX_PIECE_BYTES`]. It is not part of the input but of the packet
    /// header, so a parsed request always says the maximum.
    pub count_bytes: u16,
}

/// Answer to [`TopologyData`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopologyPiece {
    /// Where the dump stands.
    pub status: DumpStatus,
    /// The piece, a whole number of dwords.
    pub data: Vec<u8>,
}

impl Command for TopologyData {
    const ID: CommandId = CommandId::TOPO_INFO_DUMP;
    const ASKS: &'static str = "list its ports";
    type Answer = TopologyPiece;

    fn input(&self) -> Vec<u8> {
        let sub = if self.generation == Generation::Gen4 { SUB_DATA_GEN4 } else { SUB_DATA_GEN5 };
        let mut out = vec![sub, 0];
        out.put_u16(self.offset_bytes);
        out
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a topology data request");
        let sub = reader.u8()?;
        reader.skip(1)?;
        let generation = if sub == SUB_DATA_GEN4 { Generation::Gen4 } else { Generation::Gen5 };
        Ok(Self { generation, offset_bytes: reader.u16()?, count_bytes: MAX_PIECE_BYTES })
    }

    fn wanted_bytes(&self) -> u16 {
        4 + self.count_bytes.min(MAX_PIECE_BYTES)
    }

    fn answer_bytes(answer: &TopologyPiece) -> Vec<u8> {
        let mut out = vec![answer.status.code(), 0];
        out.put_u16((answer.data.len() / 4) as u16);
        out.extend_from_slice(&answer.data);
        out
    }

    fn parse_answer(&self, data: &[u8]) -> Result<TopologyPiece, DecodeError> {
        let mut reader = Reader::new(data, "a topology piece");
        let status = DumpStatus::from_code(reader.u8()?);
        reader.skip(1)?;
        let length_bytes = usize::from(reader.u16()?) * 4;
        Ok(TopologyPiece { status, data: reader.take(length_bytes)?.to_vec() })
    }
}

/// A GPIO a port uses (power control, resets, presence); unused ones have index 0xFFFF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gpio {
    /// Pin number, 0xFFFF when unused.
    pub index: u16,
    /// Level of the pin.
    pub value: u8,
}

impl Gpio {
    /// No pin.
    pub const UNUSED: Self = Self { index: 0xFFFF, value: 0 };
}

/// One port of the dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortRecord {
    /// The port.
    pub port: PhysicalPort,
    /// What it is configured as.
    pub port_type: PortType,
    /// Clock channel.
    pub clock_channel: u8,
    /// Connector index.
    pub connector: u8,
    /// Power control, downstream reset, upstream reset, presence, 8639 detection.
    pub gpios: [Gpio; 5],
    /// Lanes the port is configured for.
    pub configured_width: u8,
    /// Lanes of the trained link, zero when it is down.
    pub negotiated_width: u8,
    /// Rate the port is configured for.
    pub configured_rate: Rate,
    /// Rate of the trained link.
    pub negotiated_rate: Rate,
    /// State of the link's training machine.
    pub ltssm: LtssmState,
}

/// The ports of one switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    /// The switch's index in the fabric.
    pub switch: SwitchIndex,
    /// One code per stack: a nibble per port, low nibble = port 0; seven on Gen4, eight on Gen5.
    pub bifurcation: Vec<u32>,
    /// Egress port towards each switch of the fabric, 0xFF for none.
    pub routes: [u8; ROUTES],
    /// The ports in ascending order.
    pub ports: Vec<PortRecord>,
}

impl Topology {
    /// The snapshot's bytes for a generation; at most 1976 on Gen4.
    pub fn encode(&self, generation: Generation) -> Vec<u8> {
        let mut out = vec![self.switch.get(), 0, 0, 0];
        for stack in 0..stacks(generation) {
            out.put_u32(self.bifurcation.get(stack).copied().unwrap_or(0));
        }
        out.extend_from_slice(&self.routes);
        if generation != Generation::Gen4 {
            out.put_u32(0);
        }
        let bitmap = self.ports.iter().fold(0, |map, record| map | bit(record.port));
        out.put_u64(bitmap);
        for record in &self.ports {
            record.encode(&mut out);
        }
        out
    }

    /// Reads a whole snapshot.
    ///
    /// # Errors
    /// A snapshot that is too long, too short for the ports it announces, or lists other ports than those.
    pub fn parse(generation: Generation, bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > MAX_TOPOLOGY_BYTES {
            let (got, limit) = (bytes.len() as u64, MAX_TOPOLOGY_BYTES as u64);
            return Err(DecodeError::TooLarge { what: "the topology in bytes", got, limit });
        }
        let mut reader = Reader::new(bytes, "the topology");
        let switch = SwitchIndex::new(reader.u8()?);
        reader.skip(3)?;
        let bifurcation = (0..stacks(generation)).map(|_| reader.u32()).collect::<Result<_, _>>()?;
        let mut routes = [0; ROUTES];
        routes.copy_from_slice(reader.take(ROUTES)?);
        if generation != Generation::Gen4 {
            // The bitmap is aligned to eight bytes and stands at offset 56.
            reader.skip(4)?;
        }
        let bitmap = reader.u64()?;
        let mut ports = Vec::with_capacity(bitmap.count_ones() as usize);
        for announced in (0..=MAX_PORT_ID).filter(|port| bitmap & bit(PhysicalPort::new(*port)) != 0) {
            let record = PortRecord::parse(&mut reader)?;
            if record.port.get() != announced {
                let (announced, found) = (announced.into(), record.port.get().into());
                let what = "the port bitmap and a port's id";
                return Err(DecodeError::Mismatch { what, announced, found });
            }
            ports.push(record);
        }
        Ok(Self { switch, bifurcation, routes, ports })
    }
}

fn stacks(generation: Generation) -> usize {
    if generation == Generation::Gen4 { 7 } else { 8 }
}

fn bit(port: PhysicalPort) -> u64 {
    1u64.checked_shl(u32::from(port.get())).unwrap_or(0)
}

impl PortRecord {
    fn encode(&self, out: &mut Vec<u8>) {
        out.reserve(RECORD_BYTES);
        out.extend_from_slice(&[self.port.get(), self.port_type.code(), self.clock_channel, self.connector]);
        for gpio in &self.gpios {
            out.put_u16(gpio.index);
            out.put_u8(gpio.value);
            out.put_u8(0);
        }
        out.extend_from_slice(&[self.configured_width, self.negotiated_width]);
        out.extend_from_slice(&[self.configured_rate.code(), self.negotiated_rate.code()]);
        out.extend_from_slice(&[self.ltssm.major, self.ltssm.minor, 0, 0]);
    }

    fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let port = PhysicalPort::new(reader.u8()?);
        let port_type = PortType::from_code(reader.u8()?);
        let clock_channel = reader.u8()?;
        let connector = reader.u8()?;
        let mut gpios = [Gpio::UNUSED; 5];
        for gpio in &mut gpios {
            *gpio = Gpio { index: reader.u16()?, value: reader.u8()? };
            reader.skip(1)?;
        }
        let configured_width = reader.u8()?;
        let negotiated_width = reader.u8()?;
        let configured_rate = Rate::from_code(reader.u8()?);
        let negotiated_rate = Rate::from_code(reader.u8()?);
        let ltssm = LtssmState { major: reader.u8()?, minor: reader.u8()? };
        reader.skip(2)?;
        Ok(Self {
            port,
            port_type,
            clock_channel,
            connector,
            gpios,
            configured_width,
            negotiated_width,
            configured_rate,
            negotiated_rate,
            ltssm,
        })
    }
}
