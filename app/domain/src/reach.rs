//! One server, several cables: which host of a server a switch reaches.
//!
//! A [`Host`] is what one switch sees through one cable. Hosts of the same name on different switches are one server:
//! a switch does not know what stands at the other end of its cables, and the name is what people know a server by. A
//! function never leaves its switch, so a move to a server ends at the host that the function's switch reaches it by.

use crate::ids::{HostId, SwitchId};
use crate::intent::Move;
use crate::topology::{Host, Switch, Topology};

impl Topology {
    /// The hosts by which a switch reaches the server of a host: the host itself where it is on that switch, else all
    /// of its name there.
    pub fn cables_to<'a>(&'a self, host: &'a Host, switch: SwitchId) -> impl Iterator<Item = &'a Host> {
        let itself = (host.switch == switch).then_some(host);
        // The map is only looked through when the host is on another switch: most moves never do.
        let others = itself.is_none().then(|| self.hosts.values()).into_iter().flatten();
        itself.into_iter().chain(others.filter(move |h| h.switch == switch && h.name == host.name))
    }

    /// The host by which a switch reaches the server of a host. None where no cable leads there, and where several do:
    /// which of them is meant is for a person to say.
    pub fn reach<'a>(&'a self, host: &'a Host, switch: SwitchId) -> Option<&'a Host> {
        let mut cables = self.cables_to(host, switch);
        cables.next().filter(|_| cables.next().is_none())
    }

    /// The host that a move ends at; the one it names where the function's switch does not reach that server.
    pub fn destination(&self, wanted: &Move) -> Option<HostId> {
        let named = wanted.to?;
        let reached = || {
            let switch = self.switch_of(self.functions.get(&wanted.function)?)?;
            self.reach(self.hosts.get(&named)?, switch)
        };
        Some(reached().map_or(named, |host| host.id))
    }

    /// The other switches that the server of a host is cabled to.
    pub fn also_on(&self, host: &Host) -> impl Iterator<Item = &Switch> {
        let switches = self.switches.values().filter(|switch| switch.id != host.switch);
        switches.filter(|switch| self.cables_to(host, switch.id).next().is_some())
    }
}

#[cfg(test)]
#[path = "reach_tests.rs"]
mod tests;
