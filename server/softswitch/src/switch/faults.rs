//! What breaks: links that train badly, adapters torn out, errors on the bus, heat; and its healing.

use std::sync::Arc;

use patchbay_switchtec::PhysicalPort;
use patchbay_switchtec::command::events::{AdvancedError, EventKind};
use patchbay_switchtec::registers::PortEvent;

use super::{Raised, Switch};
use crate::control::Severity;
use crate::rack::Lanes;

/// The header log holds the packet at fault (section 5.8).
const HEADER_VALID: u8 = 1;
/// The error was corrected (section 5.8).
const CORRECTABLE: u8 = 4;
/// Bits of the error status registers as PCI Express has them.
const BAD_TLP: u32 = 1 << 6;
const MALFORMED_TLP: u32 = 1 << 18;
const UNSUPPORTED_REQUEST: u32 = 1 << 20;
/// A memory read of one dword, as a packet's header: the request an error report is about.
const MEMORY_READ: [u32; 4] = [0x0000_0001, 0x0100_000F, 0xFEE0_0000, 0];

impl Switch {
    /// Plugs a port's cable or adapter in, or pulls it out.
    pub(crate) fn plug(&mut self, port: PhysicalPort, plugged: bool) -> Vec<Raised> {
        self.relink(port, |port| port.plugged = plugged)
    }

    /// Tears an adapter out of its slot: the port contains the error before it notices the empty slot.
    pub(crate) fn tear_out(&mut self, slot: PhysicalPort) -> Vec<Raised> {
        let first = [PortEvent::Uec, PortEvent::Hotplug];
        let mut raised: Vec<_> = first.into_iter().map(|event| Raised::Port(slot, event)).collect();
        raised.extend(self.plug(slot, false));
        raised
    }

    /// Lets a link train to a width and rate within what its port is built for.
    pub(crate) fn train(&mut self, port: PhysicalPort, to: Lanes) -> Vec<Raised> {
        self.relink(port, |port| port.trains_to = to)
    }

    /// Reports an error on a port's link; `time_us` is the switch's own time.
    pub(crate) fn report_error(&self, port: PhysicalPort, severity: Severity, time_us: u64) -> Vec<Raised> {
        let (flags, status, header) = match severity {
            Severity::Correctable => (CORRECTABLE, BAD_TLP, [0; 4]),
            Severity::NonFatal => (HEADER_VALID, UNSUPPORTED_REQUEST, MEMORY_READ),
            Severity::Fatal => (HEADER_VALID, MALFORMED_TLP, MEMORY_READ),
        };
        let error = AdvancedError { port: port.get().into(), flags, status, time: time_us, header };
        let mut raised =
            vec![Raised::Gfms(EventKind::AdvancedError(error)), Raised::Port(port, PortEvent::AerInP2p)];
        if severity == Severity::Fatal {
            raised.push(Raised::Port(port, PortEvent::Uec));
        }
        raised
    }

    /// Sets the die temperature.
    pub(crate) fn set_temperature(&mut self, centi: u32) {
        Arc::make_mut(&mut self.rack).temperature_centi = centi;
    }

    /// Ends every fault of the rack: what the rack file has plugged in is plugged in and trains at least as well as
    /// there, and the temperature is the file's. What whoever manages the switch has set stays as it is, and so do
    /// other adapters and names.
    pub(crate) fn heal(&mut self) -> Vec<Raised> {
        self.set_temperature(self.built().temperature_centi);
        let built = Self::new(Arc::clone(&self.built));
        let mut raised = Vec::new();
        for (number, whole) in built.ports() {
            raised.extend(self.relink(number, |port| {
                port.plugged |= whole.plugged;
                port.trains_to = Lanes {
                    width: port.trains_to.width.max(whole.trains_to.width),
                    rate: port.trains_to.rate.max(whole.trains_to.rate),
                };
            }));
        }
        raised
    }
}
