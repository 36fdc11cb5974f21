//! Bytes that went through ports, and what is counted as such.

use super::{SUB_BANDWIDTH_GET, SUB_BANDWIDTH_KIND_SET, TooMany, at_most};
use crate::bytes::{Put, Reader};
use crate::command::Command;
use crate::error::DecodeError;
use crate::units::{CommandId, PhysicalPort};

/// Ports one request may ask for.
pub const MAX_BANDWIDTH_PORTS: usize = 16;
/// Ports whose kind one request may set: what one byte can count.
const MAX_KIND_PORTS: usize = u8::MAX as usize;
const RECORD_BYTES: usize = 56;

/// Asks what went through some ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BandwidthGet {
    ports: Vec<BandwidthPort>,
}

/// A port to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BandwidthPort {
    /// The port.
    pub port: PhysicalPort,
    /// Whether its counters start again from zero.
    pub clear: bool,
}

/// What went through one port since its counters were cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BandwidthRecord {
    /// The switch's clock in microseconds.
    pub time_us: u64,
    /// Out of the port.
    pub egress: Traffic,
    /// Into the port.
    pub ingress: Traffic,
}

/// Bytes by the kind of transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Posted transactions: writes and messages.
    pub posted_bytes: u64,
    /// Completions.
    pub completion_bytes: u64,
    /// Non-posted transactions: requests that want a completion.
    pub non_posted_bytes: u64,
}

impl Traffic {
    /// All bytes.
    pub fn total_bytes(&self) -> u64 {
        self.posted_bytes.saturating_add(self.completion_bytes).saturating_add(self.non_posted_bytes)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        for value in [self.posted_bytes, self.completion_bytes, self.non_posted_bytes] {
            out.put_u64(value);
        }
    }

    fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            posted_bytes: reader.u64()?,
            completion_bytes: reader.u64()?,
            non_posted_bytes: reader.u64()?,
        })
    }
}

impl BandwidthGet {
    /// Asks for these ports.
    ///
    /// # Errors
    /// More than [`MAX_BANDWIDTH_PORTS`].
    pub fn new(ports: Vec<BandwidthPort>) -> Result<Self, TooMany> {
        at_most(&ports, MAX_BANDWIDTH_PORTS)?;
        Ok(Self { ports })
    }

    /// As many requests as it takes to ask for all these ports, in their order; nothing is cleared.
    pub fn batches(ports: &[PhysicalPort]) -> impl Iterator<Item = Self> {
        let request = |some: &[PhysicalPort]| {
            let ports = some.iter().map(|port| BandwidthPort { port: *port, clear: false });
            Self { ports: ports.collect() }
        };
        ports.chunks(MAX_BANDWIDTH_PORTS).map(request)
    }

    /// The ports.
    pub fn ports(&self) -> &[BandwidthPort] {
        &self.ports
    }
}

impl Command for BandwidthGet {
    const ID: CommandId = CommandId::PMON;
    const ASKS: &'static str = "tell its ports' bandwidth";
    type Answer = Vec<BandwidthRecord>;

    fn input(&self) -> Vec<u8> {
        let mut out = vec![SUB_BANDWIDTH_GET, self.ports.len() as u8];
        out.extend(self.ports.iter().flat_map(|entry| [entry.port.get(), entry.clear.into()]));
        out
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a bandwidth request");
        reader.skip(1)?;
        let count = usize::from(reader.u8()?);
        if count > MAX_BANDWIDTH_PORTS {
            let (got, limit) = (count as u64, MAX_BANDWIDTH_PORTS as u64);
            return Err(DecodeError::TooLarge {
                what: "the number of ports in a bandwidth request",
                got,
                limit,
            });
        }
        let mut entry =
            || Ok(BandwidthPort { port: PhysicalPort::new(reader.u8()?), clear: reader.u8()? != 0 });
        Ok(Self { ports: (0..count).map(|_| entry()).collect::<Result<_, DecodeError>>()? })
    }

    fn wanted_bytes(&self) -> u16 {
        (self.ports.len() * RECORD_BYTES) as u16
    }

    fn answer_bytes(answer: &Vec<BandwidthRecord>) -> Vec<u8> {
        let mut out = Vec::with_capacity(answer.len() * RECORD_BYTES);
        for record in answer {
            out.put_u64(record.time_us);
            record.egress.encode(&mut out);
            record.ingress.encode(&mut out);
        }
        out
    }

    fn parse_answer(&self, data: &[u8]) -> Result<Vec<BandwidthRecord>, DecodeError> {
        let mut reader = Reader::new(data, "the bandwidth");
        let mut record = || {
            let time_us = reader.u64()?;
            let egress = Traffic::parse(&mut reader)?;
            Ok(BandwidthRecord { time_us, egress, ingress: Traffic::parse(&mut reader)? })
        };
        self.ports.iter().map(|_| record()).collect()
    }
}

/// What a port's counters count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BandwidthKind {
    /// Everything on the link.
    #[default]
    Raw,
    /// Payload only.
    Payload,
}

/// Says what some ports' counters count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BandwidthKindSet {
    ports: Vec<(PhysicalPort, BandwidthKind)>,
}

impl BandwidthKindSet {
    /// Sets the kind of these ports.
    ///
    /// # Errors
    /// More than one request can count.
    pub fn new(ports: Vec<(PhysicalPort, BandwidthKind)>) -> Result<Self, TooMany> {
        at_most(&ports, MAX_KIND_PORTS)?;
        Ok(Self { ports })
    }

    /// The ports with their new kinds.
    pub fn ports(&self) -> &[(PhysicalPort, BandwidthKind)] {
        &self.ports
    }
}

impl Command for BandwidthKindSet {
    const ID: CommandId = CommandId::PMON;
    const ASKS: &'static str = "choose what its bandwidth counters count";
    type Answer = ();

    fn input(&self) -> Vec<u8> {
        let mut out = vec![SUB_BANDWIDTH_KIND_SET, self.ports.len() as u8];
        out.extend(self.ports.iter().flat_map(|(port, kind)| [port.get(), *kind as u8]));
        out
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a choice of bandwidth counters");
        reader.skip(1)?;
        let count = reader.u8()?;
        let mut entry = || {
            let port = PhysicalPort::new(reader.u8()?);
            match reader.u8()? {
                0 => Ok((port, BandwidthKind::Raw)),
                1 => Ok((port, BandwidthKind::Payload)),
                got => {
                    let what = "the kind of a bandwidth counter";
                    Err(DecodeError::TooLarge { what, got: got.into(), limit: 1 })
                }
            }
        };
        Ok(Self { ports: (0..count).map(|_| entry()).collect::<Result<_, DecodeError>>()? })
    }

    no_answer!();
}
