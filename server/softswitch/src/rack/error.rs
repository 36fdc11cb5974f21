//! What can be wrong with a rack file, with the line and the field.

use std::fmt;
use std::ops::Range;

use patchbay_switchtec::{Pdfid, PhysicalPort};

use crate::kind::CommandKind;

/// A rack file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct RackError {
    /// The file's name as given.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The field, empty when the file as a whole is wrong.
    pub field: String,
    /// What is wrong with it.
    pub problem: RackProblem,
}

impl fmt::Display for RackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}: ", self.file, self.line)?;
        if !self.field.is_empty() {
            write!(f, "field \"{}\": ", self.field)?;
        }
        write!(f, "{}", self.problem)
    }
}

/// What is wrong with a field of a rack file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RackProblem {
    /// Not TOML, or not the fields a rack has; the parser's own words.
    #[error("{0}")]
    Syntax(String),
    /// The file is too long to be a rack.
    #[error("the file has {bytes} bytes, and at most {limit} are read; split it")]
    TooLong {
        /// Length of the file.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A number outside its range.
    #[error("{value} is not between {min} and {max}")]
    OutOfRange {
        /// The number.
        value: i64,
        /// Smallest allowed.
        min: i64,
        /// Largest allowed.
        max: i64,
    },
    /// A width no PCIe link has.
    #[error("{0} lanes are not a link width; use 1, 2, 4, 8 or 16")]
    Width(u8),
    /// A trained link wider or faster than its port.
    #[error("the link cannot be wider or faster than its port; make it narrower or slower")]
    LinkBeyondPort,
    /// A link that is not up has no trained width or rate.
    #[error("a link that is not up has no width and no gen; leave them out")]
    LinkNotUp,
    /// A device that is no PAX.
    #[error("0x{0:04X} is not the device id of a Gen4 or Gen5 PAX; use 0x4252, for example")]
    NotPax(u32),
    /// Two ports that need the same lanes.
    #[error("port {port} needs lanes that port {other} uses; move one of them")]
    PortTaken {
        /// The later port.
        port: PhysicalPort,
        /// The earlier port.
        other: PhysicalPort,
    },
    /// A name that is empty, too long, or not printable.
    #[error("a name has 1 to {} printable characters", super::MAX_NAME_BYTES)]
    Name,
    /// A switch's name with characters that file names do not take well.
    #[error(
        "a switch's name has 1 to {} letters, digits, '-', '_' and '.', with a letter or digit first",
        super::MAX_NAME_BYTES
    )]
    SwitchName,
    /// A name used twice.
    #[error("the name is used twice; give each a name of its own")]
    NameTaken,
    /// A file without a switch.
    #[error("the file has no switch; add a [switch] table")]
    NoSwitch,
    /// More switches than a fabric has places for.
    #[error("a file has at most {} switches; split it", super::MAX_SWITCHES)]
    TooManySwitches,
    /// A part of a file with several switches that does not say where it belongs.
    #[error(
        "the file has several switches; write which of {known} this belongs to, as in switch = \"{example}\""
    )]
    SwitchNotNamed {
        /// The switches of the file.
        known: String,
        /// One of them.
        example: String,
    },
    /// A part of a switch that is not in the file.
    #[error("no switch has this name; the file has {known}")]
    NoSuchSwitch {
        /// The switches of the file.
        known: String,
    },
    /// Several switches where one is wanted.
    #[error("the file has {switches} switches, and one is wanted here; keep one")]
    SeveralSwitches {
        /// How many there are.
        switches: usize,
    },
    /// A PDFID used twice.
    #[error("PDFID {0} is used twice on this switch; give each function one of its own")]
    PdfidTaken(Pdfid),
    /// More ports than a switch has.
    #[error("a switch has at most {} ports", super::MAX_PORTS)]
    TooManyPorts,
    /// A base address register used twice.
    #[error("base address register {0} is described twice or is the upper half of the one before")]
    BarTaken(u8),
    /// A binding to a host that is not in the file.
    #[error("no host of this switch has this name; add the host, or name another")]
    NoSuchHost,
    /// A binding the switch would refuse.
    #[error("the switch would refuse this binding: {0}")]
    Refused(&'static str),
    /// An order that this rack could never carry out.
    #[error("{0}")]
    Order(String),
    /// More orders than a script may have.
    #[error("a script has at most {} orders", super::MAX_SCRIPT_ORDERS)]
    TooManyOrders,
    /// A built-in rack that cannot be generated.
    #[error(transparent)]
    Shape(super::ShapeError),
    /// A command the softswitch does not have.
    #[error("there is no such command to delay; use {}", command_names())]
    NoSuchCommand,
}

fn command_names() -> String {
    let names: Vec<_> = CommandKind::NAMES.iter().map(|(_, name)| *name).collect();
    format!("default, {}", names.join(", "))
}

/// The text a rack is read from, to turn places in it into lines.
pub(super) struct Source<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// An error at a place in the text.
    pub(super) fn fault(
        &self,
        span: Range<usize>,
        field: impl Into<String>,
        problem: RackProblem,
    ) -> RackError {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        RackError { file: self.file.to_owned(), line, field: field.into(), problem }
    }

    /// The key on the line of a place, for errors of the parser, which do not name it.
    pub(super) fn key_at(&self, span: &Range<usize>) -> String {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = self.text[start..].lines().next().unwrap_or_default();
        let key = line.split('=').next().unwrap_or_default();
        key.trim().trim_matches(['[', ']']).to_owned()
    }
}
