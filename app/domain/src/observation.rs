//! What a switch says about itself when it is read: addresses only, no ids.
//!
//! Drivers make observations, [`crate::reconcile`] compares them with the topology, and the store gives ids to what is
//! new in them.

use crate::address::{Link, LogicalPort, Pdfid, PhysicalPort};
use crate::ids::SwitchId;
use crate::topology::{AdapterKind, Role};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

/// What logical ports hold: all that a step needs to know of a switch, and much quicker to read than the whole of it.
///
/// A logical port that holds nothing and one of a host port that was not asked for look the same here: whoever judges by
/// this has asked for every host port that matters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents(BTreeMap<(PhysicalPort, LogicalPort), Vec<Pdfid>>);

impl Contents {
    /// The functions on one logical port, in order of their function number.
    pub fn at(&self, port: PhysicalPort, logical_port: LogicalPort) -> &[Pdfid] {
        self.0.get(&(port, logical_port)).map_or(&[], Vec::as_slice)
    }

    /// Every logical port that holds something.
    pub fn iter(&self) -> impl Iterator<Item = (PhysicalPort, LogicalPort, &[Pdfid])> {
        self.0.iter().map(|(&(port, logical_port), held)| (port, logical_port, held.as_slice()))
    }
}

/// Functions in order of their function number. What holds nothing is left out, so that equal contents are equal.
impl FromIterator<((PhysicalPort, LogicalPort), Vec<Pdfid>)> for Contents {
    fn from_iter<I: IntoIterator<Item = ((PhysicalPort, LogicalPort), Vec<Pdfid>)>>(held: I) -> Self {
        Self(held.into_iter().filter(|(_, functions)| !functions.is_empty()).collect())
    }
}

impl From<&Observation> for Contents {
    fn from(seen: &Observation) -> Self {
        let mut bound: Vec<_> =
            seen.functions().filter_map(|f| f.bound.map(|bound| (bound, f.pdfid))).collect();
        bound.sort_by_key(|(bound, _)| *bound);
        let mut held = BTreeMap::<_, Vec<_>>::new();
        for (at, pdfid) in bound {
            held.entry((at.port, at.logical_port)).or_default().push(pdfid);
        }
        Self(held)
    }
}

/// What logical ports of several switches hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held(BTreeMap<SwitchId, Contents>);

impl Held {
    /// What logical ports of one switch hold.
    pub fn on(switch: SwitchId, contents: Contents) -> Self {
        Self(BTreeMap::from([(switch, contents)]))
    }

    /// Adds what was read of a switch, in place of what was read before.
    pub fn insert(&mut self, switch: SwitchId, contents: Contents) {
        self.0.insert(switch, contents);
    }

    /// The functions on one logical port, in order of their function number.
    pub fn at(&self, switch: SwitchId, port: PhysicalPort, logical_port: LogicalPort) -> &[Pdfid] {
        self.0.get(&switch).map_or(&[], |contents| contents.at(port, logical_port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, *};

    #[test]
    fn contents_list_the_functions_of_a_logical_port_by_their_number() {
        let mut t = fixture::topology();
        assign(&mut t, NIC_VF2, HOST_A, 0, 1);
        let seen = fixture::observation(&t);
        let contents = Contents::from(&seen);
        let held: Vec<_> = contents.iter().collect();
        assert_eq!(
            held.iter().map(|(.., held)| held.len()).sum::<usize>(),
            bound(&seen),
            "each one is there once"
        );
        for &(port, logical_port, held) in &held {
            assert_eq!(held, seen.contents(port, logical_port), "one port is as when it is looked for alone");
            assert_eq!(contents.at(port, logical_port), held);
        }
        assert!(held.iter().any(|(.., held)| held.len() == 2), "two functions share a port");
    }

    #[test]
    fn a_port_that_holds_nothing_is_as_one_that_was_not_asked_for() {
        let at = (PhysicalPort(4), LogicalPort(2));
        let empty: Contents = [(at, Vec::new())].into_iter().collect();
        assert_eq!(empty, Contents::default());
        assert_eq!(empty.at(at.0, at.1), []);
    }

    fn bound(seen: &Observation) -> usize {
        seen.functions().filter(|f| f.bound.is_some()).count()
    }
}
