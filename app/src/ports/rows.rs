//! What the table of ports says, line by line.

use humansize::{DECIMAL, format_size};
use patchbay_domain::{LinkHealth, PhysicalPort, PortVitals, SwitchId, Topology, Vitals};

/// Shown where nothing is known.
const UNKNOWN: &str = "–";

/// One port in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number.
    pub port: PhysicalPort,
    /// "Host port" or "Slot".
    pub side: &'static str,
    /// What is at the other end.
    pub other_end: String,
    /// Its link's width and rate.
    pub link: String,
    /// How the link looks.
    pub health: LinkHealth,
    /// Where the link's training stands.
    pub phase: &'static str,
    /// What has happened at it.
    pub events: String,
    /// Whether there are errors among that.
    pub errors: bool,
    /// What it has sent.
    pub sent: String,
    /// What it has received.
    pub received: String,
}

/// The ports of a switch in order: those with a host or an adapter at the other end, as far as they are known.
pub fn rows(topology: &Topology, switch: SwitchId, vitals: Option<&Vitals>) -> Vec<Row> {
    let row = |port: PhysicalPort, side, other_end: String, link: patchbay_domain::Link| {
        let now = vitals.and_then(|vitals| vitals.port(port));
        let traffic = now.and_then(|now| now.traffic);
        let bytes = |count: Option<u64>| count.map_or(UNKNOWN.to_owned(), |n| format_size(n, DECIMAL));
        Row {
            port,
            side,
            other_end,
            link: link.to_string(),
            health: link.health(),
            phase: now.map_or(UNKNOWN, |now| now.phase.word()),
            events: now.map_or(UNKNOWN.to_owned(), events),
            errors: now.is_some_and(|now| now.events.iter().any(|counted| counted.event.is_error())),
            sent: bytes(traffic.map(|traffic| traffic.sent_bytes)),
            received: bytes(traffic.map(|traffic| traffic.received_bytes)),
        }
    };
    let hosts = topology.hosts.values().filter(|host| host.switch == switch);
    let mut rows: Vec<_> = hosts.map(|h| row(h.port, "Host port", h.name.clone(), h.link)).collect();
    for adapter in topology.adapters.values().filter(|adapter| adapter.switch == switch) {
        let replaced = rows.iter().position(|row| row.port == adapter.slot);
        // A slot may have held several cards; the one that is there, or else the last one, speaks for it.
        if let Some(at) = replaced {
            if !adapter.present {
                continue;
            }
            rows.remove(at);
        }
        let name = if adapter.present { adapter.name.clone() } else { format!("{} (pulled)", adapter.name) };
        rows.push(row(adapter.slot, "Slot", name, adapter.link));
    }
    rows.sort_by_key(|row| row.port);
    rows
}

fn events(vitals: &PortVitals) -> String {
    if vitals.events.is_empty() {
        return "none".to_owned();
    }
    let each: Vec<_> = vitals.events.iter().map(ToString::to_string).collect();
    each.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::fixture::{self, SWITCH};
    use patchbay_domain::{LinkPhase, PortEvent, PortEventCount, Traffic};

    #[test]
    fn every_port_of_the_switch_is_there_once_in_order() {
        let topology = fixture::topology();
        let rows = rows(&topology, SWITCH, None);
        let ports: Vec<_> = rows.iter().map(|row| row.port).collect();
        let mut expected: Vec<_> = topology.hosts.values().map(|host| host.port).collect();
        expected.extend(topology.adapters.values().map(|adapter| adapter.slot));
        expected.sort();
        assert_eq!(ports, expected);
        assert!(rows.iter().all(|row| row.phase == UNKNOWN && row.events == UNKNOWN && row.sent == UNKNOWN));
    }

    #[test]
    fn what_was_read_is_said_in_words() {
        let topology = fixture::topology();
        let port = topology.adapters.values().next().expect("an adapter").slot;
        let events = vec![
            PortEventCount { event: PortEvent::Uncorrectable, count: 2 },
            PortEventCount { event: PortEvent::LinkState, count: 1 },
        ];
        let traffic = Some(Traffic { sent_bytes: 0, received_bytes: 12_400_000 });
        let ports = vec![PortVitals { port, phase: LinkPhase::L0, events, traffic }];
        let rows = rows(&topology, SWITCH, Some(&Vitals { ports, ..Vitals::default() }));
        let row = rows.iter().find(|row| row.port == port).expect("there");
        assert_eq!(row.phase, "L0");
        assert_eq!(row.events, "uncorrectable error, 2 times; link change");
        assert!(row.errors);
        assert_eq!((row.sent.as_str(), row.received.as_str()), ("0 B", "12.40 MB"));
    }

    #[test]
    fn a_slot_is_named_after_the_card_that_is_in_it() {
        let mut topology = fixture::topology();
        let (id, first) =
            topology.adapters.iter().next().map(|(id, a)| (*id, a.clone())).expect("an adapter");
        topology.adapters.get_mut(&id).expect("there").present = false;
        let named = |topology: &Topology| {
            let rows = rows(topology, SWITCH, None);
            rows.into_iter().find(|row| row.port == first.slot).expect("there").other_end
        };
        assert_eq!(named(&topology), format!("{} (pulled)", first.name));
        let next = patchbay_domain::AdapterId::new(999);
        let second = patchbay_domain::Adapter { id: next, name: "the new card".to_owned(), ..first.clone() };
        topology.adapters.insert(next, second);
        assert_eq!(named(&topology), "the new card");
    }
}
