//! The rack: what an emulated switch is made of, and what hangs on it.

mod check;
mod error;
mod file;
mod generate;
mod lab;
mod summary;
mod warning;

pub use error::{RackError, RackProblem};
pub use generate::{Shape, ShapeError, SwitchCount, generate};
pub use lab::{BUILT_IN, BuiltIn, Lab};
pub use warning::Warning;

use std::collections::BTreeMap;
use std::time::Duration;

use patchbay_switchtec::command::sections::Bar;
use patchbay_switchtec::{DeviceId, FirmwareVersion, LogicalPort, Pdfid, PhysicalPort, Rate, SwitchIndex};

use crate::control::Timed;
use crate::kind::CommandKind;

/// Longest rack file read, in bytes: sixteen switches with every logical port bound need less than half of it.
pub const MAX_RACK_FILE_BYTES: usize = 4 * 1024 * 1024;
/// Most switches of a file: a fabric has indices for sixteen (section 5.5).
pub const MAX_SWITCHES: usize = 16;
/// Most ports of a switch: the link status of Gen4 has room for 52 (section 5.9).
pub const MAX_PORTS: usize = 52;
/// Most logical ports of a host: the command-line tool's buffer holds no more (section 5.5).
pub const MAX_LOGICAL_PORTS: u8 = 32;
/// Most functions of an adapter: a PF and as many VFs as a byte can count (section 5.5).
pub const MAX_FUNCTIONS: usize = 256;
/// Most functions of an adapter that the vendor's tool can dump: its array holds no more (section 8).
pub const MAX_FUNCTIONS_OF_VENDOR_TOOL: usize = 32;
/// Lanes behind one physical port id: ports are numbered in steps of two lanes.
const LANES_PER_PORT_ID: u8 = 2;
/// Longest name, in bytes.
pub const MAX_NAME_BYTES: usize = 64;
/// Longest delay of a command, in milliseconds: a client gives up after half of it.
pub const MAX_DELAY_MS: u64 = 60_000;

/// Longest time after the start at which a script's order is given, in milliseconds: a day.
const MAX_SCRIPT_MS: i64 = 24 * 60 * 60 * 1000;
/// Most orders of a file's script: far more than anybody writes by hand.
const MAX_SCRIPT_ORDERS: usize = 1000;
/// Hottest die temperature, in degrees Celsius, that a rack may claim.
pub(crate) const MAX_TEMPERATURE_C: f64 = 150.0;

/// The scenario of the recorded conversations.
pub const TRANSCRIPTS_RACK: &str = include_str!("../../racks/transcripts.toml");
/// The lab that `patchbay serve` shows when no switch is given.
pub const LAB_RACK: &str = include_str!("../../racks/lab.toml");
/// Two switches with hosts that are cabled to both.
pub const PAIR_RACK: &str = include_str!("../../racks/pair.toml");

/// A checked rack: every port, name and PDFID is unique and within its limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Rack {
    /// The switch's name, a label for people.
    pub name: String,
    /// Index in the fabric.
    pub index: SwitchIndex,
    /// PCI device id; decides the generation and the number of lanes.
    pub device: DeviceId,
    /// Firmware version.
    pub firmware: FirmwareVersion,
    /// Die temperature in hundredths of a degree Celsius.
    pub temperature_centi: u32,
    /// What its counters and its log show.
    pub counters: Counters,
    /// Hosts in the order of their ports: the index is the host instance.
    pub hosts: Vec<Host>,
    /// Slots in the order of their ports.
    pub slots: Vec<Slot>,
    /// Ports configured as links to other switches; nothing is attached to them.
    pub fabric_ports: Vec<FabricPort>,
    /// What is bound at the start.
    pub bindings: Vec<Binding>,
    /// How long commands take.
    pub delays: Delays,
    /// Orders that are given by themselves.
    pub script: Vec<Timed>,
}

/// What a switch's counters and its log show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Counters {
    /// What really happens: nothing goes through an emulated switch, so there are no bytes and no latencies.
    #[default]
    True,
    /// The made-up numbers of the recorded conversations.
    Scenario,
}

/// A host port and the host at its other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// A label for the lab; a real switch does not know it.
    pub name: String,
    /// The port.
    pub port: PhysicalPort,
    /// What the port is configured for.
    pub lanes: Lanes,
    /// State of the link at the start.
    pub link: Link,
    /// Number of logical ports, 1 to [`MAX_LOGICAL_PORTS`].
    pub logical_ports: u8,
}

/// A slot and the adapter in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The port.
    pub port: PhysicalPort,
    /// What the port is configured for.
    pub lanes: Lanes,
    /// State of the link at the start.
    pub link: Link,
    /// The adapter.
    pub adapter: Adapter,
}

/// A port towards another switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FabricPort {
    /// The port.
    pub port: PhysicalPort,
    /// What the port is configured for.
    pub lanes: Lanes,
}

/// Width and rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lanes {
    /// 1, 2, 4, 8 or 16.
    pub width: u8,
    /// Rate of each lane.
    pub rate: Rate,
}

/// State of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Trained.
    Up(Lanes),
    /// Nothing answers: no cable, no power, no adapter.
    Down,
    /// Switched off at the port.
    Disabled,
    /// Held in hot reset: something answers, but nothing gets through.
    Reset,
}

/// An adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapter {
    /// A label for people.
    pub name: String,
    /// What it is for.
    pub kind: AdapterKind,
    /// The PF first, then its VFs.
    pub functions: Vec<Function>,
}

impl Adapter {
    /// Whether a function is one of this adapter's.
    pub(crate) fn has(&self, function: Pdfid) -> bool {
        self.functions.iter().any(|known| known.pdfid == function)
    }

    /// The same at a glance: false also for one that is not named after those before it.
    pub(crate) fn has_in_order(&self, function: Pdfid) -> bool {
        let first = self.functions.first().map(|first| first.pdfid.get());
        let at = first.and_then(|first| function.get().checked_sub(first)).map(usize::from);
        at.and_then(|at| self.functions.get(at)).is_some_and(|known| known.pdfid == function)
    }
}

/// What an adapter is for; decides the default class code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AdapterKind {
    /// Network.
    Nic,
    /// Fibre Channel.
    Hba,
    /// Storage on the adapter.
    Nvme,
    /// Computing.
    Accelerator,
}

impl AdapterKind {
    /// The PCI class code of such an adapter.
    pub fn class(self) -> u32 {
        match self {
            Self::Nic => 0x02_0000,
            Self::Hba => 0x0C_0400,
            Self::Nvme => 0x01_0802,
            Self::Accelerator => 0x12_0000,
        }
    }
}

/// A function of an adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Fabric-wide name.
    pub pdfid: Pdfid,
    /// 0 for the PF, VFs from 1.
    pub index: u8,
    /// Whether it is a PF with virtual functions.
    pub sriov: bool,
    /// PCI vendor id.
    pub vendor: u16,
    /// PCI device id.
    pub device: u16,
    /// PCI subsystem vendor id.
    pub subsystem_vendor: u16,
    /// PCI subsystem device id.
    pub subsystem_device: u16,
    /// PCI class code.
    pub class: u32,
    /// Base address registers.
    pub bars: [Bar; 6],
}

/// Functions on one logical port, by slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The host port.
    pub port: PhysicalPort,
    /// The logical port.
    pub logical_port: LogicalPort,
    /// One to eight functions of one adapter.
    pub functions: Vec<Pdfid>,
}

/// How long commands take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delays {
    /// For commands not listed.
    pub default: Duration,
    /// By kind of command.
    pub by_kind: BTreeMap<CommandKind, Duration>,
}

impl Delays {
    /// How long a command takes.
    pub fn of(&self, kind: CommandKind) -> Duration {
        self.by_kind.get(&kind).copied().unwrap_or(self.default)
    }
}

impl Rack {
    /// Reads a file with one switch; `file` is only named in errors. See [`Lab::parse`] for several.
    ///
    /// # Errors
    /// As [`Lab::parse`], and a file with several switches.
    pub fn parse(text: &str, file: &str) -> Result<Self, RackError> {
        let racks = Lab::parse(text, file)?.into_racks();
        let switches = racks.len();
        let mut racks = racks.into_iter();
        match (racks.next(), racks.next()) {
            (Some(rack), None) => Ok(rack),
            _ => {
                let problem = RackProblem::SeveralSwitches { switches };
                Err(error::Source { file, text }.fault(0..0, "switch", problem))
            }
        }
    }

    /// The rack of the recorded conversations.
    ///
    /// # Errors
    /// None in a tested build: the file is part of the program.
    pub fn transcripts() -> Result<Self, RackError> {
        Self::parse(TRANSCRIPTS_RACK, "transcripts.toml")
    }

    /// The built-in lab.
    ///
    /// # Errors
    /// None in a tested build: the file is part of the program.
    pub fn lab() -> Result<Self, RackError> {
        Self::parse(LAB_RACK, "lab.toml")
    }
}
