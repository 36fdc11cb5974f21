//! The registers of the GAS space that Patchbay reads and writes (sections 2 and 3).

/// Partition count, one byte.
pub const PARTITION_COUNT: u32 = 0x1007;
/// Own partition id, one byte.
pub const PARTITION_ID: u32 = 0x1008;
/// Number of port functions, one byte.
pub const PFF_COUNT: u32 = 0x1009;
/// Partitions with events, a bitmap of 64.
pub const PARTITION_EVENTS: u32 = 0x1810;
/// Summary of global events, one dword.
pub const GLOBAL_EVENTS: u32 = 0x1820;
/// Header of the fabric manager's event, one dword.
pub const GFMS_EVENT_HEADER: u32 = 0x1968;
/// Bit of [`GLOBAL_EVENTS`] that belongs to [`GFMS_EVENT_HEADER`].
pub const GFMS_EVENT_BIT: u32 = 1 << 13;
/// PCI device id, one dword.
pub const DEVICE_ID: u32 = 0x2000;
/// Device version, one dword.
pub const DEVICE_VERSION: u32 = 0x2004;
/// Firmware version, one dword.
pub const FIRMWARE_VERSION: u32 = 0x2008;

/// Bits of an event header register (section 3.1).
pub mod event_header {
    /// Read: the event has occurred. Write one: clear it and its count.
    pub const OCCURRED: u32 = 1;
    /// Enable: notify on the event channel.
    pub const NOTIFY: u32 = 1 << 3;
    /// Bits software may set: log, CLI, notify, fatal.
    pub const WRITABLE: u32 = 0b1_1110;
    /// Where the saturating count of eight bits starts.
    pub const COUNT_SHIFT: u32 = 5;
    /// Largest count.
    pub const COUNT_MAX: u32 = 0xFF;
}

/// First register of the first port function.
pub const PORT_FUNCTION_BASE: u32 = 0x13_4000;
/// Distance from one port function's registers to the next one's.
pub const PORT_FUNCTION_STRIDE: u32 = 0x1000;
/// Port functions the register space has room for.
pub const MAX_PORT_FUNCTIONS: u8 = 255;
/// First register of a port function that exists, lower half; a scan stops at the first other value.
pub const PORT_FUNCTION_VENDOR: u16 = 0x11F8;
/// Offset of a port function's event summary, one dword with a bit for each [`PortEvent`].
pub const PORT_EVENT_SUMMARY: u32 = 0xC00;
/// Offset of a port function's first event header.
pub const PORT_EVENT_HEADERS: u32 = 0xC10;
/// Distance from one event header to the next; five data dwords follow each.
pub const EVENT_HEADER_STRIDE: u32 = 0x18;

/// An event of a port function; the number is its bit in the summary and its place among the headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PortEvent {
    /// An advanced error of the port's bridge.
    AerInP2p,
    /// An advanced error of the virtual endpoint.
    AerInVep,
    /// Downstream port containment.
    Dpc,
    /// Completion time-out synthesis.
    Cts,
    /// An uncorrectable error.
    Uec,
    /// Hot plug.
    Hotplug,
    /// An internal error.
    Ier,
    /// A counter reached its threshold.
    Thresh,
    /// Power management.
    PowerMgmt,
    /// Packets were held back.
    TlpThrottling,
    /// The rate was forced.
    ForceSpeed,
    /// Credits did not come back in time.
    CreditTimeout,
    /// The link went up or down.
    LinkState,
}

impl PortEvent {
    /// All events in the order of their bits.
    pub const ALL: [Self; 13] = [
        Self::AerInP2p,
        Self::AerInVep,
        Self::Dpc,
        Self::Cts,
        Self::Uec,
        Self::Hotplug,
        Self::Ier,
        Self::Thresh,
        Self::PowerMgmt,
        Self::TlpThrottling,
        Self::ForceSpeed,
        Self::CreditTimeout,
        Self::LinkState,
    ];

    /// The event's bit in the summary.
    pub fn bit(self) -> u32 {
        1 << self as u32
    }

    /// The event's name in the sheet.
    pub fn name(self) -> &'static str {
        match self {
            Self::AerInP2p => "AER_IN_P2P",
            Self::AerInVep => "AER_IN_VEP",
            Self::Dpc => "DPC",
            Self::Cts => "CTS",
            Self::Uec => "UEC",
            Self::Hotplug => "HOTPLUG",
            Self::Ier => "IER",
            Self::Thresh => "THRESH",
            Self::PowerMgmt => "POWER_MGMT",
            Self::TlpThrottling => "TLP_THROTTLING",
            Self::ForceSpeed => "FORCE_SPEED",
            Self::CreditTimeout => "CREDIT_TIMEOUT",
            Self::LinkState => "LINK_STATE",
        }
    }

    /// The event's header register at a port function.
    pub fn header(self, function: PortFunction) -> u32 {
        function.base() + PORT_EVENT_HEADERS + EVENT_HEADER_STRIDE * self as u32
    }
}

impl std::fmt::Display for PortEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A port function ("PFF"), counted from zero; physical ports have numbers of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortFunction(u8);

impl PortFunction {
    /// The port function with a number below [`MAX_PORT_FUNCTIONS`].
    pub fn new(number: u8) -> Option<Self> {
        (number < MAX_PORT_FUNCTIONS).then_some(Self(number))
    }

    /// The number.
    pub fn get(self) -> u8 {
        self.0
    }

    /// The first of its registers.
    pub fn base(self) -> u32 {
        PORT_FUNCTION_BASE + PORT_FUNCTION_STRIDE * u32::from(self.0)
    }
}

/// The value of an event header register; its bits are in [`event_header`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EventHeader(pub u32);

impl EventHeader {
    /// Whether the event has occurred since it was cleared.
    pub fn occurred(self) -> bool {
        self.0 & event_header::OCCURRED != 0
    }

    /// How often; saturates at 255.
    pub fn count(self) -> u8 {
        (self.0 >> event_header::COUNT_SHIFT & event_header::COUNT_MAX) as u8
    }

    /// Whether clients are notified of it.
    pub fn notifies(self) -> bool {
        self.0 & event_header::NOTIFY != 0
    }

    /// What to write so that clients are notified, keeping whether and how often the event has occurred: the
    /// clearing bit is zero and the count is read-only.
    pub fn armed(self) -> Self {
        Self(self.0 & event_header::WRITABLE | event_header::NOTIFY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_events_stand_where_the_sheet_puts_them() {
        let first = PortFunction::new(0).unwrap();
        assert_eq!(PortEvent::LinkState.header(first), 0x13_4000 + 0xD30);
        assert_eq!(PortEvent::LinkState.bit(), 1 << 12);
        for (bit, event) in PortEvent::ALL.into_iter().enumerate() {
            assert_eq!(event.bit(), 1 << bit);
        }
        assert_eq!(PortFunction::new(2).unwrap().base(), 0x13_6000);
        assert_eq!(PortFunction::new(255), None);
    }

    #[test]
    fn arming_clears_nothing() {
        let header = EventHeader(event_header::OCCURRED | 3 << event_header::COUNT_SHIFT | 0b10);
        assert!(header.occurred() && !header.notifies());
        assert_eq!(header.count(), 3);
        assert_eq!(header.armed(), EventHeader(event_header::NOTIFY | 0b10));
    }
}
