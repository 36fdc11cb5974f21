//! The small values the protocol is made of, each with its own type.

use std::fmt;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty), $format:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($inner);

        impl $name {
            /// Wraps the number as it stands on the wire.
            pub const fn new(value: $inner) -> Self {
                Self(value)
            }

            /// The number as it stands on the wire.
            pub const fn get(self) -> $inner {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, $format, self.0)
            }
        }
    };
}

number!(
    /// Fabric-wide name of an endpoint function, PF or VF (section 5.4).
    Pdfid(u16),
    "0x{:04X}"
);
number!(
    /// A physical port id, 0..63; stack = id / 8 (section 5.3).
    PhysicalPort(u8),
    "{}"
);
number!(
    /// A place of a host's virtual domain to which functions can be bound (section 5.4).
    LogicalPort(u8),
    "{}"
);
number!(
    /// A switch's index in the fabric, 0..15 (section 1.5).
    SwitchIndex(u8),
    "{}"
);
number!(
    /// An MRPC command id (section 4).
    CommandId(u16),
    "0x{:X}"
);

impl CommandId {
    /// Die temperature.
    pub const DIETEMP: Self = Self(0x04);
    /// The firmware's log.
    pub const FWLOGRD: Self = Self(0x06);
    /// Bandwidth, latency and event counters.
    pub const PMON: Self = Self(0x07);
    /// Restarting the switch.
    pub const RESET: Self = Self(0x1B);
    /// Link status of every port.
    pub const LNKSTAT: Self = Self(0x1C);
    /// Whether there are several configurations.
    pub const MULTI_CFG: Self = Self(0x1D);
    /// Reading registers by command.
    pub const GAS_READ: Self = Self(0x29);
    /// Firmware partitions.
    pub const PART_INFO: Self = Self(0x2B);
    /// Writing registers by command.
    pub const GAS_WRITE: Self = Self(0x34);
    /// Echo, answered with the complement.
    pub const ECHO: Self = Self(0x41);
    /// The switch's own index.
    pub const GET_PAX_ID: Self = Self(0x81);
    /// Ports, types and links.
    pub const TOPO_INFO_DUMP: Self = Self(0x82);
    /// The fabric manager's database.
    pub const GFMS_DB_DUMP: Self = Self(0x83);
    /// Binding and unbinding functions.
    pub const GFMS_BIND_UNBIND: Self = Self(0x84);
    /// A command of an adapter's own.
    pub const DEVICE_MANAGE: Self = Self(0x85);
    /// Port configuration.
    pub const PORT_CONFIG: Self = Self(0x88);
    /// The fabric manager's event queue.
    pub const GFMS_EVENT: Self = Self(0x89);
    /// Switching ports off and on, retraining, hot reset.
    pub const PORT_CONTROL: Self = Self(0x8D);
    /// A function's configuration space and memory.
    pub const EP_RESOURCE_ACCESS: Self = Self(0x8E);
    /// The tunnel to a function.
    pub const EP_TUNNEL_CFG: Self = Self(0x8F);
    /// Boot phase and generation.
    pub const PING: Self = Self(0x100);
}

/// The PAX part of a command word (section 1.5): which switch of the fabric shall act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaxAddress {
    /// The switch at the other end of this connection (0x1F on the wire).
    Local,
    /// A switch by its index.
    Index(SwitchIndex),
}

impl PaxAddress {
    const LOCAL_BITS: u32 = 0x1F;

    /// Five bits of the command word.
    pub(crate) fn bits(self) -> u32 {
        match self {
            Self::Local => Self::LOCAL_BITS,
            Self::Index(index) => u32::from(index.get()) & Self::LOCAL_BITS,
        }
    }

    pub(crate) fn from_bits(bits: u32) -> Self {
        match bits & Self::LOCAL_BITS {
            Self::LOCAL_BITS => Self::Local,
            index => Self::Index(SwitchIndex(index as u8)),
        }
    }
}

/// A PCIe rate (section 5.3): an index into -, 2.5, 5, 8, 16, 32, 64 GT/s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Rate {
    /// No rate: the link is down, or the number is not one we know.
    #[default]
    None,
    /// 2.5 GT/s.
    Gen1,
    /// 5 GT/s.
    Gen2,
    /// 8 GT/s.
    Gen3,
    /// 16 GT/s.
    Gen4,
    /// 32 GT/s.
    Gen5,
    /// 64 GT/s.
    Gen6,
}

impl Rate {
    /// All rates in the order of their wire codes.
    pub const ALL: [Self; 7] =
        [Self::None, Self::Gen1, Self::Gen2, Self::Gen3, Self::Gen4, Self::Gen5, Self::Gen6];

    /// The rate for a wire code; codes above 6 are unknown and become [`Rate::None`].
    pub fn from_code(code: u8) -> Self {
        Self::ALL.get(usize::from(code)).copied().unwrap_or_default()
    }

    /// The wire code, 0..6.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// Gigatransfers per second and lane; zero for [`Rate::None`].
    pub fn gts(self) -> f32 {
        [0.0, 2.5, 5.0, 8.0, 16.0, 32.0, 64.0][self as usize]
    }
}

/// What a physical port is configured as (section 5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PortType {
    /// Not used.
    Unused,
    /// A link to another switch of the fabric.
    FabricLink,
    /// Holds an adapter.
    Endpoint,
    /// Leads to a host.
    Host,
    /// A number the protocol sheet does not list.
    Other(u8),
}

impl PortType {
    /// The type for a wire code.
    pub fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Unused,
            1 => Self::FabricLink,
            2 => Self::Endpoint,
            3 => Self::Host,
            other => Self::Other(other),
        }
    }

    /// The wire code.
    pub fn code(self) -> u8 {
        match self {
            Self::Unused => 0,
            Self::FabricLink => 1,
            Self::Endpoint => 2,
            Self::Host => 3,
            Self::Other(other) => other,
        }
    }
}

/// State of a link's training machine (section 5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LtssmState {
    /// Major state, 0..10.
    pub major: u8,
    /// Minor state within the major one.
    pub minor: u8,
}

impl LtssmState {
    /// The link is up.
    pub const L0: Self = Self { major: 3, minor: 1 };
    /// Nothing is connected.
    pub const DETECT_QUIET: Self = Self { major: 0, minor: 1 };
    /// The port is switched off.
    pub const DISABLED: Self = Self { major: 5, minor: 1 };
    /// The link is held in hot reset.
    pub const HOT_RESET: Self = Self { major: 7, minor: 1 };

    /// The state from its 16-bit form, minor * 256 + major.
    pub fn from_word(word: u16) -> Self {
        let [major, minor] = word.to_le_bytes();
        Self { major, minor }
    }

    /// The 16-bit form, minor * 256 + major.
    pub fn word(self) -> u16 {
        u16::from_le_bytes([self.major, self.minor])
    }

    /// The major state's name in the PCIe standard.
    pub fn name(self) -> &'static str {
        const NAMES: [&str; 11] = [
            "Detect",
            "Polling",
            "Config",
            "L0",
            "Recovery",
            "Disable",
            "Loopback",
            "Hot Reset",
            "TxL0s",
            "L1",
            "L2",
        ];
        NAMES.get(usize::from(self.major)).copied().unwrap_or("unknown")
    }
}

/// Firmware version as the register holds it (section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FirmwareVersion(pub u32);

impl fmt::Display for FirmwareVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}.{:02X} B{:03X}", self.0 >> 24, (self.0 >> 16) & 0xFF, self.0 & 0xFFFF)
    }
}

/// Silicon generation (section 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Generation {
    /// PCIe 4.
    Gen4,
    /// PCIe 5.
    Gen5,
    /// PCIe 6.
    Gen6,
}

/// PCI device id of a switch (section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeviceId(pub u32);

impl DeviceId {
    const GEN4_PAX: [u32; 9] = [0x4200, 0x4284, 0x4268, 0x4252, 0x4236, 0x4228, 0x4552, 0x4536, 0x4528];
    const GEN5_PAX: [u32; 12] =
        [0x5200, 0x5284, 0x5268, 0x5252, 0x5236, 0x5228, 0x5500, 0x5584, 0x5568, 0x5552, 0x5536, 0x5528];

    /// The generation of a PAX or PAX-A; `None` for every other device.
    pub fn pax_generation(self) -> Option<Generation> {
        if Self::GEN4_PAX.contains(&self.0) {
            Some(Generation::Gen4)
        } else if Self::GEN5_PAX.contains(&self.0) {
            Some(Generation::Gen5)
        } else {
            None
        }
    }

    /// Whether this is a PAX or PAX-A, the only devices that bind functions to hosts this way.
    pub fn is_pax(self) -> bool {
        self.pax_generation().is_some()
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:04X}", self.0)
    }
}

/// A host port, named fabric-wide (section 5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPort {
    /// The switch the host is cabled to.
    pub switch: SwitchIndex,
    /// The physical port on that switch.
    pub port: PhysicalPort,
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "host port {} of switch {}", self.port, self.switch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_follow_the_sheet() {
        assert_eq!(FirmwareVersion(0x0480_0123).to_string(), "4.80 B123");
        assert_eq!(Pdfid::new(0x1001).to_string(), "0x1001");
        assert_eq!(LtssmState::L0.word(), 0x0103);
        assert_eq!(LtssmState::from_word(0x0105).name(), "Disable");
        assert_eq!(Rate::from_code(4).gts(), 16.0);
        assert_eq!(Rate::from_code(7), Rate::None);
        assert!(DeviceId(0x4252).is_pax() && !DeviceId(0x4052).is_pax());
    }
}
