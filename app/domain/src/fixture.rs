//! A small rack for the tests of this crate.

use crate::chain::Hash;
use crate::intent::Reason;
use crate::ledger::{Actor, Entry, Event, SwitchPicture};
use crate::observation::{
    BoundAt, Fingerprint, Observation, ObservedAdapter, ObservedFunction, ObservedHostPort, ObservedSlot,
};
use crate::topology::{
    Adapter, AdapterKind, Assignment, Function, Host, OpenChange, Role, Switch, SwitchState, Topology,
};
use crate::{
    AdapterId, ChangeId, FunctionId, Generation, HostId, Link, LogicalPort, Pdfid, PhysicalPort, Rate, Seq,
    SwitchId,
};
use chrono::DateTime;

pub(crate) const SWITCH: SwitchId = SwitchId::new(1);
pub(crate) const HOST_A: HostId = HostId::new(1);
pub(crate) const HOST_B: HostId = HostId::new(2);
pub(crate) const HOST_DOWN: HostId = HostId::new(3);
pub(crate) const HOST_FULL: HostId = HostId::new(4);
pub(crate) const NIC: AdapterId = AdapterId::new(1);
pub(crate) const HBA: AdapterId = AdapterId::new(2);
pub(crate) const NIC_VF1: FunctionId = FunctionId::new(2);
pub(crate) const NIC_VF2: FunctionId = FunctionId::new(3);
pub(crate) const NIC_VF3: FunctionId = FunctionId::new(4);
pub(crate) const HBA_VF1: FunctionId = FunctionId::new(11);
pub(crate) const OTHER: SwitchId = SwitchId::new(2);
pub(crate) const TWIN_A: HostId = HostId::new(5);
pub(crate) const TWIN_B: HostId = HostId::new(6);
pub(crate) const FAR_NIC: AdapterId = AdapterId::new(3);
pub(crate) const FAR_VF1: FunctionId = FunctionId::new(22);
pub(crate) const FAR_VF2: FunctionId = FunctionId::new(23);

/// The PCI identity of every card in this rack.
pub(crate) const CARD: Fingerprint =
    Fingerprint { vendor: 0x8086, device: 0x158b, subsystem_vendor: 0, subsystem_device: 0 };

/// web-01 and db-02 with eight logical ports, gpu-01 without a link, tiny-04 with one logical port, taken by
/// `HBA_VF1`; a NIC in slot 16 whose VF 1 is on web-01, and an HBA in slot 20.
pub(crate) fn topology() -> Topology {
    let mut t = Topology { generation: Generation::new(1), ..Topology::default() };
    t.switches.insert(
        SWITCH,
        Switch {
            id: SWITCH,
            name: "rack-12-pax".to_owned(),
            address: "127.0.0.1:54545".to_owned(),
            state: SwitchState::Ready,
            model: "Switchtec PAX".to_owned(),
            firmware: "4.80 B123".to_owned(),
        },
    );
    let hosts = [
        (HOST_A, "web-01", 0, 8),
        (HOST_B, "db-02", 4, 8),
        (HOST_DOWN, "gpu-01", 8, 8),
        (HOST_FULL, "tiny-04", 12, 1),
    ];
    for (id, name, port, logical_ports) in hosts {
        let full = Link::full(8, Rate::Gen4);
        let link = if id == HOST_DOWN { full.lost() } else { full };
        let port = PhysicalPort(port);
        t.hosts.insert(id, Host { id, name: name.to_owned(), switch: SWITCH, port, link, logical_ports });
    }
    add_adapter(&mut t, NIC, AdapterKind::Nic, "25 GbE NIC", 16, (1, 0x1000, 9));
    add_adapter(&mut t, HBA, AdapterKind::Hba, "32G FC HBA", 20, (10, 0x1100, 5));
    assign(&mut t, NIC_VF1, HOST_A, 0, 0);
    assign(&mut t, HBA_VF1, HOST_FULL, 0, 0);
    t
}

/// The same beside a second switch, to which web-01 and db-02 are cabled too, with a NIC whose VF 1 is on web-01.
pub(crate) fn pair() -> Topology {
    let mut t = topology();
    let other = Switch { id: OTHER, name: "rack-13-pax".to_owned(), ..t.switches[&SWITCH].clone() };
    t.switches.insert(OTHER, other);
    for (twin, of) in [(TWIN_A, HOST_A), (TWIN_B, HOST_B)] {
        let twin = Host { id: twin, switch: OTHER, ..t.hosts[&of].clone() };
        t.hosts.insert(twin.id, twin);
    }
    add_adapter(&mut t, FAR_NIC, AdapterKind::Nic, "100 GbE NIC", 16, (21, 0x1800, 5));
    t.adapters.get_mut(&FAR_NIC).expect("just added").switch = OTHER;
    assign(&mut t, FAR_VF1, TWIN_A, 0, 0);
    t
}

fn add_adapter(
    t: &mut Topology,
    id: AdapterId,
    kind: AdapterKind,
    name: &str,
    slot: u8,
    ids: (u32, u16, u16),
) {
    let (first, base, count) = ids;
    let (link, slot) = (Link::full(8, Rate::Gen4), PhysicalPort(slot));
    t.adapters.insert(
        id,
        Adapter {
            id,
            switch: SWITCH,
            slot,
            kind,
            fingerprint: CARD,
            name: name.to_owned(),
            link,
            present: true,
        },
    );
    for index in 0..count {
        let function = FunctionId::new(first + u32::from(index));
        let role = if index == 0 { Role::Pf } else { Role::Vf };
        let pdfid = Pdfid::new(base + index).expect("in range");
        t.functions
            .insert(function, Function { id: function, adapter: id, pdfid, role, index, assigned: None });
    }
}

/// Puts a function on a logical port, whatever the rules say.
pub(crate) fn assign(t: &mut Topology, function: FunctionId, host: HostId, logical_port: u8, number: u8) {
    let at = Assignment { host, logical_port: LogicalPort(logical_port), number };
    t.functions.get_mut(&function).expect("in the fixture").assigned = Some(at);
}

/// What a switch with exactly this topology would say.
pub(crate) fn observation(t: &Topology) -> Observation {
    let host_ports = t
        .hosts
        .values()
        .map(|h| ObservedHostPort { port: h.port, link: h.link, logical_ports: h.logical_ports })
        .collect();
    let slots = t
        .adapters
        .values()
        .map(|a| ObservedSlot {
            port: a.slot,
            link: a.link,
            adapter: Some(ObservedAdapter {
                kind: a.kind,
                name: a.name.clone(),
                fingerprint: a.fingerprint,
                functions: t
                    .functions_of_adapter(a.id)
                    .into_iter()
                    .map(|f| observed_function(t, f))
                    .collect(),
            }),
        })
        .collect();
    let switch = &t.switches[&SWITCH];
    Observation { model: switch.model.clone(), firmware: switch.firmware.clone(), host_ports, slots }
}

fn observed_function(t: &Topology, f: &Function) -> ObservedFunction {
    let bound = f.assigned.map(|a| BoundAt {
        port: t.hosts[&a.host].port,
        logical_port: a.logical_port,
        number: a.number,
    });
    ObservedFunction { index: f.index, pdfid: f.pdfid, role: f.role, bound }
}

/// What a discovery of its switch says that finds everything as it is.
pub(crate) fn picture(t: &Topology) -> SwitchPicture {
    SwitchPicture {
        hosts: t.hosts.values().cloned().collect(),
        adapters: t.adapters.values().cloned().collect(),
        functions: t.functions.values().cloned().collect(),
        ..SwitchPicture::default()
    }
}

/// An entry around an event, for folding; its hashes prove nothing.
pub(crate) fn entry(event: Event) -> Entry {
    Entry {
        seq: Seq::new(1),
        at: DateTime::UNIX_EPOCH,
        actor: Actor::Engine,
        event,
        prev: Hash::ZERO,
        hash: Hash::ZERO,
    }
}

/// A change on its way, by nobody in particular.
pub(crate) fn open(id: ChangeId, plan: crate::Plan) -> OpenChange {
    let reason = Reason::new("a test").expect("a reason");
    OpenChange { id, actor: Actor::Engine, reason, at: DateTime::UNIX_EPOCH, plan: plan.into() }
}
