//! What a rack file holds, in a few lines.

use std::fmt;

use super::{Lab, Rack};

/// Counts of a switch or of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counts {
    hosts: usize,
    adapters: usize,
    functions: usize,
    assigned: usize,
}

impl Counts {
    fn of(rack: &Rack) -> Self {
        Self {
            hosts: rack.hosts.len(),
            adapters: rack.slots.len(),
            functions: rack.slots.iter().map(|slot| slot.adapter.functions.len()).sum(),
            assigned: rack.bindings.iter().map(|binding| binding.functions.len()).sum(),
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hosts, adapters, functions, assigned } = *self;
        let (hosts, adapters) = (counted(hosts, "host"), counted(adapters, "adapter"));
        write!(f, "{hosts}, {adapters}, {}, {assigned} of them assigned", counted(functions, "function"))
    }
}

/// A number with its noun.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// One line for everything and one for each switch.
impl fmt::Display for Lab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_each: Vec<_> = self.racks().iter().map(Counts::of).collect();
        let hosts = self.hosts();
        let sum = Counts {
            hosts: hosts.len(),
            adapters: of_each.iter().map(|counts| counts.adapters).sum(),
            functions: of_each.iter().map(|counts| counts.functions).sum(),
            assigned: of_each.iter().map(|counts| counts.assigned).sum(),
        };
        let switches = self.racks().len();
        write!(f, "{} switch{}, {sum}", switches, if switches == 1 { "" } else { "es" })?;
        let cabled_twice = hosts.values().filter(|ports| ports.len() > 1).count();
        if cabled_twice > 0 {
            write!(f, "; {} cabled to several switches", counted(cabled_twice, "host"))?;
        }
        for (rack, counts) in self.racks().iter().zip(of_each) {
            write!(f, "\n{} ({}, index {}): {counts}", rack.name, rack.device, rack.index)?;
        }
        Ok(())
    }
}
