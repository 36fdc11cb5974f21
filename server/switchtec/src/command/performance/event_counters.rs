//! Counters of errors and packets, 64 for each stack of ports.

use super::{SUB_COUNTER_GET, SUB_COUNTER_SETUP_GET, SUB_COUNTER_SETUP_SET, TooMany, at_most};
use crate::bytes::{Put, Reader};
use crate::command::Command;
use crate::error::DecodeError;
use crate::units::CommandId;

/// Counters of one stack.
pub const COUNTERS_PER_STACK: usize = 64;
/// Setups one request has room for.
pub const MAX_SETUPS: usize = 63;
/// The CLI always sends the whole room.
const SET_BYTES: usize = 4 + MAX_SETUPS * SETUP_BYTES;
const SETUP_BYTES: usize = 9;
const COUNTER_BYTES: usize = 8;
const EGRESS: u8 = 0x80;

/// A type of event; the number is its bit in [`CounterEvents`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CounterEvent {
    /// A request that the other end does not support.
    UnsupportedRequest,
    /// An end-to-end checksum that does not fit.
    Ecrc,
    /// A malformed packet.
    MalformedTlp,
    /// A receiver that overflowed.
    ReceiverOverflow,
    /// A completer that aborted.
    CompleterAbort,
    /// A poisoned packet.
    PoisonedTlp,
    /// A link that went down without warning.
    SurpriseDown,
    /// A data link protocol error.
    DataLinkProtocol,
    /// A header log that overflowed.
    HeaderLogOverflow,
    /// An internal error.
    Internal,
    /// A replay timer that ran out.
    ReplayTimeout,
    /// A replay counter that rolled over.
    ReplayRollover,
    /// A bad data link packet.
    BadDllp,
    /// A bad transaction packet.
    BadTlp,
    /// A receiver error.
    Receiver,
    /// A message of a fatal error.
    FatalMessage,
    /// A message of an error that is not fatal.
    NonFatalMessage,
    /// A message of a corrected error.
    CorrectableMessage,
    /// A packet that was not acknowledged.
    Nak,
    /// A rule that was hit.
    RuleHit,
    /// A posted packet.
    PostedTlp,
    /// A completion.
    CompletionTlp,
    /// A non-posted packet.
    NonPostedTlp,
}

/// What is counted: one bit for each type of event, 0 to 30; the sheet names those of [`CounterEvent`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CounterEvents(u32);

impl CounterEvents {
    const MASK: u32 = 0x7FFF_FFFF;

    /// The types whose bits are set; bit 31 does not exist.
    pub fn from_bits(bits: u32) -> Self {
        Self(bits & Self::MASK)
    }

    /// Whether a type of event is among them.
    pub fn contains(self, event: CounterEvent) -> bool {
        self.0 & 1 << event as u32 != 0
    }

    /// One bit for each type.
    pub fn bits(self) -> u32 {
        self.0
    }
}

/// How one counter is set up; all zero is a counter that is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EventCounterSetup {
    /// The stack's ports that are counted, one bit each.
    pub ports: u8,
    /// What is counted.
    pub events: CounterEvents,
    /// Whether packets are counted where they leave, not where they come in.
    pub egress: bool,
    /// When an event is raised; zero for never.
    pub threshold: u32,
}

impl EventCounterSetup {
    fn encode(&self, out: &mut Vec<u8>) {
        out.put_u8(self.ports);
        out.put_u24(self.events.0);
        out.put_u8((self.events.0 >> 24) as u8 | (u8::from(self.egress) * EGRESS));
        out.put_u32(self.threshold);
    }

    fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let ports = reader.u8()?;
        let low = reader.u24()?;
        let high = reader.u8()?;
        Ok(Self {
            ports,
            events: CounterEvents::from_bits(low | u32::from(high & !EGRESS) << 24),
            egress: high & EGRESS != 0,
            threshold: reader.u32()?,
        })
    }
}

/// Some counters of a stack, in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CounterRange {
    stack: u8,
    first: u8,
    count: u8,
}

impl CounterRange {
    /// `count` counters of `stack` from `first` on.
    ///
    /// # Errors
    /// The last of them would be behind the stack's last counter.
    pub fn new(stack: u8, first: u8, count: u8) -> Result<Self, TooMany> {
        // Also where no counter is wanted: the first must be one, or the end.
        let (got, limit) = (usize::from(first) + usize::from(count), COUNTERS_PER_STACK);
        if got > limit { Err(TooMany { got, limit }) } else { Ok(Self { stack, first, count }) }
    }

    /// The stack.
    pub fn stack(&self) -> u8 {
        self.stack
    }

    /// The counters' numbers.
    pub fn counters(&self) -> std::ops::Range<usize> {
        usize::from(self.first)..usize::from(self.first) + usize::from(self.count)
    }

    fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (stack, first, count) = (reader.u8()?, reader.u8()?, reader.u8()?);
        Self::new(stack, first, count).map_err(|error| DecodeError::TooLarge {
            what: "the number of the last event counter",
            got: error.got as u64,
            limit: error.limit as u64,
        })
    }

    fn encode(self, sub: u8) -> Vec<u8> {
        vec![sub, self.stack, self.first, self.count]
    }
}

/// Sets counters up and starts them from zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventCounterSetupSet {
    range: CounterRange,
    setups: Vec<EventCounterSetup>,
}

impl EventCounterSetupSet {
    /// Sets up the counters of `stack` from `first` on.
    ///
    /// # Errors
    /// More setups than [`MAX_SETUPS`], or than there are counters from `first` on.
    pub fn new(stack: u8, first: u8, setups: Vec<EventCounterSetup>) -> Result<Self, TooMany> {
        at_most(&setups, MAX_SETUPS)?;
        Ok(Self { range: CounterRange::new(stack, first, setups.len() as u8)?, setups })
    }

    /// The counters that are set up.
    pub fn range(&self) -> CounterRange {
        self.range
    }

    /// Their setups.
    pub fn setups(&self) -> &[EventCounterSetup] {
        &self.setups
    }
}

impl Command for EventCounterSetupSet {
    const ID: CommandId = CommandId::PMON;
    const ASKS: &'static str = "set event counters up";
    type Answer = ();

    fn input(&self) -> Vec<u8> {
        let mut out = self.range.encode(SUB_COUNTER_SETUP_SET);
        for setup in &self.setups {
            setup.encode(&mut out);
        }
        out.resize(SET_BYTES, 0);
        out
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a setup of event counters");
        reader.skip(1)?;
        let range = CounterRange::parse(&mut reader)?;
        if usize::from(range.count) > MAX_SETUPS {
            let (got, limit) = (range.count.into(), MAX_SETUPS as u64);
            return Err(DecodeError::TooLarge { what: "the number of event counter setups", got, limit });
        }
        let setups = (0..range.count).map(|_| EventCounterSetup::parse(&mut reader));
        Ok(Self { range, setups: setups.collect::<Result<_, _>>()? })
    }

    no_answer!();
}

/// Asks how counters are set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventCounterSetupGet {
    /// The counters.
    pub range: CounterRange,
    /// The byte the counter request uses to clear; it says nothing about setups.
    pub clear: bool,
}

impl Command for EventCounterSetupGet {
    const ID: CommandId = CommandId::PMON;
    const ASKS: &'static str = "tell how event counters are set up";
    type Answer = Vec<EventCounterSetup>;

    fn input(&self) -> Vec<u8> {
        let mut out = self.range.encode(SUB_COUNTER_SETUP_GET);
        out.put_u8(self.clear.into());
        out
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a request for event counter setups");
        reader.skip(1)?;
        Ok(Self { range: CounterRange::parse(&mut reader)?, clear: reader.u8()? != 0 })
    }

    fn wanted_bytes(&self) -> u16 {
        u16::from(self.range.count) * SETUP_BYTES as u16
    }

    fn answer_bytes(answer: &Vec<EventCounterSetup>) -> Vec<u8> {
        let mut out = Vec::with_capacity(answer.len() * SETUP_BYTES);
        for setup in answer {
            setup.encode(&mut out);
        }
        out
    }

    fn parse_answer(&self, data: &[u8]) -> Result<Vec<EventCounterSetup>, DecodeError> {
        let mut reader = Reader::new(data, "the event counter setups");
        (0..self.range.count).map(|_| EventCounterSetup::parse(&mut reader)).collect()
    }
}

/// Asks what counters have counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventCounterGet {
    /// The counters.
    pub range: CounterRange,
    /// Whether they start again from zero.
    pub clear: bool,
}

/// One counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EventCounter {
    /// What it has counted.
    pub value: u32,
    /// Its threshold.
    pub threshold: u32,
}

impl Command for EventCounterGet {
    const ID: CommandId = CommandId::PMON;
    const ASKS: &'static str = "tell its event counters";
    type Answer = Vec<EventCounter>;

    fn input(&self) -> Vec<u8> {
        let mut out = self.range.encode(SUB_COUNTER_GET);
        out.put_u8(self.clear.into());
        out
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a request for event counters");
        reader.skip(1)?;
        Ok(Self { range: CounterRange::parse(&mut reader)?, clear: reader.u8()? != 0 })
    }

    fn wanted_bytes(&self) -> u16 {
        u16::from(self.range.count) * COUNTER_BYTES as u16
    }

    fn answer_bytes(answer: &Vec<EventCounter>) -> Vec<u8> {
        let mut out = Vec::with_capacity(answer.len() * COUNTER_BYTES);
        for counter in answer {
            out.put_u32(counter.value);
            out.put_u32(counter.threshold);
        }
        out
    }

    fn parse_answer(&self, data: &[u8]) -> Result<Vec<EventCounter>, DecodeError> {
        let mut reader = Reader::new(data, "the event counters");
        let mut counter = || Ok(EventCounter { value: reader.u32()?, threshold: reader.u32()? });
        (0..self.range.count).map(|_| counter()).collect()
    }
}
