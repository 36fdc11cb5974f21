//! Who is cabled to what, and who has which function: one picture of one or several racks.

use crate::address::{Link, LogicalPort, Pdfid, PhysicalPort};
use crate::health::{Raised, Subject};
use crate::ids::{AdapterId, ChangeId, FunctionId, Generation, HostId, Seq, SwitchId};
use crate::intent::Reason;
use crate::ledger::Actor;
use crate::observation::Fingerprint;
use crate::plan::Plan;
use crate::refusal::Refusal;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Whether the engine can talk to a switch. A reading, in no entry: after a start every switch is connecting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchState {
    /// The engine has not read the switch since it started.
    Connecting,
    /// Read, and answering.
    Ready,
    /// It did not answer when it was last asked. What is shown of it is the last good picture.
    Unreachable,
}

/// One I/O virtualization switch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// Its id.
    pub id: SwitchId,
    /// What people call it.
    pub name: String,
    /// Where the engine reaches it, as text for people.
    pub address: String,
    /// Whether it answers.
    pub state: SwitchState,
    /// The model, as the driver names it; empty until it was first read.
    pub model: String,
    /// The running firmware version; empty until it was first read.
    pub firmware: String,
}

/// A server as one switch sees it, through one cable: what is at the other end of a host port. Hosts of one name on several
/// switches are one server, see [`crate::reach`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Its id.
    pub id: HostId,
    /// What people call it.
    pub name: String,
    /// The switch it is cabled to.
    pub switch: SwitchId,
    /// The host port its cable ends in.
    pub port: PhysicalPort,
    /// The link over that cable, as last read; after a start, as the last discovery had it.
    pub link: Link,
    /// How many logical ports its virtual domain has; at most one binding fits on each.
    pub logical_ports: u8,
}

/// What an adapter is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdapterKind {
    /// An Ethernet NIC.
    Nic,
    /// A Fibre Channel HBA.
    Hba,
    /// NVMe storage.
    Nvme,
    /// A GPU or other accelerator.
    Accelerator,
    /// Anything else with functions to share.
    Other,
}

/// A shared card in a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adapter {
    /// Its id.
    pub id: AdapterId,
    /// The switch it sits in.
    pub switch: SwitchId,
    /// The slot's physical port.
    pub slot: PhysicalPort,
    /// What it is for.
    pub kind: AdapterKind,
    /// The PCI identity that makes it another adapter than the one before it in the same slot.
    pub fingerprint: Fingerprint,
    /// What people call it.
    pub name: String,
    /// The link between slot and adapter, as last read; after a start, as the last discovery had it.
    pub link: Link,
    /// False when the switch no longer sees the card; its functions are kept, so that they have the same ids when it
    /// comes back.
    pub present: bool,
}

/// Physical or virtual function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Physical function.
    Pf,
    /// Virtual function.
    Vf,
}

/// A logical port of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The host.
    pub host: HostId,
    /// The logical port in its virtual domain.
    pub logical_port: LogicalPort,
}

/// Where a function appears in a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Assignment {
    /// The host.
    pub host: HostId,
    /// The logical port in its virtual domain.
    pub logical_port: LogicalPort,
    /// The PCI function number on that logical port, 0 to 7; 0 unless several functions share the port.
    pub number: u8,
}

impl Assignment {
    /// The logical port, without the function number.
    pub const fn place(self) -> Place {
        Place { host: self.host, logical_port: self.logical_port }
    }
}

/// The unit that is assigned: a PF or VF of an adapter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Its id.
    pub id: FunctionId,
    /// The adapter it belongs to.
    pub adapter: AdapterId,
    /// Its name on the wire.
    pub pdfid: Pdfid,
    /// PF or VF.
    pub role: Role,
    /// 0 for the PF, VFs counted from 1.
    pub index: u16,
    /// The host that has it; none while it is in the pool.
    pub assigned: Option<Assignment>,
}

/// A function whose binding is not what the ledger wishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// Where the ledger wishes it; none for the pool.
    pub wished: Option<Assignment>,
    /// The entry that first found it elsewhere.
    pub since: Seq,
}

/// A change that was opened and has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenChange {
    /// Its id.
    pub id: ChangeId,
    /// Who asked for it.
    pub actor: Actor,
    /// Why.
    pub reason: Reason,
    /// When it was accepted.
    pub at: DateTime<Utc>,
    /// The plan being carried out.
    pub plan: Arc<Plan>,
}

/// The whole picture: what the switches last said, and what is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topology {
    /// Rises with everything that makes an older plan unsafe.
    pub generation: Generation,
    /// All known switches.
    pub switches: BTreeMap<SwitchId, Switch>,
    /// All hosts of those switches.
    pub hosts: BTreeMap<HostId, Host>,
    /// All adapters of those switches, present or absent.
    pub adapters: BTreeMap<AdapterId, Adapter>,
    /// All functions of those adapters.
    pub functions: BTreeMap<FunctionId, Function>,
    /// Functions that are elsewhere than the ledger wishes. All others are where it wishes them.
    pub drift: BTreeMap<FunctionId, Drift>,
    /// Changes on their way.
    pub open: BTreeMap<ChangeId, OpenChange>,
    /// Troubles of links and switches that are not over.
    pub health: BTreeMap<Subject, Raised>,
}

impl Default for Topology {
    fn default() -> Self {
        Self {
            generation: Generation::new(0),
            switches: BTreeMap::new(),
            hosts: BTreeMap::new(),
            adapters: BTreeMap::new(),
            functions: BTreeMap::new(),
            drift: BTreeMap::new(),
            open: BTreeMap::new(),
            health: BTreeMap::new(),
        }
    }
}

impl Topology {
    /// Looks a function up.
    ///
    /// # Errors
    /// [`Refusal::UnknownFunction`] when there is none with this id.
    pub fn function(&self, id: FunctionId) -> Result<&Function, Refusal> {
        self.functions.get(&id).ok_or(Refusal::UnknownFunction { function: id })
    }

    /// Looks a host up.
    ///
    /// # Errors
    /// [`Refusal::UnknownHost`] when there is none with this id.
    pub fn host(&self, id: HostId) -> Result<&Host, Refusal> {
        self.hosts.get(&id).ok_or(Refusal::UnknownHost { host: id })
    }

    /// The adapter a function belongs to.
    pub fn adapter_of(&self, function: &Function) -> Option<&Adapter> {
        self.adapters.get(&function.adapter)
    }

    /// The switch whose adapter a function belongs to.
    pub fn switch_of(&self, function: &Function) -> Option<SwitchId> {
        self.adapter_of(function).map(|adapter| adapter.switch)
    }

    /// The functions on one logical port, in order of their function number.
    pub fn contents(&self, place: Place) -> Vec<&Function> {
        let here = |f: &&Function| f.assigned.is_some_and(|a| a.place() == place);
        let mut found: Vec<_> = self.functions.values().filter(here).collect();
        found.sort_by_key(|f| f.assigned.map(|a| a.number));
        found
    }

    /// The functions a host has, in order of logical port and function number.
    pub fn functions_of_host(&self, host: HostId) -> Vec<&Function> {
        let here = |f: &&Function| f.assigned.is_some_and(|a| a.host == host);
        let mut found: Vec<_> = self.functions.values().filter(here).collect();
        found.sort_by_key(|f| f.assigned);
        found
    }

    /// The functions of an adapter, by index.
    pub fn functions_of_adapter(&self, adapter: AdapterId) -> Vec<&Function> {
        let mut found: Vec<_> = self.functions.values().filter(|f| f.adapter == adapter).collect();
        found.sort_by_key(|f| f.index);
        found
    }

    /// The functions of all adapters of a switch.
    pub fn functions_of_switch(&self, switch: SwitchId) -> impl Iterator<Item = &Function> {
        self.functions.values().filter(move |f| self.switch_of(f) == Some(switch))
    }

    /// Where the ledger wishes a function; none for the pool, and for a function that is not in the picture.
    pub fn wish(&self, function: FunctionId) -> Option<Assignment> {
        match self.drift.get(&function) {
            Some(drift) => drift.wished,
            None => self.functions.get(&function).and_then(|f| f.assigned),
        }
    }

    /// The open change that a function is part of, if any.
    pub fn change_in_flight(&self, function: FunctionId) -> Option<ChangeId> {
        let touches = |open: &&OpenChange| open.plan.moves.iter().any(|m| m.function == function);
        self.open.values().find(touches).map(|open| open.id)
    }

    /// The functions that open changes move. What is adopted stays where it is, and is read like everything else.
    pub fn in_flight(&self) -> BTreeSet<FunctionId> {
        self.open.values().flat_map(|open| &open.plan.moves).map(|one| one.function).collect()
    }

    /// Forgets every switch but these, with all that hangs on it. An open change stays as long as one of its switches does.
    pub fn keep_switches(&mut self, kept: &BTreeSet<SwitchId>) {
        self.switches.retain(|id, _| kept.contains(id));
        self.hosts.retain(|_, host| kept.contains(&host.switch));
        self.adapters.retain(|_, adapter| kept.contains(&adapter.switch));
        let adapters = &self.adapters;
        self.functions.retain(|_, function| adapters.contains_key(&function.adapter));
        let functions = &self.functions;
        self.drift.retain(|id, _| functions.contains_key(id));
        self.open.retain(|_, open| open.plan.switches.iter().any(|switch| kept.contains(switch)));
        self.health.retain(|_, raised| kept.contains(&raised.switch));
    }
}
