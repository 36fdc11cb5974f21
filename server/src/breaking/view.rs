//! What the lab's page shows, as words and numbers.

use patchbay_domain::Temperature;
use patchbay_softswitch::{
    BindingCondition, CommandKind, Condition, FunctionName, LinkCondition, Order, PortCondition, Role,
    WaitingFault,
};
use std::collections::BTreeSet;

/// What is on the other side of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A host.
    Host,
    /// An adapter.
    Slot,
    /// Another switch.
    Fabric,
}

/// A port of an emulated switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenchPort {
    /// Its number.
    pub number: u8,
    /// What is on the other side.
    pub side: Side,
    /// Its name.
    pub name: String,
    /// Whether the cable or the adapter is in.
    pub plugged: bool,
    /// Its link in words.
    pub link: String,
}

/// A logical port that something is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The host port.
    pub port: u8,
    /// The logical port.
    pub logical_port: u8,
    /// What is bound where.
    pub words: String,
}

/// An emulated switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bench {
    /// Its place in the lab, counted from 0.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// Where it listens.
    pub address: String,
    /// Its temperature in words.
    pub temperature: String,
    /// Its ports.
    pub ports: Vec<BenchPort>,
    /// Commands that can be made to fail, by name.
    pub commands: Vec<String>,
    /// Faults that wait for their command: number and words.
    pub waiting: Vec<(u64, String)>,
    /// Models that a slot can be given.
    pub models: Vec<String>,
    /// Functions: PDFID and words.
    pub functions: Vec<(String, String)>,
    /// Those of them that are not bound.
    pub free: Vec<(String, String)>,
    /// What is bound.
    pub bound: Vec<Bound>,
}

impl Bench {
    /// The emulated switch in place `index` of the lab, listening on `address`.
    pub fn new(index: usize, address: String, condition: Condition) -> Self {
        let bound: BTreeSet<_> = condition.bindings.iter().flat_map(|b| &b.functions).map(pdfid).collect();
        let functions: Vec<_> = condition.ports.iter().flat_map(functions).collect();
        let free = functions.iter().filter(|(pdfid, _)| !bound.contains(pdfid)).cloned().collect();
        Self {
            index,
            name: condition.switch,
            address,
            temperature: celsius(condition.temperature_c),
            ports: condition.ports.into_iter().map(BenchPort::from).collect(),
            commands: CommandKind::NAMES.iter().map(|(_, name)| (*name).to_owned()).collect(),
            waiting: condition.faults.iter().map(|fault| (fault.id.0, waiting(fault))).collect(),
            models: condition.models,
            functions,
            free,
            bound: condition.bindings.into_iter().map(Bound::from).collect(),
        }
    }

    /// The host ports with the names of their hosts.
    pub fn hosts(&self) -> impl Iterator<Item = (u8, String)> {
        let hosts = self.ports.iter().filter(|port| port.side == Side::Host);
        hosts.map(|port| (port.number, port.name.clone()))
    }
}

/// Something that was done here, or could not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The time of day, in UTC.
    pub at: String,
    /// What.
    pub words: String,
    /// Whether it was done.
    pub done: bool,
}

impl From<PortCondition> for BenchPort {
    fn from(port: PortCondition) -> Self {
        let link = match port.link {
            LinkCondition::Up(lanes) if lanes == port.built => format!("x{} Gen{}", lanes.width, lanes.rate),
            LinkCondition::Up(lanes) => {
                let built = port.built;
                format!("x{} Gen{} of x{} Gen{}", lanes.width, lanes.rate, built.width, built.rate)
            }
            LinkCondition::Down => "no link".to_owned(),
            LinkCondition::Disabled => "switched off".to_owned(),
            LinkCondition::Reset => "held in reset".to_owned(),
        };
        let side = match port.role {
            Role::Host => Side::Host,
            Role::Slot => Side::Slot,
            Role::Fabric => Side::Fabric,
        };
        let name = port.name.unwrap_or_else(|| "another switch".to_owned());
        Self { number: port.port, side, name, plugged: port.causes.plugged, link }
    }
}

impl From<BindingCondition> for Bound {
    fn from(binding: BindingCondition) -> Self {
        let functions: Vec<_> = binding.functions.iter().map(pdfid).collect();
        let host = binding.host.unwrap_or_else(|| format!("port {}", binding.port));
        let words = format!("{} on {host}, logical port {}", functions.join(" and "), binding.logical_port);
        Self { port: binding.port, logical_port: binding.logical_port, words }
    }
}

/// The functions of an adapter: PDFID and words.
fn functions(port: &PortCondition) -> impl Iterator<Item = (String, String)> {
    let name = port.name.clone().unwrap_or_default();
    port.functions.iter().map(move |function| {
        let pdfid = pdfid(function);
        let words = format!("{pdfid}, {name}");
        (pdfid, words)
    })
}

/// A temperature as Patchbay writes it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a die has 0 to 150 degrees")]
fn celsius(degrees: f64) -> String {
    Temperature((degrees * 100.0).round() as u32).to_string()
}

/// A PDFID as Patchbay writes it.
fn pdfid(function: &FunctionName) -> String {
    format!("{:#06x}", function.0.get())
}

/// A fault that has not struck yet, in words.
fn waiting(fault: &WaitingFault) -> String {
    let of = |command: Option<CommandKind>| command.map_or("bind or unbind", CommandKind::name);
    match &fault.order {
        Order::Slow { command, ms } => format!("every {} takes {ms} ms longer", of(*command)),
        Order::Hang { command, nth } => format!("{} number {nth} from now hangs", of(*command)),
        Order::Refuse { command, nth, code } => {
            format!("{} number {nth} from now is refused with 0x{code:X}", of(*command))
        }
        Order::DropConnection { command, nth, .. } => {
            format!("the connection of {} number {nth} from now drops", of(*command))
        }
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use patchbay_softswitch::{Options, Rack, Softswitch};

    #[tokio::test]
    async fn the_lab_is_shown_as_it_is() {
        let rack = Rack::lab().expect("built in");
        let ports = rack.hosts.len() + rack.slots.len();
        let bound: usize = rack.bindings.iter().map(|binding| binding.functions.len()).sum();
        let listen = "127.0.0.1:0".parse().expect("an address");
        let running = Softswitch::start(rack, listen, Options::default()).await.expect("it starts");
        let controls = running.controls();
        controls.order(Order::PullCable { port: "web-01".into() }).await.expect("carried out");
        controls.order(Order::Hang { command: Some(CommandKind::Bind), nth: 2 }).await.expect("carried out");
        let bench = Bench::new(0, running.addr().to_string(), controls.condition());
        assert_eq!(bench.ports.len(), ports);
        assert_eq!(bench.free.len() + bound, bench.functions.len());
        let pulled = bench.ports.iter().find(|port| port.name == "web-01").expect("there");
        assert_eq!((pulled.plugged, pulled.link.as_str()), (false, "no link"));
        assert_eq!(
            bench.waiting.iter().map(|(_, words)| words.as_str()).collect::<Vec<_>>(),
            ["bind number 2 from now hangs"]
        );
        assert!(bench.hosts().any(|(number, name)| (number, name.as_str()) == (pulled.number, "web-01")));
        running.stop().await;
    }
}
