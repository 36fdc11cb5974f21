//! Where each host stands in a PAX_ALL dump (section 5.5), so that some can be read without all the others.

use std::collections::{BTreeMap, BTreeSet};

use super::{Hvd, PaxAll, SECTION_HEAD_DWORDS};
use crate::bytes::Reader;
use crate::command::binding::MAX_SLOTS;
use crate::units::PhysicalPort;

/// Dwords of the PAX section, which stands in front: header and body.
const PAX_SECTION_DWORDS: usize = 20;
/// Dwords in front of a host's logical ports.
const HVD_HEAD_DWORDS: usize = 2;

/// How a PAX_ALL dump was laid out when it was read as a whole. It stays so until host ports are configured anew; then
/// the heads of the hosts stand elsewhere, which [`Span::host`] sees. Adapters come behind the hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout(BTreeMap<PhysicalPort, Span>);

/// Where one host stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its host port.
    pub port: PhysicalPort,
    /// Its instance number.
    pub instance: u8,
    /// Where it begins, in dwords.
    pub offset_dwords: usize,
    /// How long it is, in dwords.
    pub dwords: usize,
}

impl PaxAll {
    /// How this dump is laid out.
    pub fn layout(&self) -> Layout {
        let mut offset_dwords = PAX_SECTION_DWORDS + SECTION_HEAD_DWORDS;
        let mut spans = BTreeMap::new();
        for hvd in &self.hvds.hvds {
            let dwords = HVD_HEAD_DWORDS + hvd.logical_ports.len() * MAX_SLOTS;
            let (port, instance) = (hvd.port, hvd.instance);
            spans.insert(port, Span { port, instance, offset_dwords, dwords });
            offset_dwords += dwords;
        }
        Layout(spans)
    }
}

impl Layout {
    /// How many hosts there are.
    pub fn hosts(&self) -> usize {
        self.0.len()
    }

    /// The instance number of the host at a port.
    pub fn instance_of(&self, port: PhysicalPort) -> Option<u8> {
        self.0.get(&port).map(|span| span.instance)
    }

    /// Where these hosts stand, in the order of the dump; `None` when one is not in it.
    pub(crate) fn spans(&self, ports: &BTreeSet<PhysicalPort>) -> Option<Vec<Span>> {
        let mut spans = ports.iter().map(|port| self.0.get(port).copied()).collect::<Option<Vec<_>>>()?;
        spans.sort_by_key(|span| span.offset_dwords);
        Some(spans)
    }
}

impl Span {
    /// Where it ends, in dwords.
    pub(crate) const fn end_dwords(&self) -> usize {
        self.offset_dwords + self.dwords
    }

    /// The host that these bytes say; `None` unless it is the one at this port, as long as it was. Bytes out of the
    /// middle of a host are never taken for one: a logical port's number, which would be read as their count, is below it.
    pub(crate) fn host(&self, bytes: &[u8]) -> Option<Hvd> {
        let mut reader = Reader::new(bytes, "a host in the PAX_ALL dump");
        let hvd = Hvd::parse(&mut reader).ok()?;
        ((hvd.port, hvd.instance) == (self.port, self.instance) && reader.left() == 0).then_some(hvd)
    }
}
