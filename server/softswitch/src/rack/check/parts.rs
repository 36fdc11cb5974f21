//! Which part of a file belongs to which switch.

use std::collections::BTreeMap;

use toml::Spanned;

use super::script;
use crate::rack::MAX_SWITCHES;
use crate::rack::error::{RackError, RackProblem, Source};
use crate::rack::file::{BindingPart, HostPart, PortPart, RackFile, ScriptPart, SlotPart, SwitchPart};

/// One switch as it is written, with everything that names it.
pub(super) struct Parts<'a> {
    pub(super) switch: &'a SwitchPart,
    pub(super) hosts: Vec<&'a HostPart>,
    pub(super) slots: Vec<&'a SlotPart>,
    pub(super) fabric_ports: Vec<&'a PortPart>,
    pub(super) bindings: Vec<&'a BindingPart>,
    pub(super) script: Vec<&'a ScriptPart>,
}

/// Hands every part of the file to its switch, keeping the order of both.
pub(super) fn by_switch<'a>(file: &'a RackFile, source: &Source<'_>) -> Result<Vec<Parts<'a>>, RackError> {
    let known = Known::of(&file.switches.0, source)?;
    let mut all: Vec<_> = file.switches.0.iter().map(Parts::new).collect();
    for host in &file.hosts {
        all[known.find("host.switch", host.switch.as_ref(), &host.name)?].hosts.push(host);
    }
    for slot in &file.slots {
        all[known.find("slot.switch", slot.switch.as_ref(), &slot.port)?].slots.push(slot);
    }
    for port in &file.fabric_ports {
        all[known.find("fabric_port.switch", port.switch.as_ref(), &port.port)?].fabric_ports.push(port);
    }
    for binding in &file.bindings {
        all[known.find("binding.switch", binding.switch.as_ref(), &binding.host)?].bindings.push(binding);
    }
    for part in &file.script {
        let named = script::value(part, script::SWITCH).and_then(|(_, value)| {
            let name = value.get_ref().as_str()?;
            Some(Spanned::new(value.span(), name.to_owned()))
        });
        let beside = Spanned::new(script::place(part), ());
        all[known.find("script.switch", named.as_ref(), &beside)?].script.push(part);
    }
    Ok(all)
}

impl<'a> Parts<'a> {
    fn new(switch: &'a SwitchPart) -> Self {
        let (hosts, slots, fabric_ports, bindings, script) = Default::default();
        Self { switch, hosts, slots, fabric_ports, bindings, script }
    }
}

/// The switches of a file by name.
struct Known<'a> {
    source: &'a Source<'a>,
    places: BTreeMap<&'a str, usize>,
}

impl<'a> Known<'a> {
    fn of(switches: &'a [SwitchPart], source: &'a Source<'a>) -> Result<Self, RackError> {
        if switches.is_empty() {
            return Err(source.fault(0..0, "switch", RackProblem::NoSwitch));
        }
        let mut places = BTreeMap::new();
        for (at, switch) in switches.iter().enumerate() {
            let fault = |problem| source.fault(switch.name.span(), "switch.name", problem);
            if at == MAX_SWITCHES {
                return Err(fault(RackProblem::TooManySwitches));
            }
            if places.insert(switch.name.get_ref().as_str(), at).is_some() {
                return Err(fault(RackProblem::NameTaken));
            }
        }
        Ok(Self { source, places })
    }

    /// The place of the switch that a part names; `beside` is a value of that part, for the line of the message.
    fn find<T>(
        &self,
        field: &str,
        named: Option<&Spanned<String>>,
        beside: &Spanned<T>,
    ) -> Result<usize, RackError> {
        let Some(name) = named else {
            return match self.places.values().next() {
                Some(only) if self.places.len() == 1 => Ok(*only),
                _ => Err(self.source.fault(beside.span(), field, self.not_named())),
            };
        };
        let unknown =
            || self.source.fault(name.span(), field, RackProblem::NoSuchSwitch { known: self.list("and") });
        self.places.get(name.get_ref().as_str()).copied().ok_or_else(unknown)
    }

    fn not_named(&self) -> RackProblem {
        let example = self.places.keys().next().copied().unwrap_or_default().to_owned();
        RackProblem::SwitchNotNamed { known: self.list("or"), example }
    }

    /// The names as a sentence has them: "a", "a or b", "a, b or c".
    fn list(&self, last: &str) -> String {
        let names: Vec<_> = self.places.keys().copied().collect();
        match names.split_last() {
            Some((end, rest)) if !rest.is_empty() => format!("{} {last} {end}", rest.join(", ")),
            _ => names.concat(),
        }
    }
}
