//! What an emulated switch counts: bytes, latencies, events.
//!
//! Nothing is ever sent through an emulated switch, so by default bytes and latencies are zero, its clock goes on,
//! and event counters count what really happens to links. A rack may ask for the made-up numbers of the recorded
//! conversations instead.

use std::collections::BTreeMap;

use patchbay_switchtec::PhysicalPort;
use patchbay_switchtec::command::performance::{
    BandwidthKind, BandwidthPort, BandwidthRecord, COUNTERS_PER_STACK, CounterEvent, CounterRange,
    EventCounter, EventCounterSetup, Latency, LatencyPair, Traffic,
};

use crate::picture::PORTS_PER_STACK;
use crate::rack::Counters as Source;

/// Stacks a switch can have: the link status marks unused records with larger numbers (section 5.9).
const STACKS: usize = 9;
/// The recorded scenario's clock advances by this much with each read of a port.
const SCENARIO_STEP_US: u64 = 1_000_000;
/// The recorded scenario's latencies and event counts.
const SCENARIO_LATENCY: Latency = Latency { current_ns: 151, max_ns: 498 };
const SCENARIO_COUNT: u32 = 7;

/// A stack number that no switch has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoSuchStack;

/// The counters, and how they are set up.
#[derive(Debug, Clone)]
pub(crate) struct Counters {
    source: Source,
    /// What each port's bandwidth counters count; bounded by the ports, as the caller checks them.
    kinds: BTreeMap<PhysicalPort, BandwidthKind>,
    /// Which ingress port is measured for an egress port; bounded likewise.
    latencies: BTreeMap<PhysicalPort, PhysicalPort>,
    /// How often a port's bandwidth was read; used by the scenario only.
    reads: BTreeMap<PhysicalPort, u64>,
    /// 64 counters for each stack that has been set up.
    stacks: BTreeMap<u8, Stack>,
}

type Stack = [Counter; COUNTERS_PER_STACK];

#[derive(Debug, Clone, Copy, Default)]
struct Counter {
    setup: EventCounterSetup,
    value: u32,
}

impl Counters {
    pub(crate) fn new(source: Source) -> Self {
        Self {
            source,
            kinds: BTreeMap::new(),
            latencies: BTreeMap::new(),
            reads: BTreeMap::new(),
            stacks: BTreeMap::new(),
        }
    }

    /// What went through a port; `now_us` is the switch's clock. Clearing zeros leaves zeros.
    pub(crate) fn bandwidth(&mut self, port: BandwidthPort, is_up: bool, now_us: u64) -> BandwidthRecord {
        match self.source {
            Source::True => BandwidthRecord { time_us: now_us, ..BandwidthRecord::default() },
            Source::Scenario => {
                let reads = self.reads.entry(port.port).or_default();
                *reads = reads.saturating_add(1);
                scenario_bandwidth(port.port, is_up, *reads)
            }
        }
    }

    /// Chooses what a port's counters count. There is nothing to count either way.
    pub(crate) fn set_kind(&mut self, port: PhysicalPort, kind: BandwidthKind) {
        self.kinds.insert(port, kind);
    }

    /// Chooses what is measured at an egress port.
    pub(crate) fn measure(&mut self, pair: LatencyPair) {
        self.latencies.insert(pair.egress, pair.ingress);
    }

    /// What was measured: nothing has gone through.
    pub(crate) fn latency(&self) -> Latency {
        match self.source {
            Source::True => Latency::default(),
            Source::Scenario => SCENARIO_LATENCY,
        }
    }

    /// Sets counters up and starts them from zero.
    pub(crate) fn set_up(
        &mut self,
        range: CounterRange,
        setups: &[EventCounterSetup],
    ) -> Result<(), NoSuchStack> {
        check(range)?;
        let stack = self.stacks.entry(range.stack()).or_insert([Counter::default(); COUNTERS_PER_STACK]);
        for (counter, setup) in stack[range.counters()].iter_mut().zip(setups) {
            *counter = Counter { setup: *setup, value: 0 };
        }
        Ok(())
    }

    /// How counters are set up.
    pub(crate) fn setups(&self, range: CounterRange) -> Result<Vec<EventCounterSetup>, NoSuchStack> {
        check(range)?;
        Ok(self.counters(range).map(|counter| counter.setup).collect())
    }

    /// What counters have counted; with `clear` they start again from zero.
    pub(crate) fn values(
        &mut self,
        range: CounterRange,
        clear: bool,
    ) -> Result<Vec<EventCounter>, NoSuchStack> {
        check(range)?;
        let values = self.counters(range).map(|counter| self.value(&counter)).collect();
        if clear && let Some(stack) = self.stacks.get_mut(&range.stack()) {
            for counter in &mut stack[range.counters()] {
                counter.value = 0;
            }
        }
        Ok(values)
    }

    /// Counts an event at a port; whether a counter reached its threshold by it.
    pub(crate) fn count(&mut self, port: PhysicalPort, event: CounterEvent) -> bool {
        let Some(stack) = self.stacks.get_mut(&(port.get() / PORTS_PER_STACK)) else { return false };
        let port = 1 << (port.get() % PORTS_PER_STACK);
        let mut reached = false;
        for Counter { setup, value } in stack {
            if setup.ports & port != 0 && setup.events.contains(event) {
                *value = value.saturating_add(1);
                reached |= *value == setup.threshold;
            }
        }
        reached
    }

    fn value(&self, counter: &Counter) -> EventCounter {
        let is_used = counter.setup != EventCounterSetup::default();
        let value = match self.source {
            Source::True => counter.value,
            Source::Scenario => u32::from(is_used) * SCENARIO_COUNT,
        };
        EventCounter { value, threshold: counter.setup.threshold }
    }

    fn counters(&self, range: CounterRange) -> impl Iterator<Item = Counter> {
        let stack = self.stacks.get(&range.stack());
        range.counters().map(move |at| stack.map_or_else(Counter::default, |stack| stack[at]))
    }
}

fn check(range: CounterRange) -> Result<(), NoSuchStack> {
    if usize::from(range.stack()) < STACKS { Ok(()) } else { Err(NoSuchStack) }
}

/// The formula of the recorded scenario: bytes grow with the port's number and the clock.
fn scenario_bandwidth(port: PhysicalPort, is_up: bool, reads: u64) -> BandwidthRecord {
    let time_us = reads.saturating_mul(SCENARIO_STEP_US);
    let factor = if is_up { (u64::from(port.get()) / 4 + 1) * 1000 } else { 0 };
    let bytes = time_us.saturating_mul(factor);
    let egress = Traffic { posted_bytes: bytes, completion_bytes: bytes / 2, non_posted_bytes: bytes / 10 };
    let ingress = Traffic {
        posted_bytes: bytes.saturating_mul(2),
        completion_bytes: bytes,
        non_posted_bytes: bytes / 5,
    };
    BandwidthRecord { time_us, egress, ingress }
}

#[cfg(test)]
mod tests {
    use super::*;
    use patchbay_switchtec::command::performance::CounterEvents;

    const SURPRISE_DOWN: CounterEvent = CounterEvent::SurpriseDown;

    fn range() -> CounterRange {
        CounterRange::new(2, 0, 2).unwrap()
    }

    #[test]
    fn an_event_counts_where_it_is_set_up() {
        let mut counters = Counters::new(Source::True);
        let port = PhysicalPort::new(20);
        assert!(!counters.count(port, SURPRISE_DOWN), "nothing is set up");
        let watched = EventCounterSetup {
            ports: 1 << 4,
            events: CounterEvents::from_bits(1 << 6),
            egress: false,
            threshold: 2,
        };
        let elsewhere = EventCounterSetup { ports: 1, ..watched };
        counters.set_up(range(), &[watched, elsewhere]).unwrap();
        assert!(!counters.count(port, SURPRISE_DOWN));
        assert!(counters.count(port, SURPRISE_DOWN), "the second reaches the threshold");
        assert!(!counters.count(port, SURPRISE_DOWN), "which is told once");
        let values = counters.values(range(), true).unwrap();
        assert_eq!(values.iter().map(|counter| counter.value).collect::<Vec<_>>(), [3, 0]);
        assert_eq!(counters.values(range(), false).unwrap()[0], EventCounter { value: 0, threshold: 2 });
        assert_eq!(counters.setups(range()).unwrap(), [watched, elsewhere]);
    }

    #[test]
    fn stacks_beyond_the_last_are_refused() {
        let mut counters = Counters::new(Source::True);
        let range = CounterRange::new(9, 0, 1).unwrap();
        assert_eq!(counters.setups(range), Err(NoSuchStack));
        assert_eq!(counters.values(range, true), Err(NoSuchStack));
        assert_eq!(counters.set_up(range, &[EventCounterSetup::default()]), Err(NoSuchStack));
    }

    #[test]
    fn by_default_only_the_clock_moves() {
        let mut counters = Counters::new(Source::True);
        let port = BandwidthPort { port: PhysicalPort::new(4), clear: false };
        let record = counters.bandwidth(port, true, 42);
        assert_eq!(record, BandwidthRecord { time_us: 42, ..BandwidthRecord::default() });
        assert_eq!(counters.latency(), Latency::default());
    }
}
