//! The fabric manager's event queue (section 5.8).

use std::collections::VecDeque;

use patchbay_switchtec::command::events::{EventBatch, GfmsEvent, MAX_ENTRIES_BYTES, MAX_EVENTS};

/// Most events kept: well under the 128 above which the command-line tool writes past its array.
pub(crate) const MAX_QUEUED_EVENTS: usize = 64;

/// Events that have not been read; the oldest are lost first.
#[derive(Debug, Clone, Default)]
pub(crate) struct EventQueue {
    events: VecDeque<GfmsEvent>,
    overflow: bool,
    recorded: u64,
}

impl EventQueue {
    /// A queue as it was before a restart of the program; events beyond [`MAX_QUEUED_EVENTS`] are lost.
    pub(crate) fn restored(events: Vec<GfmsEvent>, overflow: bool, recorded: u64) -> Self {
        let mut queue = Self { overflow, ..Self::default() };
        events.into_iter().for_each(|event| queue.push(event));
        Self { recorded, ..queue }
    }

    /// The events that wait, oldest first.
    pub(crate) fn events(&self) -> impl Iterator<Item = &GfmsEvent> {
        self.events.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether events were lost and nobody has been told yet.
    pub(crate) fn has_overflowed(&self) -> bool {
        self.overflow
    }

    /// How many events there have been since power-up.
    pub(crate) fn recorded(&self) -> u64 {
        self.recorded
    }

    pub(crate) fn push(&mut self, event: GfmsEvent) {
        self.recorded += 1;
        if self.events.len() == MAX_QUEUED_EVENTS {
            self.events.pop_front();
            self.overflow = true;
        }
        self.events.push_back(event);
    }

    pub(crate) fn clear(&mut self) {
        self.events.clear();
        self.overflow = false;
    }

    /// Takes at most `max` events, and no more than fit into one answer. The overflow flag is reported until a
    /// get that took something has reported it.
    pub(crate) fn take(&mut self, max: u16) -> EventBatch {
        let mut events = Vec::new();
        let mut room = MAX_ENTRIES_BYTES;
        while events.len() < usize::from(max.min(MAX_EVENTS)) {
            let Some(event) = self.events.pop_front_if(|event| event.encoded_bytes() <= room) else { break };
            room -= event.encoded_bytes();
            events.push(event);
        }
        let overflow = self.overflow;
        if !events.is_empty() {
            self.overflow = false;
        }
        EventBatch { events, remaining: self.events.len() as u16, overflow }
    }
}
