//! What a switch says about how it is: heat, port states, errors it has seen, bytes it has carried.
//!
//! Readings, not facts: they are shown as they are now, they are in no ledger entry, and a switch that restarts begins
//! to count anew. What people must know of them is decided here, by [`Vitals::concerns`].

use crate::address::PhysicalPort;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A temperature in hundredths of a degree Celsius.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Temperature(pub u32);

impl Temperature {
    /// A die this hot needs cooling: some ten degrees below where switches of this kind throttle or stop.
    pub const HOT: Self = Self(9_500);

    /// Whether somebody should look at the cooling.
    pub fn is_hot(self) -> bool {
        self >= Self::HOT
    }

    /// Degrees Celsius.
    pub fn celsius(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

/// "46.3 °C": tenths are as much as anybody reads.
impl fmt::Display for Temperature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.0.saturating_add(5) / 10;
        write!(f, "{}.{} °C", tenths / 10, tenths % 10)
    }
}

/// Where the training of a link stands: the major states of the PCIe standard's LTSSM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPhase {
    /// Looking for somebody at the other end.
    Detect,
    /// Somebody is there.
    Polling,
    /// Agreeing on lanes.
    Configuration,
    /// Carrying traffic.
    L0,
    /// Training again.
    Recovery,
    /// Switched off at the port.
    Disabled,
    /// Sending back what comes in.
    Loopback,
    /// Held in reset.
    HotReset,
    /// Asleep in one direction.
    TxL0s,
    /// Asleep.
    L1,
    /// Asleep without power.
    L2,
    /// A state this program does not know.
    Unknown,
}

impl LinkPhase {
    /// The word on screen and in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Detect => "detect",
            Self::Polling => "polling",
            Self::Configuration => "configuration",
            Self::L0 => "L0",
            Self::Recovery => "recovery",
            Self::Disabled => "disabled",
            Self::Loopback => "loopback",
            Self::HotReset => "hot reset",
            Self::TxL0s => "TxL0s",
            Self::L1 => "L1",
            Self::L2 => "L2",
            Self::Unknown => "unknown",
        }
    }
}

/// Something a switch counts at a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PortEvent {
    /// An error reported between two ports.
    ErrorReported,
    /// An error reported in a virtual endpoint.
    EndpointErrorReported,
    /// The port cut its link off to contain an error.
    Contained,
    /// A request was answered in place of an adapter that never did.
    CompletionTimeout,
    /// An error that could not be corrected.
    Uncorrectable,
    /// An adapter came or went.
    HotPlug,
    /// An error inside the switch.
    InternalError,
    /// A counter passed its threshold.
    Threshold,
    /// A message about power.
    Power,
    /// Traffic was slowed down.
    Throttled,
    /// The rate was forced.
    SpeedForced,
    /// The other end gave no room to send for too long.
    CreditTimeout,
    /// The link changed.
    LinkState,
}

impl PortEvent {
    /// Whether somebody should look, or it is the day's business.
    pub const fn is_error(self) -> bool {
        !matches!(self, Self::HotPlug | Self::Power | Self::SpeedForced | Self::LinkState)
    }

    /// One of them in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::ErrorReported => "reported error",
            Self::EndpointErrorReported => "error reported by a virtual endpoint",
            Self::Contained => "contained error",
            Self::CompletionTimeout => "completion timeout",
            Self::Uncorrectable => "uncorrectable error",
            Self::HotPlug => "hot-plug event",
            Self::InternalError => "internal error",
            Self::Threshold => "threshold passed",
            Self::Power => "power message",
            Self::Throttled => "throttling",
            Self::SpeedForced => "forced rate",
            Self::CreditTimeout => "credit timeout",
            Self::LinkState => "link change",
        }
    }
}

/// How often something happened at a port since its counter was cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortEventCount {
    /// What.
    pub event: PortEvent,
    /// How often; 255 stands for that many or more.
    pub count: u8,
}

/// Bytes a port has carried since the switch started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Out of the switch.
    pub sent_bytes: u64,
    /// Into the switch.
    pub received_bytes: u64,
}

/// How a port is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortVitals {
    /// The port.
    pub port: PhysicalPort,
    /// Where its link's training stands.
    pub phase: LinkPhase,
    /// What has happened at it; kinds that never happened are left out.
    pub events: Vec<PortEventCount>,
    /// What it has carried, where the switch counts it.
    pub traffic: Option<Traffic>,
}

/// What an image in a switch's flash is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FirmwarePart {
    /// The map of the flash.
    Map,
    /// The keys that images are signed with.
    Keys,
    /// What starts the firmware.
    BootLoader,
    /// Its configuration.
    Configuration,
    /// The firmware itself.
    Firmware,
    /// Something else.
    Other,
}

impl FirmwarePart {
    /// The words on screen.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Map => "flash map",
            Self::Keys => "keys",
            Self::BootLoader => "boot loader",
            Self::Configuration => "configuration",
            Self::Firmware => "firmware",
            Self::Other => "other",
        }
    }
}

/// An image in a switch's flash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirmwareImage {
    /// What it is for.
    pub part: FirmwarePart,
    /// Its version.
    pub version: String,
    /// Whether the switch starts it next time.
    pub active: bool,
    /// Whether it runs.
    pub running: bool,
}

/// How a switch is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vitals {
    /// The hottest place of its die, where it tells.
    pub temperature: Option<Temperature>,
    /// Its ports, in order.
    pub ports: Vec<PortVitals>,
    /// The images in its flash, where it tells.
    pub firmware: Vec<FirmwareImage>,
}

/// Something in a reading that a person should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concern {
    /// The die is hot.
    Hot(Temperature),
    /// Errors at a port.
    Errors {
        /// Where.
        port: PhysicalPort,
        /// What, and how often.
        counted: PortEventCount,
    },
}

impl Vitals {
    /// What a person should know, the heat first, then by port.
    pub fn concerns(&self) -> impl Iterator<Item = Concern> {
        let hot = self.temperature.filter(|t| t.is_hot()).map(Concern::Hot);
        let at = |port: &PortVitals| {
            let place = port.port;
            let errors = port.events.iter().filter(|counted| counted.event.is_error());
            errors.map(move |&counted| Concern::Errors { port: place, counted }).collect::<Vec<_>>()
        };
        hot.into_iter().chain(self.ports.iter().flat_map(at))
    }

    /// The vitals of one port.
    pub fn port(&self, port: PhysicalPort) -> Option<&PortVitals> {
        self.ports.iter().find(|vitals| vitals.port == port)
    }
}

impl fmt::Display for PortEventCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            0 | 1 => f.write_str(self.event.words()),
            u8::MAX => write!(f, "{}, 255 times or more", self.event.words()),
            count => write!(f, "{}, {count} times", self.event.words()),
        }
    }
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hot(temperature) => write!(f, "The switch is hot: {temperature}. Check its cooling."),
            Self::Errors { port, counted } => write!(f, "Port {port}: {counted}."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(number: u8, events: &[(PortEvent, u8)]) -> PortVitals {
        let events = events.iter().map(|&(event, count)| PortEventCount { event, count }).collect();
        PortVitals { port: PhysicalPort(number), phase: LinkPhase::L0, events, traffic: None }
    }

    #[test]
    fn a_cool_switch_without_errors_is_no_concern() {
        let ports = vec![port(0, &[(PortEvent::LinkState, 9), (PortEvent::HotPlug, 1)]), port(4, &[])];
        let vitals = Vitals { temperature: Some(Temperature(9_499)), ports, ..Vitals::default() };
        assert_eq!(vitals.concerns().count(), 0);
    }

    #[test]
    fn heat_comes_first_and_every_error_is_named_with_its_port() {
        let ports = vec![
            port(0, &[(PortEvent::LinkState, 1), (PortEvent::Uncorrectable, 1)]),
            port(16, &[(PortEvent::ErrorReported, 3), (PortEvent::Contained, 255)]),
        ];
        let vitals = Vitals { temperature: Some(Temperature(9_804)), ports, ..Vitals::default() };
        let said: Vec<_> = vitals.concerns().map(|concern| concern.to_string()).collect();
        assert_eq!(
            said,
            [
                "The switch is hot: 98.0 °C. Check its cooling.",
                "Port 0: uncorrectable error.",
                "Port 16: reported error, 3 times.",
                "Port 16: contained error, 255 times or more.",
            ]
        );
    }

    #[test]
    fn temperatures_are_rounded_to_tenths() {
        let said = [0, 4, 5, 4_625, 9_999].map(|centi| Temperature(centi).to_string());
        assert_eq!(said, ["0.0 °C", "0.0 °C", "0.1 °C", "46.3 °C", "100.0 °C"]);
    }
}
