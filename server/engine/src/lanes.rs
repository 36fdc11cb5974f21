//! Whose turn it is on each switch.
//!
//! A switch is a lane: one change or reading at a time. Whoever needs several switches gets all of them at once or
//! waits. Everybody in the queue holds a ticket, and every lane serves in the order of tickets; since the order is the
//! same for all lanes, nobody waits for somebody who waits for them.
//!
//! The order is fair between people: a ticket's number is one more than the last of the same person, but never less than
//! the number being served (self-clocked fair queueing). Who asks for a hundred things at once does not make the next
//! person wait for all of them.

use patchbay_domain::SwitchId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// How many people's last tickets are remembered before those that no longer matter are forgotten.
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
    /// The highest number served so far.
    served: u64,
    arrivals: u64,
    last: BTreeMap<String, u64>,
    lanes: BTreeMap<SwitchId, Lane>,
    waiting: BTreeMap<Ticket, Waiter>,
}

#[derive(Default)]
struct Lane {
    busy: bool,
    waiting: BTreeSet<Ticket>,
}

struct Waiter {
    switches: Vec<SwitchId>,
    go: oneshot::Sender<Turn>,
}

/// A place in the queue; dropping it leaves the queue.
pub(crate) struct Queued {
    lanes: Lanes,
    ticket: Ticket,
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
        let (sender, go) = oneshot::channel();
        let mut state = self.state();
        let ticket = state.ticket(person);
        for &switch in switches {
            state.lanes.entry(switch).or_default().waiting.insert(ticket);
        }
        state.waiting.insert(ticket, Waiter { switches: switches.to_vec(), go: sender });
        self.start(state, switches);
        Queued { lanes: self.clone(), ticket, go }
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
        for Waiter { switches, go } in going {
            let _ = go.send(Turn { lanes: self.clone(), switches });
        }
    }
}

impl State {
    fn ticket(&mut self, person: &str) -> Ticket {
        let number = self.last.get(person).copied().unwrap_or(0).max(self.served) + 1;
        if self.last.len() >= PEOPLE_REMEMBERED {
            let served = self.served;
            self.last.retain(|_, last| *last > served);
        }
        self.last.insert(person.to_owned(), number);
        self.arrivals += 1;
        Ticket { number, arrival: self.arrivals }
    }

    /// Gives somebody their lanes, when they are first on all of them and all are free.
    fn go(&mut self, ticket: Ticket) -> Option<Waiter> {
        let switches = &self.waiting.get(&ticket)?.switches;
        let free = |s: &SwitchId| {
            self.lanes.get(s).is_some_and(|lane| !lane.busy && lane.waiting.first() == Some(&ticket))
        };
        if !switches.iter().all(free) {
            return None;
        }
        let waiter = self.waiting.remove(&ticket)?;
        for switch in &waiter.switches {
            let lane = self.lanes.entry(*switch).or_default();
            lane.busy = true;
            lane.waiting.remove(&ticket);
        }
        self.served = self.served.max(ticket.number);
        Some(waiter)
    }
}

impl Queued {
    /// Waits for the turn.
    pub(crate) async fn turn(mut self) -> Turn {
        match (&mut self.go).await {
            Ok(turn) => turn,
            // Only a sender that was dropped unused ends here, and it is dropped only with this place in the queue.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        let mut state = self.lanes.state();
        let Some(waiter) = state.waiting.remove(&self.ticket) else { return };
        for switch in &waiter.switches {
            if let Some(lane) = state.lanes.get_mut(switch) {
                lane.waiting.remove(&self.ticket);
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
mod tests {
    use super::*;
    use futures::FutureExt;
    use proptest::prelude::*;

    fn switch(n: u32) -> SwitchId {
        SwitchId::new(n)
    }

    #[test]
    fn one_at_a_time_on_a_switch_and_others_beside_it() {
        let lanes = Lanes::default();
        let first = lanes.queue("ana", &[switch(1)]).turn().now_or_never().expect("nobody is before");
        let mut second = Box::pin(lanes.queue("ben", &[switch(1)]).turn());
        assert!(second.as_mut().now_or_never().is_none());
        assert!(lanes.queue("cy", &[switch(2)]).turn().now_or_never().is_some(), "another switch is free");
        drop(first);
        assert!(second.now_or_never().is_some());
    }

    #[test]
    fn a_crowd_of_one_person_does_not_make_the_next_wait_for_all() {
        let lanes = Lanes::default();
        let busy = lanes.queue("script", &[switch(1)]).turn().now_or_never().expect("free");
        let mut crowd: Vec<_> =
            (0..100).map(|_| Box::pin(lanes.queue("script", &[switch(1)]).turn())).collect();
        let mut ana = Box::pin(lanes.queue("ana", &[switch(1)]).turn());
        drop(busy);
        let mut before = 0;
        while ana.as_mut().now_or_never().is_none() {
            let next = crowd.iter_mut().find_map(|turn| turn.as_mut().now_or_never());
            drop(crowd.remove(0));
            drop(next.expect("somebody has their turn"));
            before += 1;
        }
        assert!(before <= 2, "{before} of the script's changes went before");
    }

    #[test]
    fn who_leaves_the_queue_does_not_hold_it_up() {
        let lanes = Lanes::default();
        let busy = lanes.queue("ana", &[switch(1)]).turn().now_or_never().expect("free");
        let both = lanes.queue("ben", &[switch(1), switch(2)]);
        let mut behind = Box::pin(lanes.queue("cy", &[switch(2)]).turn());
        assert!(behind.as_mut().now_or_never().is_none(), "ben comes first on both");
        drop(both);
        assert!(behind.now_or_never().is_some());
        drop(busy);
        assert!(lanes.queue("dee", &[switch(1), switch(2)]).turn().now_or_never().is_some());
    }

    proptest! {
        /// People ask, leave and end in any order: no switch is used by two, and nobody waits while all they need is
        /// free and nobody is before them.
        #[test]
        fn all_get_their_turn_and_no_switch_is_used_twice(
            asked in proptest::collection::vec((0_u8..4, proptest::collection::btree_set(0_u32..4, 1..4), any::<bool>()), 1..40)
        ) {
            let lanes = Lanes::default();
            let mut waiting: Vec<_> = Vec::new();
            for (person, switches, leaves) in asked {
                let switches: Vec<_> = switches.into_iter().map(switch).collect();
                let queued = lanes.queue(&person.to_string(), &switches);
                if leaves { drop(queued) } else { waiting.push(Box::pin(queued.turn())) }
            }
            while !waiting.is_empty() {
                let mut used = BTreeSet::new();
                let mut turns = Vec::new();
                waiting.retain_mut(|queued| match queued.as_mut().now_or_never() {
                    Some(turn) => { turns.push(turn); false }
                    None => true,
                });
                prop_assert!(!turns.is_empty(), "{} wait for nothing", waiting.len());
                for turn in &turns {
                    for switch in &turn.switches {
                        prop_assert!(used.insert(*switch), "two use {switch:?}");
                    }
                }
            }
        }
    }
}
