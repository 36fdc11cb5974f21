//! What the switch notes down of what happens to it: entries of the log, and event counters.

use patchbay_switchtec::command::events::{AdvancedError, EventKind};
use patchbay_switchtec::command::performance::CounterEvent;
use patchbay_switchtec::registers::PortEvent;
use patchbay_switchtec::{PhysicalPort, PortType};

use super::{Raised, Switch};
use crate::log::Happened;
use crate::rack::Link;

/// An advanced error that was corrected (section 5.8).
const CORRECTABLE: u8 = 4;
/// Bits of PCI Express' correctable error status, and what the counters call them.
const CORRECTED: [(u32, CounterEvent); 5] = [
    (0, CounterEvent::Receiver),
    (6, CounterEvent::BadTlp),
    (7, CounterEvent::BadDllp),
    (8, CounterEvent::ReplayRollover),
    (12, CounterEvent::ReplayTimeout),
];
/// Bits of PCI Express' uncorrectable error status, and what the counters call them.
const UNCORRECTED: [(u32, CounterEvent); 9] = [
    (4, CounterEvent::DataLinkProtocol),
    (5, CounterEvent::SurpriseDown),
    (12, CounterEvent::PoisonedTlp),
    (15, CounterEvent::CompleterAbort),
    (17, CounterEvent::ReceiverOverflow),
    (18, CounterEvent::MalformedTlp),
    (19, CounterEvent::Ecrc),
    (20, CounterEvent::UnsupportedRequest),
    (22, CounterEvent::Internal),
];

impl Switch {
    /// Notes an event down before its register is set; the port at which a counter reached its threshold by it.
    pub(super) fn note(&mut self, event: &Raised) -> Option<PhysicalPort> {
        match event {
            Raised::Port(port, PortEvent::LinkState) => self.note_link(*port),
            // Only an adapter that is torn out raises this: one that is announced goes without an error.
            Raised::Port(port, PortEvent::Hotplug) => {
                self.counters.count(*port, CounterEvent::SurpriseDown).then_some(*port)
            }
            Raised::Gfms(EventKind::AdvancedError(error)) => self.count_error(error),
            Raised::Port(..) | Raised::Gfms(_) => None,
        }
    }

    fn note_link(&mut self, port: PhysicalPort) -> Option<PhysicalPort> {
        let is_up = matches!(self.link(port), Link::Up(_));
        let happened = if is_up { Happened::LinkUp(port) } else { Happened::LinkDown(port) };
        self.log.add(self.uptime.elapsed(), happened);
        // A port that is switched off takes its link down on purpose; a host's cable that is pulled does not.
        let is_unplugged = self.port(port).is_some_and(|port| !port.plugged);
        let surprised = !is_up && is_unplugged && self.port_type(port) == PortType::Host;
        (surprised && self.counters.count(port, CounterEvent::SurpriseDown)).then_some(port)
    }

    fn count_error(&mut self, error: &AdvancedError) -> Option<PhysicalPort> {
        let port = PhysicalPort::new(u8::try_from(error.port).ok()?);
        let is_corrected = error.flags & CORRECTABLE != 0;
        let table: &[_] = if is_corrected { &CORRECTED } else { &UNCORRECTED };
        let mut reached = false;
        for (_, event) in table.iter().filter(|(bit, _)| error.status & 1 << bit != 0) {
            reached |= self.counters.count(port, *event);
        }
        reached.then_some(port)
    }
}
