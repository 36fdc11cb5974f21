//! Configuration spaces, made from what the rack says about a function.
//!
//! A header of type 0 without capabilities, as the recorded conversations show it, then registers of the device's own
//! which keep what is written. The extended space behind it is empty: a list of capabilities whose first is none.

use std::collections::BTreeMap;
use std::sync::Arc;

use patchbay_switchtec::Pdfid;
use patchbay_switchtec::command::endpoint::{CONFIG_SPACE_BYTES, ConfigPlace};
use patchbay_switchtec::command::sections::Bar;

use crate::rack::Function;

/// The part that is kept; what is behind it is always zero.
const KEPT_BYTES: usize = 256;
const COMMAND: usize = 0x04;
const CLASS: usize = 0x09;
const CACHE_LINE: usize = 0x0C;
const BARS: usize = 0x10;
const SUBSYSTEM: usize = 0x2C;
const INTERRUPT_LINE: usize = 0x3C;
const DEVICE_SPECIFIC: usize = 0x40;
/// Bits of the command register that a function implements: I/O, memory, bus master, parity, SERR, no interrupt.
const COMMAND_BITS: u16 = 0x0547;
const BAR_IS_IO: u8 = 1;
const BAR_IS_64_BIT: u8 = 1 << 2;

type Bytes = [u8; KEPT_BYTES];

/// An address that is not aligned to its width or lies behind the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadPlace;

/// Configuration spaces that somebody has written to; the others are made anew for every look.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConfigSpaces {
    written: BTreeMap<Pdfid, Arc<Bytes>>,
}

impl ConfigSpaces {
    /// Reads a register of `function`.
    pub(crate) fn read(&self, function: &Function, place: ConfigPlace) -> Result<u32, BadPlace> {
        let range = range(place)?;
        let initial;
        let space = match self.written.get(&function.pdfid) {
            Some(written) => written.as_ref(),
            None => {
                initial = initial_space(function);
                &initial
            }
        };
        let mut value = [0; 4];
        if let Some(bytes) = space.get(range) {
            value[..bytes.len()].copy_from_slice(bytes);
        }
        Ok(u32::from_le_bytes(value))
    }

    /// Writes a register of `function`; bits that are read-only keep their value.
    pub(crate) fn write(
        &mut self,
        function: &Function,
        place: ConfigPlace,
        value: u32,
    ) -> Result<(), BadPlace> {
        let range = range(place)?;
        if range.end > KEPT_BYTES {
            return Ok(());
        }
        let space = self.written.entry(function.pdfid).or_insert_with(|| Arc::new(initial_space(function)));
        let space = Arc::make_mut(space);
        let writable = writable_bits(function);
        for (at, new) in range.zip(value.to_le_bytes()) {
            space[at] = (space[at] & !writable[at]) | (new & writable[at]);
        }
        Ok(())
    }

    pub(super) fn forget(&mut self, function: Pdfid) {
        self.written.remove(&function);
    }
}

fn range(place: ConfigPlace) -> Result<std::ops::Range<usize>, BadPlace> {
    let (start, width) = (usize::from(place.address), usize::from(place.width.bytes()));
    let end = start + width;
    if start.is_multiple_of(width) && end <= usize::from(CONFIG_SPACE_BYTES) {
        Ok(start..end)
    } else {
        Err(BadPlace)
    }
}

fn put(space: &mut Bytes, at: usize, bytes: &[u8]) {
    space[at..at + bytes.len()].copy_from_slice(bytes);
}

fn initial_space(function: &Function) -> Bytes {
    let mut space = [0; KEPT_BYTES];
    put(&mut space, 0, &function.vendor.to_le_bytes());
    put(&mut space, 2, &function.device.to_le_bytes());
    put(&mut space, CLASS, &function.class.to_le_bytes()[..3]);
    for (number, bar) in function.bars.iter().enumerate().filter(|(_, bar)| bar.log2_size != 0) {
        // The wire's bits for the kind of a BAR are those of its register.
        space[BARS + 4 * number] = bar.kind & 0xF;
    }
    put(&mut space, SUBSYSTEM, &function.subsystem_vendor.to_le_bytes());
    put(&mut space, SUBSYSTEM + 2, &function.subsystem_device.to_le_bytes());
    space
}

fn writable_bits(function: &Function) -> Bytes {
    let mut bits = [0; KEPT_BYTES];
    put(&mut bits, COMMAND, &COMMAND_BITS.to_le_bytes());
    bits[CACHE_LINE] = 0xFF;
    bits[INTERRUPT_LINE] = 0xFF;
    bits[DEVICE_SPECIFIC..].fill(0xFF);
    for (number, bar) in function.bars.iter().enumerate().filter(|(_, bar)| bar.log2_size != 0) {
        let at = BARS + 4 * number;
        let base = base_bits(*bar).to_le_bytes();
        let has_upper_half = bar.kind & BAR_IS_64_BIT != 0 && number + 1 < function.bars.len();
        put(&mut bits, at, if has_upper_half { &base } else { &base[..4] });
    }
    bits
}

/// The bits of a BAR that hold its address: all from its size on, above those that tell its kind.
fn base_bits(bar: Bar) -> u64 {
    let kind_bits: u64 = if bar.kind & BAR_IS_IO != 0 { 0b11 } else { 0b1111 };
    let size_bits = 1u64.checked_shl(bar.log2_size.into()).map_or(u64::MAX, |size| size - 1);
    !(size_bits | kind_bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rack::Rack;
    use patchbay_switchtec::command::endpoint::AccessWidth::{self, Byte, Dword, Word};

    fn nic() -> Function {
        Rack::transcripts().unwrap().slots[0].adapter.functions[0].clone()
    }

    fn place(address: u16, width: AccessWidth) -> ConfigPlace {
        ConfigPlace { function: nic().pdfid, address, width }
    }

    #[test]
    fn a_header_says_what_the_rack_says() {
        let (spaces, nic) = (ConfigSpaces::default(), nic());
        let read = |address, width| spaces.read(&nic, place(address, width)).unwrap();
        assert_eq!(read(0x00, Dword), 0x158B_8086);
        assert_eq!(read(0x02, Word), 0x158B);
        assert_eq!(read(0x0B, Byte), 0x02);
        assert_eq!(read(0x10, Dword), 0xC, "64-bit and prefetchable");
        assert_eq!(read(0x2C, Dword), 0x0001_8086);
        assert_eq!(read(0x100, Dword), 0, "no extended capability");
    }

    #[test]
    fn sizing_a_bar_finds_its_size() {
        let (mut spaces, nic) = (ConfigSpaces::default(), nic());
        for address in [0x10, 0x14] {
            spaces.write(&nic, place(address, Dword), u32::MAX).unwrap();
        }
        assert_eq!(spaces.read(&nic, place(0x10, Dword)).unwrap(), 0xFF00_000C, "2^24 bytes");
        assert_eq!(spaces.read(&nic, place(0x14, Dword)).unwrap(), u32::MAX);
    }

    #[test]
    fn writable_bits_are_kept_and_read_only_ones_are_not() {
        let (mut spaces, nic) = (ConfigSpaces::default(), nic());
        for (address, width, value, expected) in [
            (0x00, Dword, 0xFFFF_FFFF, 0x158B_8086),
            (0x04, Word, 0xFFFF, 0x0547),
            (0x40, Word, 0x1234, 0x1234),
            (0x43, Byte, 0x56, 0x56),
            (0x3D, Byte, 0xFF, 0),
            (0x100, Dword, 0xFFFF_FFFF, 0),
            (0xFFC, Dword, 0xFFFF_FFFF, 0),
        ] {
            spaces.write(&nic, place(address, width), value).unwrap();
            assert_eq!(spaces.read(&nic, place(address, width)), Ok(expected), "0x{address:X}");
        }
        assert_eq!(spaces.read(&nic, place(0x40, Dword)), Ok(0x5600_1234));
        spaces.forget(nic.pdfid);
        assert_eq!(spaces.read(&nic, place(0x40, Dword)), Ok(0));
    }

    #[test]
    fn crooked_addresses_are_refused() {
        let (mut spaces, nic) = (ConfigSpaces::default(), nic());
        for (address, width) in [(0x41, Word), (0x42, Dword), (0x1000, Byte), (0xFFFF, Byte)] {
            assert_eq!(spaces.read(&nic, place(address, width)), Err(BadPlace));
            assert_eq!(spaces.write(&nic, place(address, width), 0), Err(BadPlace));
        }
    }
}
