//! Putting a switch into a saved state, as far as it still fits the rack.

use std::collections::BTreeSet;
use std::path::Path;

use patchbay_switchtec::command::port_config::PortConfigSet;
use patchbay_switchtec::{LogicalPort, Pdfid, PhysicalPort, PortType, Rate};

use super::state::{SavedAdapter, SavedPort, SavedState, event};
use crate::picture::PDFIDS;
use crate::queue::EventQueue;
use crate::rack::{Binding, Lanes};
use crate::switch::Switch;

/// What is left out of a restored state.
struct LeftOut<'a> {
    file: &'a Path,
}

impl LeftOut<'_> {
    fn warn(&self, what: &str, number: impl std::fmt::Display) {
        let file = self.file.display();
        tracing::warn!(%file, %number, "a saved {what} does not fit the rack and is left out");
    }
}

impl SavedState {
    pub(super) fn restore(self, switch: &mut Switch, file: &Path) {
        let left_out = LeftOut { file };
        *switch = switch.rebuilt();
        // Adapters first: what is bound are their functions. Then the ports: only what is linked can be bound.
        self.restore_adapters(switch, &left_out);
        self.restore_ports(switch, &left_out);
        for saved in &self.bindings {
            let binding = Binding {
                port: PhysicalPort::new(saved.port),
                logical_port: LogicalPort::new(saved.logical_port),
                functions: saved.functions.iter().copied().map(Pdfid::new).collect(),
            };
            if switch.bind_again(&binding).is_err() {
                left_out.warn("binding", format_args!("{}.{}", saved.port, saved.logical_port));
            }
        }
        if let Some(centi) = self.temperature_centi {
            switch.set_temperature(centi);
        }
        self.restore_resets(switch);
        let events = self.events.waiting.iter().filter_map(|entry| event(entry)).collect();
        switch.queue = EventQueue::restored(events, self.events.overflow, self.events.recorded);
        switch.registers.restore(&self.headers);
    }

    /// All or none: a name that is taken may only be free because another adapter has given it up.
    fn restore_adapters(&self, switch: &mut Switch, left_out: &LeftOut<'_>) {
        let before = switch.clone();
        let fitted = self.adapters.iter().all(|saved| saved.restore(switch));
        let names: Vec<_> = switch.functions().collect();
        let unique: BTreeSet<_> = names.iter().collect();
        let in_range = names.iter().all(|name| (PDFIDS.start..=PDFIDS.end).contains(&name.get()));
        if !fitted || unique.len() != names.len() || !in_range {
            *switch = before;
            self.adapters.iter().for_each(|saved| left_out.warn("adapter", saved.slot));
        }
    }

    fn restore_ports(&self, switch: &mut Switch, left_out: &LeftOut<'_>) {
        // Instances may have changed places: nobody holds one while they are handed out again.
        for saved in &self.ports {
            let port = PhysicalPort::new(saved.port);
            switch.change_port(port, |port| port.config.port_type = PortType::Unused);
        }
        for saved in &self.ports {
            if !saved.restore(switch) {
                left_out.warn("port", saved.port);
            }
        }
    }

    /// Resets come last: nothing can be bound while one is held.
    fn restore_resets(&self, switch: &mut Switch) {
        for saved in self.ports.iter().filter(|saved| saved.reset_held) {
            switch.change_port(PhysicalPort::new(saved.port), |port| port.reset_held = true);
        }
    }
}

impl SavedPort {
    /// Whether the port is as it was; if not, it is as the rack file has it.
    fn restore(&self, switch: &mut Switch) -> bool {
        let number = PhysicalPort::new(self.port);
        let Some(built) = switch.rebuilt_as_filed().port(number).cloned() else { return false };
        let trains_to = Lanes { width: self.width, rate: Rate::from_code(self.rate) };
        let fits = (1..=built.lanes.width).contains(&self.width)
            && (1..=built.lanes.rate.code()).contains(&self.rate);
        let set = PortConfigSet {
            port: number,
            port_type: PortType::from_code(self.port_type),
            clock_source: Some(self.clock_source),
            sris: Some(self.sris),
            hvd: Some(self.hvd),
        };
        if !fits || switch.set_port_config(&set).is_err() {
            switch.change_port(number, |port| *port = built);
            return false;
        }
        switch.change_port(number, |port| {
            port.plugged = self.plugged;
            port.enabled = self.enabled;
            port.trains_to = trains_to;
        });
        true
    }
}

impl SavedAdapter {
    fn restore(&self, switch: &mut Switch) -> bool {
        let names: Vec<_> = self.functions.iter().copied().map(Pdfid::new).collect();
        switch.refit(PhysicalPort::new(self.slot), self.model.as_deref(), &names)
    }
}
