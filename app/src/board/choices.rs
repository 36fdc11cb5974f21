//! The *Move to…* menu: everything a drag can do, as a list of words.

use patchbay_domain::{FunctionId, Host, Places, SwitchId, Topology};
use std::collections::BTreeSet;

use super::layout::{hosts_of, members};
use super::offer::{Offer, Target, offer_with, swaps, switches_of};

/// Which list the menu shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MenuPage {
    /// Hosts and the pool.
    #[default]
    Places,
    /// Functions to swap with.
    Swaps,
}

/// One line of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What it leads to.
    pub target: Target,
    /// "web-03", "Release to the pool", "eth16v3 on web-03".
    pub name: String,
    /// "logical port 1", or why not in a few words.
    pub note: String,
    /// What the rules say.
    pub offer: Offer,
}

impl Choice {
    fn new(target: Target, name: String, offer: Offer) -> Self {
        let note = match &offer {
            Offer::Accepts(Some(landing)) => format!("logical {landing}"),
            Offer::Accepts(None) => String::new(),
            Offer::Refuses(refusal) => refusal.in_short().to_owned(),
        };
        Self { target, name, note, offer }
    }

    /// The whole line for a screen reader: a refusal in its full sentence.
    pub fn in_full(&self) -> String {
        match &self.offer {
            Offer::Accepts(Some(landing)) => format!("{}, logical {landing}", self.name),
            Offer::Accepts(None) => self.name.clone(),
            Offer::Refuses(refusal) => format!("{}, not possible. {refusal}", self.name),
        }
    }
}

/// Every server, and the pool.
pub fn places(topology: &Topology, switch: SwitchId, carried: &[FunctionId]) -> Vec<Choice> {
    let hosts = servers(topology, switch, carried).into_iter();
    let hosts = hosts.map(|h| (Target::Host(h.id), h.name.clone()));
    let pool = std::iter::once((Target::Pool, "Release to the pool".to_owned()));
    judged(topology, carried, hosts.chain(pool))
}

/// The hosts of a switch, and those of the other switches of what is carried; one of several hosts of a server.
fn servers<'a>(topology: &'a Topology, switch: SwitchId, carried: &[FunctionId]) -> Vec<&'a Host> {
    let mut servers = hosts_of(topology, switch);
    for other in switches_of(topology, carried).into_iter().filter(|other| *other != switch) {
        let listed: BTreeSet<_> = servers.iter().map(|host| host.name.as_str()).collect();
        let more = hosts_of(topology, other).into_iter().filter(|h| !listed.contains(h.name.as_str()));
        let more: Vec<_> = more.collect();
        servers.extend(more);
    }
    servers
}

/// Every function of another host that what is carried can be swapped with.
pub fn swap_choices(topology: &Topology, switch: SwitchId, carried: &[FunctionId]) -> Vec<Choice> {
    let of_host = |host: &Host| {
        let (id, name) = (host.id, host.name.clone());
        let targets = members(topology, id).into_iter().map(move |f| Target::Swap(id, f));
        targets.filter(|t| swaps(topology, carried, *t)).map(move |t| (t, name.clone())).collect::<Vec<_>>()
    };
    let targets = hosts_of(topology, switch).into_iter().flat_map(of_host);
    let named = targets.filter_map(|(target, host)| match target {
        Target::Swap(_, other) => Some((target, format!("{} on {host}", topology.label(other)))),
        Target::Host(_) | Target::Pool => None,
    });
    judged(topology, carried, named)
}

/// What the rules say to each target.
fn judged(
    topology: &Topology,
    carried: &[FunctionId],
    targets: impl Iterator<Item = (Target, String)>,
) -> Vec<Choice> {
    let places = Places::of(topology);
    let offer = |target| offer_with(topology, &places, carried, target);
    targets.map(|(target, name)| Choice::new(target, name, offer(target))).collect()
}

/// The swap of two selected functions, where they are on different hosts.
pub fn swap_of(topology: &Topology, selected: &[FunctionId]) -> Option<(FunctionId, Target)> {
    let [one, other] = selected else { return None };
    let target = Target::Swap(topology.functions.get(other)?.assigned?.host, *other);
    swaps(topology, &[*one], target).then_some((*one, target))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::fixture::{self, *};

    #[test]
    fn every_place_stands_in_the_menu_with_its_verdict() {
        let t = fixture::topology();
        let lines: Vec<_> = places(&t, SWITCH, &[NIC_VF1]).into_iter().map(|c| (c.name, c.note)).collect();
        let line = |name: &str, note: &str| (name.to_owned(), note.to_owned());
        assert_eq!(
            lines,
            [
                line("web-01", "already here"),
                line("db-02", "logical port 0"),
                line("gpu-01", "cable is down"),
                line("tiny-04", "no free logical port"),
                line("Release to the pool", "")
            ]
        );
    }

    #[test]
    fn a_server_with_two_cables_stands_in_the_menu_once() {
        let t = fixture::pair();
        let lines: Vec<_> = places(&t, OTHER, &[NIC_VF1]).into_iter().map(|c| c.in_full()).collect();
        assert_eq!(
            lines,
            [
                "web-01, not possible. eth16v1 is already assigned to web-01.",
                "db-02, logical port 0 on rack-12-pax",
                "gpu-01, not possible. Port 8 has no link. Check the cable to gpu-01.",
                "tiny-04, not possible. tiny-04 has no free logical port: all 1 are taken. Release a function from it first.",
                "Release to the pool"
            ]
        );
        assert_eq!(places(&t, SWITCH, &[NIC_VF1]).len(), 5);
    }

    #[test]
    fn a_refusal_is_a_whole_sentence_for_a_screen_reader() {
        let t = fixture::topology();
        let down = &places(&t, SWITCH, &[NIC_VF1])[2];
        assert_eq!(down.in_full(), "gpu-01, not possible. Port 8 has no link. Check the cable to gpu-01.");
    }

    #[test]
    fn swaps_are_offered_with_functions_of_other_hosts_only() {
        let mut t = fixture::topology();
        assign(&mut t, NIC_VF2, HOST_A, 1);
        let names: Vec<_> = swap_choices(&t, SWITCH, &[NIC_VF1]).into_iter().map(|c| c.name).collect();
        assert_eq!(names, ["fc20v1 on tiny-04"]);
        assert_eq!(swap_of(&t, &[NIC_VF1, NIC_VF2]), None);
        assert_eq!(swap_of(&t, &[NIC_VF1, HBA_VF1]), Some((NIC_VF1, Target::Swap(HOST_FULL, HBA_VF1))));
    }
}
