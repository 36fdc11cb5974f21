//! What ports are used for: PORT_CONFIG set (section 5.6).

use patchbay_switchtec::command::events::EventKind;
use patchbay_switchtec::command::port_config::{PortConfig, PortConfigSet};
use patchbay_switchtec::{PhysicalPort, PortType, code};

use super::{FarEnd, Port, Raised, Switch};
use crate::picture::MAX_HOST_INSTANCES;

impl Switch {
    /// Configures a port. A setting that is not given stays; the error is the result code of the first rule broken.
    ///
    /// Whatever is bound to a host port that is none any more, or belongs to an adapter on a port that is no adapter
    /// port any more, gets unbound. Links come and go without events of their own: the port does (section 7).
    pub(crate) fn set_port_config(&mut self, set: &PortConfigSet) -> Result<(PortConfig, Vec<Raised>), u32> {
        let port = set.port;
        let before = self.port(port).ok_or(code::INVALID_PORT)?.config;
        let after = PortConfig {
            port_type: set.port_type,
            clock_source: set.clock_source.unwrap_or(before.clock_source),
            sris: set.sris.unwrap_or(before.sris),
            hvd: set.hvd.unwrap_or(before.hvd),
        };
        self.check_config(port, after)?;
        let is_same_use = before.port_type == after.port_type
            && (before.port_type != PortType::Host || before.hvd == after.hvd);
        let mut raised = if is_same_use { Vec::new() } else { self.leave_use(port, before, after) };
        if let Some(state) = self.ports.get_mut(&port) {
            state.config = after;
            state.settle();
        }
        if !is_same_use {
            raised.extend(enter_use(port, after));
        }
        Ok((after, raised))
    }

    fn check_config(&self, port: PhysicalPort, config: PortConfig) -> Result<(), u32> {
        let leads_to_switch = self.port(port).is_some_and(|port| port.far_end == FarEnd::Switch);
        let is_known = match config.port_type {
            PortType::Unused | PortType::Endpoint | PortType::Host => true,
            PortType::FabricLink => leads_to_switch,
            PortType::Other(_) => false,
        };
        let has_instance = |(other, state): (PhysicalPort, &Port)| {
            other != port && state.config.port_type == PortType::Host && state.config.hvd == config.hvd
        };
        let instance_is_free = config.hvd < MAX_HOST_INSTANCES && !self.ports().any(has_instance);
        let is_possible = config.port_type != PortType::Host || instance_is_free;
        if is_known && is_possible && config.sris <= 1 { Ok(()) } else { Err(code::BAD_PARAMETER) }
    }

    fn leave_use(&mut self, port: PhysicalPort, before: PortConfig, after: PortConfig) -> Vec<Raised> {
        match before.port_type {
            PortType::Host => {
                let stays_host = after.port_type == PortType::Host;
                let mut raised = if stays_host { Vec::new() } else { self.unbind_host(port) };
                raised.push(Raised::Gfms(EventKind::HvdDisabled {
                    hvd: before.hvd,
                    port,
                    clock_channel: before.clock_source,
                }));
                raised
            }
            PortType::Endpoint => {
                let mut raised = self.unbind_adapter(port);
                raised.push(Raised::Gfms(EventKind::EndpointPortRemoved { port }));
                raised
            }
            PortType::Unused | PortType::FabricLink | PortType::Other(_) => Vec::new(),
        }
    }
}

fn enter_use(port: PhysicalPort, config: PortConfig) -> Option<Raised> {
    match config.port_type {
        PortType::Host => Some(Raised::Gfms(EventKind::HvdEnabled {
            hvd: config.hvd,
            port,
            clock_channel: config.clock_source,
        })),
        PortType::Endpoint => Some(Raised::Gfms(EventKind::EndpointPortAdded { port })),
        PortType::Unused | PortType::FabricLink | PortType::Other(_) => None,
    }
}
