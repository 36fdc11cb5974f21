//! A caller's turn on the connection: one request, or one whole dump conversation.

use std::time::Duration;

use tokio::sync::MutexGuard;
use tokio::time::Instant;

use super::error::{ClientError, LineError};
use super::line::{AskError, Line};
use crate::command::Command;
use crate::packet::GasAccess;
use crate::units::PaxAddress;

/// The connection between two turns, or when the next attempt to make one is allowed.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) line: Option<Line>,
    pub(super) failures: u32,
    pub(super) retry_at: Option<Instant>,
}

impl Slot {
    /// Doubles the pause before the next attempt, within the bounds.
    pub(super) fn failed(&mut self, first: Duration, longest: Duration) {
        let pause = first.saturating_mul(1 << self.failures.min(16)).min(longest);
        self.failures = self.failures.saturating_add(1);
        self.retry_at = Some(Instant::now() + pause);
    }

    /// Forgets past failures.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
        self.retry_at = None;
    }
}

/// Exclusive use of an open connection.
///
/// While something is unfinished, dropping the turn drops the connection, so that an answer nobody waited for can
/// never be taken for the answer to the next request.
pub(super) struct Turn<'a> {
    slot: MutexGuard<'a, Slot>,
    line: Option<Line>,
    unfinished: bool,
    client: &'a super::Client,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.unfinished {
            self.slot.line = self.line.take();
        }
    }
}

impl<'a> Turn<'a> {
    pub(super) fn new(slot: MutexGuard<'a, Slot>, line: Line, client: &'a super::Client) -> Self {
        Self { slot, line: Some(line), unfinished: false, client }
    }

    /// Asks one thing.
    pub(super) async fn ask<C: Command>(&mut self, command: &C) -> Result<C::Answer, ClientError> {
        let pax = PaxAddress::Index(self.client.identity().switch);
        let (line, before) = self.begin(C::ASKS)?;
        let answer = line.ask(pax, command).await;
        self.end(C::ASKS, before, answer)
    }

    /// Reads or writes registers.
    pub(super) async fn access(
        &mut self,
        asked: &'static str,
        access: GasAccess,
    ) -> Result<Vec<u8>, ClientError> {
        let (line, before) = self.begin(asked)?;
        let answer = match access {
            GasAccess::Read { offset, count } => line.read_registers(offset, count).await,
            write => line.access(write).await,
        };
        self.end(asked, before, answer)
    }

    /// Opens a conversation: until [`Turn::close`], dropping the turn drops the connection.
    pub(super) fn open(&mut self) {
        self.unfinished = true;
    }

    /// Ends a conversation.
    pub(super) fn close(&mut self) {
        self.unfinished = false;
    }

    pub(super) fn begin(&mut self, asked: &'static str) -> Result<(&mut Line, bool), ClientError> {
        let before = std::mem::replace(&mut self.unfinished, true);
        let address = self.client.address();
        let line = self.line.as_mut().ok_or(ClientError::Interrupted {
            address,
            asked,
            source: LineError::Closed,
        })?;
        Ok((line, before))
    }

    pub(super) fn end<T>(
        &mut self,
        asked: &'static str,
        before: bool,
        answer: Result<T, AskError>,
    ) -> Result<T, ClientError> {
        let address = self.client.address();
        let error = match answer {
            Ok(answer) => {
                self.unfinished = before;
                return Ok(answer);
            }
            Err(AskError::Refused(error)) => {
                // The answer came complete; a conversation it ends has nothing left to collect.
                self.unfinished = false;
                return Err(ClientError::Refused(error));
            }
            Err(AskError::Line(LineError::Decode(source)) | AskError::Answer(source)) => {
                ClientError::Protocol { address, asked, source }
            }
            Err(AskError::Line(source)) => ClientError::Interrupted { address, asked, source },
        };
        self.line = None;
        let options = self.client.options();
        self.slot.failed(options.first_pause, options.longest_pause);
        Err(error)
    }
}
