//! Events that wait for their command's answer to be written (section 7).

use std::collections::VecDeque;

use super::{Raised, Switch};

/// Events in the order of the changes that raised them, not yet recorded. Every connection has one command under way,
/// so there are at most as many as the connections' commands can raise.
#[derive(Debug, Clone, Default)]
pub(super) struct Outbox {
    waiting: VecDeque<Raised>,
    recorded: u64,
}

/// The events up to here may be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

impl Switch {
    /// Puts events aside until [`Self::record`]; `None` when there are none.
    pub(crate) fn put_aside(&mut self, raised: Vec<Raised>) -> Option<Ticket> {
        if raised.is_empty() {
            return None;
        }
        self.outbox.waiting.extend(raised);
        Some(Ticket(self.outbox.recorded + self.outbox.waiting.len() as u64))
    }

    /// Records the events of a ticket and all before them, so that events keep the order of the changes: the answer
    /// to an earlier command may take longer to write. The number of notifications clients want (section 1.7).
    pub(crate) fn record(&mut self, ticket: Ticket) -> u64 {
        let mut notifications = 0;
        while self.outbox.recorded < ticket.0 {
            let Some(event) = self.outbox.waiting.pop_front() else { break };
            self.outbox.recorded += 1;
            notifications += self.record_event(event);
        }
        notifications
    }

    /// Records everything.
    pub(crate) fn record_all(&mut self) {
        self.record(Ticket(u64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use patchbay_switchtec::PhysicalPort;
    use patchbay_switchtec::command::events::EventKind;

    use super::*;
    use crate::rack::Rack;

    fn raised(ids: &[u8]) -> Vec<Raised> {
        let event = |id: &u8| Raised::Gfms(EventKind::EndpointPortAdded { port: PhysicalPort::new(*id) });
        ids.iter().map(event).collect()
    }

    fn recorded(switch: &Switch) -> Vec<EventKind> {
        switch.queue.events().map(|event| event.kind.clone()).collect()
    }

    #[test]
    fn events_keep_the_order_of_the_changes_whoever_is_ready_first() {
        let mut switch = Switch::new(Rack::transcripts().unwrap().into());
        assert_eq!(switch.put_aside(Vec::new()), None);
        let early = switch.put_aside(raised(&[1, 2])).unwrap();
        let late = switch.put_aside(raised(&[3])).unwrap();
        let later = switch.put_aside(raised(&[4])).unwrap();
        switch.record(late);
        let so_far: Vec<_> = recorded(&switch);
        assert_eq!(so_far.len(), 3, "those of the earlier change come along");
        switch.record(early);
        assert_eq!(recorded(&switch), so_far, "and are not recorded twice");
        switch.record(later);
        let all = [1, 2, 3, 4].map(|id| EventKind::EndpointPortAdded { port: PhysicalPort::new(id) });
        assert_eq!(recorded(&switch), all);
    }
}
