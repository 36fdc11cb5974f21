//! How long packets take through the switch.

use super::{SUB_LATENCY_GET, SUB_LATENCY_SETUP, TooMany, at_most};
use crate::bytes::{Put, Reader};
use crate::command::Command;
use crate::error::DecodeError;
use crate::units::{CommandId, PhysicalPort};

/// Stands for every ingress port.
pub const ALL_PORTS: PhysicalPort = PhysicalPort::new(63);
/// What one byte can count; the longest answer is then 1020 bytes.
const MAX_ENTRIES: usize = u8::MAX as usize;
const RECORD_BYTES: usize = 4;

/// Which way through the switch is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatencyPair {
    /// Where packets leave.
    pub egress: PhysicalPort,
    /// Where they come in, or [`ALL_PORTS`].
    pub ingress: PhysicalPort,
}

/// Chooses what is measured at some egress ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatencySetup {
    pairs: Vec<LatencyPair>,
}

impl LatencySetup {
    /// Measures these ways.
    ///
    /// # Errors
    /// More than one request can count.
    pub fn new(pairs: Vec<LatencyPair>) -> Result<Self, TooMany> {
        at_most(&pairs, MAX_ENTRIES)?;
        Ok(Self { pairs })
    }

    /// The ways.
    pub fn pairs(&self) -> &[LatencyPair] {
        &self.pairs
    }
}

impl Command for LatencySetup {
    const ID: CommandId = CommandId::PMON;
    const ASKS: &'static str = "measure latencies";
    type Answer = ();

    fn input(&self) -> Vec<u8> {
        let mut out = vec![SUB_LATENCY_SETUP, self.pairs.len() as u8];
        out.extend(self.pairs.iter().flat_map(|pair| [pair.egress.get(), pair.ingress.get()]));
        out
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a choice of latencies");
        reader.skip(1)?;
        let count = reader.u8()?;
        let mut port = || reader.u8().map(PhysicalPort::new);
        let mut pair = || Ok(LatencyPair { egress: port()?, ingress: port()? });
        Ok(Self { pairs: (0..count).map(|_| pair()).collect::<Result<_, DecodeError>>()? })
    }

    no_answer!();
}

/// Asks for the latencies measured at some egress ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatencyGet {
    egress: Vec<PhysicalPort>,
    clear: bool,
}

/// What was measured at one egress port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Latency {
    /// The present latency; Gen4 gives the minimum.
    pub current_ns: u16,
    /// The largest one.
    pub max_ns: u16,
}

impl LatencyGet {
    /// Asks for these ports; `clear` starts the measurement again.
    ///
    /// # Errors
    /// More than one request can count.
    pub fn new(egress: Vec<PhysicalPort>, clear: bool) -> Result<Self, TooMany> {
        at_most(&egress, MAX_ENTRIES)?;
        Ok(Self { egress, clear })
    }

    /// The egress ports.
    pub fn egress(&self) -> &[PhysicalPort] {
        &self.egress
    }

    /// Whether the measurement starts again.
    pub fn clear(&self) -> bool {
        self.clear
    }
}

impl Command for LatencyGet {
    const ID: CommandId = CommandId::PMON;
    const ASKS: &'static str = "tell latencies";
    type Answer = Vec<Latency>;

    fn input(&self) -> Vec<u8> {
        let mut out = vec![SUB_LATENCY_GET, self.egress.len() as u8, self.clear.into()];
        out.extend(self.egress.iter().map(|port| port.get()));
        out
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a latency request");
        reader.skip(1)?;
        let count = usize::from(reader.u8()?);
        let clear = reader.u8()? != 0;
        let egress = reader.take(count)?.iter().copied().map(PhysicalPort::new).collect();
        Ok(Self { egress, clear })
    }

    fn wanted_bytes(&self) -> u16 {
        (self.egress.len() * RECORD_BYTES) as u16
    }

    fn answer_bytes(answer: &Vec<Latency>) -> Vec<u8> {
        let mut out = Vec::with_capacity(answer.len() * RECORD_BYTES);
        for latency in answer {
            out.put_u16(latency.current_ns);
            out.put_u16(latency.max_ns);
        }
        out
    }

    fn parse_answer(&self, data: &[u8]) -> Result<Vec<Latency>, DecodeError> {
        let mut reader = Reader::new(data, "the latencies");
        let mut latency = || Ok(Latency { current_ns: reader.u16()?, max_ns: reader.u16()? });
        self.egress.iter().map(|_| latency()).collect()
    }
}
