//! Adapters that a lab has on its shelf, to be put into a slot.

use patchbay_switchtec::Pdfid;
use patchbay_switchtec::command::sections::Bar;

use crate::rack::{Adapter, AdapterKind, Function};

const MEM32: u8 = 0;
const MEM64: u8 = 1 << 2;
const MEM64_PREFETCHABLE: u8 = MEM64 | 1 << 3;

/// A card that can be bought: a PF and its VFs.
#[derive(Debug)]
pub(crate) struct Model {
    /// What an order calls it.
    pub(crate) name: &'static str,
    label: &'static str,
    kind: AdapterKind,
    vendor: u16,
    device: u16,
    vf_device: u16,
    subsystem: (u16, u16),
    /// Index, type bits (section 5.5), binary logarithm of the size.
    bars: &'static [(usize, u8, u8)],
    vf_bars: &'static [(usize, u8, u8)],
    vfs: u8,
}

/// The shelf.
pub(crate) const CATALOGUE: [Model; 6] = [
    Model {
        name: "nic-25g",
        label: "XXV710 25 GbE",
        kind: AdapterKind::Nic,
        vendor: 0x8086,
        device: 0x158B,
        vf_device: 0x154C,
        subsystem: (0x8086, 0x0001),
        bars: &[(0, MEM64_PREFETCHABLE, 24), (3, MEM64_PREFETCHABLE, 15)],
        vf_bars: &[(0, MEM64_PREFETCHABLE, 16), (3, MEM64_PREFETCHABLE, 14)],
        vfs: 7,
    },
    Model {
        name: "nic-100g",
        label: "ConnectX-6 Dx 100 GbE",
        kind: AdapterKind::Nic,
        vendor: 0x15B3,
        device: 0x101D,
        vf_device: 0x101E,
        subsystem: (0x15B3, 0x0016),
        bars: &[(0, MEM64_PREFETCHABLE, 25)],
        vf_bars: &[(0, MEM64_PREFETCHABLE, 21)],
        vfs: 15,
    },
    Model {
        name: "hba-16g",
        label: "LPe31002 16G FC",
        kind: AdapterKind::Hba,
        vendor: 0x10DF,
        device: 0xE300,
        vf_device: 0xE300,
        subsystem: (0x10DF, 0xE310),
        bars: &[(0, MEM64, 14), (2, MEM64, 13)],
        vf_bars: &[(0, MEM64, 14), (2, MEM64, 13)],
        vfs: 4,
    },
    Model {
        name: "hba-32g",
        label: "LPe35002 32G FC",
        kind: AdapterKind::Hba,
        vendor: 0x10DF,
        device: 0xF400,
        vf_device: 0xF400,
        subsystem: (0x10DF, 0xF410),
        bars: &[(0, MEM64, 12), (2, MEM64, 13)],
        vf_bars: &[(0, MEM64, 12), (2, MEM64, 13)],
        vfs: 7,
    },
    Model {
        name: "nvme",
        label: "PM1735 NVMe",
        kind: AdapterKind::Nvme,
        vendor: 0x144D,
        device: 0xA824,
        vf_device: 0xA824,
        subsystem: (0x144D, 0xA809),
        bars: &[(0, MEM64, 15)],
        vf_bars: &[(0, MEM64, 15)],
        vfs: 4,
    },
    Model {
        name: "accelerator",
        label: "A2 Tensor Core",
        kind: AdapterKind::Accelerator,
        vendor: 0x10DE,
        device: 0x25B6,
        vf_device: 0x25B6,
        subsystem: (0x10DE, 0x157E),
        bars: &[(0, MEM32, 24), (1, MEM64_PREFETCHABLE, 34), (3, MEM64_PREFETCHABLE, 25)],
        vf_bars: &[(0, MEM32, 18), (1, MEM64_PREFETCHABLE, 30), (3, MEM64_PREFETCHABLE, 25)],
        vfs: 4,
    },
];

impl Model {
    /// An adapter of this model; its functions have yet to be named.
    pub(crate) fn adapter(&self) -> Adapter {
        let pf = Function {
            pdfid: Pdfid::new(0),
            index: 0,
            sriov: true,
            vendor: self.vendor,
            device: self.device,
            subsystem_vendor: self.subsystem.0,
            subsystem_device: self.subsystem.1,
            class: self.kind.class(),
            bars: bars(self.bars),
        };
        let vf = |index| Function {
            index,
            sriov: false,
            device: self.vf_device,
            bars: bars(self.vf_bars),
            ..pf.clone()
        };
        let functions = std::iter::once(pf.clone()).chain((1..=self.vfs).map(vf)).collect();
        Adapter { name: self.label.to_owned(), kind: self.kind, functions }
    }
}

fn bars(parts: &[(usize, u8, u8)]) -> [Bar; 6] {
    let mut bars = [Bar::default(); 6];
    for (index, kind, log2_size) in parts {
        bars[*index] = Bar { kind: *kind, log2_size: *log2_size };
    }
    bars
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rack::MAX_FUNCTIONS_OF_VENDOR_TOOL;

    #[test]
    fn every_model_is_an_adapter_that_the_vendor_s_tool_can_dump() {
        let mut names = std::collections::BTreeSet::new();
        for model in &CATALOGUE {
            let adapter = model.adapter();
            assert!(names.insert(model.name), "{} is there twice", model.name);
            assert!(adapter.functions.len() <= MAX_FUNCTIONS_OF_VENDOR_TOOL);
            assert!(adapter.functions[0].sriov && adapter.functions[1..].iter().all(|vf| !vf.sriov));
            let indices: Vec<_> = adapter.functions.iter().map(|function| function.index).collect();
            assert_eq!(indices, (0..=model.vfs).collect::<Vec<_>>());
        }
    }
}
