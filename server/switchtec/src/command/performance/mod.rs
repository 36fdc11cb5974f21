//! PMON: what ports carried, how long it took, and how often something went wrong (section 5.11).

mod bandwidth;
mod event_counters;
mod latency;

pub use bandwidth::{
    BandwidthGet, BandwidthKind, BandwidthKindSet, BandwidthPort, BandwidthRecord, MAX_BANDWIDTH_PORTS,
    Traffic,
};
pub use event_counters::{
    COUNTERS_PER_STACK, CounterEvent, CounterEvents, CounterRange, EventCounter, EventCounterGet,
    EventCounterSetup, EventCounterSetupGet, EventCounterSetupSet, MAX_SETUPS,
};
pub use latency::{ALL_PORTS, Latency, LatencyGet, LatencyPair, LatencySetup};

pub(crate) const SUB_COUNTER_SETUP_SET: u8 = 0;
pub(crate) const SUB_BANDWIDTH_GET: u8 = 1;
pub(crate) const SUB_COUNTER_GET: u8 = 2;
pub(crate) const SUB_COUNTER_SETUP_GET: u8 = 3;
pub(crate) const SUB_LATENCY_SETUP: u8 = 4;
pub(crate) const SUB_LATENCY_GET: u8 = 6;
pub(crate) const SUB_BANDWIDTH_KIND_SET: u8 = 12;

/// A list that does not fit into one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("one request takes at most {limit} of them, not {got}")]
pub struct TooMany {
    /// How many were given.
    pub got: usize,
    /// How many fit.
    pub limit: usize,
}

/// Checks the length of a list; every list on the wire counts its entries in one byte.
fn at_most<T>(list: &[T], limit: usize) -> Result<(), TooMany> {
    let got = list.len();
    if got > limit { Err(TooMany { got, limit }) } else { Ok(()) }
}
