//! Hosts and adapters as they are found in racks.

/// What hosts are for; they are numbered within each role.
pub(super) const ROLES: [&str; 12] =
    ["web", "db", "app", "cache", "build", "gpu", "log", "mail", "queue", "backup", "search", "video"];

/// A card that can be bought.
pub(super) struct Model {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) vendor: u16,
    pub(super) device: u16,
    /// Device id of its VFs.
    pub(super) vf_device: u16,
    pub(super) subsystem_vendor: u16,
    pub(super) subsystem_device: u16,
    /// Base address registers of the PF and of each VF: index, kind, binary logarithm of the size.
    pub(super) bars: &'static [Bar],
    pub(super) vf_bars: &'static [Bar],
}

type Bar = (u8, &'static str, u8);

const NICS: &[Model] = &[
    Model {
        name: "ConnectX-6 Dx 100 GbE",
        kind: "nic",
        vendor: 0x15B3,
        device: 0x101D,
        vf_device: 0x101E,
        subsystem_vendor: 0x15B3,
        subsystem_device: 0x0016,
        bars: &[(0, "mem64-prefetchable", 25)],
        vf_bars: &[(0, "mem64-prefetchable", 21)],
    },
    Model {
        name: "E810-C 100 GbE",
        kind: "nic",
        vendor: 0x8086,
        device: 0x1592,
        vf_device: 0x1889,
        subsystem_vendor: 0x8086,
        subsystem_device: 0x0002,
        bars: &[(0, "mem64-prefetchable", 25), (3, "mem64-prefetchable", 16)],
        vf_bars: &[(0, "mem64-prefetchable", 17), (3, "mem64-prefetchable", 14)],
    },
    Model {
        name: "BCM57508 100 GbE",
        kind: "nic",
        vendor: 0x14E4,
        device: 0x1750,
        vf_device: 0x1806,
        subsystem_vendor: 0x14E4,
        subsystem_device: 0x2100,
        bars: &[(0, "mem64-prefetchable", 16), (2, "mem64-prefetchable", 20)],
        vf_bars: &[(0, "mem64-prefetchable", 14), (2, "mem64-prefetchable", 20)],
    },
];

const HBAS: &[Model] = &[
    Model {
        name: "LPe35002 32G FC",
        kind: "hba",
        vendor: 0x10DF,
        device: 0xF400,
        vf_device: 0xF400,
        subsystem_vendor: 0x10DF,
        subsystem_device: 0xF410,
        bars: &[(0, "mem64", 12), (2, "mem64", 13)],
        vf_bars: &[(0, "mem64", 12), (2, "mem64", 13)],
    },
    Model {
        name: "QLE2772 32G FC",
        kind: "hba",
        vendor: 0x1077,
        device: 0x2281,
        vf_device: 0x2281,
        subsystem_vendor: 0x1077,
        subsystem_device: 0x02E2,
        bars: &[(0, "mem64-prefetchable", 12), (2, "mem64-prefetchable", 13)],
        vf_bars: &[(0, "mem64-prefetchable", 12)],
    },
];

const NVMES: &[Model] = &[
    Model {
        name: "PM1735 NVMe",
        kind: "nvme",
        vendor: 0x144D,
        device: 0xA824,
        vf_device: 0xA824,
        subsystem_vendor: 0x144D,
        subsystem_device: 0xA809,
        bars: &[(0, "mem64", 15)],
        vf_bars: &[(0, "mem64", 15)],
    },
    Model {
        name: "CM7-R NVMe",
        kind: "nvme",
        vendor: 0x1E0F,
        device: 0x0013,
        vf_device: 0x0013,
        subsystem_vendor: 0x1E0F,
        subsystem_device: 0x0043,
        bars: &[(0, "mem64", 15)],
        vf_bars: &[(0, "mem64", 15)],
    },
];

const ACCELERATORS: &[Model] = &[Model {
    name: "A2 Tensor Core",
    kind: "accelerator",
    vendor: 0x10DE,
    device: 0x25B6,
    vf_device: 0x25B6,
    subsystem_vendor: 0x10DE,
    subsystem_device: 0x157E,
    bars: &[(0, "mem32", 24), (1, "mem64-prefetchable", 34), (3, "mem64-prefetchable", 25)],
    vf_bars: &[(0, "mem32", 18), (1, "mem64-prefetchable", 30), (3, "mem64-prefetchable", 25)],
}];

/// Kinds of adapters in the order in which a rack is filled, over and over.
pub(super) const MODELS: [&[Model]; 8] = [NICS, HBAS, NVMES, NICS, HBAS, NICS, NVMES, ACCELERATORS];
