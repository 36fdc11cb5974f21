//! What a face is shown.

use chrono::{DateTime, Utc};
use patchbay_domain::health::counted;
use patchbay_domain::{
    Adapter, AdapterId, AdapterKind, ChangeId, ChangeRecord, FirmwareImage, Function, FunctionId, Generation,
    HistoryItem, Host, HostId, Link, LogicalPort, Pdfid, PhysicalPort, PortVitals, Raised, Role, Seq,
    Subject, SwitchId, SwitchState, Temperature, Topology, Vitals,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Something an operator should know about this server, shown as a banner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The switch shown is the built-in lab.
    Lab {
        /// How to add a real switch, as a command line.
        how_to_add: String,
    },
}

/// The answer to somebody who waited for the end of a change, perhaps in vain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedOut {
    /// The change.
    pub record: ChangeRecord,
    /// The generation it left behind: what to send as `seen` next. None for a change that had ended before, or has not
    /// ended.
    pub generation: Option<Generation>,
}

impl From<ChangeRecord> for CarriedOut {
    /// A change whose end nobody waited for.
    fn from(record: ChangeRecord) -> Self {
        Self { record, generation: None }
    }
}

/// The rack as it is: what the board is drawn from and what the live stream continues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Everything.
    pub topology: Topology,
    /// The last ledger entry folded into it; the stream resumes after this one.
    pub seq: Seq,
    /// When it was taken.
    pub at: DateTime<Utc>,
    /// The latest history, newest first.
    pub recent: Vec<HistoryItem>,
    /// How many entries the ledger has.
    pub entries: u64,
    /// What the operator should know about this server.
    pub notices: Vec<Notice>,
    /// How the switches are; a switch that does not answer is left out.
    pub vitals: BTreeMap<SwitchId, Vitals>,
    /// The open changes whose first step was sent. The others wait and can be cancelled.
    pub begun: BTreeSet<ChangeId>,
    /// Why nothing can be written down right now, as a sentence.
    pub trouble: Option<String>,
}

/// A link as the JSON door shows it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinkView {
    /// Whether it carries traffic.
    pub up: bool,
    /// Lanes in use.
    pub width: u8,
    /// Gigatransfers per second and lane; none while down.
    pub rate_gts: Option<f32>,
    /// Lanes configured.
    pub configured_width: u8,
    /// Gigatransfers per second and lane configured.
    pub configured_rate_gts: Option<f32>,
}

/// A switch as the JSON door shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SwitchView {
    /// Its id.
    pub id: SwitchId,
    /// What people call it.
    pub name: String,
    /// Where it is reached.
    pub address: String,
    /// Whether it answers.
    pub state: SwitchState,
    /// The model.
    pub model: String,
    /// The running firmware version.
    pub firmware: String,
    /// How it is; none while it does not answer.
    pub vitals: Option<VitalsView>,
}

/// How a switch is, as the JSON door shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VitalsView {
    /// Degrees Celsius at the hottest place of its die, where it tells.
    pub temperature_c: Option<f64>,
    /// Its ports.
    pub ports: Vec<PortVitals>,
    /// The images in its flash, where it tells.
    pub firmware: Vec<FirmwareImage>,
    /// What a person should know, in words.
    pub concerns: Vec<String>,
}

impl From<&Vitals> for VitalsView {
    fn from(vitals: &Vitals) -> Self {
        Self {
            temperature_c: vitals.temperature.map(Temperature::celsius),
            ports: vitals.ports.clone(),
            firmware: vitals.firmware.clone(),
            concerns: vitals.concerns().map(|concern| concern.to_string()).collect(),
        }
    }
}

/// A host as the JSON door shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostView {
    /// Its id.
    pub id: HostId,
    /// What people call it.
    pub name: String,
    /// The switch it is cabled to.
    pub switch: SwitchId,
    /// The host port.
    pub port: PhysicalPort,
    /// The link over its cable.
    pub link: LinkView,
    /// How many logical ports it has.
    pub logical_ports: u8,
}

/// Who has a function.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssignedView {
    /// The host.
    pub host: HostId,
    /// The logical port.
    pub logical_port: LogicalPort,
}

/// A function as the JSON door shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FunctionView {
    /// Its id.
    pub id: FunctionId,
    /// Its label, as in `eth16v5`.
    pub name: String,
    /// Its name on the wire.
    pub pdfid: Pdfid,
    /// PF or VF.
    pub role: Role,
    /// 0 for the PF, VFs counted from 1.
    pub index: u16,
    /// Who has it; none while it is in the pool.
    pub assigned: Option<AssignedView>,
    /// The change that is moving it, if any.
    pub in_flight: Option<ChangeId>,
}

/// An adapter as the JSON door shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdapterView {
    /// Its id.
    pub id: AdapterId,
    /// The switch it sits in.
    pub switch: SwitchId,
    /// The slot's physical port.
    pub slot: PhysicalPort,
    /// What it is for.
    pub kind: AdapterKind,
    /// What people call it.
    pub name: String,
    /// Whether the switch sees it.
    pub present: bool,
    /// The link between slot and adapter.
    pub link: LinkView,
    /// Its functions.
    pub functions: Vec<FunctionView>,
}

/// The topology as the JSON door shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopologyView {
    /// To send as `seen` with a change.
    pub generation: Generation,
    /// The last ledger entry in it.
    pub seq: Seq,
    /// Why no change can be written down right now, as a sentence; none when all is well.
    pub trouble: Option<String>,
    /// All switches.
    pub switches: Vec<SwitchView>,
    /// All hosts.
    pub hosts: Vec<HostView>,
    /// All adapters with their functions.
    pub adapters: Vec<AdapterView>,
    /// Troubles of links and switches that are not over, the oldest first.
    pub health: Vec<TroubleView>,
}

/// A trouble that is not over as the JSON door shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TroubleView {
    /// What it is of and how, as in `host-3-down`; the same word in the ledger's entries.
    pub subject: Subject,
    /// The switch it is on.
    pub switch: SwitchId,
    /// In words, without a full stop.
    pub says: String,
    /// When it began.
    pub since: DateTime<Utc>,
    /// How often it came.
    pub times: u32,
    /// The ledger entry that raised it.
    pub seq: Seq,
}

impl TroubleView {
    fn new(subject: Subject, raised: &Raised) -> Self {
        Self {
            subject,
            switch: raised.switch,
            says: format!("{} {}{}", subject.of(&raised.name), subject.came(), counted(raised.times)),
            since: raised.at,
            times: raised.times,
            seq: raised.since,
        }
    }
}

impl From<Link> for LinkView {
    fn from(link: Link) -> Self {
        Self {
            up: link.up,
            width: link.width,
            rate_gts: link.rate.map(patchbay_domain::Rate::gts),
            configured_width: link.configured_width,
            configured_rate_gts: link.configured_rate.map(patchbay_domain::Rate::gts),
        }
    }
}

impl From<&Host> for HostView {
    fn from(host: &Host) -> Self {
        Self {
            id: host.id,
            name: host.name.clone(),
            switch: host.switch,
            port: host.port,
            link: host.link.into(),
            logical_ports: host.logical_ports,
        }
    }
}

impl TopologyView {
    /// The view of a picture.
    pub fn new(picture: &Picture) -> Self {
        let trouble = picture.trouble.clone();
        Self { trouble, ..Self::of(&picture.topology, picture.seq, &picture.vitals) }
    }

    /// The view of a topology as of an entry.
    pub fn of(topology: &Topology, seq: Seq, vitals: &BTreeMap<SwitchId, Vitals>) -> Self {
        let switches = topology.switches.values().map(|s| SwitchView {
            id: s.id,
            name: s.name.clone(),
            address: s.address.clone(),
            state: s.state,
            model: s.model.clone(),
            firmware: s.firmware.clone(),
            vitals: vitals.get(&s.id).map(VitalsView::from),
        });
        Self {
            generation: topology.generation,
            seq,
            trouble: None,
            switches: switches.collect(),
            hosts: topology.hosts.values().map(HostView::from).collect(),
            adapters: topology.adapters.values().map(|a| AdapterView::new(topology, a)).collect(),
            health: topology.troubles().map(|(subject, raised)| TroubleView::new(subject, raised)).collect(),
        }
    }
}

impl AdapterView {
    fn new(topology: &Topology, adapter: &Adapter) -> Self {
        let functions = topology.functions_of_adapter(adapter.id);
        Self {
            id: adapter.id,
            switch: adapter.switch,
            slot: adapter.slot,
            kind: adapter.kind,
            name: adapter.name.clone(),
            present: adapter.present,
            link: adapter.link.into(),
            functions: functions.into_iter().map(|f| FunctionView::new(topology, f)).collect(),
        }
    }
}

impl FunctionView {
    fn new(topology: &Topology, function: &Function) -> Self {
        Self {
            id: function.id,
            name: topology.label(function.id),
            pdfid: function.pdfid,
            role: function.role,
            index: function.index,
            assigned: function.assigned.map(|a| AssignedView { host: a.host, logical_port: a.logical_port }),
            in_flight: topology.change_in_flight(function.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use patchbay_domain::{Assignment, Fingerprint, LinkPhase, PortEvent, PortEventCount, Rate, Switch};

    fn rack() -> Topology {
        let mut t = Topology { generation: Generation::new(6), ..Topology::default() };
        let (switch, host, adapter, function) =
            (SwitchId::new(1), HostId::new(2), AdapterId::new(3), FunctionId::new(4));
        let link = Link::full(8, Rate::Gen4);
        let (name, port) = ("web-01".to_owned(), PhysicalPort(0));
        t.hosts.insert(host, Host { id: host, name, switch, port, link: link.lost(), logical_ports: 8 });
        let fingerprint =
            Fingerprint { vendor: 0x8086, device: 0x158b, subsystem_vendor: 0, subsystem_device: 0 };
        let (name, slot, kind) = ("25 GbE NIC".to_owned(), PhysicalPort(16), AdapterKind::Nic);
        t.adapters.insert(
            adapter,
            Adapter { id: adapter, switch, slot, kind, fingerprint, name, link, present: true },
        );
        let assigned = Some(Assignment { host, logical_port: LogicalPort(1), number: 0 });
        let pdfid = Pdfid::new(0x1001).expect("in range");
        t.functions
            .insert(function, Function { id: function, adapter, pdfid, role: Role::Vf, index: 1, assigned });
        let (rack, address, model) = ("rack-12".to_owned(), "10.0.0.5".to_owned(), "PAX".to_owned());
        let (name, since, at) = ("web-01".to_owned(), Seq::new(8), DateTime::UNIX_EPOCH);
        t.health.insert(Subject::HostDown(host), Raised { switch, name, since, at, times: 4 });
        let (state, firmware) = (SwitchState::Ready, "4.80 B123".to_owned());
        t.switches.insert(switch, Switch { id: switch, name: rack, address, state, model, firmware });
        t
    }

    fn picture() -> Picture {
        let events = vec![PortEventCount { event: PortEvent::Uncorrectable, count: 2 }];
        let port = PortVitals { port: PhysicalPort(16), phase: LinkPhase::L0, events, traffic: None };
        let vitals = Vitals { temperature: Some(Temperature(4_625)), ports: vec![port], ..Vitals::default() };
        Picture {
            topology: rack(),
            seq: Seq::new(9),
            at: DateTime::UNIX_EPOCH,
            recent: Vec::new(),
            entries: 9,
            notices: Vec::new(),
            vitals: [(SwitchId::new(1), vitals)].into(),
            begun: BTreeSet::new(),
            trouble: None,
        }
    }

    #[test]
    fn the_json_has_the_documented_shape() {
        let json = serde_json::to_value(TopologyView::new(&picture())).expect("a view is JSON");
        assert_eq!((json["generation"].as_u64(), json["seq"].as_u64()), (Some(6), Some(9)));
        assert_eq!(json["hosts"][0]["link"]["up"], false);
        assert_eq!(json["hosts"][0]["link"]["configured_rate_gts"], 16.0);
        let function = &json["adapters"][0]["functions"][0];
        assert_eq!(function["pdfid"], "0x1001");
        assert_eq!(function["role"], "vf");
        assert_eq!(function["assigned"]["logical_port"], 1);
        assert_eq!(json["adapters"][0]["kind"], "nic");
        let trouble = &json["health"][0];
        assert_eq!(trouble["subject"], "host-2-down");
        assert_eq!(trouble["says"], "The link of web-01 went down, came and went 4 times");
        assert_eq!(
            (trouble["since"].as_str(), trouble["seq"].as_u64()),
            (Some("1970-01-01T00:00:00Z"), Some(8))
        );
        let vitals = &json["switches"][0]["vitals"];
        assert_eq!(vitals["temperature_c"], 46.25);
        assert_eq!(vitals["ports"][0]["phase"], "l0");
        assert_eq!(vitals["ports"][0]["events"][0]["event"], "uncorrectable");
        assert_eq!(vitals["concerns"][0], "Port 16: uncorrectable error, 2 times.");
    }
}
