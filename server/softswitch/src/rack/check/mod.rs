//! Whether a rack file describes switches that can be.

mod adapters;
mod parts;
mod ports;
mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use patchbay_switchtec::{
    DeviceId, FirmwareVersion, HostPort, LogicalPort, Pdfid, PhysicalPort, SwitchIndex, softswitch_reason,
};
use toml::Spanned;

use super::error::{RackError, RackProblem, Source};
use super::file::{BindingPart, RackFile, SwitchPart};
use super::{Binding, Delays, MAX_DELAY_MS, MAX_NAME_BYTES, MAX_TEMPERATURE_C, Rack};
use crate::kind::CommandKind;
use crate::switch::Switch;
use parts::Parts;

/// Largest index in the fabric.
const MAX_SWITCH_INDEX: i64 = 15;

/// Checks everything and builds the racks, one for each switch of the file.
pub(super) fn check(file: &RackFile, source: &Source<'_>) -> Result<Vec<Rack>, RackError> {
    let delays = delays(&file.delays, source)?;
    parts::by_switch(file, source)?.iter().map(|parts| rack(parts, &delays, source)).collect()
}

fn rack(parts: &Parts<'_>, delays: &Delays, source: &Source<'_>) -> Result<Rack, RackError> {
    let mut ground = Ground::new(source, parts.switch);
    let switch = parts.switch;
    if !ground.device.is_pax() {
        let problem = RackProblem::NotPax(ground.device.0);
        return Err(ground.fault(switch.device_id.span(), "switch.device_id", problem));
    }
    let mut rack = Rack {
        name: ground.switch_name(&switch.name)?,
        index: SwitchIndex::new(ground.range("switch.index", &switch.index, 0, MAX_SWITCH_INDEX)?),
        device: ground.device,
        firmware: FirmwareVersion(switch.firmware),
        temperature_centi: ground.temperature(&switch.temperature_c)?,
        counters: switch.counters,
        hosts: ground.hosts(parts)?,
        slots: ground.slots(parts)?,
        fabric_ports: ground.fabric_ports(parts)?,
        bindings: Vec::new(),
        delays: delays.clone(),
        script: Vec::new(),
    };
    rack.bindings = bindings(&rack, &parts.bindings, source)?;
    rack.script = script::script(&rack, &parts.script, source)?;
    Ok(rack)
}

/// What has been used so far of one switch.
struct Ground<'a> {
    source: &'a Source<'a>,
    device: DeviceId,
    /// Port ids in use and the port that uses them.
    ports: BTreeMap<u8, PhysicalPort>,
    port_count: usize,
    names: BTreeSet<String>,
    pdfids: BTreeSet<u16>,
}

impl<'a> Ground<'a> {
    fn new(source: &'a Source<'a>, switch: &SwitchPart) -> Self {
        let device = DeviceId(*switch.device_id.get_ref());
        let (ports, names, pdfids) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        Self { source, device, ports, port_count: 0, names, pdfids }
    }

    fn fault(&self, span: Range<usize>, field: impl Into<String>, problem: RackProblem) -> RackError {
        self.source.fault(span, field, problem)
    }

    fn range(&self, field: &str, value: &Spanned<u8>, min: i64, max: i64) -> Result<u8, RackError> {
        let number = *value.get_ref();
        if (min..=max).contains(&number.into()) {
            return Ok(number);
        }
        let problem = RackProblem::OutOfRange { value: number.into(), min, max };
        Err(self.fault(value.span(), field, problem))
    }

    fn name(&self, field: &str, name: &Spanned<String>) -> Result<String, RackError> {
        let text = name.get_ref();
        let printable = !text.trim().is_empty() && !text.chars().any(char::is_control);
        if !printable || text.len() > MAX_NAME_BYTES {
            return Err(self.fault(name.span(), field, RackProblem::Name));
        }
        Ok(text.clone())
    }

    /// A switch's name becomes part of file names and of lines that scripts read.
    fn switch_name(&self, name: &Spanned<String>) -> Result<String, RackError> {
        let text = name.get_ref();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !begins || text.len() > MAX_NAME_BYTES || !text.chars().all(plain) {
            return Err(self.fault(name.span(), "switch.name", RackProblem::SwitchName));
        }
        Ok(text.clone())
    }

    fn temperature(&self, celsius: &Spanned<f64>) -> Result<u32, RackError> {
        let value = *celsius.get_ref();
        if !(0.0..=MAX_TEMPERATURE_C).contains(&value) {
            let max = MAX_TEMPERATURE_C as i64;
            let problem = RackProblem::OutOfRange { value: value as i64, min: 0, max };
            return Err(self.fault(celsius.span(), "switch.temperature_c", problem));
        }
        Ok((value * 100.0).round() as u32)
    }
}

fn delays(parts: &BTreeMap<Spanned<String>, Spanned<i64>>, source: &Source<'_>) -> Result<Delays, RackError> {
    let mut delays = Delays::default();
    for (name, value) in parts {
        let field = format!("delays.{}", name.get_ref());
        let ms = *value.get_ref();
        let max = MAX_DELAY_MS as i64;
        if !(0..=max).contains(&ms) {
            let problem = RackProblem::OutOfRange { value: ms, min: 0, max };
            return Err(source.fault(value.span(), field, problem));
        }
        let delay = Duration::from_millis(ms as u64);
        if name.get_ref() == "default" {
            delays.default = delay;
        } else if let Some(kind) = CommandKind::from_name(name.get_ref()) {
            delays.by_kind.insert(kind, delay);
        } else {
            return Err(source.fault(name.span(), field, RackProblem::NoSuchCommand));
        }
    }
    Ok(delays)
}

/// Binds the initial bindings on a switch of its own: the rules are the switch's.
fn bindings(rack: &Rack, parts: &[&BindingPart], source: &Source<'_>) -> Result<Vec<Binding>, RackError> {
    let mut switch = Switch::new(rack.clone().into());
    for part in parts {
        let Some(host) = rack.hosts.iter().find(|host| host.name == *part.host.get_ref()) else {
            return Err(source.fault(part.host.span(), "binding.host", RackProblem::NoSuchHost));
        };
        let functions: Vec<_> = part.functions.get_ref().iter().copied().map(Pdfid::new).collect();
        let refused =
            |reason| source.fault(part.functions.span(), "binding.functions", RackProblem::Refused(reason));
        let host = HostPort { switch: rack.index, port: host.port };
        let logical_port = LogicalPort::new(*part.logical_port.get_ref());
        let bind = patchbay_switchtec::command::binding::Bind::new(host, logical_port, &functions)
            .map_err(|_| refused("a logical port takes 1 to 8 functions"))?;
        switch
            .bind(&bind)
            .map_err(|code| refused(softswitch_reason(code).unwrap_or("no reason is known")))?;
    }
    Ok(switch.bindings())
}
