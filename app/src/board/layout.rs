//! What stands where on the board, and in which words.

use patchbay_domain::words::list;
use patchbay_domain::{Adapter, Assignment, FunctionId, Host, HostId, Role, SwitchId, Topology};

/// The hosts of a switch, in the order of their ports.
pub fn hosts_of(topology: &Topology, switch: SwitchId) -> Vec<&Host> {
    let mut hosts: Vec<_> = topology.hosts.values().filter(|h| h.switch == switch).collect();
    hosts.sort_unstable_by_key(|h| h.port);
    hosts
}

/// "also on pax-b": the other switches that a host's server is cabled to; none for a server with one cable.
pub fn also_on(topology: &Topology, host: HostId) -> Option<String> {
    let others: Vec<_> = topology.also_on(topology.hosts.get(&host)?).map(|s| s.name.clone()).collect();
    (!others.is_empty()).then(|| format!("also on {}", list(&others)))
}

/// The adapters of a switch, in the order of their slots.
pub fn adapters_of(topology: &Topology, switch: SwitchId) -> Vec<&Adapter> {
    let mut adapters: Vec<_> = topology.adapters.values().filter(|a| a.switch == switch).collect();
    adapters.sort_unstable_by_key(|a| a.slot);
    adapters
}

/// The functions drawn in a host's card: those it has, by logical port, then those on their way to it.
pub fn members(topology: &Topology, host: HostId) -> Vec<FunctionId> {
    let mut members: Vec<_> = topology.functions_of_host(host).iter().map(|f| f.id).collect();
    for coming in topology.open.values().flat_map(|open| &open.plan.moves) {
        if coming.to.is_some_and(|to| to.host == host) && !members.contains(&coming.function) {
            members.push(coming.function);
        }
    }
    members
}

/// Where a function is, in words: "web-01, logical port 1" or "the pool".
pub fn place(topology: &Topology, at: Option<Assignment>) -> String {
    at.map_or_else(
        || "the pool".to_owned(),
        |at| format!("{}, logical port {}", topology.host_name(at.host), at.logical_port),
    )
}

/// A host's name in two or three characters for a cell: "web-01" is "w1".
pub fn brief(name: &str) -> String {
    let digits: String = name.chars().rev().take_while(char::is_ascii_digit).collect();
    let number: String = digits.chars().rev().collect();
    let number = number.trim_start_matches('0');
    name.chars().take(1).chain(number.chars().take(2)).collect()
}

/// What stands in a function's cell while nobody has it: its number, or "PF".
pub fn number(role: Role, index: u16) -> String {
    match role {
        Role::Pf => "PF".to_owned(),
        Role::Vf => index.to_string(),
    }
}

/// "1 function", "2 functions".
pub fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// The numbers in the footer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All functions of the switch.
    pub functions: usize,
    /// Those that a host has.
    pub assigned: usize,
    /// All cables: to hosts and to adapters that are there.
    pub cables: usize,
    /// Those that carry a link.
    pub cables_up: usize,
}

impl Counts {
    /// Counts one switch.
    pub fn of(topology: &Topology, switch: SwitchId) -> Self {
        let (hosts, adapters) = (hosts_of(topology, switch), adapters_of(topology, switch));
        let here = |f: &&patchbay_domain::Function| topology.switch_of(f) == Some(switch);
        let links = || {
            let slots = adapters.iter().filter(|a| a.present).map(|a| a.link);
            hosts.iter().map(|h| h.link).chain(slots)
        };
        Self {
            functions: topology.functions.values().filter(here).count(),
            assigned: topology.functions.values().filter(here).filter(|f| f.assigned.is_some()).count(),
            cables: links().count(),
            cables_up: links().filter(|link| link.up).count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::fixture::{self, *};
    use patchbay_domain::Intent;

    #[test]
    fn a_function_in_flight_is_drawn_at_both_ends() {
        let mut t = fixture::topology();
        let open = opened(&t, 1, &Intent::single(NIC_VF1, Some(HOST_B)));
        t.apply(&entry(1, open));
        assert_eq!(members(&t, HOST_A), [NIC_VF1]);
        assert_eq!(members(&t, HOST_B), [NIC_VF1]);
        let close = applied(&t, 1);
        t.apply(&entry(2, close));
        assert!(members(&t, HOST_A).is_empty());
        assert_eq!(members(&t, HOST_B), [NIC_VF1]);
    }

    #[test]
    fn a_host_is_brief_in_a_cell() {
        assert_eq!(brief("web-01"), "w1");
        assert_eq!(brief("gpu-112"), "g11");
        assert_eq!(brief("db"), "d");
        assert_eq!(brief(""), "");
    }

    #[test]
    fn the_footer_counts_functions_and_cables() {
        let counts = Counts::of(&fixture::topology(), SWITCH);
        assert_eq!(counts, Counts { functions: 6, assigned: 2, cables: 6, cables_up: 5 });
    }

    #[test]
    fn a_server_with_two_cables_says_so_on_both_cards() {
        let t = fixture::pair();
        let said = |host| also_on(&t, host);
        assert_eq!(
            (said(HOST_A), said(TWIN_A)),
            (Some("also on rack-13-pax".to_owned()), Some("also on rack-12-pax".to_owned()))
        );
        assert_eq!(said(HOST_FULL), None);
    }

    #[test]
    fn a_place_is_said_in_words() {
        let t = fixture::topology();
        assert_eq!(place(&t, t.functions[&NIC_VF1].assigned), "web-01, logical port 0");
        assert_eq!(place(&t, None), "the pool");
    }
}
