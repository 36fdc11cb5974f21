//! Who is who: gives everything that a switch shows the id that it keeps.
//!
//! A host is the same as before when it is on the same port, an adapter when the same model of card is in the same
//! slot, a function when it has the same index on its adapter. Nothing here touches a database.

use crate::error::Contradiction;
use patchbay_domain::{
    Adapter, AdapterId, Assignment, Fingerprint, Function, FunctionId, Host, HostId, Left, Observation,
    ObservedAdapter, ObservedFunction, ObservedSlot, PhysicalPort, SwitchId, SwitchPicture, Topology,
};
use std::collections::{BTreeMap, BTreeSet};

#[cfg(doc)]
use crate::Store;

/// The highest PCI function number on a logical port.
const FUNCTION_NUMBER_MAX: u8 = 7;

/// What people call things. A discovery gives the names to what gets its id then; [`Store::name_hosts`] gives them to hosts
/// that have theirs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Hosts by host port; a host without one is called after its switch and port, as in `pax-10.0.0.5-p3`.
    pub hosts: BTreeMap<PhysicalPort, String>,
    /// Adapters by slot; an adapter without one is called what the switch calls it.
    pub adapters: BTreeMap<PhysicalPort, String>,
}

impl Names {
    /// The hosts that have a name here.
    pub(crate) fn given_hosts(&self) -> impl Iterator<Item = (PhysicalPort, &str)> {
        let named = self.hosts.iter().map(|(port, name)| (*port, name.as_str()));
        named.filter(|(_, name)| !name.is_empty())
    }
}

/// The ids that are given next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NextIds {
    /// Of hosts.
    pub(crate) host: u32,
    /// Of adapters.
    pub(crate) adapter: u32,
    /// Of functions.
    pub(crate) function: u32,
}

/// Everything that one switch ever showed, by what makes it the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Register {
    /// Hosts with their names.
    pub(crate) hosts: BTreeMap<PhysicalPort, (HostId, String)>,
    /// Adapters with their names.
    pub(crate) adapters: BTreeMap<(PhysicalPort, Fingerprint), (AdapterId, String)>,
    /// Functions.
    pub(crate) functions: BTreeMap<(AdapterId, u16), FunctionId>,
}

/// Whether every port, index and PDFID stands in a reading only once.
pub(crate) fn check(seen: &Observation) -> Result<(), Contradiction> {
    let mut ports = BTreeSet::new();
    let listed = seen.host_ports.iter().map(|p| p.port).chain(seen.slots.iter().map(|s| s.port));
    for port in listed {
        if !ports.insert(port) {
            return Err(Contradiction::PortTwice { port });
        }
    }
    let (mut indexes, mut pdfids) = (BTreeSet::new(), BTreeSet::new());
    for slot in &seen.slots {
        for function in slot.adapter.iter().flat_map(|adapter| &adapter.functions) {
            let (index, pdfid) = (function.index, function.pdfid);
            if !indexes.insert((slot.port, index)) {
                return Err(Contradiction::FunctionTwice { slot: slot.port, index });
            }
            if !pdfids.insert(pdfid) {
                return Err(Contradiction::PdfidTwice { pdfid });
            }
            if let Some(number) = function.bound.map(|b| b.number).filter(|n| *n > FUNCTION_NUMBER_MAX) {
                return Err(Contradiction::FunctionNumber { pdfid, number });
            }
        }
    }
    Ok(())
}

/// A reading being given ids.
pub(crate) struct Identify<'a> {
    /// What the switch ever showed; what is new is added.
    pub(crate) register: &'a mut Register,
    /// The next ids; those that are given are used up.
    pub(crate) next: &'a mut NextIds,
    /// The switch.
    pub(crate) switch: SwitchId,
    /// What it is called: hosts of one name are one server, so a name that nobody gave must be on no other switch.
    pub(crate) switch_name: &'a str,
    /// Names for what is new.
    pub(crate) names: &'a Names,
}

impl Identify<'_> {
    /// The picture of a reading that passed [`check`]. An adapter that is gone stays, absent and unassigned, until
    /// another takes its slot or the slot becomes a host port. `before` is the switch as it was shown last. What is
    /// wished of functions that are [`returned`] is for the caller to say.
    pub(crate) fn picture(mut self, before: &Topology, seen: &Observation) -> SwitchPicture {
        let hosts: Vec<Host> = seen.host_ports.iter().map(|port| self.host(port)).collect();
        let on_port: BTreeMap<PhysicalPort, HostId> = hosts.iter().map(|host| (host.port, host.id)).collect();
        let (mut adapters, mut functions) = (Vec::new(), Vec::new());
        for slot in &seen.slots {
            let Some(card) = &slot.adapter else { continue };
            let adapter = self.adapter(slot, card);
            functions.extend(card.functions.iter().map(|one| self.function(adapter.id, one, &on_port)));
            adapters.push(adapter);
        }
        let taken: BTreeSet<PhysicalPort> =
            on_port.keys().copied().chain(adapters.iter().map(|adapter: &Adapter| adapter.slot)).collect();
        for adapter in
            before.adapters.values().filter(|a| a.switch == self.switch && !taken.contains(&a.slot))
        {
            let gone = before.functions.values().filter(|f| f.adapter == adapter.id);
            functions.extend(gone.map(|f| Function { assigned: None, ..f.clone() }));
            adapters.push(absent(adapter, seen));
        }
        let left = left(before, self.switch, &adapters, &functions);
        let (model, firmware) = (seen.model.clone(), seen.firmware.clone());
        let mut picture =
            SwitchPicture { model, firmware, hosts, adapters, functions, returned: Vec::new(), left };
        picture.hosts.sort_by_key(|host| host.id);
        picture.adapters.sort_by_key(|adapter| adapter.id);
        picture.functions.sort_by_key(|function| function.id);
        picture
    }

    fn host(&mut self, seen: &patchbay_domain::ObservedHostPort) -> Host {
        let port = seen.port;
        let unnamed = || format!("{}-p{port}", self.switch_name);
        let (id, name) = self.register.hosts.entry(port).or_insert_with(|| {
            let name = given(&self.names.hosts, port).map_or_else(unnamed, str::to_owned);
            (HostId::new(take(&mut self.next.host)), name)
        });
        let (id, name, switch) = (*id, name.clone(), self.switch);
        Host { id, name, switch, port, link: seen.link, logical_ports: seen.logical_ports }
    }

    fn adapter(&mut self, slot: &ObservedSlot, seen: &ObservedAdapter) -> Adapter {
        let (id, name) = self.register.adapters.entry((slot.port, seen.fingerprint)).or_insert_with(|| {
            let read = Some(seen.name.as_str()).filter(|name| !name.is_empty());
            let name = given(&self.names.adapters, slot.port)
                .or(read)
                .map_or_else(|| format!("adapter-s{}", slot.port), str::to_owned);
            (AdapterId::new(take(&mut self.next.adapter)), name)
        });
        Adapter {
            id: *id,
            switch: self.switch,
            slot: slot.port,
            kind: seen.kind,
            fingerprint: seen.fingerprint,
            name: name.clone(),
            link: slot.link,
            present: true,
        }
    }

    /// A binding to a port that is no host port counts as none, as in [`patchbay_domain::reconcile`].
    fn function(
        &mut self,
        adapter: AdapterId,
        seen: &ObservedFunction,
        hosts: &BTreeMap<PhysicalPort, HostId>,
    ) -> Function {
        let id = *self
            .register
            .functions
            .entry((adapter, seen.index))
            .or_insert_with(|| FunctionId::new(take(&mut self.next.function)));
        let assigned = seen.bound.and_then(|bound| {
            let (logical_port, number) = (bound.logical_port, bound.number);
            hosts.get(&bound.port).map(|&host| Assignment { host, logical_port, number })
        });
        Function { id, adapter, pdfid: seen.pdfid, role: seen.role, index: seen.index, assigned }
    }
}

/// The functions of a picture that the one before it did not have, although they have their ids since earlier.
pub(crate) fn returned(before: &Topology, shown: &SwitchPicture, first: NextIds) -> Vec<FunctionId> {
    let known = shown.functions.iter().map(|function| function.id).filter(|id| id.get() < first.function);
    known.filter(|id| !before.functions.contains_key(id)).collect()
}

/// The functions whose card a picture does not have any more although they were wished on hosts.
fn left(before: &Topology, switch: SwitchId, adapters: &[Adapter], shown: &[Function]) -> Vec<Left> {
    let present: BTreeSet<AdapterId> =
        adapters.iter().filter(|card| card.present).map(|card| card.id).collect();
    let was_absent = |id: &FunctionId| {
        let adapter = before.functions.get(id).and_then(|function| before.adapter_of(function));
        adapter.is_some_and(|adapter| !adapter.present)
    };
    let there: BTreeSet<FunctionId> = shown
        .iter()
        .filter(|function| present.contains(&function.adapter) || was_absent(&function.id))
        .map(|function| function.id)
        .collect();
    let gone = before.functions_of_switch(switch).map(|f| f.id).filter(|id| !there.contains(id));
    let left = |function| {
        let host_name = before.host_name(before.wish(function)?.host);
        Some(Left { function, name: before.label(function), host_name })
    };
    gone.filter_map(left).collect()
}

/// An adapter that is not there any more, with what its empty slot reports.
fn absent(adapter: &Adapter, seen: &Observation) -> Adapter {
    let slot = seen.slots.iter().find(|slot| slot.port == adapter.slot);
    let link = slot.map_or(adapter.link, |slot| slot.link).lost();
    Adapter { link, present: false, ..adapter.clone() }
}

const fn take(next: &mut u32) -> u32 {
    let id = *next;
    *next += 1;
    id
}

fn given(names: &BTreeMap<PhysicalPort, String>, port: PhysicalPort) -> Option<&str> {
    names.get(&port).map(String::as_str).filter(|name| !name.is_empty())
}
