//! Why an order is not carried out.

use patchbay_switchtec::{Pdfid, PhysicalPort, softswitch_reason};

use super::order::PortName;
use crate::fault::{FaultId, MAX_COMMAND_FAULTS};

/// An order that was not carried out; nothing has changed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the sentences say what the fields are")]
pub enum OrderError {
    /// Nothing has this name, and no port this number.
    #[error("nothing in the rack is called {name}; {known}")]
    NoSuchPort { name: PortName, known: String },
    /// Several adapters have this name.
    #[error("several slots hold an adapter called {name:?}: ports {ports}; give the port's number")]
    Ambiguous { name: String, ports: String },
    /// The port leads to no host.
    #[error("port {0} has no cable to a host; this order is for host ports")]
    NoHostPort(PhysicalPort),
    /// The port has no slot.
    #[error("port {0} has no slot; this order is for ports that hold an adapter")]
    NoSlot(PhysicalPort),
    /// It is plugged in already.
    #[error("{what} is plugged in already")]
    PluggedAlready { what: String },
    /// It is not plugged in.
    #[error("{what} is not plugged in")]
    NotPlugged { what: String },
    /// Nothing can travel over the link.
    #[error("the link of {port} is not up")]
    LinkNotUp { port: String },
    /// A width no PCIe link has, or more lanes than the port.
    #[error("port {port} cannot train to {width} lanes; it has {max}, and links have 1, 2, 4, 8 or 16")]
    Width { port: PhysicalPort, width: u8, max: u8 },
    /// A generation there is not, or faster than the port.
    #[error("port {port} cannot train to generation {rate}; it is built for 1 to {max}")]
    Rate { port: PhysicalPort, rate: u8, max: u8 },
    /// No die is that hot or cold.
    #[error("{celsius} degrees are not between 0 and {max}")]
    Temperature { celsius: f64, max: f64 },
    /// A command that takes longer than clients wait.
    #[error("{ms} ms are not between 1 and {max}; clients give up after half of that")]
    Delay { ms: u64, max: u64 },
    /// Commands are counted from 1.
    #[error("nth counts from 1, the next command; 0 has passed")]
    Nth,
    /// Zero is success.
    #[error("result code 0 is success; give the code of a refusal, such as 0x84005")]
    CodeOfSuccess,
    /// As many faults as there may be.
    #[error("{MAX_COMMAND_FAULTS} faults wait already; cancel one or heal")]
    TooManyFaults,
    /// It has struck, was cancelled, or never was.
    #[error("no fault {} waits", .0.0)]
    NoSuchFault(FaultId),
    /// No adapter has such a function.
    #[error("no adapter in the rack has a function {0}")]
    NoSuchFunction(Pdfid),
    /// Outside the numbers functions may have.
    #[error("{pdfid} is not between {min} and {max}, the PDFIDs of this switch")]
    PdfidRange { pdfid: Pdfid, min: Pdfid, max: Pdfid },
    /// Another function has it.
    #[error("another function is called {0} already")]
    PdfidTaken(Pdfid),
    /// The switch has no room for more functions.
    #[error("{count} functions in a row find no free PDFIDs")]
    NoFreePdfids { count: usize },
    /// Nobody has such an adapter.
    #[error("there is no adapter {name:?} on the shelf; there are {known}")]
    NoSuchModel { name: String, known: String },
    /// The switch's own rules are in the way.
    #[error("the switch refuses: {}", reason(*.0))]
    Refused(u32),
    /// The disk is in the way.
    #[error("the switch's state file cannot be written, so the order is not carried out; see the log")]
    NotSaved,
    /// It does not run any more.
    #[error("the switch has stopped")]
    Stopped,
}

fn reason(code: u32) -> String {
    match softswitch_reason(code) {
        Some(reason) => format!("{reason} (0x{code:X})"),
        None => format!("code 0x{code:X}"),
    }
}

impl OrderError {
    /// The field of the order that is wrong, where it is one field.
    pub(crate) fn field(&self) -> Option<&'static str> {
        match self {
            Self::NoSuchPort { .. } | Self::Ambiguous { .. } | Self::NoHostPort(_) | Self::NoSlot(_) => {
                Some("port")
            }
            Self::Width { .. } => Some("width"),
            Self::Rate { .. } => Some("gen"),
            Self::Temperature { .. } => Some("celsius"),
            Self::Delay { .. } => Some("ms"),
            Self::Nth => Some("nth"),
            Self::CodeOfSuccess => Some("code"),
            Self::NoSuchModel { .. } => Some("adapter"),
            Self::PluggedAlready { .. }
            | Self::NotPlugged { .. }
            | Self::LinkNotUp { .. }
            | Self::TooManyFaults
            | Self::NoSuchFault(_)
            | Self::NoSuchFunction(_)
            | Self::PdfidRange { .. }
            | Self::PdfidTaken(_)
            | Self::NoFreePdfids { .. }
            | Self::Refused(_)
            | Self::NotSaved
            | Self::Stopped => None,
        }
    }
}
