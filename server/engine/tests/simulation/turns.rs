//! Whether people take turns, as the stream tells it.
//!
//! On one switch, from when a change has its place in the queue until it begins, nobody else begins more than two
//! changes more than the person had waiting there before it. That is what the numbers of `engine::lanes` come to: who has
//! nothing waiting gets one more than the number being served, and everybody's own changes have different numbers, so
//! between the two each other person has at most two. Those that were taken along before it came may begin besides.

use patchbay_domain::{ChangeId, Entry, Event, SwitchId};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of the queues since an engine began.
pub struct Turns {
    /// How many changes go in company at the most.
    company_max: u32,
    waiting: BTreeMap<ChangeId, Waiting>,
    /// How many changes of each person wait on each switch, or were cancelled: their numbers are given.
    ahead: BTreeMap<(String, SwitchId), u32>,
    /// Switches that some change needed together with another: there a change waits for more than its own queue.
    tied: BTreeSet<SwitchId>,
}

struct Waiting {
    person: String,
    switches: Vec<SwitchId>,
    /// How many changes of one other person may begin before it; none where nothing is promised.
    allowed: Option<u32>,
    /// How many of each other person have begun.
    overtook: BTreeMap<String, u32>,
}

impl Turns {
    /// Nothing waits yet.
    pub fn new(company_max: u32) -> Self {
        let (waiting, ahead, tied) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { company_max, waiting, ahead, tied }
    }

    /// Notes a change that gets its place in the queue, or has ended.
    pub fn take(&mut self, entry: &Entry) {
        match &entry.event {
            Event::ChangeOpened { change, plan, .. } => {
                self.opened(*change, entry.actor.to_string(), &plan.switches)
            }
            Event::ChangeClosed { change, .. } => drop(self.waiting.remove(change)),
            _ => {}
        }
    }

    fn opened(&mut self, change: ChangeId, person: String, switches: &[SwitchId]) {
        let mut allowed = None;
        if let [switch] = switches {
            let ahead = self.ahead.get(&(person.clone(), *switch)).copied().unwrap_or(0);
            allowed = Some(ahead + 1 + self.company_max).filter(|_| !self.tied.contains(switch));
        } else {
            self.tied.extend(switches);
        }
        for switch in switches {
            *self.ahead.entry((person.clone(), *switch)).or_default() += 1;
        }
        let waiting = Waiting { person, switches: switches.to_vec(), allowed, overtook: BTreeMap::new() };
        self.waiting.insert(change, waiting);
    }

    /// A change begins: its turn has come. Judged is how often it was overtaken until now; one that was cancelled has
    /// left the queue before that is written down, and is not judged.
    pub fn begun(&mut self, change: ChangeId) -> Vec<String> {
        let Some(Waiting { person, switches, allowed, overtook }) = self.waiting.remove(&change) else {
            return Vec::new();
        };
        for switch in &switches {
            let ahead = self.ahead.entry((person.clone(), *switch)).or_default();
            *ahead = ahead.saturating_sub(1);
        }
        for other in self.waiting.values_mut() {
            if other.person != person && other.switches.iter().any(|s| switches.contains(s)) {
                *other.overtook.entry(person.clone()).or_default() += 1;
            }
        }
        let too_often = overtook.iter().filter(|(_, times)| allowed.is_some_and(|allowed| **times > allowed));
        let wrong = |(other, times): (&String, &u32)| {
            format!("{times} changes of {other} began while change {change} of {person} waited")
        };
        too_often.map(wrong).collect()
    }
}
