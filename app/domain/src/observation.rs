//! What a switch says about itself when it is read: addresses only, no ids.
//!
//! Drivers make observations, [`crate::reconcile`] compares them with the topology, and the store gives ids to what is
//! new in them.

use crate::address::{Link, LogicalPort, Pdfid, PhysicalPort};
use crate::topology::{AdapterKind, Role};
use serde::{Deserialize, Serialize};

/// One complete reading of one switch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// The model, as people would look it up.
    pub model: String,
    /// The running firmware version.
    pub firmware: String,
    /// Every host port, linked or not.
    pub host_ports: Vec<ObservedHostPort>,
    /// Every slot, occupied or not.
    pub slots: Vec<ObservedSlot>,
}

/// A host port as read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedHostPort {
    /// Its physical port.
    pub port: PhysicalPort,
    /// Its link.
    pub link: Link,
    /// How many logical ports its virtual domain has.
    pub logical_ports: u8,
}

/// A slot as read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedSlot {
    /// Its physical port.
    pub port: PhysicalPort,
    /// Its link.
    pub link: Link,
    /// The adapter the switch sees there.
    pub adapter: Option<ObservedAdapter>,
}

/// The PCI identity of an adapter's first function: tells one model of card from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint {
    /// PCI vendor id.
    pub vendor: u16,
    /// PCI device id.
    pub device: u16,
    /// Subsystem vendor id.
    pub subsystem_vendor: u16,
    /// Subsystem device id.
    pub subsystem_device: u16,
}

/// An adapter as read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedAdapter {
    /// What it is for, from its class code.
    pub kind: AdapterKind,
    /// A name for people, from its PCI identity.
    pub name: String,
    /// Its PCI identity.
    pub fingerprint: Fingerprint,
    /// Its functions.
    pub functions: Vec<ObservedFunction>,
}

/// A function as read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedFunction {
    /// 0 for the PF, VFs counted from 1.
    pub index: u16,
    /// Its name on the wire.
    pub pdfid: Pdfid,
    /// PF or VF.
    pub role: Role,
    /// Where it is bound.
    pub bound: Option<BoundAt>,
}

/// The logical port a function is bound to, by address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BoundAt {
    /// The host port.
    pub port: PhysicalPort,
    /// The logical port.
    pub logical_port: LogicalPort,
    /// The PCI function number there, 0 to 7.
    pub number: u8,
}

impl Observation {
    /// The functions bound to one logical port, in order of their function number.
    pub fn contents(&self, port: PhysicalPort, logical_port: LogicalPort) -> Vec<Pdfid> {
        let mut found: Vec<_> = self
            .functions()
            .filter_map(|f| f.bound.map(|bound| (bound, f.pdfid)))
            .filter(|(bound, _)| bound.port == port && bound.logical_port == logical_port)
            .collect();
        found.sort_by_key(|(bound, _)| bound.number);
        found.into_iter().map(|(_, pdfid)| pdfid).collect()
    }

    /// Every function of every adapter.
    pub fn functions(&self) -> impl Iterator<Item = &ObservedFunction> {
        self.slots.iter().filter_map(|slot| slot.adapter.as_ref()).flat_map(|adapter| &adapter.functions)
    }
}
