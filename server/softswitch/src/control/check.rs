//! What an order says, checked against the rack: whether it could ever be carried out.

use patchbay_switchtec::{Pdfid, PhysicalPort, Rate};

use super::error::OrderError;
use super::order::{FunctionName, Order, PortName};
use crate::picture::PDFIDS;
use crate::rack::{Lanes, MAX_DELAY_MS, MAX_TEMPERATURE_C, Rack};
use crate::switch::Switch;

/// Widths a PCIe link has.
const WIDTHS: [u8; 5] = [1, 2, 4, 8, 16];

impl Order {
    /// Whether the rack has what the order names, and its numbers are within their bounds. Whether it can be carried
    /// out now is another question.
    pub(crate) fn check(&self, switch: &Switch) -> Result<(), OrderError> {
        let rack = &switch.rack;
        match self {
            Self::PullCable { port } | Self::PlugCable { port } => host_port(rack, port).map(|_| ()),
            Self::PullAdapter { port } | Self::PlugAdapter { port } | Self::SurpriseRemove { port } => {
                slot(rack, port).map(|_| ())
            }
            Self::Train { port, width, rate } => lanes(switch, port, *width, *rate).map(|_| ()),
            Self::RaiseAer { port, .. } => any_port(rack, port).map(|_| ()),
            Self::Heat { celsius } => centi(*celsius).map(|_| ()),
            Self::Slow { ms, .. } => {
                let max = MAX_DELAY_MS;
                if (1..=max).contains(ms) { Ok(()) } else { Err(OrderError::Delay { ms: *ms, max }) }
            }
            Self::Hang { nth: 0, .. } | Self::Refuse { nth: 0, .. } | Self::DropConnection { nth: 0, .. } => {
                Err(OrderError::Nth)
            }
            Self::Refuse { code: 0, .. } => Err(OrderError::CodeOfSuccess),
            Self::Bind { port, functions, .. } => {
                host_port(rack, port)?;
                functions.iter().try_for_each(|function| pdfid(*function).map(|_| ()))
            }
            Self::Unbind { port, .. } => host_port(rack, port).map(|_| ()),
            Self::Rename { function, to } => pdfid(*function).and_then(|_| pdfid(*to)).map(|_| ()),
            Self::Swap { port, adapter } => {
                slot(rack, port)?;
                let known =
                    || OrderError::NoSuchModel { name: adapter.clone(), known: switch.models().join(", ") };
                switch.model(adapter).map(|_| ()).ok_or_else(known)
            }
            Self::Hang { .. }
            | Self::Refuse { .. }
            | Self::DropConnection { .. }
            | Self::CancelFault { .. }
            | Self::Reboot { .. }
            | Self::Heal {}
            | Self::Status {} => Ok(()),
        }
    }
}

/// The port that an order names.
pub(super) fn any_port(rack: &Rack, name: &PortName) -> Result<PhysicalPort, OrderError> {
    let named = match name {
        PortName::Number(number) => return numbered(rack, *number).ok_or_else(|| no_such_port(rack, name)),
        PortName::Name(named) => named,
    };
    let hosts = rack.hosts.iter().filter(|host| host.name == *named).map(|host| host.port);
    let slots = rack.slots.iter().filter(|slot| slot.adapter.name == *named).map(|slot| slot.port);
    match hosts.chain(slots).collect::<Vec<_>>()[..] {
        [] => {
            let number = named.parse().ok().and_then(|number| numbered(rack, number));
            number.ok_or_else(|| no_such_port(rack, name))
        }
        [port] => Ok(port),
        ref several => Err(OrderError::Ambiguous { name: named.clone(), ports: list(several) }),
    }
}

fn numbered(rack: &Rack, number: u8) -> Option<PhysicalPort> {
    let hosts = rack.hosts.iter().map(|host| host.port);
    let slots = rack.slots.iter().map(|slot| slot.port);
    let fabric = rack.fabric_ports.iter().map(|fabric| fabric.port);
    hosts.chain(slots).chain(fabric).find(|port| port.get() == number)
}

fn no_such_port(rack: &Rack, name: &PortName) -> OrderError {
    let (hosts, slots): (Vec<_>, Vec<_>) = (
        rack.hosts.iter().map(|host| host.port).collect(),
        rack.slots.iter().map(|slot| slot.port).collect(),
    );
    let known = format!("host ports are {}, slots are ports {}", list(&hosts), list(&slots));
    OrderError::NoSuchPort { name: name.clone(), known }
}

fn list(ports: &[PhysicalPort]) -> String {
    let ports: Vec<_> = ports.iter().map(ToString::to_string).collect();
    if ports.is_empty() { "none".to_owned() } else { ports.join(", ") }
}

/// The port of an order for hosts.
pub(super) fn host_port(rack: &Rack, name: &PortName) -> Result<PhysicalPort, OrderError> {
    let port = any_port(rack, name)?;
    let leads_to_host = rack.hosts.iter().any(|host| host.port == port);
    if leads_to_host { Ok(port) } else { Err(OrderError::NoHostPort(port)) }
}

/// The port of an order for adapters.
pub(super) fn slot(rack: &Rack, name: &PortName) -> Result<PhysicalPort, OrderError> {
    let port = any_port(rack, name)?;
    let has_slot = rack.slots.iter().any(|slot| slot.port == port);
    if has_slot { Ok(port) } else { Err(OrderError::NoSlot(port)) }
}

/// What a link is to train to.
pub(super) fn lanes(
    switch: &Switch,
    name: &PortName,
    width: Option<u8>,
    rate: Option<u8>,
) -> Result<(PhysicalPort, Lanes), OrderError> {
    let port = any_port(&switch.rack, name)?;
    let Some(full) = switch.port(port).map(|port| port.lanes) else {
        return Err(no_such_port(&switch.rack, name));
    };
    let (width, rate) = (width.unwrap_or(full.width), rate.unwrap_or(full.rate.code()));
    if !WIDTHS.contains(&width) || width > full.width {
        return Err(OrderError::Width { port, width, max: full.width });
    }
    if !(1..=full.rate.code()).contains(&rate) {
        return Err(OrderError::Rate { port, rate, max: full.rate.code() });
    }
    Ok((port, Lanes { width, rate: Rate::from_code(rate) }))
}

/// A temperature in hundredths of a degree Celsius.
pub(super) fn centi(celsius: f64) -> Result<u32, OrderError> {
    let max = MAX_TEMPERATURE_C;
    if (0.0..=max).contains(&celsius) {
        Ok((celsius * 100.0).round() as u32)
    } else {
        Err(OrderError::Temperature { celsius, max })
    }
}

/// A function's name within the numbers this switch gives to functions.
pub(super) fn pdfid(name: FunctionName) -> Result<Pdfid, OrderError> {
    if (PDFIDS.start..=PDFIDS.end).contains(&name.0.get()) {
        return Ok(name.0);
    }
    let (min, max) = (Pdfid::new(PDFIDS.start), Pdfid::new(PDFIDS.end));
    Err(OrderError::PdfidRange { pdfid: name.0, min, max })
}
