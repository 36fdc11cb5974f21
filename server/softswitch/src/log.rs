//! The log in an emulated switch's memory: a bounded ring of what has happened since the start.
//!
//! The sheet gives no meaning to an entry's words (section 5.13). Ours, in the shape of the recorded entry:
//! microseconds since the start in two words, high one first, a number whose low half says what happened, then up to
//! two details.

use std::collections::VecDeque;
use std::time::Duration;

use patchbay_switchtec::command::log::{LOG_START, LogEntry, LogGet, LogPiece, MAX_LOG_ENTRIES};
use patchbay_switchtec::command::port_control::PortOperation;
use patchbay_switchtec::{FirmwareVersion, PhysicalPort};

use crate::rack::Counters as Source;

/// Most entries kept; the oldest make room.
const MAX_ENTRIES: usize = 512;
/// Upper half of an entry's third word, as in the recorded one: severity 3, module 1.
const ORIGIN: u32 = 0x3001_0000;
/// The only entry of the recorded scenario.
const SCENARIO_ENTRY: LogEntry = LogEntry([0, 12_345_678, ORIGIN | 2, 1, 2, 3, 4, 5]);

/// What is worth an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happened {
    /// The switch started.
    Started,
    /// A port's link came up.
    LinkUp(PhysicalPort),
    /// A port's link went away.
    LinkDown(PhysicalPort),
    /// Somebody controlled a port.
    Controlled(PhysicalPort, PortOperation),
}

impl Happened {
    fn words(self) -> [u32; 3] {
        let number = |port: PhysicalPort| u32::from(port.get());
        match self {
            Self::Started => [1, 0, 0],
            Self::LinkUp(port) => [2, number(port), 0],
            Self::LinkDown(port) => [3, number(port), 0],
            Self::Controlled(port, operation) => [4, number(port), operation_number(operation)],
        }
    }
}

fn operation_number(operation: PortOperation) -> u32 {
    match operation {
        PortOperation::Disable => 0,
        PortOperation::Enable => 1,
        PortOperation::Retrain => 2,
        PortOperation::HotReset(_) => 3,
    }
}

/// The log.
#[derive(Debug, Clone)]
pub(crate) struct RamLog {
    source: Source,
    firmware: FirmwareVersion,
    entries: VecDeque<LogEntry>,
    /// How many entries have been dropped: the number of the oldest that is left.
    dropped: u32,
}

impl RamLog {
    /// A log that holds the start, or the scenario's only entry.
    pub(crate) fn new(source: Source, firmware: FirmwareVersion) -> Self {
        let mut log = Self { source, firmware, entries: VecDeque::new(), dropped: 0 };
        match source {
            Source::True => log.add(Duration::ZERO, Happened::Started),
            Source::Scenario => {
                log.entries.push_back(SCENARIO_ENTRY);
                // The recorded switch did not say which firmware wrote its log.
                log.firmware = FirmwareVersion(0);
            }
        }
        log
    }

    /// Adds an entry, except to the scenario's log, which never grows.
    pub(crate) fn add(&mut self, since_start: Duration, happened: Happened) {
        if self.source == Source::Scenario {
            return;
        }
        if self.entries.len() == MAX_ENTRIES {
            self.entries.pop_front();
            self.dropped = self.dropped.saturating_add(1);
        }
        let [what, first, second] = happened.words();
        let time_us = u64::try_from(since_start.as_micros()).unwrap_or(u64::MAX);
        let (high, low) = ((time_us >> 32) as u32, time_us as u32);
        self.entries.push_back(LogEntry([high, low, ORIGIN | what, first, second, 0, 0, 0]));
    }

    /// A piece of the log. Entries are numbered since the start of the switch, so that a reader who is interrupted
    /// by new ones goes on where it was.
    pub(crate) fn piece(&self, get: &LogGet) -> LogPiece {
        let total = self.entries.len();
        let asked = if get.count == 0 { MAX_LOG_ENTRIES } else { get.count as usize };
        let numbered = (self.dropped..).zip(self.entries.iter().copied());
        let wanted: Vec<_> = if get.from_end {
            // A start is the number of the newest entry that is still wanted; LOG_START is above all numbers.
            let mut wanted: Vec<_> = numbered.filter(|(number, _)| *number <= get.start).collect();
            wanted.reverse();
            wanted
        } else {
            let start = if get.start == LOG_START { 0 } else { get.start };
            numbered.filter(|(number, _)| *number >= start).collect()
        };
        let count = wanted.len().min(asked).min(MAX_LOG_ENTRIES);
        let next_start = wanted.get(count).map_or(0, |(number, _)| *number);
        LogPiece {
            sub: get.sub(),
            from_end: get.from_end,
            overflow: self.dropped != 0,
            total: total as u32,
            remaining: (wanted.len() - count) as u32,
            next_start,
            sdk_version: 0,
            firmware: self.firmware,
            entries: wanted[..count].iter().map(|(_, entry)| *entry).collect(),
        }
    }

    /// A piece of a log that holds nothing: an emulated switch has no flash.
    pub(crate) fn empty_piece(&self, get: &LogGet) -> LogPiece {
        LogPiece {
            sub: get.sub(),
            from_end: get.from_end,
            overflow: false,
            total: 0,
            remaining: 0,
            next_start: 0,
            sdk_version: 0,
            firmware: self.firmware,
            entries: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use patchbay_switchtec::command::log::{LogForm, LogSource};

    fn get(from_end: bool, start: u32) -> LogGet {
        LogGet { source: LogSource::Ram, form: LogForm::Gen4, from_end, count: 0, start }
    }

    fn read(log: &RamLog, from_end: bool) -> Vec<u32> {
        let (mut start, mut seconds) = (LOG_START, Vec::new());
        loop {
            let piece = log.piece(&get(from_end, start));
            assert!(piece.entries.len() <= MAX_LOG_ENTRIES);
            seconds.extend(piece.entries.iter().map(|entry| entry.0[1] / 1_000_000));
            if piece.remaining == 0 {
                return seconds;
            }
            start = piece.next_start;
        }
    }

    #[test]
    fn the_log_is_read_in_pieces_from_either_end() {
        let mut log = RamLog::new(Source::True, FirmwareVersion(1));
        for second in 1..100 {
            log.add(Duration::from_secs(second), Happened::LinkDown(PhysicalPort::new(4)));
        }
        assert_eq!(read(&log, false), (0..100).collect::<Vec<_>>());
        assert_eq!(read(&log, true), (0..100).rev().collect::<Vec<_>>());
        assert!(!log.piece(&get(false, LOG_START)).overflow);
        assert_eq!(log.piece(&get(false, 99)).entries[0].0, [0, 99_000_000, ORIGIN | 3, 4, 0, 0, 0, 0]);
    }

    #[test]
    fn the_oldest_entries_make_room() {
        let mut log = RamLog::new(Source::True, FirmwareVersion(1));
        let last = MAX_ENTRIES as u64 + 9;
        for second in 1..=last {
            log.add(Duration::from_secs(second), Happened::LinkUp(PhysicalPort::new(4)));
        }
        let seconds = read(&log, false);
        assert_eq!((seconds.len(), seconds[0]), (MAX_ENTRIES, 10));
        let piece = log.piece(&get(false, 3));
        assert!(piece.overflow);
        assert_eq!(piece.entries[0].0[1], 10_000_000, "a start that is gone begins at the oldest");
    }
}
