//! Which logical port each move gets.

use crate::LogicalPort;
use crate::ids::{FunctionId, HostId};
use crate::places::Places;
use crate::refusal::Refusal;
use crate::rules::{Checked, Resolved};
use crate::topology::{Assignment, Function, Host, Place, Topology};
use std::collections::{BTreeMap, BTreeSet};

/// The most functions on one logical port: PCI function numbers are 0 to 7.
pub(crate) const SHARED_MAX: u8 = 8;

/// The logical port chosen for a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) place: Place,
    /// The function number there.
    pub(crate) number: u8,
    /// It arrives when everything that the plan takes away has left: the logical port is taken by such a function, or
    /// several arrive on it together.
    pub(crate) deferred: bool,
}

impl Target {
    pub(crate) const fn assignment(self) -> Assignment {
        Assignment { host: self.place.host, logical_port: self.place.logical_port, number: self.number }
    }
}

/// The logical port that each move names, else the lowest free one of its host; where a host has none free, one that
/// the same moves free.
pub(crate) fn choose<'a>(
    topology: &Topology,
    places: &Places,
    moves: &[Checked<'a>],
) -> Result<Vec<Resolved<'a>>, Refusal> {
    let mut choice = Choice::new(topology, places, moves);
    moves.iter().map(|wanted| choice.resolve(wanted)).collect()
}

struct Choice<'p> {
    topology: &'p Topology,
    places: &'p Places,
    moving: BTreeSet<FunctionId>,
    /// How many moves name each logical port.
    named: BTreeMap<Place, u8>,
    /// How many of the moves so far got each logical port.
    claimed: BTreeMap<Place, u8>,
    /// How far each host was looked through. What was passed over once cannot be had later either, so a plan that
    /// fills a host looks at each of its logical ports once and not once for every move.
    looked: BTreeMap<HostId, Looked>,
}

/// The lowest logical ports of a host that were not passed over yet.
#[derive(Clone, Copy, Debug, Default)]
struct Looked {
    /// In the search for a free one.
    free: u8,
    /// In the search for one that the intent frees.
    freed: u8,
}

fn named_place(wanted: &Checked<'_>) -> Option<Place> {
    Some(Place { host: wanted.host?.id, logical_port: wanted.at? })
}

impl<'p> Choice<'p> {
    fn new(topology: &'p Topology, places: &'p Places, moves: &[Checked<'_>]) -> Self {
        let mut named = BTreeMap::<Place, u8>::new();
        for place in moves.iter().filter_map(named_place) {
            let count = named.entry(place).or_default();
            *count = count.saturating_add(1);
        }
        let moving = moves.iter().map(|m| m.function.id).collect();
        Self { topology, places, moving, named, claimed: BTreeMap::new(), looked: BTreeMap::new() }
    }

    fn resolve<'a>(&mut self, wanted: &Checked<'a>) -> Result<Resolved<'a>, Refusal> {
        let Checked { function, adapter, host, .. } = *wanted;
        let to = match (host, named_place(wanted)) {
            (None, _) => None,
            (Some(host), Some(place)) => Some(self.take(function, host, place)?),
            (Some(host), None) => Some(self.pick(host)?),
        };
        Ok(Resolved { function, adapter, to })
    }

    fn pick(&mut self, host: &Host) -> Result<Target, Refusal> {
        let Looked { free, freed } = self.looked.get(&host.id).copied().unwrap_or_default();
        let (free, found) = self.search(host, free, Self::is_free);
        let (freed, found, deferred) = match found {
            Some(place) => (freed, Some(place), false),
            None => {
                let (freed, found) = self.search(host, freed, Self::is_freed);
                (freed, found, true)
            }
        };
        self.looked.insert(host.id, Looked { free, freed });
        let Some(place) = found else {
            let (host_name, logical_ports) = (host.name.clone(), host.logical_ports);
            return Err(Refusal::HostFull { host: host.id, host_name, logical_ports });
        };
        self.claimed.insert(place, 1);
        Ok(Target { place, number: 0, deferred })
    }

    /// The lowest logical port from `first` on that nobody named or got and that is `wanted`, and where to go on.
    fn search(&self, host: &Host, first: u8, wanted: impl Fn(&Self, Place) -> bool) -> (u8, Option<Place>) {
        let place = |port| Place { host: host.id, logical_port: LogicalPort(port) };
        let open = |place: &Place| !self.named.contains_key(place) && !self.claimed.contains_key(place);
        match (first..host.logical_ports).find(|&port| wanted(self, place(port)) && open(&place(port))) {
            Some(port) => (port + 1, Some(place(port))),
            None => (host.logical_ports, None),
        }
    }

    /// Takes a logical port that a move names.
    fn take(&mut self, function: &Function, host: &Host, place: Place) -> Result<Target, Refusal> {
        if place.logical_port.0 >= host.logical_ports {
            let (host_name, logical_ports) = (host.name.clone(), host.logical_ports);
            return Err(Refusal::NoSuchPort { host_name, logical_port: place.logical_port.0, logical_ports });
        }
        let sharing = self.named.get(&place).copied().unwrap_or(1);
        let here = function.assigned.map(Assignment::place) == Some(place);
        if sharing == 1 && here && self.places.on(place).count() == 1 {
            let (function, host_name) = (function.id, host.name.clone());
            return Err(Refusal::AlreadyThere { function, name: self.topology.label(function), host_name });
        }
        let free = self.is_free(place);
        if sharing > SHARED_MAX || !(free || self.is_freed(place)) {
            return Err(self.taken(host, place));
        }
        let number = self.claimed.entry(place).or_default();
        let target = Target { place, number: *number, deferred: sharing > 1 || !free };
        *number += 1;
        Ok(target)
    }

    fn is_free(&self, place: Place) -> bool {
        self.places.on(place).next().is_none() && self.places.reserved(place).is_none()
    }

    /// Whether the same intent takes everything away from a logical port.
    fn is_freed(&self, place: Place) -> bool {
        self.places.reserved(place).is_none() && self.places.on(place).all(|f| self.moving.contains(&f))
    }

    fn taken(&self, host: &Host, place: Place) -> Refusal {
        let holder =
            match (self.places.on(place).find(|f| !self.moving.contains(f)), self.places.reserved(place)) {
                (Some(function), _) => self.topology.label(function),
                (None, Some(change)) => format!("change {change}"),
                (None, None) => "more functions than fit".to_owned(),
            };
        Refusal::PlaceTaken { host_name: host.name.clone(), logical_port: place.logical_port.0, holder }
    }
}
