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
