//! The register space as far as clients read it (section 3).

use std::collections::BTreeMap;

use patchbay_switchtec::packet::GAS_SPACE_BYTES;
pub(crate) use patchbay_switchtec::registers::PortEvent;
use patchbay_switchtec::registers::{
    DEVICE_ID, DEVICE_VERSION, EVENT_HEADER_STRIDE, FIRMWARE_VERSION, GFMS_EVENT_HEADER, GLOBAL_EVENTS,
    MAX_PORT_FUNCTIONS, PORT_EVENT_HEADERS, PORT_EVENT_SUMMARY, PORT_FUNCTION_BASE as PFF_BASE,
    PORT_FUNCTION_STRIDE as PFF_STRIDE, PORT_FUNCTION_VENDOR, event_header as bits,
};

/// Registers of the only partition.
const PARTITION_BASE: u32 = 0x4000;
const PARTITION_BYTES: u32 = 0x400;
const DOWNSTREAM_PORTS: u32 = 47;
/// Event headers of the three blocks: where they start, how far apart they are, how many there are.
const GLOBAL_HEADERS: (u32, u32, u32) = (0x1830, EVENT_HEADER_STRIDE, 14);
const PARTITION_HEADERS: (u32, u32, u32) = (PARTITION_BASE + 0x124, EVENT_HEADER_STRIDE, 4);
const PFF_HEADERS: (u32, u32, u32) = (PORT_EVENT_HEADERS, EVENT_HEADER_STRIDE, PortEvent::ALL.len() as u32);

/// What does not change.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fixed {
    pub(crate) device: u32,
    pub(crate) firmware: u32,
    pub(crate) pffs: u8,
}

/// The registers.
#[derive(Debug, Clone)]
pub(crate) struct Registers {
    fixed: Fixed,
    /// Event headers that are not zero; only known headers are ever written, so this is bounded.
    headers: BTreeMap<u32, u32>,
}

/// The header's number in its block, if `offset` is a header.
fn header_number(offset: u32, (start, stride, count): (u32, u32, u32)) -> Option<u32> {
    let distance = offset.checked_sub(start)?;
    (distance.is_multiple_of(stride) && distance / stride < count).then_some(distance / stride)
}

impl Registers {
    pub(crate) fn new(fixed: Fixed) -> Self {
        Self { fixed, headers: BTreeMap::new() }
    }

    /// Records a fabric event; whether clients want to be notified of it.
    pub(crate) fn record_gfms(&mut self) -> bool {
        self.record(GFMS_EVENT_HEADER)
    }

    /// Records an event of a port function; whether clients want to be notified of it.
    pub(crate) fn record_port_event(&mut self, pff: u32, event: PortEvent) -> bool {
        self.record(PFF_BASE + PFF_STRIDE * pff + PFF_HEADERS.0 + event as u32 * PFF_HEADERS.1)
    }

    fn record(&mut self, offset: u32) -> bool {
        let header = self.headers.entry(offset).or_default();
        let count = (*header >> bits::COUNT_SHIFT & bits::COUNT_MAX).saturating_add(1).min(bits::COUNT_MAX);
        *header = *header & bits::WRITABLE | bits::OCCURRED | count << bits::COUNT_SHIFT;
        *header & bits::NOTIFY != 0
    }

    /// Event headers that are not at rest, by offset.
    pub(crate) fn headers(&self) -> &BTreeMap<u32, u32> {
        &self.headers
    }

    /// Sets event headers as they were; whatever is no header is left out.
    pub(crate) fn restore(&mut self, headers: &BTreeMap<u32, u32>) {
        let known = headers.iter().filter(|(offset, _)| self.is_header(**offset));
        self.headers = known.map(|(offset, header)| (*offset, *header)).collect();
    }

    /// Reads `count` bytes; unknown registers are zero, those of absent port functions all ones.
    pub(crate) fn read(&self, offset: u32, count: u16) -> Vec<u8> {
        (0..u32::from(count))
            .map(|at| {
                let offset = offset.saturating_add(at);
                self.word(offset & !3).to_le_bytes()[(offset & 3) as usize]
            })
            .collect()
    }

    /// Writes bytes; only event headers change.
    pub(crate) fn write(&mut self, offset: u32, data: &[u8]) {
        let end = offset.saturating_add(data.len() as u32).min(GAS_SPACE_BYTES);
        let mut word = offset & !3;
        while word < end {
            if self.is_header(word) {
                // Bytes that are not written keep their value; the clearing bit then counts as not written.
                let mut bytes = (self.word(word) & !bits::OCCURRED).to_le_bytes();
                for (at, byte) in (word..).zip(&mut bytes) {
                    if let Some(written) = at.checked_sub(offset).and_then(|at| data.get(at as usize)) {
                        *byte = *written;
                    }
                }
                self.write_header(word, u32::from_le_bytes(bytes));
            }
            word += 4;
        }
    }

    fn write_header(&mut self, offset: u32, value: u32) {
        let old = self.word(offset);
        let kept = if value & bits::OCCURRED != 0 { 0 } else { old & !bits::WRITABLE };
        self.headers.insert(offset, kept | value & bits::WRITABLE);
    }

    /// The port function and the register within it, if `offset` is in an existing one.
    fn in_pff(&self, offset: u32) -> Option<(u32, u32)> {
        let distance = offset.checked_sub(PFF_BASE)?;
        let pff = distance / PFF_STRIDE;
        (pff < self.fixed.pffs.into()).then_some((pff, distance % PFF_STRIDE))
    }

    fn is_header(&self, offset: u32) -> bool {
        header_number(offset, GLOBAL_HEADERS).is_some()
            || header_number(offset, PARTITION_HEADERS).is_some()
            || self.in_pff(offset).is_some_and(|(_, within)| header_number(within, PFF_HEADERS).is_some())
    }

    /// One bit for each header of a block that has occurred.
    fn summary(&self, base: u32, (start, stride, count): (u32, u32, u32)) -> u32 {
        let occurred = |number: &u32| {
            let header = self.headers.get(&(base + start + number * stride));
            header.is_some_and(|header| header & bits::OCCURRED != 0)
        };
        (0..count).filter(occurred).fold(0, |map, number| map | 1 << number)
    }

    fn word(&self, offset: u32) -> u32 {
        match offset {
            // 0x1007: partition count, one.
            0x1004 => 1 << 24,
            // 0x1008: own partition, zero; 0x1009: port functions.
            0x1008 => u32::from(self.fixed.pffs) << 8,
            GLOBAL_EVENTS => self.summary(0, GLOBAL_HEADERS),
            // Partition 0 in the bitmap of partitions with events; the upper half stays zero.
            0x1810 => u32::from(self.summary(0, PARTITION_HEADERS) != 0),
            DEVICE_ID => self.fixed.device,
            DEVICE_VERSION => 0,
            FIRMWARE_VERSION => self.fixed.firmware,
            _ if self.is_header(offset) => self.headers.get(&offset).copied().unwrap_or(0),
            PARTITION_BASE..0x4400 => self.partition_word(offset - PARTITION_BASE),
            PFF_BASE.. if offset < PFF_BASE + PFF_STRIDE * u32::from(MAX_PORT_FUNCTIONS) => {
                self.pff_word(offset)
            }
            _ => 0,
        }
    }

    fn partition_word(&self, within: u32) -> u32 {
        const UPSTREAM: u32 = 0x10;
        const MANAGEMENT: u32 = 0x14;
        const DOWNSTREAM: u32 = 0x18;
        const SUMMARY: u32 = 0x114;
        debug_assert!(within < PARTITION_BYTES);
        match within {
            UPSTREAM => 0,
            MANAGEMENT => u32::MAX,
            SUMMARY => self.summary(0, PARTITION_HEADERS),
            within if (DOWNSTREAM..DOWNSTREAM + 4 * DOWNSTREAM_PORTS).contains(&within) => {
                let pff = (within - DOWNSTREAM) / 4 + 1;
                if pff < self.fixed.pffs.into() { pff } else { u32::MAX }
            }
            _ => 0,
        }
    }

    fn pff_word(&self, offset: u32) -> u32 {
        match self.in_pff(offset) {
            None => u32::MAX,
            Some((_, 0)) => u32::from(PORT_FUNCTION_VENDOR) | self.fixed.device << 16,
            Some((pff, PORT_EVENT_SUMMARY)) => self.summary(PFF_BASE + PFF_STRIDE * pff, PFF_HEADERS),
            Some(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registers() -> Registers {
        Registers::new(Fixed { device: 0x4252, firmware: 0x0480_0123, pffs: 6 })
    }

    fn word(registers: &Registers, offset: u32) -> u32 {
        u32::from_le_bytes(registers.read(offset, 4).try_into().unwrap())
    }

    #[test]
    fn an_event_is_counted_until_it_is_cleared() {
        let mut registers = registers();
        assert!(!registers.record_gfms(), "nobody has asked to be notified");
        registers.write(GFMS_EVENT_HEADER, &0x08u32.to_le_bytes());
        assert!(registers.record_gfms());
        assert_eq!(word(&registers, GFMS_EVENT_HEADER), 1 | 8 | 2 << 5);
        assert_eq!(word(&registers, GLOBAL_EVENTS), 1 << 13);
        registers.write(GFMS_EVENT_HEADER, &0x09u32.to_le_bytes());
        assert_eq!(word(&registers, GFMS_EVENT_HEADER), 8);
        assert_eq!(word(&registers, GLOBAL_EVENTS), 0);
        for _ in 0..300 {
            registers.record_gfms();
        }
        assert_eq!(word(&registers, GFMS_EVENT_HEADER), 1 | 8 | 255 << 5, "the count saturates");
    }

    #[test]
    fn writes_reach_event_headers_only() {
        let mut registers = registers();
        for offset in (0..0x2200).step_by(4).chain([0x4010, 0x13_4000, 0x3F_FFFC, u32::MAX - 3]) {
            registers.write(offset, &[0xFF; 8]);
        }
        assert_eq!(word(&registers, DEVICE_ID), 0x4252);
        assert_eq!(word(&registers, 0x2100), 0);
        assert_eq!(word(&registers, GFMS_EVENT_HEADER), bits::WRITABLE);
        assert_eq!(word(&registers, 0x13_4000 + 6 * 0x1000), u32::MAX, "no seventh port function");
        assert_eq!(registers.read(u32::MAX, 1024).len(), 1024);
    }
}
