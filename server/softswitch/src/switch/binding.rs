//! Binding functions to logical ports, and the rules of it (section 5.4).

use std::collections::BTreeSet;

use patchbay_switchtec::command::binding::Bind;
use patchbay_switchtec::command::events::EventKind;
use patchbay_switchtec::{HostPort, LogicalPort, Pdfid, PhysicalPort, SwitchIndex, code};

use super::{Raised, Switch};
use crate::rack::{Binding, Link};

impl Switch {
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
        let logical_ports = self.logical_ports(port).ok_or(code::INVALID_PORT)?;
        if logical_port.get() >= logical_ports {
            return Err(code::LOGICAL_PORT_RANGE);
        }
        Ok(())
    }

    /// Binds, all or nothing; the error is the result code of the first rule broken.
    pub(crate) fn bind(&mut self, bind: &Bind) -> Result<Vec<Raised>, u32> {
        let HostPort { switch, port } = bind.host();
        let place = (port, bind.logical_port());
        self.check_place(switch, port, bind.logical_port())?;
        if !self.bindings.at(place).is_empty() {
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
        self.bindings.insert(place, bind.functions());
        let (host, logical_port) = (bind.host(), bind.logical_port());
        let bound =
            |function: &Pdfid| Raised::Gfms(EventKind::Bound { host, logical_port, function: *function });
        Ok(bind.functions().iter().map(bound).collect())
    }

    /// Makes a binding that was there before, without telling anybody; the error is the result code of the first rule
    /// broken.
    pub(crate) fn bind_again(&mut self, binding: &Binding) -> Result<(), u32> {
        let host = HostPort { switch: self.rack.index, port: binding.port };
        let bind =
            Bind::new(host, binding.logical_port, &binding.functions).map_err(|_| code::BAD_PARAMETER)?;
        self.bind(&bind).map(|_| ())
    }

    /// Unbinds everything on a logical port; the error is the result code of the first rule broken.
    pub(crate) fn unbind(&mut self, host: HostPort, logical_port: LogicalPort) -> Result<Vec<Raised>, u32> {
        self.check_place(host.switch, host.port, logical_port)?;
        let functions = self.bindings.remove((host.port, logical_port)).ok_or(code::NOTHING_BOUND)?;
        Ok(unbound(host, logical_port, &functions))
    }

    /// Unbinds every logical port of a host port.
    pub(super) fn unbind_host(&mut self, host: PhysicalPort) -> Vec<Raised> {
        self.unbind_where(|port, _| port == host)
    }

    /// Unbinds every function of the adapter in a slot.
    pub(super) fn unbind_adapter(&mut self, slot: PhysicalPort) -> Vec<Raised> {
        let Some(slot) = self.slot(slot) else { return Vec::new() };
        let own: BTreeSet<_> = slot.adapter.functions.iter().map(|function| function.pdfid).collect();
        // A logical port holds functions of one adapter only, so the first decides.
        self.unbind_where(|_, functions| functions.first().is_some_and(|first| own.contains(first)))
    }

    fn unbind_where(&mut self, gone: impl Fn(PhysicalPort, &[Pdfid]) -> bool) -> Vec<Raised> {
        let switch = self.rack.index;
        let gone = self.bindings.remove_where(gone);
        gone.into_iter()
            .flat_map(|((port, logical_port), functions)| {
                unbound(HostPort { switch, port }, logical_port, &functions)
            })
            .collect()
    }
}

fn unbound(host: HostPort, logical_port: LogicalPort, functions: &[Pdfid]) -> Vec<Raised> {
    let event =
        |function: &Pdfid| Raised::Gfms(EventKind::Unbound { host, logical_port, function: *function });
    functions.iter().map(event).collect()
}
