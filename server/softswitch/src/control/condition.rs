//! How everything is: what a lab page or a person at the command line looks at.

use patchbay_switchtec::{PhysicalPort, PortType};
use serde::{Deserialize, Serialize};

use super::carry::name_of;
use super::order::{FunctionName, Order};
use crate::fault::{CommandFault, Effect, FaultId};
use crate::rack::{Lanes, Link};
use crate::shared::Shared;
use crate::switch::{FarEnd, Port, Switch};

/// The condition of a rack and of the lab's faults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// The switch's name.
    pub switch: String,
    /// Die temperature in degrees Celsius.
    pub temperature_c: f64,
    /// All ports in ascending order.
    pub ports: Vec<PortCondition>,
    /// What is bound, in the order of ports and logical ports.
    pub bindings: Vec<BindingCondition>,
    /// Faults that wait for their commands, oldest first.
    pub faults: Vec<WaitingFault>,
    /// Names of the adapters that can be put into a slot.
    pub models: Vec<String>,
    /// The fabric manager's event queue.
    pub events: EventsCondition,
}

/// One port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortCondition {
    /// Physical port id.
    pub port: u8,
    /// What its cable or slot leads to.
    pub role: Role,
    /// Name of the host or adapter.
    pub name: Option<String>,
    /// What the port is built for.
    pub built: LinkLanes,
    /// Why the link is as it is.
    pub causes: Causes,
    /// How the link is.
    pub link: LinkCondition,
    /// Functions of the adapter in the slot, the PF first.
    pub functions: Vec<FunctionName>,
}

/// What a port's cable or slot leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A host.
    Host,
    /// An adapter.
    Slot,
    /// Another switch.
    Fabric,
}

/// What a port is configured as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Configured {
    /// Leads to a host.
    Host,
    /// Holds an adapter.
    Endpoint,
    /// Leads to another switch.
    FabricLink,
    /// Not used.
    Unused,
}

/// Width and generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkLanes {
    /// Number of lanes.
    pub width: u8,
    /// PCIe generation.
    #[serde(rename = "gen")]
    pub rate: u8,
}

/// Why a port's link is as it is; it is up when nothing stands in its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Causes {
    /// Whether the cable is plugged in, or the adapter is in its slot.
    pub plugged: bool,
    /// Whether the port is switched on.
    pub enabled: bool,
    /// Whether a hot reset is held.
    pub reset_held: bool,
    /// What the link trains to.
    pub trains_to: LinkLanes,
    /// What the port is configured as.
    pub configured: Configured,
}

/// How a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LinkCondition {
    /// Trained.
    Up(LinkLanes),
    /// Nothing answers.
    Down,
    /// Switched off at the port.
    Disabled,
    /// Held in hot reset.
    Reset,
}

/// One bound logical port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BindingCondition {
    /// The host port.
    pub port: u8,
    /// Name of the host.
    pub host: Option<String>,
    /// The logical port.
    pub logical_port: u8,
    /// The functions by slot.
    pub functions: Vec<FunctionName>,
    /// Port of the adapter they belong to.
    pub slot: Option<u8>,
    /// Name of that adapter.
    pub adapter: Option<String>,
}

/// A fault that waits for its command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WaitingFault {
    /// For [`Order::CancelFault`].
    pub id: FaultId,
    /// The order it came from, with what is left of its count.
    pub order: Order,
}

/// The fabric manager's event queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventsCondition {
    /// Events that nobody has read yet.
    pub waiting: usize,
    /// Whether events were lost because nobody read them.
    pub overflow: bool,
    /// How many events there have been since power-up.
    pub recorded: u64,
}

impl Condition {
    pub(crate) fn of(shared: &Shared) -> Self {
        let faults = shared.faults.list().iter().map(waiting).collect();
        let switch = shared.switch();
        Self {
            switch: switch.rack.name.clone(),
            temperature_c: f64::from(switch.rack.temperature_centi) / 100.0,
            ports: switch.ports().map(|(number, port)| port_condition(&switch, number, port)).collect(),
            bindings: bindings(&switch),
            faults,
            models: switch.models(),
            events: EventsCondition {
                waiting: switch.queue.len(),
                overflow: switch.queue.has_overflowed(),
                recorded: switch.queue.recorded(),
            },
        }
    }
}

fn waiting(fault: &CommandFault) -> WaitingFault {
    let (command, nth) = (fault.command, fault.nth);
    let order = match fault.effect {
        Effect::Slow(delay) => Order::Slow { command, ms: delay.as_millis() as u64 },
        Effect::Hang => Order::Hang { command, nth },
        Effect::Refuse(code) => Order::Refuse { command, nth, code },
        Effect::Drop(when) => Order::DropConnection { command, nth, when },
    };
    WaitingFault { id: fault.id, order }
}

fn port_condition(switch: &Switch, number: PhysicalPort, port: &Port) -> PortCondition {
    let functions = switch.slot(number).map(|slot| &slot.adapter.functions[..]).unwrap_or_default();
    PortCondition {
        port: number.get(),
        role: match port.far_end {
            FarEnd::Host => Role::Host,
            FarEnd::Adapter => Role::Slot,
            FarEnd::Switch => Role::Fabric,
        },
        name: name_of(switch, number),
        built: port.lanes.into(),
        causes: Causes {
            plugged: port.plugged,
            enabled: port.enabled,
            reset_held: port.reset_held,
            trains_to: port.trains_to.into(),
            configured: port.config.port_type.into(),
        },
        link: port.link().into(),
        functions: functions.iter().map(|function| FunctionName(function.pdfid)).collect(),
    }
}

fn bindings(switch: &Switch) -> Vec<BindingCondition> {
    let condition = |binding: crate::rack::Binding| {
        let slot = binding.functions.first().and_then(|function| switch.slot_of(*function));
        BindingCondition {
            port: binding.port.get(),
            host: name_of(switch, binding.port),
            logical_port: binding.logical_port.get(),
            functions: binding.functions.iter().copied().map(FunctionName).collect(),
            slot: slot.map(|slot| slot.port.get()),
            adapter: slot.map(|slot| slot.adapter.name.clone()),
        }
    };
    switch.bindings().into_iter().map(condition).collect()
}

impl From<Lanes> for LinkLanes {
    fn from(lanes: Lanes) -> Self {
        Self { width: lanes.width, rate: lanes.rate.code() }
    }
}

impl From<Link> for LinkCondition {
    fn from(link: Link) -> Self {
        match link {
            Link::Up(lanes) => Self::Up(lanes.into()),
            Link::Down => Self::Down,
            Link::Disabled => Self::Disabled,
            Link::Reset => Self::Reset,
        }
    }
}

impl From<PortType> for Configured {
    fn from(port_type: PortType) -> Self {
        match port_type {
            PortType::Host => Self::Host,
            PortType::Endpoint => Self::Endpoint,
            PortType::FabricLink => Self::FabricLink,
            // Other types are refused when they are set.
            PortType::Unused | PortType::Other(_) => Self::Unused,
        }
    }
}
