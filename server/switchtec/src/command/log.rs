//! FWLOGRD: the firmware's log (section 5.13).

use crate::bytes::{Put, Reader};
use crate::command::Command;
use crate::error::DecodeError;
use crate::packet::MAX_DATA_BYTES;
use crate::units::{CommandId, FirmwareVersion};

/// Entries one answer has room for.
pub const MAX_LOG_ENTRIES: usize = 31;
/// Where reading starts when nothing has been read.
pub const LOG_START: u32 = u32::MAX;
const ENTRY_DWORDS: usize = 8;

/// Which log is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogSource {
    /// The log in memory, gone after a restart.
    Ram,
    /// The log in flash.
    Flash,
}

/// Which of the sub-commands that differ between generations is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogForm {
    /// What a client falls back to when the switch does not know the one of its generation.
    Legacy,
    /// Gen4.
    Gen4,
    /// Gen5.
    Gen5,
}

/// Reads a piece of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogGet {
    /// Which log.
    pub source: LogSource,
    /// Which sub-command.
    pub form: LogForm,
    /// Whether reading goes from the newest entry back.
    pub from_end: bool,
    /// How many entries are wanted; the CLI sends zero for all.
    pub count: u32,
    /// Where to start: [`LOG_START`], then what the answer before said.
    pub start: u32,
}

/// A piece of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPiece {
    /// The request's sub-command.
    pub sub: u8,
    /// The request's direction.
    pub from_end: bool,
    /// Whether entries have been lost.
    pub overflow: bool,
    /// Entries in the log.
    pub total: u32,
    /// Entries that follow these.
    pub remaining: u32,
    /// Where to go on.
    pub next_start: u32,
    /// Version of the vendor's kit behind the log's texts.
    pub sdk_version: u32,
    /// Version of the firmware that wrote the log.
    pub firmware: FirmwareVersion,
    /// At most [`MAX_LOG_ENTRIES`].
    pub entries: Vec<LogEntry>,
}

/// One entry; the sheet gives no meaning to its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogEntry(pub [u32; ENTRY_DWORDS]);

impl LogGet {
    /// The source and the form of a sub-command.
    pub(crate) fn from_sub(sub: u8) -> Option<(LogSource, LogForm)> {
        Some(match sub {
            0 => (LogSource::Ram, LogForm::Legacy),
            1 => (LogSource::Flash, LogForm::Legacy),
            11 => (LogSource::Ram, LogForm::Gen5),
            12 => (LogSource::Flash, LogForm::Gen5),
            13 => (LogSource::Ram, LogForm::Gen4),
            14 => (LogSource::Flash, LogForm::Gen4),
            _ => return None,
        })
    }

    /// The sub-command, which the answer repeats.
    pub fn sub(&self) -> u8 {
        let ram = match self.form {
            LogForm::Legacy => 0,
            LogForm::Gen5 => 11,
            LogForm::Gen4 => 13,
        };
        ram + u8::from(self.source == LogSource::Flash)
    }
}

impl Command for LogGet {
    const ID: CommandId = CommandId::FWLOGRD;
    const ASKS: &'static str = "show its log";
    type Answer = LogPiece;

    fn input(&self) -> Vec<u8> {
        let mut out = vec![self.sub(), self.from_end.into(), 0, 0, 0, 0, 0, 0];
        out.put_u32(self.count);
        out.put_u32(0);
        out.put_u32(self.start);
        out
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "a log request");
        let (source, form) = Self::from_sub(reader.u8()?)
            .ok_or(DecodeError::Unexpected { expected: "a log's number", got: "another number" })?;
        let from_end = reader.u8()? != 0;
        reader.skip(6)?;
        let count = reader.u32()?;
        reader.skip(4)?;
        Ok(Self { source, form, from_end, count, start: reader.u32()? })
    }

    fn wanted_bytes(&self) -> u16 {
        MAX_DATA_BYTES as u16
    }

    fn answer_bytes(answer: &LogPiece) -> Vec<u8> {
        let entries = &answer.entries[..answer.entries.len().min(MAX_LOG_ENTRIES)];
        let mut out = vec![answer.sub, answer.from_end.into(), answer.overflow.into(), 0];
        let numbers = [answer.total, entries.len() as u32, answer.remaining, answer.next_start];
        for word in numbers.into_iter().chain([answer.sdk_version, answer.firmware.0, 0]) {
            out.put_u32(word);
        }
        for word in entries.iter().flat_map(|entry| entry.0) {
            out.put_u32(word);
        }
        out
    }

    fn parse_answer(&self, data: &[u8]) -> Result<LogPiece, DecodeError> {
        let mut reader = Reader::new(data, "a piece of the log");
        let (sub, from_end, overflow) = (reader.u8()?, reader.u8()? != 0, reader.u8()? != 0);
        reader.skip(1)?;
        let total = reader.u32()?;
        let count = reader.u32()?;
        if count as usize > MAX_LOG_ENTRIES {
            let (got, limit) = (count.into(), MAX_LOG_ENTRIES as u64);
            return Err(DecodeError::TooLarge { what: "the number of log entries", got, limit });
        }
        let (remaining, next_start, sdk_version) = (reader.u32()?, reader.u32()?, reader.u32()?);
        let firmware = FirmwareVersion(reader.u32()?);
        reader.skip(4)?;
        let entries = (0..count).map(|_| LogEntry::parse(&mut reader)).collect::<Result<_, _>>()?;
        Ok(LogPiece { sub, from_end, overflow, total, remaining, next_start, sdk_version, firmware, entries })
    }
}

impl LogEntry {
    fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut words = [0; ENTRY_DWORDS];
        for word in &mut words {
            *word = reader.u32()?;
        }
        Ok(Self(words))
    }
}
