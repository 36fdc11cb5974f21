//! What would happen if the carried functions were dropped here: the same rules as on the server, before the drop.

use patchbay_domain::rules::{check_with, place_for};
use patchbay_domain::words::list;
use patchbay_domain::{
    AdapterId, FunctionId, HostId, Intent, LogicalPort, Move, Place, Places, Refusal, SwitchId, Topology,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::layout::hosts_of;
use super::walk::Stop;

/// Where carried functions can be dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// On a host's card.
    Host(HostId),
    /// On a function that a host has: the two change places.
    Swap(HostId, FunctionId),
    /// Back in the pool: on the card of the adapter they belong to.
    Pool,
}

/// Where one function would come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landing {
    /// The logical port.
    pub port: LogicalPort,
    /// The switch it is on, where that is not the one of the card: the server has another cable, and the function comes
    /// by that.
    pub elsewhere: Option<String>,
}

impl Landing {
    fn at(topology: &Topology, place: Place, card: HostId) -> Self {
        let switch_of = |host: HostId| topology.hosts.get(&host).map(|h| h.switch);
        let other = switch_of(place.host).filter(|on| Some(*on) != switch_of(card));
        let elsewhere = other.and_then(|id| Some(topology.switches.get(&id)?.name.clone()));
        Self { port: place.logical_port, elsewhere }
    }
}

/// "port 1", or "port 1 on pax-b".
impl fmt::Display for Landing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "port {}", self.port)?;
        self.elsewhere.as_ref().map_or(Ok(()), |switch| write!(f, " on {switch}"))
    }
}

/// What a target says to the carried functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offer {
    /// They may come. With where to, where it is one function for one host.
    Accepts(Option<Landing>),
    /// They may not.
    Refuses(Refusal),
}

impl Offer {
    /// A few words for the card: "drop here: port 1" or "cable is down".
    pub fn in_short(&self) -> String {
        match self {
            Self::Accepts(Some(landing)) => format!("drop here: {landing}"),
            Self::Accepts(None) => "drop here".to_owned(),
            Self::Refuses(refusal) => refusal.in_short().to_owned(),
        }
    }

    /// The word for style sheets and tests.
    pub const fn word(&self) -> &'static str {
        if self.accepts() { "accepts" } else { "refuses" }
    }

    /// Whether it accepts.
    pub const fn accepts(&self) -> bool {
        matches!(self, Self::Accepts(_))
    }
}

/// The intent of dropping `carried` on a target. Functions that are there already, by whichever cable, stay out of it,
/// unless all are: then the rules shall say so.
pub fn intent_for(topology: &Topology, carried: &[FunctionId], target: Target) -> Intent {
    let host_of = |f: FunctionId| topology.functions.get(&f).and_then(|f| f.assigned).map(|a| a.host);
    let leaves = |f: FunctionId, to: Option<HostId>| host_of(f) != topology.destination(&Move::new(f, to));
    let all_to = |to: Option<HostId>| {
        let moves = |f: &FunctionId| leaves(*f, to);
        let any_moves = carried.iter().any(moves);
        let wanted = carried.iter().filter(|f| !any_moves || moves(f));
        Intent::moving(wanted.map(|f| Move::new(*f, to)).collect())
    };
    match (target, carried) {
        (Target::Pool, _) => all_to(None),
        (Target::Swap(host, other), [one]) if host_of(*one).is_some() && leaves(*one, Some(host)) => {
            Intent::moving(vec![Move::new(*one, Some(host)), Move::new(other, host_of(*one))])
        }
        (Target::Host(host) | Target::Swap(host, _), _) => all_to(Some(host)),
    }
}

/// What a target says to `carried`.
pub fn offer(topology: &Topology, carried: &[FunctionId], target: Target) -> Offer {
    offer_with(topology, &Places::of(topology), carried, target)
}

/// The same where the places are known already: for asking many targets.
pub fn offer_with(topology: &Topology, places: &Places, carried: &[FunctionId], target: Target) -> Offer {
    let intent = intent_for(topology, carried, target);
    let single = match (intent.moves.as_slice(), target) {
        ([Move { function, to: Some(host), .. }], _) => Some((*function, *host)),
        _ => None,
    };
    let verdict = match single {
        Some((function, host)) => {
            let landing = |place| Some(Landing::at(topology, place, host));
            place_for(topology, places, function, host).map(landing)
        }
        None => check_with(topology, places, &intent).map(|()| None),
    };
    verdict.map_or_else(Offer::Refuses, Offer::Accepts)
}

/// What every card says while something is carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offers {
    /// By host.
    pub hosts: BTreeMap<HostId, Offer>,
    /// The pool's.
    pub pool: Offer,
    /// The adapters that the carried functions belong to: their cards are the pool.
    pub homes: BTreeSet<AdapterId>,
}

impl Offers {
    /// Asks every host of a switch, and the pool.
    pub fn read(topology: &Topology, switch: SwitchId, carried: &[FunctionId]) -> Self {
        let hosts = hosts_of(topology, switch).into_iter().map(|h| h.id);
        let homes = carried.iter().filter_map(|f| topology.functions.get(f)).map(|f| f.adapter);
        let places = Places::of(topology);
        let offer = |target| offer_with(topology, &places, carried, target);
        Self {
            hosts: hosts.map(|host| (host, offer(Target::Host(host)))).collect(),
            pool: offer(Target::Pool),
            homes: homes.collect(),
        }
    }
}

/// "eth16v5", "eth16v5 and fc20v1", "4 functions": what is carried, for sentences. Each with its switch where there are
/// several.
pub fn carried_name(topology: &Topology, carried: &[FunctionId]) -> String {
    let several = switches_of(topology, carried).len() > 1;
    let name = |f: &FunctionId| if several { topology.label_with_switch(*f) } else { topology.label(*f) };
    list(&carried.iter().map(name).collect::<Vec<_>>())
}

/// The switches that functions belong to.
pub fn switches_of(topology: &Topology, functions: &[FunctionId]) -> BTreeSet<SwitchId> {
    let switch = |id: &FunctionId| topology.switch_of(topology.functions.get(id)?);
    functions.iter().filter_map(switch).collect()
}

/// What a screen reader says when carried functions come over a target.
pub fn announce(topology: &Topology, carried: &[FunctionId], target: Target) -> String {
    let offer = offer(topology, carried, target);
    let place = match target {
        Target::Host(host) => topology.host_name(host),
        Target::Swap(host, other) => format!("{} of {}", topology.label(other), topology.host_name(host)),
        Target::Pool => "The pool".to_owned(),
    };
    match (offer, target) {
        (Offer::Refuses(refusal), _) => format!("{place} refuses. {refusal}"),
        (Offer::Accepts(_), Target::Swap(..)) if swaps(topology, carried, target) => {
            format!("{place}: Enter swaps the two.")
        }
        (Offer::Accepts(Some(landing)), _) => format!("{place} accepts. Enter drops on logical {landing}."),
        (Offer::Accepts(None), Target::Pool) => format!("{place} accepts. Enter releases."),
        (Offer::Accepts(None), _) => format!("{place} accepts. Enter drops."),
    }
}

/// The target that a stop of the board is for what is carried; none where it cannot be dropped at all.
pub fn target_at(topology: &Topology, carried: &[FunctionId], stop: Stop) -> Option<Target> {
    let is_home =
        |adapter| carried.iter().any(|f| topology.functions.get(f).is_some_and(|f| f.adapter == adapter));
    match stop {
        Stop::Host(host) => Some(Target::Host(host)),
        Stop::Chip(host, other) => {
            let swap = Target::Swap(host, other);
            Some(if swaps(topology, carried, swap) { swap } else { Target::Host(host) })
        }
        Stop::Adapter(adapter) => is_home(adapter).then_some(Target::Pool),
        Stop::Cell(function) => {
            let adapter = topology.functions.get(&function)?.adapter;
            is_home(adapter).then_some(Target::Pool)
        }
    }
}

/// Whether dropping on this target exchanges two functions.
pub fn swaps(topology: &Topology, carried: &[FunctionId], target: Target) -> bool {
    let Target::Swap(_, other) = target else { return false };
    carried != [other]
        && matches!(intent_for(topology, carried, target).moves.as_slice(), [_, m] if m.function == other && carried.len() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::fixture::{self, *};
    use patchbay_domain::plan;

    #[test]
    fn every_card_says_what_would_happen() {
        let offers = Offers::read(&fixture::topology(), SWITCH, &[NIC_VF1]);
        assert_eq!(offers.hosts[&HOST_B].in_short(), "drop here: port 0");
        assert_eq!(offers.hosts[&HOST_A].in_short(), "already here");
        assert_eq!(offers.hosts[&HOST_DOWN].in_short(), "cable is down");
        assert_eq!(offers.hosts[&HOST_FULL].in_short(), "no free logical port");
        assert_eq!(offers.pool, Offer::Accepts(None));
        assert_eq!(offers.homes, BTreeSet::from([NIC]));
    }

    #[test]
    fn dropping_on_another_hosts_function_swaps_even_where_no_port_is_free() {
        let t = fixture::topology();
        let target = Target::Swap(HOST_FULL, HBA_VF1);
        let intent = intent_for(&t, &[NIC_VF1], target);
        assert_eq!(intent.moves[1], Move::new(HBA_VF1, Some(HOST_A)));
        assert!(offer(&t, &[NIC_VF1], target).accepts());
        assert!(swaps(&t, &[NIC_VF1], target));
    }

    #[test]
    fn a_function_from_the_pool_has_no_place_to_give_so_it_just_comes() {
        let t = fixture::topology();
        let target = Target::Swap(HOST_A, NIC_VF1);
        assert_eq!(intent_for(&t, &[NIC_VF2], target), Intent::single(NIC_VF2, Some(HOST_A)));
        assert!(!swaps(&t, &[NIC_VF2], target));
    }

    #[test]
    fn what_is_under_the_pointer_decides_the_target() {
        let t = fixture::topology();
        let at = |carried, stop| target_at(&t, &[carried], stop);
        assert_eq!(at(NIC_VF1, Stop::Chip(HOST_FULL, HBA_VF1)), Some(Target::Swap(HOST_FULL, HBA_VF1)));
        assert_eq!(at(NIC_VF2, Stop::Chip(HOST_FULL, HBA_VF1)), Some(Target::Host(HOST_FULL)));
        assert_eq!(at(NIC_VF1, Stop::Chip(HOST_A, NIC_VF1)), Some(Target::Host(HOST_A)));
        assert_eq!(at(NIC_VF1, Stop::Cell(NIC_VF2)), Some(Target::Pool));
        assert_eq!(at(NIC_VF1, Stop::Adapter(HBA)), None);
    }

    #[test]
    fn several_at_once_leave_out_those_that_are_there() {
        let mut t = fixture::topology();
        assign(&mut t, NIC_VF2, HOST_B, 0);
        let both = [NIC_VF1, NIC_VF2];
        assert_eq!(intent_for(&t, &both, Target::Host(HOST_B)), Intent::single(NIC_VF1, Some(HOST_B)));
        assert_eq!(intent_for(&t, &both, Target::Pool).moves.len(), 2);
        assert_eq!(offer(&t, &[NIC_VF2], Target::Host(HOST_B)).in_short(), "already here");
    }

    #[test]
    fn a_card_says_by_which_other_cable_a_function_comes() {
        let t = fixture::pair();
        let offers = Offers::read(&t, OTHER, &[NIC_VF1]);
        assert_eq!(offers.hosts[&TWIN_B].in_short(), "drop here: port 0 on rack-12-pax");
        assert_eq!(offers.hosts[&TWIN_A].in_short(), "already here");
        assert_eq!(
            announce(&t, &[NIC_VF1], Target::Host(TWIN_B)),
            "db-02 accepts. Enter drops on logical port 0 on rack-12-pax."
        );
        assert_eq!(Offers::read(&t, SWITCH, &[FAR_VF1]).hosts[&HOST_FULL].in_short(), "on another switch");
    }

    #[test]
    fn functions_of_two_switches_are_carried_onto_one_server() {
        let mut t = fixture::pair();
        let both = [NIC_VF1, FAR_VF1];
        assert_eq!(carried_name(&t, &both), "eth16v1 of rack-12-pax and eth16v1 of rack-13-pax");
        let made = plan(&t, &intent_for(&t, &both, Target::Host(HOST_B))).expect("allowed");
        assert_eq!(made.switches, [SWITCH, OTHER]);
        assert_eq!(offer(&t, &both, Target::Host(TWIN_B)), Offer::Accepts(None));
        assert_eq!(offer(&t, &both, Target::Host(HOST_A)).in_short(), "already here");
        assign(&mut t, FAR_VF1, TWIN_B, 0);
        assert_eq!(intent_for(&t, &both, Target::Host(HOST_B)), Intent::single(NIC_VF1, Some(HOST_B)));
    }

    #[test]
    fn two_functions_of_one_server_have_nothing_to_swap_whatever_their_switches() {
        let mut t = fixture::pair();
        assert!(!swaps(&t, &[FAR_VF1], Target::Swap(HOST_A, NIC_VF1)));
        assign(&mut t, FAR_VF1, TWIN_B, 0);
        assert!(swaps(&t, &[FAR_VF1], Target::Swap(HOST_A, NIC_VF1)));
        assert!(offer(&t, &[FAR_VF1], Target::Swap(HOST_A, NIC_VF1)).accepts());
    }

    #[test]
    fn a_target_is_announced_in_words() {
        let t = fixture::topology();
        assert_eq!(
            announce(&t, &[NIC_VF1], Target::Host(HOST_B)),
            "db-02 accepts. Enter drops on logical port 0."
        );
        assert_eq!(
            announce(&t, &[NIC_VF1], Target::Host(HOST_DOWN)),
            "gpu-01 refuses. Port 8 has no link. Check the cable to gpu-01."
        );
        assert_eq!(
            announce(&t, &[NIC_VF1], Target::Swap(HOST_FULL, HBA_VF1)),
            "fc20v1 of tiny-04: Enter swaps the two."
        );
        assert_eq!(announce(&t, &[NIC_VF1], Target::Pool), "The pool accepts. Enter releases.");
    }
}
