//! Carrying out the orders that change the switch.

use patchbay_switchtec::command::binding::Bind;
use patchbay_switchtec::{HostPort, LogicalPort, Pdfid, PhysicalPort, code};

use super::check::{any_port, centi, host_port, lanes, pdfid, slot};
use super::error::OrderError;
use super::order::{FunctionName, Order, PortName};
use crate::rack::Link;
use crate::switch::{Raised, Switch};

/// What has changed, as a sentence, and the events that follow.
type Carried = Result<(String, Vec<Raised>), OrderError>;

/// Carries out an order that changes the switch; `None` for all others. An error changes nothing.
pub(super) fn carry_out(switch: &mut Switch, order: &Order, time_us: u64) -> Option<Carried> {
    if let Err(error) = order.check(switch) {
        return Some(Err(error));
    }
    Some(match order {
        Order::PullCable { port } => host_port(&switch.rack, port).and_then(|port| pull(switch, port)),
        Order::PlugCable { port } => host_port(&switch.rack, port).and_then(|port| plug_in(switch, port)),
        Order::PullAdapter { port } => slot(&switch.rack, port).and_then(|port| pull(switch, port)),
        Order::PlugAdapter { port } => slot(&switch.rack, port).and_then(|port| plug_in(switch, port)),
        Order::SurpriseRemove { port } => surprise_remove(switch, port),
        Order::Train { port, width, rate } => train(switch, port, *width, *rate),
        Order::RaiseAer { port, severity } => any_port(&switch.rack, port).and_then(|port| {
            require_up(switch, port)?;
            let raised = switch.report_error(port, *severity, time_us);
            Ok((format!("{} has reported an error", called(switch, port)), raised))
        }),
        Order::Heat { celsius } => centi(*celsius).map(|centi| {
            switch.set_temperature(centi);
            (format!("the die has {celsius} degrees Celsius"), Vec::new())
        }),
        Order::Bind { port, logical_port, functions } => bind(switch, port, *logical_port, functions),
        Order::Unbind { port, logical_port } => unbind(switch, port, *logical_port),
        Order::Rename { function, to } => rename(switch, *function, *to),
        Order::Swap { port, adapter } => swap(switch, port, adapter),
        Order::Heal {}
        | Order::Slow { .. }
        | Order::Hang { .. }
        | Order::Refuse { .. }
        | Order::DropConnection { .. }
        | Order::CancelFault { .. }
        | Order::Reboot { .. }
        | Order::Status {} => return None,
    })
}

/// A port as people call it.
pub(super) fn called(switch: &Switch, port: PhysicalPort) -> String {
    match name_of(switch, port) {
        Some(name) => format!("port {port} ({name})"),
        None => format!("port {port}"),
    }
}

/// The name of the host or adapter at a port.
pub(super) fn name_of(switch: &Switch, port: PhysicalPort) -> Option<String> {
    let host = switch.host(port).map(|host| host.name.clone());
    host.or_else(|| switch.slot(port).map(|slot| slot.adapter.name.clone()))
}

/// What can be plugged into a port.
fn plug_of(switch: &Switch, port: PhysicalPort) -> String {
    let what = if switch.host(port).is_some() { "cable" } else { "adapter" };
    format!("the {what} of {}", called(switch, port))
}

fn is_plugged(switch: &Switch, port: PhysicalPort) -> bool {
    switch.port(port).is_some_and(|port| port.plugged)
}

fn pull(switch: &mut Switch, port: PhysicalPort) -> Carried {
    let what = plug_of(switch, port);
    if !is_plugged(switch, port) {
        return Err(OrderError::NotPlugged { what });
    }
    Ok((format!("{what} is pulled"), switch.plug(port, false)))
}

fn plug_in(switch: &mut Switch, port: PhysicalPort) -> Carried {
    let what = plug_of(switch, port);
    if is_plugged(switch, port) {
        return Err(OrderError::PluggedAlready { what });
    }
    Ok((format!("{what} is plugged in"), switch.plug(port, true)))
}

fn surprise_remove(switch: &mut Switch, port: &PortName) -> Carried {
    let port = slot(&switch.rack, port)?;
    if !is_plugged(switch, port) {
        return Err(OrderError::NotPlugged { what: plug_of(switch, port) });
    }
    if !switch.link(port).is_attached() {
        return Err(OrderError::LinkNotUp { port: called(switch, port) });
    }
    Ok((format!("{} is torn out", plug_of(switch, port)), switch.tear_out(port)))
}

fn require_up(switch: &Switch, port: PhysicalPort) -> Result<(), OrderError> {
    match switch.link(port) {
        Link::Up(_) => Ok(()),
        Link::Down | Link::Disabled | Link::Reset => {
            Err(OrderError::LinkNotUp { port: called(switch, port) })
        }
    }
}

fn train(switch: &mut Switch, port: &PortName, width: Option<u8>, rate: Option<u8>) -> Carried {
    let (port, to) = lanes(switch, port, width, rate)?;
    let sentence = format!("{} trains to x{} Gen{}", called(switch, port), to.width, to.rate.code());
    Ok((sentence, switch.train(port, to)))
}

fn bind(switch: &mut Switch, port: &PortName, logical_port: u8, functions: &[FunctionName]) -> Carried {
    let port = host_port(&switch.rack, port)?;
    let functions: Vec<Pdfid> = functions.iter().map(|function| function.0).collect();
    let host = HostPort { switch: switch.rack.index, port };
    let bind = Bind::new(host, LogicalPort::new(logical_port), &functions)
        .map_err(|_| OrderError::Refused(code::BAD_PARAMETER))?;
    let raised = switch.bind(&bind).map_err(OrderError::Refused)?;
    Ok((format!("logical port {logical_port} of {} is bound", called(switch, port)), raised))
}

fn unbind(switch: &mut Switch, port: &PortName, logical_port: u8) -> Carried {
    let port = host_port(&switch.rack, port)?;
    let host = HostPort { switch: switch.rack.index, port };
    let raised = switch.unbind(host, LogicalPort::new(logical_port)).map_err(OrderError::Refused)?;
    Ok((format!("logical port {logical_port} of {} is unbound", called(switch, port)), raised))
}

fn rename(switch: &mut Switch, function: FunctionName, to: FunctionName) -> Carried {
    let (function, to) = (pdfid(function)?, pdfid(to)?);
    if !switch.functions().any(|known| known == function) {
        return Err(OrderError::NoSuchFunction(function));
    }
    if switch.functions().any(|known| known == to) {
        return Err(OrderError::PdfidTaken(to));
    }
    Ok((format!("function {function} is now {to}"), switch.rename(function, to)))
}

fn swap(switch: &mut Switch, port: &PortName, model: &str) -> Carried {
    let port = slot(&switch.rack, port)?;
    let count = switch.model(model).map_or(0, |adapter| adapter.functions.len());
    let names = switch.free_names(count).ok_or(OrderError::NoFreePdfids { count })?;
    let raised = switch.swap(port, model, &names);
    let first = names.first().map(ToString::to_string).unwrap_or_default();
    Ok((format!("{} holds another adapter; its functions start at {first}", called(switch, port)), raised))
}
