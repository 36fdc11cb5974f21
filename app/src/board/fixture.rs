//! A small rack for the tests of the board.

use chrono::DateTime;
use patchbay_domain::{
    Actor, Adapter, AdapterId, AdapterKind, Assignment, ChangeId, Entry, Event, Fingerprint, Function,
    FunctionId, Generation, Hash, Host, HostId, Intent, Link, LogicalPort, Outcome, Pdfid, PhysicalPort,
    Rate, Reason, Role, Seq, Switch, SwitchId, SwitchState, Topology, plan,
};

const CARD: Fingerprint =
    Fingerprint { vendor: 0x8086, device: 0x158b, subsystem_vendor: 0, subsystem_device: 0 };
pub(crate) const SWITCH: SwitchId = SwitchId::new(1);
pub(crate) const HOST_A: HostId = HostId::new(1);
pub(crate) const HOST_B: HostId = HostId::new(2);
pub(crate) const HOST_DOWN: HostId = HostId::new(3);
pub(crate) const HOST_FULL: HostId = HostId::new(4);
pub(crate) const NIC: AdapterId = AdapterId::new(1);
pub(crate) const HBA: AdapterId = AdapterId::new(2);
pub(crate) const NIC_VF1: FunctionId = FunctionId::new(2);
pub(crate) const NIC_VF2: FunctionId = FunctionId::new(3);
pub(crate) const HBA_VF1: FunctionId = FunctionId::new(11);
pub(crate) const OTHER: SwitchId = SwitchId::new(2);
pub(crate) const TWIN_A: HostId = HostId::new(5);
pub(crate) const TWIN_B: HostId = HostId::new(6);
pub(crate) const FAR_NIC: AdapterId = AdapterId::new(3);
pub(crate) const FAR_VF1: FunctionId = FunctionId::new(22);

/// web-01 with the NIC's VF 1, db-02 with nothing, gpu-01 without a link, tiny-04 with one logical port, which the
/// HBA's VF 1 has. Both adapters have a PF and two VFs.
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
    let full = Link::full(8, Rate::Gen4);
    for (id, name, port, logical_ports) in [
        (HOST_A, "web-01", 0, 8),
        (HOST_B, "db-02", 4, 8),
        (HOST_DOWN, "gpu-01", 8, 8),
        (HOST_FULL, "tiny-04", 12, 1),
    ] {
        let link = if id == HOST_DOWN { full.lost() } else { full };
        let port = PhysicalPort(port);
        t.hosts.insert(id, Host { id, name: name.to_owned(), switch: SWITCH, port, link, logical_ports });
    }
    add_adapter(&mut t, (NIC, AdapterKind::Nic, "25 GbE NIC", 16), 1, 0x1000);
    add_adapter(&mut t, (HBA, AdapterKind::Hba, "32G FC HBA", 20), 10, 0x1100);
    assign(&mut t, NIC_VF1, HOST_A, 0);
    assign(&mut t, HBA_VF1, HOST_FULL, 0);
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
    add_adapter(&mut t, (FAR_NIC, AdapterKind::Nic, "100 GbE NIC", 16), 21, 0x1800);
    t.adapters.get_mut(&FAR_NIC).expect("just added").switch = OTHER;
    assign(&mut t, FAR_VF1, TWIN_A, 0);
    t
}

fn add_adapter(t: &mut Topology, card: (AdapterId, AdapterKind, &str, u8), first: u32, base: u16) {
    let (adapter, kind, name, slot) = card;
    let (name, slot, link) = (name.to_owned(), PhysicalPort(slot), Link::full(8, Rate::Gen4));
    t.adapters.insert(
        adapter,
        Adapter { id: adapter, switch: SWITCH, slot, kind, fingerprint: CARD, name, link, present: true },
    );
    for index in 0..3 {
        let id = FunctionId::new(first + u32::from(index));
        let role = if index == 0 { Role::Pf } else { Role::Vf };
        let pdfid = Pdfid::new(base + index).expect("in range");
        t.functions.insert(id, Function { id, adapter, pdfid, role, index, assigned: None });
    }
}

/// Puts a function on a logical port, whatever the rules say.
pub(crate) fn assign(t: &mut Topology, function: FunctionId, host: HostId, port: u8) {
    let at = Assignment { host, logical_port: LogicalPort(port), number: 0 };
    t.functions.get_mut(&function).expect("in the fixture").assigned = Some(at);
}

/// An entry around an event; its hashes prove nothing.
pub(crate) fn entry(seq: u64, event: Event) -> Entry {
    let actor = Actor::Engine;
    Entry { seq: Seq::new(seq), at: DateTime::UNIX_EPOCH, actor, event, prev: Hash::ZERO, hash: Hash::ZERO }
}

/// The event that opens a change.
pub(crate) fn opened(t: &Topology, change: u64, intent: &Intent) -> Event {
    Event::ChangeOpened {
        change: ChangeId::new(change),
        plan: plan(t, intent).expect("allowed").into(),
        intent: intent.clone(),
        reason: Reason::new("a test").expect("a reason"),
        seen: t.generation,
    }
}

/// The event that ends an open change as planned.
pub(crate) fn applied(t: &Topology, change: u64) -> Event {
    let change = ChangeId::new(change);
    let moves = t.open[&change].plan.recorded_moves();
    Event::ChangeClosed { change, outcome: Outcome::Applied, why: None, reports: [].into(), moves }
}

/// The event that ends a change with the switch as before.
pub(crate) fn rolled_back(change: u64, why: &str) -> Event {
    let (change, why) = (ChangeId::new(change), Some(why.to_owned()));
    Event::ChangeClosed { change, outcome: Outcome::RolledBack, why, reports: [].into(), moves: [].into() }
}
