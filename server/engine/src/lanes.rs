//! Whose turn it is on each switch.
//!
//! A switch is a lane: one change or reading at a time. Whoever needs several switches gets all of them at once or
//! waits. Everybody in the queue holds a ticket, and every lane serves in the order of tickets; since the order is the
//! same for all lanes, nobody waits for somebody who waits for them.
//!
//! The order is fair between people: a ticket's number is one more than the last of the same person on the same switch, but
//! never less than the number being served there (self-clocked fair queueing). Who asks for a hundred things at once does
//! not make the next person wait for all of them: between a ticket and its turn, anybody else has at most two turns more
//! than its owner had tickets there before.
//!
//! Who has a turn may take along the changes that are next, if they need the same switches: what reads once for all of
//! them is done sooner than each by itself. Who comes later waits for that company, as for one turn.
//!
//! Each switch counts for itself, or whoever comes to a slow one would get a number that only the fast ones have reached.
//! When somebody needs several together, their counts are first made level: the lower ones go up, with all tickets that
//! wait there, which leaves their order as it is.

use patchbay_domain::{ChangeId, SwitchId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// How many people's last tickets are remembered on a switch before those that no longer matter are forgotten.
const PEOPLE_REMEMBERED: usize = 1_024;

/// The queue for all switches; clones are the same queue.
#[derive(Clone, Default)]
pub(crate) struct Lanes(Arc<Mutex<State>>);

/// First by number, then by arrival.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Ticket {
    number: u64,
    arrival: u64,
}

#[derive(Default)]
struct State {
    arrivals: u64,
    lanes: BTreeMap<SwitchId, Lane>,
    /// By arrival, which stays when a number goes up.
    waiting: BTreeMap<u64, Waiter>,
}

#[derive(Default)]
struct Lane {
    busy: bool,
    /// The highest number served so far.
    served: u64,
    /// Everybody's last number.
    last: BTreeMap<String, u64>,
    waiting: BTreeSet<Ticket>,
}

struct Waiter {
    number: u64,
    switches: Vec<SwitchId>,
    /// The change that waits; none for a reading, which nobody takes along.
    change: Option<ChangeId>,
    go: oneshot::Sender<Turn>,
}

/// A place in the queue; dropping it leaves the queue.
pub(crate) struct Queued {
    lanes: Lanes,
    arrival: u64,
    go: oneshot::Receiver<Turn>,
}

/// The right to use these switches; dropping it lets the next go on.
pub(crate) struct Turn {
    lanes: Lanes,
    switches: Vec<SwitchId>,
}

impl Lanes {
    /// Takes a place in the queue for these switches.
    pub(crate) fn queue(&self, person: &str, switches: &[SwitchId]) -> Queued {
        self.enter(self.state(), person, switches, None)
    }

    /// The same for a change, which others may take along: then it gets no turn of its own.
    pub(crate) fn queue_change(&self, change: ChangeId, person: &str, switches: &[SwitchId]) -> Queued {
        self.enter(self.state(), person, switches, Some(change))
    }

    /// The same when these switches are free and nobody waits for one of them: then its turn has come already.
    pub(crate) fn at_once(&self, change: ChangeId, person: &str, switches: &[SwitchId]) -> Option<Queued> {
        let state = self.state();
        let free = |lane: &Lane| !lane.busy && lane.waiting.is_empty();
        let all_free = switches.iter().all(|switch| state.lanes.get(switch).is_none_or(free));
        all_free.then(|| self.enter(state, person, switches, Some(change)))
    }

    fn enter(
        &self,
        mut state: MutexGuard<'_, State>,
        person: &str,
        switches: &[SwitchId],
        change: Option<ChangeId>,
    ) -> Queued {
        let (sender, go) = oneshot::channel();
        let ticket = state.ticket(person, switches);
        for &switch in switches {
            state.lanes.entry(switch).or_default().waiting.insert(ticket);
        }
        let Ticket { number, arrival } = ticket;
        state.waiting.insert(arrival, Waiter { number, switches: switches.to_vec(), change, go: sender });
        self.start(state, switches);
        Queued { lanes: self.clone(), arrival, go }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets everybody go who is first on all of their lanes, when these lanes may have become free.
    fn start(&self, mut state: MutexGuard<'_, State>, switches: &[SwitchId]) {
        let heads: BTreeSet<Ticket> =
            switches.iter().filter_map(|s| state.lanes.get(s)?.waiting.first().copied()).collect();
        let mut going = Vec::new();
        for ticket in heads {
            if let Some(waiter) = state.go(ticket) {
                going.push(waiter);
            }
        }
        // Nobody is told while the lock is held: a turn whose owner is gone comes straight back to it.
        drop(state);
        for Waiter { switches, go, .. } in going {
            let _ = go.send(Turn { lanes: self.clone(), switches });
        }
    }
}

impl State {
    fn ticket(&mut self, person: &str, switches: &[SwitchId]) -> Ticket {
        self.level(switches);
        let own = switches.iter().map(|switch| self.lanes.entry(*switch).or_default().next(person));
        let number = own.max().unwrap_or_default();
        for switch in switches {
            self.lanes.entry(*switch).or_default().remember(person, number);
        }
        self.arrivals += 1;
        Ticket { number, arrival: self.arrivals }
    }

    /// Makes the counts of these switches comparable: all of them have served up to the same number.
    fn level(&mut self, switches: &[SwitchId]) {
        let served = |state: &Self, of: &SwitchId| state.lanes.get(of).map_or(0, |lane| lane.served);
        let highest = switches.iter().map(|switch| served(self, switch)).max().unwrap_or(0);
        let mut level = BTreeSet::new();
        for switch in switches {
            if level.contains(switch) {
                continue;
            }
            // What waits for one of them and another switch keeps its place on both.
            let tied = self.tied(*switch);
            let own = switches.iter().filter(|s| tied.contains(s)).map(|s| served(self, s)).max();
            self.raise(&tied, highest - own.unwrap_or(0));
            level.extend(tied);
        }
    }

    /// This switch, and all that somebody waits for together with it, directly or through others.
    fn tied(&self, to: SwitchId) -> BTreeSet<SwitchId> {
        let (mut tied, mut ahead) = (BTreeSet::from([to]), vec![to]);
        while let Some(switch) = ahead.pop() {
            let tickets = self.lanes.get(&switch).into_iter().flat_map(|lane| &lane.waiting);
            let needed = tickets.filter_map(|t| self.waiting.get(&t.arrival)).flat_map(|w| &w.switches);
            ahead.extend(needed.filter(|other| tied.insert(**other)));
        }
        tied
    }

    /// Lets the counts of switches go up, with every ticket there.
    fn raise(&mut self, switches: &BTreeSet<SwitchId>, by: u64) {
        if by == 0 {
            return;
        }
        for switch in switches {
            let lane = self.lanes.entry(*switch).or_default();
            lane.served += by;
            lane.last.values_mut().for_each(|last| *last += by);
            let up = |ticket: Ticket| Ticket { number: ticket.number + by, ..ticket };
            lane.waiting = std::mem::take(&mut lane.waiting).into_iter().map(up).collect();
        }
        let here = |waiter: &&mut Waiter| waiter.switches.iter().any(|s| switches.contains(s));
        self.waiting.values_mut().filter(here).for_each(|waiter| waiter.number += by);
    }

    /// Gives somebody their lanes, when they are first on all of them and all are free.
    fn go(&mut self, ticket: Ticket) -> Option<Waiter> {
        let switches = &self.waiting.get(&ticket.arrival)?.switches;
        let free = |s: &SwitchId| {
            self.lanes.get(s).is_some_and(|lane| !lane.busy && lane.waiting.first() == Some(&ticket))
        };
        if !switches.iter().all(free) {
            return None;
        }
        self.serve(ticket)
    }

    /// Takes somebody out of the queue whose time has come.
    fn serve(&mut self, ticket: Ticket) -> Option<Waiter> {
        let waiter = self.waiting.remove(&ticket.arrival)?;
        for switch in &waiter.switches {
            let lane = self.lanes.entry(*switch).or_default();
            lane.busy = true;
            lane.served = lane.served.max(ticket.number);
            lane.waiting.remove(&ticket);
        }
        Some(waiter)
    }

    /// Who is next on all of these lanes, if it is a change that needs just them.
    fn next_alike(&self, switches: &[SwitchId]) -> Option<(Ticket, ChangeId)> {
        let next = |switch: &SwitchId| self.lanes.get(switch)?.waiting.first().copied();
        let ticket = next(switches.first()?)?;
        let waiter = self.waiting.get(&ticket.arrival)?;
        let alike = waiter.switches == switches && switches.iter().all(|s| next(s) == Some(ticket));
        waiter.change.filter(|_| alike).map(|change| (ticket, change))
    }
}

impl Lane {
    /// The number that somebody gets next.
    fn next(&self, person: &str) -> u64 {
        self.last.get(person).copied().unwrap_or(0).max(self.served) + 1
    }

    /// Notes somebody's last number; those that are below what is served no longer matter.
    fn remember(&mut self, person: &str, number: u64) {
        if self.last.len() >= PEOPLE_REMEMBERED {
            let served = self.served;
            self.last.retain(|_, last| *last > served);
        }
        self.last.insert(person.to_owned(), number);
    }
}

impl Queued {
    /// Waits for the turn.
    pub(crate) async fn turn(mut self) -> Turn {
        match (&mut self.go).await {
            Ok(turn) => turn,
            // A change that was taken along: whoever did so tells its task by other means.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Turn {
    /// Takes along the changes that are next and need the same switches, in order, while `fits` says so.
    pub(crate) fn company(&self, mut fits: impl FnMut(ChangeId) -> bool) -> Vec<ChangeId> {
        let (mut state, mut company) = (self.lanes.state(), Vec::new());
        while let Some((ticket, change)) = state.next_alike(&self.switches).filter(|(_, next)| fits(*next)) {
            state.serve(ticket);
            company.push(change);
        }
        company
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        let mut state = self.lanes.state();
        let Some(waiter) = state.waiting.remove(&self.arrival) else { return };
        let ticket = Ticket { number: waiter.number, arrival: self.arrival };
        for switch in &waiter.switches {
            if let Some(lane) = state.lanes.get_mut(switch) {
                lane.waiting.remove(&ticket);
            }
        }
        self.lanes.start(state, &waiter.switches);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.lanes.state();
        for switch in &self.switches {
            if let Some(lane) = state.lanes.get_mut(switch) {
                lane.busy = false;
            }
        }
        self.lanes.start(state, &self.switches);
    }
}

#[cfg(test)]
#[path = "lanes_tests.rs"]
mod tests;
