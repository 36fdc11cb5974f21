//! Which logical port each move gets.

use crate::LogicalPort;
use crate::ids::FunctionId;
use crate::intent::{Intent, Move};
use crate::places::Places;
use crate::refusal::Refusal;
use crate::rules::Resolved;
use crate::topology::{Assignment, Host, Place, Topology};
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
/// the same intent frees.
pub(crate) fn choose(
    topology: &Topology,
    places: &Places,
    intent: &Intent,
) -> Result<Vec<Resolved>, Refusal> {
    let mut choice = Choice::new(topology, places, intent);
    intent.moves.iter().map(|wanted| choice.resolve(wanted)).collect()
}

struct Choice<'a> {
    topology: &'a Topology,
    places: &'a Places,
    moving: BTreeSet<FunctionId>,
    /// How many moves name each logical port.
    named: BTreeMap<Place, u8>,
    /// How many of the moves so far got each logical port.
    claimed: BTreeMap<Place, u8>,
}

fn named_place(wanted: &Move) -> Option<Place> {
    Some(Place { host: wanted.to?, logical_port: wanted.at? })
}

impl<'a> Choice<'a> {
    fn new(topology: &'a Topology, places: &'a Places, intent: &Intent) -> Self {
        let mut named = BTreeMap::<Place, u8>::new();
        for place in intent.moves.iter().filter_map(named_place) {
            let count = named.entry(place).or_default();
            *count = count.saturating_add(1);
        }
        let moving = intent.moves.iter().map(|m| m.function).collect();
        Self { topology, places, moving, named, claimed: BTreeMap::new() }
    }

    fn resolve(&mut self, wanted: &Move) -> Result<Resolved, Refusal> {
        let from = self.topology.function(wanted.function)?.assigned;
        let to = match (wanted.to, named_place(wanted)) {
            (None, _) => None,
            (Some(_), Some(place)) => Some(self.take(wanted.function, from, place)?),
            (Some(host), None) => Some(self.pick(self.topology.host(host)?)?),
        };
        Ok(Resolved { function: wanted.function, from, to })
    }

    fn pick(&mut self, host: &Host) -> Result<Target, Refusal> {
        let all =
            || (0..host.logical_ports).map(|port| Place { host: host.id, logical_port: LogicalPort(port) });
        let open = |place: &Place| !self.named.contains_key(place) && !self.claimed.contains_key(place);
        let free = all().find(|place| open(place) && self.is_free(*place)).map(|place| (place, false));
        let found =
            free.or_else(|| all().find(|place| open(place) && self.is_freed(*place)).map(|p| (p, true)));
        let Some((place, deferred)) = found else {
            let (host_name, logical_ports) = (host.name.clone(), host.logical_ports);
            return Err(Refusal::HostFull { host: host.id, host_name, logical_ports });
        };
        self.claimed.insert(place, 1);
        Ok(Target { place, number: 0, deferred })
    }

    /// Takes a logical port that a move names.
    fn take(
        &mut self,
        function: FunctionId,
        from: Option<Assignment>,
        place: Place,
    ) -> Result<Target, Refusal> {
        let host = self.topology.host(place.host)?;
        if place.logical_port.0 >= host.logical_ports {
            let (host_name, logical_ports) = (host.name.clone(), host.logical_ports);
            return Err(Refusal::NoSuchPort { host_name, logical_port: place.logical_port.0, logical_ports });
        }
        let sharing = self.named.get(&place).copied().unwrap_or(1);
        if sharing == 1 && from.map(Assignment::place) == Some(place) && self.places.on(place).count() == 1 {
            let (name, host_name) = (self.topology.label(function), host.name.clone());
            return Err(Refusal::AlreadyThere { function, name, host_name });
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
        self.places.reserved(place).is_none() && self.places.on(place).next().is_none()
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
