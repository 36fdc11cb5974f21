//! PMON: counters are read and set up for ports that exist (section 5.11).

use patchbay_switchtec::command::performance::{
    ALL_PORTS, BandwidthGet, BandwidthKindSet, BandwidthPort, BandwidthRecord, EventCounter, EventCounterGet,
    EventCounterSetup, EventCounterSetupGet, EventCounterSetupSet, Latency, LatencyGet, LatencySetup,
};
use patchbay_switchtec::{PhysicalPort, code};

use crate::counters::NoSuchStack;
use crate::rack::Link;
use crate::switch::Switch;

impl From<NoSuchStack> for u32 {
    fn from(_: NoSuchStack) -> Self {
        code::INVALID_STACK
    }
}

/// Refuses a list with a port that does not exist before anything of it is done.
fn check(switch: &Switch, mut ports: impl Iterator<Item = PhysicalPort>) -> Result<(), u32> {
    if ports.all(|port| switch.port(port).is_some()) { Ok(()) } else { Err(code::INVALID_PORT) }
}

pub(super) fn bandwidth(switch: &mut Switch, get: &BandwidthGet) -> Result<Vec<BandwidthRecord>, u32> {
    check(switch, get.ports().iter().map(|entry| entry.port))?;
    let now_us = switch.uptime.elapsed_us();
    let read = |entry: &BandwidthPort| {
        let is_up = matches!(switch.link(entry.port), Link::Up(_));
        switch.counters.bandwidth(*entry, is_up, now_us)
    };
    Ok(get.ports().iter().map(read).collect())
}

pub(super) fn set_kinds(switch: &mut Switch, set: &BandwidthKindSet) -> Result<(), u32> {
    check(switch, set.ports().iter().map(|(port, _)| *port))?;
    for (port, kind) in set.ports() {
        switch.counters.set_kind(*port, *kind);
    }
    Ok(())
}

pub(super) fn measure(switch: &mut Switch, setup: &LatencySetup) -> Result<(), u32> {
    check(switch, setup.pairs().iter().map(|pair| pair.egress))?;
    let ingress = setup.pairs().iter().map(|pair| pair.ingress).filter(|port| *port != ALL_PORTS);
    check(switch, ingress)?;
    for pair in setup.pairs() {
        switch.counters.measure(*pair);
    }
    Ok(())
}

pub(super) fn latencies(switch: &Switch, get: &LatencyGet) -> Result<Vec<Latency>, u32> {
    check(switch, get.egress().iter().copied())?;
    Ok(get.egress().iter().map(|_| switch.counters.latency()).collect())
}

pub(super) fn set_up(switch: &mut Switch, set: &EventCounterSetupSet) -> Result<(), u32> {
    Ok(switch.counters.set_up(set.range(), set.setups())?)
}

pub(super) fn setups(switch: &Switch, get: &EventCounterSetupGet) -> Result<Vec<EventCounterSetup>, u32> {
    Ok(switch.counters.setups(get.range)?)
}

pub(super) fn values(switch: &mut Switch, get: &EventCounterGet) -> Result<Vec<EventCounter>, u32> {
    Ok(switch.counters.values(get.range, get.clear)?)
}
