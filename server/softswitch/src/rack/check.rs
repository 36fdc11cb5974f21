//! Whether a rack file describes a rack that can be.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use patchbay_switchtec::command::sections::Bar;
use patchbay_switchtec::{
    DeviceId, FirmwareVersion, HostPort, LogicalPort, Pdfid, PhysicalPort, Rate, SwitchIndex,
    softswitch_reason,
};
use toml::Spanned;

use super::error::{RackError, RackProblem, Source};
use super::file::{AdapterPart, BarKind, BarPart, BindingPart, LinkWord, RackFile, VfsPart};
use super::{
    Adapter, Binding, Delays, FabricPort, Function, Host, Lanes, Link, MAX_DELAY_MS, MAX_FUNCTIONS,
    MAX_LOGICAL_PORTS, MAX_NAME_BYTES, MAX_PORTS, Rack, Slot,
};
use crate::gate::CommandKind;
use crate::picture::PDFIDS;
use crate::switch::Switch;

/// Lanes behind one physical port id: ports are numbered in steps of two lanes.
const LANES_PER_PORT_ID: u8 = 2;
/// Largest index in the fabric.
const MAX_SWITCH_INDEX: i64 = 15;
/// Hottest die temperature, in degrees Celsius, that a rack may claim.
const MAX_TEMPERATURE_C: f64 = 150.0;

/// Checks everything and builds the rack.
pub(super) fn check(file: RackFile, source: &Source<'_>) -> Result<Rack, RackError> {
    let mut ground = Ground::new(source, *file.switch.device_id.get_ref());
    let span = file.switch.device_id.span();
    if !ground.device.is_pax() {
        return Err(source.fault(span, "switch.device_id", RackProblem::NotPax(ground.device.0)));
    }
    let name = ground.name("switch.name", &file.switch.name)?;
    let index = ground.range("switch.index", &file.switch.index, 0, MAX_SWITCH_INDEX)?;
    let temperature_centi = ground.temperature(&file.switch.temperature_c)?;
    let mut rack = Rack {
        name,
        index: SwitchIndex::new(index),
        device: ground.device,
        firmware: FirmwareVersion(file.switch.firmware),
        temperature_centi,
        hosts: ground.hosts(&file)?,
        slots: ground.slots(&file)?,
        fabric_ports: ground.fabric_ports(&file)?,
        bindings: Vec::new(),
        delays: ground.delays(&file.delays)?,
    };
    rack.hosts.sort_by_key(|host| host.port);
    rack.slots.sort_by_key(|slot| slot.port);
    rack.fabric_ports.sort_by_key(|fabric| fabric.port);
    rack.bindings = bindings(&rack, &file.bindings, source)?;
    Ok(rack)
}

/// What has been used so far.
struct Ground<'a> {
    source: &'a Source<'a>,
    device: DeviceId,
    /// Port ids in use and the port that uses them.
    ports: BTreeMap<u8, PhysicalPort>,
    port_count: usize,
    names: BTreeSet<String>,
    pdfids: BTreeSet<u16>,
}

/// Fields of a port that hosts and slots share.
struct PortFields<'a> {
    prefix: &'static str,
    port: &'a Spanned<u8>,
    width: &'a Spanned<u8>,
    rate: &'a Spanned<u8>,
    link: Option<&'a Spanned<LinkWord>>,
    link_width: Option<&'a Spanned<u8>>,
    link_gen: Option<&'a Spanned<u8>>,
}

impl<'a> Ground<'a> {
    fn new(source: &'a Source<'a>, device: u32) -> Self {
        let (ports, names, pdfids) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        Self { source, device: DeviceId(device), ports, port_count: 0, names, pdfids }
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

    fn name(&mut self, field: &str, name: &Spanned<String>) -> Result<String, RackError> {
        let text = name.get_ref();
        let printable = !text.trim().is_empty() && !text.chars().any(char::is_control);
        if !printable || text.len() > MAX_NAME_BYTES {
            return Err(self.fault(name.span(), field, RackProblem::Name));
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

    fn hosts(&mut self, file: &RackFile) -> Result<Vec<Host>, RackError> {
        let mut hosts = Vec::new();
        for part in &file.hosts {
            let name = self.name("host.name", &part.name)?;
            if !self.names.insert(name.clone()) {
                return Err(self.fault(part.name.span(), "host.name", RackProblem::NameTaken));
            }
            let (port, lanes, link) = self.port(&PortFields {
                prefix: "host",
                port: &part.port,
                width: &part.width,
                rate: &part.rate,
                link: part.link.as_ref(),
                link_width: part.link_width.as_ref(),
                link_gen: part.link_gen.as_ref(),
            })?;
            let max = MAX_LOGICAL_PORTS.into();
            let logical_ports = self.range("host.logical_ports", &part.logical_ports, 1, max)?;
            hosts.push(Host { name, port, lanes, link, logical_ports });
        }
        Ok(hosts)
    }

    fn slots(&mut self, file: &RackFile) -> Result<Vec<Slot>, RackError> {
        let mut slots = Vec::new();
        for part in &file.slots {
            let (port, lanes, link) = self.port(&PortFields {
                prefix: "slot",
                port: &part.port,
                width: &part.width,
                rate: &part.rate,
                link: part.link.as_ref(),
                link_width: part.link_width.as_ref(),
                link_gen: part.link_gen.as_ref(),
            })?;
            slots.push(Slot { port, lanes, link, adapter: self.adapter(&part.adapter)? });
        }
        Ok(slots)
    }

    fn fabric_ports(&mut self, file: &RackFile) -> Result<Vec<FabricPort>, RackError> {
        let mut ports = Vec::new();
        for part in &file.fabric_ports {
            let (port, lanes, _) = self.port(&PortFields {
                prefix: "fabric_port",
                port: &part.port,
                width: &part.width,
                rate: &part.rate,
                link: None,
                link_width: None,
                link_gen: None,
            })?;
            ports.push(FabricPort { port, lanes });
        }
        Ok(ports)
    }

    fn port(&mut self, fields: &PortFields<'_>) -> Result<(PhysicalPort, Lanes, Link), RackError> {
        let field = |name: &str| format!("{}.{name}", fields.prefix);
        let width = *fields.width.get_ref();
        if ![1, 2, 4, 8, 16].contains(&width) {
            return Err(self.fault(fields.width.span(), field("width"), RackProblem::Width(width)));
        }
        let rate = Rate::from_code(self.range(&field("gen"), fields.rate, 1, 6)?);
        let lanes = Lanes { width, rate };
        let ids = width.div_ceil(LANES_PER_PORT_ID);
        let max = i64::from(device_lanes(self.device) / LANES_PER_PORT_ID) - i64::from(ids);
        let first = self.range(&field("port"), fields.port, 0, max)?;
        let port = PhysicalPort::new(first);
        for id in first..first + ids {
            if let Some(other) = self.ports.insert(id, port) {
                let problem = RackProblem::PortTaken { port, other };
                return Err(self.fault(fields.port.span(), field("port"), problem));
            }
        }
        self.port_count += 1;
        if self.port_count > MAX_PORTS {
            return Err(self.fault(fields.port.span(), field("port"), RackProblem::TooManyPorts));
        }
        Ok((port, lanes, self.link(fields, lanes)?))
    }

    fn link(&self, fields: &PortFields<'_>, lanes: Lanes) -> Result<Link, RackError> {
        let trained = fields.link_width.or(fields.link_gen);
        let field = |name: &str| format!("{}.{name}", fields.prefix);
        let not_up = match fields.link.map(Spanned::get_ref) {
            None | Some(LinkWord::Up) => None,
            Some(LinkWord::Down) => Some(Link::Down),
            Some(LinkWord::Disabled) => Some(Link::Disabled),
        };
        match (not_up, trained) {
            (Some(_), Some(trained)) => {
                Err(self.fault(trained.span(), field("link"), RackProblem::LinkNotUp))
            }
            (Some(link), None) => Ok(link),
            (None, _) => {
                let width = fields.link_width.map_or(lanes.width, |width| *width.get_ref());
                let code = fields.link_gen.map_or(lanes.rate.code(), |rate| *rate.get_ref());
                let fits = (1..=lanes.width).contains(&width) && (1..=lanes.rate.code()).contains(&code);
                if let (false, Some(trained)) = (fits, trained) {
                    return Err(self.fault(trained.span(), field("link"), RackProblem::LinkBeyondPort));
                }
                Ok(Link::Up(Lanes { width, rate: Rate::from_code(code) }))
            }
        }
    }

    fn adapter(&mut self, part: &AdapterPart) -> Result<Adapter, RackError> {
        let name = self.name("slot.adapter.name", &part.name)?;
        let class = match &part.class {
            None => part.kind.class(),
            Some(class) if *class.get_ref() < 1 << 24 => *class.get_ref(),
            Some(class) => {
                let (value, max) = ((*class.get_ref()).into(), 0xFF_FFFF);
                let problem = RackProblem::OutOfRange { value, min: 0, max };
                return Err(self.fault(class.span(), "slot.adapter.class", problem));
            }
        };
        let pf = Function {
            pdfid: self.pdfid("slot.adapter.pf_pdfid", *part.pf_pdfid.get_ref(), part.pf_pdfid.span())?,
            index: 0,
            sriov: part.vfs.is_some(),
            vendor: part.vendor,
            device: part.device,
            subsystem_vendor: part.subsystem_vendor,
            subsystem_device: part.subsystem_device,
            class,
            bars: self.bars(&part.bars)?,
        };
        let mut functions = vec![pf];
        if let Some(vfs) = &part.vfs {
            self.virtual_functions(vfs, &mut functions)?;
        }
        Ok(Adapter { name, kind: part.kind, functions })
    }

    fn virtual_functions(&mut self, part: &VfsPart, functions: &mut Vec<Function>) -> Result<(), RackError> {
        let count = *part.count.get_ref();
        if usize::from(count) + 1 > MAX_FUNCTIONS {
            let problem = RackProblem::TooManyFunctions;
            return Err(self.fault(part.count.span(), "slot.adapter.vfs.count", problem));
        }
        let pf = functions[0].clone();
        let bars = part.bars.as_ref().map_or(Ok(pf.bars), |bars| self.bars(bars))?;
        for index in 1..=count {
            let number = part.first_pdfid.get_ref().saturating_add(u16::from(index) - 1);
            let field = "slot.adapter.vfs.first_pdfid";
            functions.push(Function {
                pdfid: self.pdfid(field, number, part.first_pdfid.span())?,
                index,
                sriov: false,
                device: part.device.unwrap_or(pf.device),
                subsystem_device: part.subsystem_device.unwrap_or(pf.subsystem_device),
                bars,
                ..pf
            });
        }
        Ok(())
    }

    fn pdfid(&mut self, field: &str, number: u16, span: Range<usize>) -> Result<Pdfid, RackError> {
        let (min, max) = (i64::from(PDFIDS.start), i64::from(PDFIDS.end));
        if !(min..=max).contains(&number.into()) {
            let problem = RackProblem::OutOfRange { value: number.into(), min, max };
            return Err(self.fault(span, field, problem));
        }
        if !self.pdfids.insert(number) {
            return Err(self.fault(span, field, RackProblem::PdfidTaken(Pdfid::new(number))));
        }
        Ok(Pdfid::new(number))
    }

    fn bars(&self, parts: &[BarPart]) -> Result<[Bar; 6], RackError> {
        const IO: u8 = 1;
        const WIDE: u8 = 1 << 2;
        const PREFETCHABLE: u8 = 1 << 3;
        let mut bars = [Bar::default(); 6];
        let mut taken = [false; 6];
        for part in parts {
            let wide = matches!(part.kind, BarKind::Mem64 | BarKind::Mem64Prefetchable);
            let field = "slot.adapter.bars";
            let index = self.range(field, &part.index, 0, if wide { 4 } else { 5 })?;
            let log2_size = self.range(field, &part.log2_size, 1, 63)?;
            for half in taken.iter_mut().skip(index.into()).take(1 + usize::from(wide)) {
                if std::mem::replace(half, true) {
                    return Err(self.fault(part.index.span(), field, RackProblem::BarTaken(index)));
                }
            }
            let kind = match part.kind {
                BarKind::Io => IO,
                BarKind::Mem32 => 0,
                BarKind::Mem64 => WIDE,
                BarKind::Mem64Prefetchable => WIDE | PREFETCHABLE,
            };
            bars[usize::from(index)] = Bar { kind, log2_size };
        }
        Ok(bars)
    }

    fn delays(&self, parts: &BTreeMap<Spanned<String>, Spanned<i64>>) -> Result<Delays, RackError> {
        let mut delays = Delays::default();
        for (name, value) in parts {
            let field = format!("delays.{}", name.get_ref());
            let ms = *value.get_ref();
            let max = MAX_DELAY_MS as i64;
            if !(0..=max).contains(&ms) {
                let problem = RackProblem::OutOfRange { value: ms, min: 0, max };
                return Err(self.fault(value.span(), field, problem));
            }
            let delay = Duration::from_millis(ms as u64);
            if name.get_ref() == "default" {
                delays.default = delay;
            } else if let Some(kind) = CommandKind::from_name(name.get_ref()) {
                delays.by_kind.insert(kind, delay);
            } else {
                return Err(self.fault(name.span(), field, RackProblem::NoSuchCommand));
            }
        }
        Ok(delays)
    }
}

/// Number of lanes, which a PAX has in the last two digits of its device id; 00 stands for 100.
fn device_lanes(device: DeviceId) -> u8 {
    match (device.0 & 0xFF) as u8 {
        0 => 100,
        digits => (digits >> 4) * 10 + (digits & 0xF),
    }
}

/// Binds the initial bindings on a switch of its own: the rules are the switch's.
fn bindings(rack: &Rack, parts: &[BindingPart], source: &Source<'_>) -> Result<Vec<Binding>, RackError> {
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
