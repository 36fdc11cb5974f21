//! The emulated switch itself: ports, adapters, bindings, events. No sockets, no time.

mod adapters;
mod binding;
mod bindings;
mod config;
mod faults;
mod links;
mod models;
mod notes;
mod outbox;
mod port;

pub use links::NoSuchPort;
pub(crate) use outbox::Ticket;
pub(crate) use port::{FarEnd, Port};

use std::collections::BTreeMap;
use std::sync::Arc;

use patchbay_switchtec::command::events::{EventKind, GfmsEvent};
use patchbay_switchtec::command::sections::BoundTo;
use patchbay_switchtec::registers::PortEvent;
use patchbay_switchtec::{HostPort, LogicalPort, Pdfid, PhysicalPort, PortType};

use self::bindings::Bindings;
use self::outbox::Outbox;
use crate::clock::{Clock, SystemClock, Uptime};
use crate::counters::Counters;
use crate::endpoint::Endpoints;
use crate::log::RamLog;
use crate::queue::EventQueue;
use crate::rack::{Binding, Host, Link, Rack, Slot};
use crate::registers::{Fixed, Registers};

/// Logical ports of a port that the rack does not lead to a host and that is configured as one all the same.
const SPARE_LOGICAL_PORTS: u8 = 8;

/// Something clients are told about (section 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Raised {
    /// An event for the fabric manager's queue.
    Gfms(EventKind),
    /// An event of a port function.
    Port(PhysicalPort, PortEvent),
}

/// The state of the switch.
#[derive(Debug, Clone)]
pub(crate) struct Switch {
    /// The rack as it is now: adapters may have been swapped and functions renamed since the start.
    pub(crate) rack: Arc<Rack>,
    /// The rack as its file has it.
    built: Arc<Rack>,
    /// Models of adapters that were swapped in.
    swapped: BTreeMap<PhysicalPort, String>,
    ports: BTreeMap<PhysicalPort, Port>,
    bindings: Bindings,
    outbox: Outbox,
    pub(crate) queue: EventQueue,
    pub(crate) registers: Registers,
    pub(crate) uptime: Uptime,
    pub(crate) counters: Counters,
    pub(crate) endpoints: Endpoints,
    pub(crate) log: RamLog,
}

/// A host port that is configured as one, with its place among the host instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HostInstance {
    pub(crate) instance: u8,
    pub(crate) port: PhysicalPort,
    pub(crate) logical_ports: u8,
}

impl Switch {
    /// The switch as the rack describes it, with nothing bound, and the machine's own clock.
    pub(crate) fn new(rack: Arc<Rack>) -> Self {
        Self::with_clock(rack, Arc::new(SystemClock::default()))
    }

    /// The switch as the rack describes it, with nothing bound, just started by `clock`.
    pub(crate) fn with_clock(rack: Arc<Rack>, clock: Arc<dyn Clock>) -> Self {
        let hosts = rack.hosts.iter().enumerate().map(|(instance, host)| {
            (host.port, Port::new(host.lanes, FarEnd::Host, instance as u8, host.link))
        });
        let slots =
            rack.slots.iter().map(|slot| (slot.port, Port::new(slot.lanes, FarEnd::Adapter, 0, slot.link)));
        let fabric = (rack.fabric_ports.iter())
            .map(|fabric| (fabric.port, Port::new(fabric.lanes, FarEnd::Switch, 0, Link::Down)));
        let ports: BTreeMap<_, _> = hosts.chain(slots).chain(fabric).collect();
        let fixed = Fixed { device: rack.device.0, firmware: rack.firmware.0, pffs: ports.len() as u8 };
        let registers = Registers::new(fixed);
        Self {
            built: Arc::clone(&rack),
            swapped: BTreeMap::new(),
            ports,
            bindings: Bindings::default(),
            outbox: Outbox::default(),
            queue: EventQueue::default(),
            registers,
            uptime: Uptime::start(clock),
            counters: Counters::new(rack.counters),
            endpoints: Endpoints::default(),
            log: RamLog::new(rack.counters, rack.firmware),
            rack,
        }
    }

    /// The rack as its file has it.
    pub(crate) fn built(&self) -> &Rack {
        &self.built
    }

    /// A switch that has just been built of the rack as it is now, with nothing bound.
    pub(crate) fn rebuilt(&self) -> Self {
        let (built, swapped) = (Arc::clone(&self.built), self.swapped.clone());
        Self { built, swapped, ..Self::with_clock(Arc::clone(&self.rack), self.uptime.clock()) }
    }

    /// All ports in ascending order; the index is the port function's.
    pub(crate) fn ports(&self) -> impl Iterator<Item = (PhysicalPort, &Port)> {
        self.ports.iter().map(|(number, port)| (*number, port))
    }

    pub(crate) fn port(&self, port: PhysicalPort) -> Option<&Port> {
        self.ports.get(&port)
    }

    pub(crate) fn link(&self, port: PhysicalPort) -> Link {
        self.port(port).map_or(Link::Down, Port::link)
    }

    pub(crate) fn port_type(&self, port: PhysicalPort) -> PortType {
        self.port(port).map_or(PortType::Unused, |port| port.config.port_type)
    }

    /// The host at the other end of a port's cable.
    pub(crate) fn host(&self, port: PhysicalPort) -> Option<&Host> {
        self.rack.hosts.iter().find(|host| host.port == port)
    }

    /// The slot at a port.
    pub(crate) fn slot(&self, port: PhysicalPort) -> Option<&Slot> {
        self.rack.slots.iter().find(|slot| slot.port == port)
    }

    /// The slot that holds a function. There may be thousands, most of them named one after the other.
    pub(crate) fn slot_of(&self, function: Pdfid) -> Option<&Slot> {
        let slots = &self.rack.slots;
        let at_a_glance = slots.iter().find(|slot| slot.adapter.has_in_order(function));
        at_a_glance.or_else(|| slots.iter().find(|slot| slot.adapter.has(function)))
    }

    /// How many logical ports a host port has; `None` for a port that is not configured as one.
    pub(crate) fn logical_ports(&self, port: PhysicalPort) -> Option<u8> {
        (self.port_type(port) == PortType::Host)
            .then(|| self.host(port).map_or(SPARE_LOGICAL_PORTS, |host| host.logical_ports))
    }

    /// The host instances in ascending order.
    pub(crate) fn host_instances(&self) -> Vec<HostInstance> {
        let instance = |(number, port): (PhysicalPort, &Port)| {
            let logical_ports = self.logical_ports(number)?;
            Some(HostInstance { instance: port.config.hvd, port: number, logical_ports })
        };
        let mut instances: Vec<_> = self.ports().filter_map(instance).collect();
        instances.sort_by_key(|host| host.instance);
        instances
    }

    /// Where a function is bound.
    pub(crate) fn bound_to(&self, function: Pdfid) -> Option<BoundTo> {
        let (port, logical_port) = self.bindings.place_of(function)?;
        Some(BoundTo { host: HostPort { switch: self.rack.index, port }, logical_port })
    }

    /// The functions on a logical port, by slot.
    pub(crate) fn functions_on(&self, port: PhysicalPort, logical_port: LogicalPort) -> &[Pdfid] {
        self.bindings.at((port, logical_port))
    }

    /// All bindings in the order of ports and logical ports.
    pub(crate) fn bindings(&self) -> Vec<Binding> {
        let bindings = self.bindings.iter().map(|((port, logical_port), functions)| {
            let functions = functions.to_vec();
            Binding { port, logical_port, functions }
        });
        bindings.collect()
    }

    /// A switch that has just been built of the rack as its file has it.
    pub(crate) fn rebuilt_as_filed(&self) -> Self {
        Self::with_clock(Arc::clone(&self.built), self.uptime.clock())
    }

    /// Changes a port without telling anybody: for a switch nobody has seen yet.
    pub(crate) fn change_port(&mut self, port: PhysicalPort, change: impl FnOnce(&mut Port)) {
        if let Some(port) = self.ports.get_mut(&port) {
            change(port);
            port.settle();
        }
    }

    /// Records an event, and what follows from counting it; how many notifications clients want.
    fn record_event(&mut self, event: Raised) -> u64 {
        let reached = self.note(&event);
        let told = self.show(event);
        let threshold = reached.is_some_and(|port| self.show(Raised::Port(port, PortEvent::Thresh)));
        u64::from(told) + u64::from(threshold)
    }

    /// Queues an event or sets its register; whether clients want to be notified.
    fn show(&mut self, event: Raised) -> bool {
        match event {
            Raised::Gfms(kind) => {
                self.queue.push(GfmsEvent { source: self.rack.index, kind });
                self.registers.record_gfms()
            }
            Raised::Port(port, event) => {
                let pff = self.ports.keys().position(|known| *known == port);
                pff.is_some_and(|pff| self.registers.record_port_event(pff as u32, event))
            }
        }
    }
}
