//! The emulated switch itself: links, bindings, events. No sockets, no time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use patchbay_switchtec::command::binding::Bind;
use patchbay_switchtec::command::events::{EventKind, GfmsEvent};
use patchbay_switchtec::command::sections::BoundTo;
use patchbay_switchtec::{HostPort, LogicalPort, Pdfid, PhysicalPort, SwitchIndex, code};

use crate::queue::EventQueue;
use crate::rack::{Binding, Host, Link, Rack, Slot};
use crate::registers::{Fixed, Registers};

/// Something clients are told about (section 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Raised {
    /// An event for the fabric manager's queue.
    Gfms(EventKind),
    /// A port's link has changed.
    LinkState(PhysicalPort),
}

/// The state of the switch.
#[derive(Debug)]
pub(crate) struct Switch {
    pub(crate) rack: Arc<Rack>,
    wiring: Wiring,
    pub(crate) queue: EventQueue,
    pub(crate) registers: Registers,
}

/// What a change changes, so that it can be taken back.
#[derive(Debug, Clone)]
pub(crate) struct Wiring {
    links: BTreeMap<PhysicalPort, Link>,
    bindings: BTreeMap<(PhysicalPort, LogicalPort), Vec<Pdfid>>,
}

/// A port that is not there, or not of the right kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("port {0} does not exist or is of another kind")]
pub struct NoSuchPort(pub PhysicalPort);

impl Switch {
    /// The switch as the rack describes it, with nothing bound.
    pub(crate) fn new(rack: Arc<Rack>) -> Self {
        let links = (rack.hosts.iter().map(|host| (host.port, host.link)))
            .chain(rack.slots.iter().map(|slot| (slot.port, slot.link)))
            .chain(rack.fabric_ports.iter().map(|fabric| (fabric.port, Link::Down)))
            .collect();
        let fixed =
            Fixed { device: rack.device.0, firmware: rack.firmware.0, pffs: rack.ports().len() as u8 };
        let wiring = Wiring { links, bindings: BTreeMap::new() };
        Self { rack, wiring, queue: EventQueue::default(), registers: Registers::new(fixed) }
    }

    pub(crate) fn link(&self, port: PhysicalPort) -> Link {
        self.wiring.links.get(&port).copied().unwrap_or(Link::Down)
    }

    pub(crate) fn host(&self, port: PhysicalPort) -> Option<&Host> {
        self.rack.hosts.iter().find(|host| host.port == port)
    }

    fn slot(&self, port: PhysicalPort) -> Option<&Slot> {
        self.rack.slots.iter().find(|slot| slot.port == port)
    }

    /// The slot that holds a function.
    fn slot_of(&self, function: Pdfid) -> Option<&Slot> {
        let holds = |slot: &&Slot| slot.adapter.functions.iter().any(|known| known.pdfid == function);
        self.rack.slots.iter().find(holds)
    }

    /// Where a function is bound.
    pub(crate) fn bound_to(&self, function: Pdfid) -> Option<BoundTo> {
        let (&(port, logical_port), _) =
            self.wiring.bindings.iter().find(|(_, functions)| functions.contains(&function))?;
        Some(BoundTo { host: HostPort { switch: self.rack.index, port }, logical_port })
    }

    /// The functions on a logical port, by slot.
    pub(crate) fn functions_on(&self, port: PhysicalPort, logical_port: LogicalPort) -> &[Pdfid] {
        self.wiring.bindings.get(&(port, logical_port)).map_or(&[], Vec::as_slice)
    }

    /// All bindings in the order of ports and logical ports.
    pub(crate) fn bindings(&self) -> Vec<Binding> {
        let binding = |(&(port, logical_port), functions): (&(PhysicalPort, LogicalPort), &Vec<Pdfid>)| {
            Binding { port, logical_port, functions: functions.clone() }
        };
        self.wiring.bindings.iter().map(binding).collect()
    }

    /// Links and bindings as they are.
    pub(crate) fn wiring(&self) -> Wiring {
        self.wiring.clone()
    }

    /// Puts links and bindings back as they were.
    pub(crate) fn take_back(&mut self, before: Wiring) {
        self.wiring = before;
    }

    /// Replaces all bindings by ones that were checked against this rack.
    pub(crate) fn restore(&mut self, bindings: &[Binding]) {
        let entry = |binding: &Binding| ((binding.port, binding.logical_port), binding.functions.clone());
        self.wiring.bindings = bindings.iter().map(entry).collect();
    }

    /// The rules bind and unbind share, in the order of section 5.4.
    fn check_place(
        &self,
        switch: SwitchIndex,
        port: PhysicalPort,
        logical_port: LogicalPort,
    ) -> Result<(), u32> {
        if switch != self.rack.index {
            return Err(code::NOT_THIS_SWITCH);
        }
        let host = self.host(port).ok_or(code::INVALID_PORT)?;
        if logical_port.get() >= host.logical_ports {
            return Err(code::LOGICAL_PORT_RANGE);
        }
        Ok(())
    }

    /// Binds, all or nothing; the error is the result code of the first rule broken.
    pub(crate) fn bind(&mut self, bind: &Bind) -> Result<Vec<Raised>, u32> {
        let HostPort { switch, port } = bind.host();
        let place = (port, bind.logical_port());
        self.check_place(switch, port, bind.logical_port())?;
        if self.wiring.bindings.contains_key(&place) {
            return Err(code::LOGICAL_PORT_USED);
        }
        let mut slots = BTreeSet::new();
        for (at, function) in bind.functions().iter().enumerate() {
            let slot = self.slot_of(*function).ok_or(code::NO_SUCH_FUNCTION)?;
            if !matches!(self.link(slot.port), Link::Up(_)) {
                return Err(code::NO_SUCH_FUNCTION);
            }
            if self.bound_to(*function).is_some() {
                return Err(code::FUNCTION_BOUND);
            }
            if bind.functions()[..at].contains(function) {
                return Err(code::BAD_PARAMETER);
            }
            slots.insert(slot.port);
        }
        if slots.len() > 1 {
            return Err(code::MIXED_ADAPTERS);
        }
        self.wiring.bindings.insert(place, bind.functions().to_vec());
        let (host, logical_port) = (bind.host(), bind.logical_port());
        let bound =
            |function: &Pdfid| Raised::Gfms(EventKind::Bound { host, logical_port, function: *function });
        Ok(bind.functions().iter().map(bound).collect())
    }

    /// Unbinds everything on a logical port; the error is the result code of the first rule broken.
    pub(crate) fn unbind(&mut self, host: HostPort, logical_port: LogicalPort) -> Result<Vec<Raised>, u32> {
        self.check_place(host.switch, host.port, logical_port)?;
        let functions = self.wiring.bindings.remove(&(host.port, logical_port)).ok_or(code::NOTHING_BOUND)?;
        Ok(unbound(host, logical_port, &functions))
    }

    /// Changes a host port's link.
    pub(crate) fn set_host_link(
        &mut self,
        port: PhysicalPort,
        link: Link,
    ) -> Result<Vec<Raised>, NoSuchPort> {
        self.host(port).ok_or(NoSuchPort(port))?;
        let before = self.wiring.links.insert(port, link).unwrap_or(Link::Down);
        let mut raised = Vec::new();
        match (before, link) {
            (Link::Up(_), Link::Down | Link::Disabled) => {
                raised.push(Raised::Gfms(EventKind::HostLinkDown { port }));
            }
            (Link::Down | Link::Disabled, Link::Up(_)) => {
                raised.push(Raised::Gfms(EventKind::HostLinkUp { port }));
            }
            _ => {}
        }
        if before != link {
            raised.push(Raised::LinkState(port));
        }
        Ok(raised)
    }

    /// Changes a slot's link. An adapter that goes away takes its bindings with it, and comes back unbound.
    pub(crate) fn set_slot_link(
        &mut self,
        port: PhysicalPort,
        link: Link,
    ) -> Result<Vec<Raised>, NoSuchPort> {
        let slot = self.slot(port).ok_or(NoSuchPort(port))?;
        let pdfids: BTreeSet<_> = slot.adapter.functions.iter().map(|function| function.pdfid).collect();
        let functions = pdfids.len() as u16;
        let before = self.wiring.links.insert(port, link).unwrap_or(Link::Down);
        let mut raised = Vec::new();
        match (before, link) {
            (Link::Up(_), Link::Down | Link::Disabled) => {
                let switch = self.rack.index;
                // A logical port holds functions of one adapter only, so the first decides.
                let gone =
                    |_: &_, on: &mut Vec<Pdfid>| on.first().is_some_and(|first| pdfids.contains(first));
                for ((port, logical_port), on) in self.wiring.bindings.extract_if(.., gone) {
                    raised.extend(unbound(HostPort { switch, port }, logical_port, &on));
                }
                raised.push(Raised::Gfms(EventKind::DeviceDeleted { port, functions }));
            }
            (Link::Down | Link::Disabled, Link::Up(_)) => {
                raised.push(Raised::Gfms(EventKind::DeviceAdded { port, functions }));
            }
            _ => {}
        }
        if before != link {
            raised.push(Raised::LinkState(port));
        }
        Ok(raised)
    }

    /// Queues events and sets their registers; whether clients want to be notified.
    pub(crate) fn record(&mut self, raised: Vec<Raised>) -> bool {
        let mut notify = false;
        for event in raised {
            notify |= match event {
                Raised::Gfms(kind) => {
                    self.queue.push(GfmsEvent { source: self.rack.index, kind });
                    self.registers.record_gfms()
                }
                Raised::LinkState(port) => {
                    let pff = self.rack.ports().iter().position(|(known, _)| *known == port);
                    pff.is_some_and(|pff| self.registers.record_link_state(pff as u32))
                }
            };
        }
        notify
    }
}

fn unbound(host: HostPort, logical_port: LogicalPort, functions: &[Pdfid]) -> Vec<Raised> {
    let event =
        |function: &Pdfid| Raised::Gfms(EventKind::Unbound { host, logical_port, function: *function });
    functions.iter().map(event).collect()
}
