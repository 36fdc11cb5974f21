//! Memory behind BARs: only what has been written is kept, up to a limit.

use std::collections::BTreeMap;
use std::sync::Arc;

use patchbay_switchtec::Pdfid;
use patchbay_switchtec::command::sections::Bar;

use crate::rack::Function;

const PAGE_BYTES: u64 = 256;
/// Most memory kept for one switch, in bytes. BARs are far larger than any lab needs: a client that writes more than
/// this is told that the switch cannot.
const MAX_MEMORY_BYTES: u64 = 4 * 1024 * 1024;
const MAX_PAGES: usize = (MAX_MEMORY_BYTES / PAGE_BYTES) as usize;

type Page = [u8; PAGE_BYTES as usize];

/// Why memory cannot be accessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MemoryError {
    /// The function has no such BAR, or the access goes beyond its end.
    OutOfRange,
    /// Everything that can be kept is.
    Full,
}

/// Where a page belongs.
type PageKey = (Pdfid, u8, u64);

/// The memory of all functions.
#[derive(Debug, Clone, Default)]
pub(crate) struct BarMemory {
    pages: BTreeMap<PageKey, Arc<Page>>,
}

impl BarMemory {
    /// Reads `count` bytes; memory that was never written is zero.
    pub(crate) fn read(
        &self,
        function: &Function,
        bar: u8,
        address: u64,
        count: usize,
    ) -> Result<Vec<u8>, MemoryError> {
        check(function, bar, address, count)?;
        let byte = |at: u64| {
            let page = self.pages.get(&(function.pdfid, bar, at / PAGE_BYTES));
            page.map_or(0, |page| page[(at % PAGE_BYTES) as usize])
        };
        Ok((address..address + count as u64).map(byte).collect())
    }

    /// Writes bytes, all or nothing.
    pub(crate) fn write(
        &mut self,
        function: &Function,
        bar: u8,
        address: u64,
        data: &[u8],
    ) -> Result<(), MemoryError> {
        check(function, bar, address, data.len())?;
        if data.is_empty() {
            return Ok(());
        }
        let last = address + data.len() as u64 - 1;
        let key = |page: u64| (function.pdfid, bar, page);
        let new =
            (address / PAGE_BYTES..=last / PAGE_BYTES).filter(|page| !self.pages.contains_key(&key(*page)));
        if self.pages.len() + new.count() > MAX_PAGES {
            return Err(MemoryError::Full);
        }
        for (at, byte) in (address..).zip(data) {
            let page =
                self.pages.entry(key(at / PAGE_BYTES)).or_insert_with(|| Arc::new([0; PAGE_BYTES as usize]));
            Arc::make_mut(page)[(at % PAGE_BYTES) as usize] = *byte;
        }
        Ok(())
    }

    pub(super) fn forget(&mut self, function: Pdfid) {
        self.pages.retain(|(owner, _, _), _| *owner != function);
    }
}

fn check(function: &Function, bar: u8, address: u64, count: usize) -> Result<(), MemoryError> {
    let size_bytes = function.bars.get(usize::from(bar)).copied().and_then(size_bytes);
    let end = address.checked_add(count as u64);
    match (size_bytes, end) {
        (Some(size_bytes), Some(end)) if end <= size_bytes => Ok(()),
        _ => Err(MemoryError::OutOfRange),
    }
}

/// `None` for a BAR that is absent, which includes the upper half of a 64-bit one.
fn size_bytes(bar: Bar) -> Option<u64> {
    (bar.log2_size != 0).then(|| 1u64.checked_shl(bar.log2_size.into()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rack::Rack;

    fn nic() -> Function {
        Rack::transcripts().unwrap().slots[0].adapter.functions[0].clone()
    }

    #[test]
    fn what_is_written_is_read_across_pages_and_the_rest_is_zero() {
        let (mut memory, nic) = (BarMemory::default(), nic());
        let data: Vec<u8> = (1..=200).collect();
        memory.write(&nic, 0, PAGE_BYTES - 100, &data).unwrap();
        let read = memory.read(&nic, 0, PAGE_BYTES - 101, 202).unwrap();
        assert_eq!(read, [&[0], &data[..], &[0]].concat());
        assert_eq!(memory.read(&nic, 2, PAGE_BYTES - 100, 4).unwrap(), [0; 4], "another BAR");
        memory.forget(nic.pdfid);
        assert_eq!(memory.read(&nic, 0, PAGE_BYTES - 100, 4).unwrap(), [0; 4]);
    }

    #[test]
    fn nothing_is_behind_the_end_or_in_absent_bars() {
        let (mut memory, nic) = (BarMemory::default(), nic());
        let end = 1 << 24;
        assert!(memory.write(&nic, 0, end - 4, &[1; 4]).is_ok());
        for (bar, address) in [(0, end - 3), (0, end), (0, u64::MAX), (1, 0), (6, 0), (255, 0)] {
            assert_eq!(memory.write(&nic, bar, address, &[1; 4]), Err(MemoryError::OutOfRange));
            assert_eq!(memory.read(&nic, bar, address, 4), Err(MemoryError::OutOfRange));
        }
    }

    #[test]
    fn memory_ends_at_the_limit_and_a_refused_write_leaves_nothing() {
        let (mut memory, nic) = (BarMemory::default(), nic());
        for page in 0..MAX_PAGES as u64 {
            memory.write(&nic, 0, page * PAGE_BYTES, &[1]).unwrap();
        }
        let behind = MAX_MEMORY_BYTES - 1;
        assert_eq!(memory.write(&nic, 0, behind, &[2; 2]), Err(MemoryError::Full));
        assert_eq!(memory.read(&nic, 0, behind, 1).unwrap(), [0]);
        memory.write(&nic, 0, 0, &[3; 2]).unwrap();
        memory.forget(nic.pdfid);
        memory.write(&nic, 0, behind, &[2; 2]).unwrap();
    }
}
