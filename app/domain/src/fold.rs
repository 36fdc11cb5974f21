//! How an entry changes a topology. Server and browser fold the same entries with the same code.

use crate::address::{Link, PhysicalPort};
use crate::health::{Raised, Subject};
use crate::ids::{AdapterId, ChangeId, FunctionId, HostId, Seq, SwitchId};
use crate::ledger::{Difference, Entry, Event, SwitchPicture};
use crate::plan::PlannedMove;
use crate::topology::{Assignment, Drift, OpenChange, Switch, SwitchState, Topology};
use std::sync::Arc;

/// What an entry changed, for whoever draws the topology.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delta {
    /// Hosts, adapters or functions came or went: draw everything again.
    Structure,
    /// A switch changed its state.
    Switch(SwitchId),
    /// A host's link changed.
    HostLink(HostId),
    /// An adapter's link changed.
    AdapterLink(AdapterId),
    /// A function is assigned elsewhere than before.
    Assigned(FunctionId),
    /// Whether a function is where the ledger wishes it, or where that is.
    Drifted(FunctionId),
    /// A change is on its way.
    Opened(ChangeId),
    /// A change ended.
    Closed(ChangeId),
    /// A trouble was raised, counted or cleared.
    Health(Subject),
}

impl Topology {
    /// Folds one entry in and says what it changed. Entries are folded in order, each exactly once.
    pub fn apply(&mut self, entry: &Entry) -> Vec<Delta> {
        match &entry.event {
            Event::SwitchAdded { switch, name, address } => self.add_switch(*switch, name, address),
            Event::Discovered { switch, picture } => self.replace_switch(*switch, picture, entry.seq),
            Event::LinksChanged { switch, links } => self.set_links(*switch, links),
            Event::BindingsFound { differences, .. } => self.follow(differences, entry.seq),
            // Whether a switch answers is a reading, also where an older ledger says it.
            Event::SwitchLost { .. } | Event::SwitchReached { .. } => Vec::new(),
            Event::HealthRaised { switch, subject, name, since: at, times, .. } => {
                let (switch, name, since, at, times) = (*switch, name.clone(), entry.seq, *at, *times);
                self.health.insert(*subject, Raised { switch, name, since, at, times });
                vec![Delta::Health(*subject)]
            }
            Event::HealthCleared { subject, .. } => {
                self.health.remove(subject);
                vec![Delta::Health(*subject)]
            }
            Event::ChangeOpened { change, plan, reason, .. } => {
                let (id, actor, reason) = (*change, entry.actor.clone(), reason.clone());
                self.open.insert(id, OpenChange { id, actor, reason, at: entry.at, plan: Arc::clone(plan) });
                vec![Delta::Opened(id)]
            }
            Event::ChangeClosed { change, moves, .. } => self.close(*change, moves),
        }
    }

    /// Sets whether a switch answers: a reading, in no entry.
    pub fn set_switch_state(&mut self, id: SwitchId, state: SwitchState) -> Vec<Delta> {
        match self.switches.get_mut(&id) {
            Some(switch) if switch.state != state => {
                switch.state = state;
                vec![Delta::Switch(id)]
            }
            _ => Vec::new(),
        }
    }

    /// Sets how often a trouble came: a reading, in no entry until it is over.
    pub fn count_trouble(&mut self, subject: Subject, times: u32) -> Vec<Delta> {
        match self.health.get_mut(&subject) {
            Some(raised) if raised.times != times => {
                raised.times = times;
                vec![Delta::Health(subject)]
            }
            _ => Vec::new(),
        }
    }

    fn add_switch(&mut self, id: SwitchId, name: &str, address: &str) -> Vec<Delta> {
        let switch = Switch {
            id,
            name: name.to_owned(),
            address: address.to_owned(),
            state: SwitchState::Connecting,
            model: String::new(),
            firmware: String::new(),
        };
        self.switches.insert(id, switch);
        vec![Delta::Structure]
    }

    /// What the ledger wishes survives a discovery: a function that is now elsewhere, or absent with its adapter, has
    /// drifted, and so has one that returned to elsewhere. One that was never seen before is wished where it is.
    fn replace_switch(&mut self, id: SwitchId, picture: &SwitchPicture, seq: Seq) -> Vec<Delta> {
        let wishes: Vec<(FunctionId, Option<Assignment>)> =
            self.functions_of_switch(id).map(|f| (f.id, self.wish(f.id))).collect();
        if let Some(switch) = self.switches.get_mut(&id) {
            switch.model.clone_from(&picture.model);
            switch.firmware.clone_from(&picture.firmware);
            switch.state = SwitchState::Ready;
        }
        self.hosts.retain(|_, host| host.switch != id);
        let adapters = &self.adapters;
        self.functions.retain(|_, f| adapters.get(&f.adapter).is_some_and(|a| a.switch != id));
        self.adapters.retain(|_, adapter| adapter.switch != id);
        self.hosts.extend(picture.hosts.iter().map(|host| (host.id, host.clone())));
        self.adapters.extend(picture.adapters.iter().map(|adapter| (adapter.id, adapter.clone())));
        self.functions.extend(picture.functions.iter().map(|function| (function.id, function.clone())));
        for (function, wished) in wishes {
            self.settle(function, wished, seq);
        }
        for one in &picture.returned {
            self.settle(one.function, one.wished, seq);
        }
        self.generation = self.generation.next();
        vec![Delta::Structure]
    }

    /// Sets the links of ports: readings, in no entry but a discovery. Those of absent adapters stay as they are.
    pub fn set_links(&mut self, id: SwitchId, links: &[(PhysicalPort, Link)]) -> Vec<Delta> {
        let mut deltas = Vec::new();
        for &(port, link) in links {
            let hosts = self.hosts.values_mut().filter(|h| h.switch == id && h.port == port);
            for host in hosts {
                host.link = link;
                deltas.push(Delta::HostLink(host.id));
            }
            let adapters =
                self.adapters.values_mut().filter(|a| a.switch == id && a.slot == port && a.present);
            for adapter in adapters {
                adapter.link = link;
                deltas.push(Delta::AdapterLink(adapter.id));
            }
        }
        deltas
    }

    /// The picture follows the switch; the wish stays.
    fn follow(&mut self, differences: &[Difference], seq: Seq) -> Vec<Delta> {
        self.generation = self.generation.next();
        let mut deltas = Vec::new();
        for difference in differences {
            let wished = self.wish(difference.function);
            deltas.extend(self.assign(difference.function, difference.found));
            deltas.extend(self.settle(difference.function, wished, seq));
        }
        deltas
    }

    /// The functions of an applied change are wished where it put them; one that was only disturbed by it keeps its
    /// wish. A move from a wish to where the function already is adopts what somebody else did.
    fn close(&mut self, id: ChangeId, moves: &[PlannedMove]) -> Vec<Delta> {
        self.open.remove(&id);
        let mut deltas = vec![Delta::Closed(id)];
        if moves.is_empty() {
            return deltas;
        }
        self.generation = self.generation.next();
        for one in moves {
            let drift = self.drift.get(&one.function).copied();
            deltas.extend(self.assign(one.function, one.to));
            if let Some(drift) = drift {
                let wished = if one.asked { one.to } else { drift.wished };
                deltas.extend(self.settle(one.function, wished, drift.since));
            }
        }
        deltas
    }

    fn assign(&mut self, id: FunctionId, to: Option<Assignment>) -> Option<Delta> {
        let function = self.functions.get_mut(&id).filter(|f| f.assigned != to)?;
        function.assigned = to;
        Some(Delta::Assigned(id))
    }

    /// Compares a function with what is wished of it. A drift keeps the entry that found it first.
    fn settle(&mut self, id: FunctionId, wished: Option<Assignment>, seq: Seq) -> Option<Delta> {
        let before = self.drift.get(&id).copied();
        match self.functions.get(&id).map(|f| f.assigned) {
            Some(found) if found != wished => {
                let since = before.map_or(seq, |drift| drift.since);
                self.drift.insert(id, Drift { wished, since });
            }
            _ => {
                self.drift.remove(&id);
            }
        }
        (self.drift.get(&id).copied() != before).then_some(Delta::Drifted(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, *};
    use crate::intent::{Intent, Reason};
    use crate::ledger::Outcome;
    use crate::plan::plan;

    fn opened(topology: &Topology, change: ChangeId, intent: Intent) -> Event {
        Event::ChangeOpened {
            change,
            plan: plan(topology, &intent).expect("allowed").into(),
            intent,
            reason: Reason::new("a test").expect("a reason"),
            seen: topology.generation,
        }
    }

    fn closed(topology: &Topology, change: ChangeId, outcome: Outcome) -> Event {
        let moves = match outcome {
            Outcome::Applied => topology.open[&change].plan.recorded_moves(),
            Outcome::RolledBack | Outcome::Stuck => [].into(),
        };
        Event::ChangeClosed { change, outcome, why: None, reports: [].into(), moves }
    }

    #[test]
    fn an_applied_change_moves_its_functions_and_raises_the_generation() {
        let mut t = fixture::topology();
        let before = t.generation;
        let change = ChangeId::new(1);
        let open = opened(&t, change, Intent::single(NIC_VF1, Some(HOST_B)));
        assert_eq!(t.apply(&entry(open)), vec![Delta::Opened(change)]);
        assert_eq!(t.change_in_flight(NIC_VF1), Some(change));
        assert_eq!(t.generation, before, "nothing has moved yet");

        let close = closed(&t, change, Outcome::Applied);
        assert_eq!(t.apply(&entry(close)), vec![Delta::Closed(change), Delta::Assigned(NIC_VF1)]);
        assert_eq!(t.functions[&NIC_VF1].assigned.map(|a| a.host), Some(HOST_B));
        assert_eq!(t.change_in_flight(NIC_VF1), None);
        assert_eq!(t.generation, before.next());
    }

    #[test]
    fn a_change_that_was_rolled_back_leaves_everything_as_it_was() {
        let mut t = fixture::topology();
        let before = t.clone();
        let change = ChangeId::new(1);
        let open = opened(&t, change, Intent::single(NIC_VF1, None));
        t.apply(&entry(open));
        let close = closed(&t, change, Outcome::RolledBack);
        t.apply(&entry(close));
        assert_eq!(t, before);
    }

    #[test]
    fn a_discovery_replaces_one_switch_and_no_other() {
        let mut t = fixture::topology();
        let other = SwitchId::new(2);
        t.switches.insert(other, Switch { id: other, ..t.switches[&SWITCH].clone() });
        let far = crate::HostId::new(90);
        t.hosts.insert(far, crate::Host { id: far, switch: other, ..t.hosts[&HOST_A].clone() });
        let picture = SwitchPicture { hosts: vec![t.hosts[&HOST_B].clone()], ..SwitchPicture::default() };
        let deltas = t.apply(&entry(Event::Discovered { switch: SWITCH, picture }));
        assert_eq!(deltas, vec![Delta::Structure]);
        assert_eq!(t.hosts.keys().copied().collect::<Vec<_>>(), vec![HOST_B, far]);
        assert!(t.functions.is_empty());
    }

    #[test]
    fn links_reach_the_host_or_adapter_on_their_port() {
        let mut t = fixture::topology();
        let (port, link) = (t.hosts[&HOST_A].port, t.hosts[&HOST_A].link.lost());
        let links = [(port, link), (t.adapters[&NIC].slot, link)];
        assert_eq!(t.set_links(SWITCH, &links), vec![Delta::HostLink(HOST_A), Delta::AdapterLink(NIC)]);
        assert!(!t.hosts[&HOST_A].link.up);
    }

    #[test]
    fn what_an_older_ledger_says_of_links_and_switches_still_folds() {
        let mut t = fixture::topology();
        let (port, link) = (t.hosts[&HOST_A].port, t.hosts[&HOST_A].link.lost());
        let old = r#"{"links_changed":{"switch":1,"links":[[0,{"up":false,"width":0,"rate":null,
            "configured_width":8,"configured_rate":"gen4"}]]}}"#;
        let event: Event = serde_json::from_str(old).expect("as it was written");
        assert_eq!(event, Event::LinksChanged { switch: SWITCH, links: vec![(port, link)] });
        assert_eq!(t.apply(&entry(event)), vec![Delta::HostLink(HOST_A)]);
        for old in [r#"{"switch_lost":{"switch":1,"why":"No."}}"#, r#"{"switch_reached":{"switch":1}}"#] {
            let before = t.clone();
            assert!(t.apply(&entry(serde_json::from_str(old).expect("as it was written"))).is_empty());
            assert_eq!(t, before, "whether a switch answers is in no entry");
        }
    }

    #[test]
    fn a_trouble_is_there_from_raised_to_cleared_and_goes_with_its_switch() {
        let (mut t, subject) = (fixture::topology(), Subject::HostDown(HOST_A));
        let (name, why, since) =
            ("web-01".to_owned(), "Port 0 has no link.".to_owned(), chrono::DateTime::UNIX_EPOCH);
        let raised =
            Event::HealthRaised { switch: SWITCH, subject, name: name.clone(), why, since, times: 1 };
        assert_eq!(t.apply(&entry(raised.clone())), vec![Delta::Health(subject)]);
        assert_eq!(t.count_trouble(subject, 7), vec![Delta::Health(subject)]);
        assert_eq!(t.health[&subject].times, 7);
        let cleared =
            Event::HealthCleared { switch: SWITCH, subject, name, times: 7, lasted_ms: 9, gone: false };
        assert_eq!(t.apply(&entry(cleared)), vec![Delta::Health(subject)]);
        assert!(t.health.is_empty() && t.count_trouble(subject, 8).is_empty());
        t.apply(&entry(raised));
        t.keep_switches(&std::collections::BTreeSet::new());
        assert!(t.health.is_empty());
    }
}
