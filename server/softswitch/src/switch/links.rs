//! What happens to links: cables, adapters, PORT_CONTROL, and the events that follow (section 7).

use patchbay_switchtec::command::events::EventKind;
use patchbay_switchtec::command::port_control::{HotResetFlag, PortControl, PortOperation};
use patchbay_switchtec::registers::PortEvent;
use patchbay_switchtec::{PhysicalPort, PortType, code};

use super::{Port, Raised, Switch};
use crate::log::Happened;
use crate::rack::Link;

/// A port that is not there, or not of the right kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("port {0} does not exist or is of another kind")]
pub struct NoSuchPort(pub PhysicalPort);

impl Switch {
    /// Carries out PORT_CONTROL (section 5.7); the error is the result code.
    pub(crate) fn port_control(&mut self, control: &PortControl) -> Result<Vec<Raised>, u32> {
        let port = control.port;
        self.port(port).ok_or(code::INVALID_PORT)?;
        self.log.add(self.uptime.elapsed(), Happened::Controlled(port, control.operation));
        match control.operation {
            PortOperation::Disable => Ok(self.relink(port, |port| port.enabled = false)),
            PortOperation::Enable => Ok(self.relink(port, |port| port.enabled = true)),
            // The link comes back as it was: what it trains to has not changed.
            PortOperation::Retrain => Ok(Vec::new()),
            PortOperation::HotReset(HotResetFlag::Set) => {
                Ok(self.relink(port, |port| port.reset_held = true))
            }
            PortOperation::HotReset(HotResetFlag::Clear) => {
                Ok(self.relink(port, |port| port.reset_held = false))
            }
            PortOperation::HotReset(HotResetFlag::NotGiven) => Err(code::BAD_PARAMETER),
        }
    }

    /// Changes a host port's link.
    pub(crate) fn set_host_link(
        &mut self,
        port: PhysicalPort,
        link: Link,
    ) -> Result<Vec<Raised>, NoSuchPort> {
        self.host(port).ok_or(NoSuchPort(port))?;
        Ok(self.relink(port, |port| port.force(link)))
    }

    /// Changes a slot's link. An adapter that goes away takes its bindings with it, and comes back unbound.
    pub(crate) fn set_slot_link(
        &mut self,
        port: PhysicalPort,
        link: Link,
    ) -> Result<Vec<Raised>, NoSuchPort> {
        self.slot(port).ok_or(NoSuchPort(port))?;
        Ok(self.relink(port, |port| port.force(link)))
    }

    /// Changes causes of a port's link, and says what follows. A reset that is set or cleared raises nothing: whoever
    /// manages the switch asked for it, and the same adapter comes back with the same bindings.
    pub(super) fn relink(&mut self, port: PhysicalPort, change: impl FnOnce(&mut Port)) -> Vec<Raised> {
        let Some(state) = self.ports.get_mut(&port) else { return Vec::new() };
        let before = state.link();
        change(state);
        state.settle();
        let after = state.link();
        let stays_up = matches!((before, after), (Link::Up(_), Link::Up(_)));
        if before != after && !stays_up {
            self.reset_functions(port);
        }
        let mut raised = match (before.is_attached(), after.is_attached()) {
            (true, false) => self.gone(port),
            (false, true) => self.come(port),
            _ => Vec::new(),
        };
        let only_reset =
            before.is_attached() && after.is_attached() && [before, after].contains(&Link::Reset);
        if before != after && !only_reset {
            raised.push(Raised::Port(port, PortEvent::LinkState));
        }
        raised
    }

    fn gone(&mut self, port: PhysicalPort) -> Vec<Raised> {
        match self.port_type(port) {
            PortType::Host => vec![Raised::Gfms(EventKind::HostLinkDown { port })],
            PortType::Endpoint => {
                let mut raised = self.unbind_adapter(port);
                let functions = self.function_count(port);
                raised.push(Raised::Gfms(EventKind::DeviceDeleted { port, functions }));
                raised
            }
            PortType::Unused | PortType::FabricLink | PortType::Other(_) => Vec::new(),
        }
    }

    fn come(&self, port: PhysicalPort) -> Vec<Raised> {
        match self.port_type(port) {
            PortType::Host => vec![Raised::Gfms(EventKind::HostLinkUp { port })],
            PortType::Endpoint => {
                let functions = self.function_count(port);
                vec![Raised::Gfms(EventKind::DeviceAdded { port, functions })]
            }
            PortType::Unused | PortType::FabricLink | PortType::Other(_) => Vec::new(),
        }
    }

    /// An adapter that is reset, or whose link goes, forgets what was written to it.
    fn reset_functions(&mut self, port: PhysicalPort) {
        let functions: Vec<_> = self
            .slot(port)
            .map_or(&[][..], |slot| &slot.adapter.functions)
            .iter()
            .map(|function| function.pdfid)
            .collect();
        self.endpoints.forget(&functions);
    }

    fn function_count(&self, port: PhysicalPort) -> u16 {
        self.slot(port).map_or(0, |slot| slot.adapter.functions.len() as u16)
    }
}
