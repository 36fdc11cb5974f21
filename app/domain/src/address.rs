//! Addresses and links: text and numbers from outside, checked once, at the edge.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Why a text or number is not an address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// The text is not `0x` and one to four hex digits.
    #[error("{0:?} is not a PDFID. Write it as 0x and up to four hex digits, for example 0x1001.")]
    NotPdfid(String),
    /// 0xFFFF means "none" on the wire and names no function.
    #[error("0xffff stands for no function and cannot be a PDFID.")]
    NoPdfid,
}

/// The fabric-wide name of a function on the wire, 0x0000 to 0xFFFE (protocol sheet, section 5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pdfid(u16);

impl Pdfid {
    /// Checks the number.
    ///
    /// # Errors
    /// [`AddressError::NoPdfid`] for 0xFFFF, which the wire uses for "none".
    pub const fn new(number: u16) -> Result<Self, AddressError> {
        if number == u16::MAX { Err(AddressError::NoPdfid) } else { Ok(Self(number)) }
    }

    /// The number as it stands on the wire.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Pdfid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#06x}", self.0)
    }
}

impl FromStr for Pdfid {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || AddressError::NotPdfid(text.chars().take(20).collect());
        let digits = text.strip_prefix("0x").filter(|d| (1..=4).contains(&d.len())).ok_or_else(wrong)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        Self::new(u16::from_str_radix(digits, 16).map_err(|_| wrong())?)
    }
}

impl TryFrom<String> for Pdfid {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Pdfid> for String {
    fn from(pdfid: Pdfid) -> Self {
        pdfid.to_string()
    }
}

/// The number of a physical port of a switch, 0 to 255. A host port and a slot are both physical ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhysicalPort(pub u8);

impl fmt::Display for PhysicalPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of a logical port in a host's virtual domain, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogicalPort(pub u8);

impl fmt::Display for LogicalPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The rate of one PCIe lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rate {
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
    /// Gigatransfers per second and lane.
    pub const fn gts(self) -> f32 {
        match self {
            Self::Gen1 => 2.5,
            Self::Gen2 => 5.0,
            Self::Gen3 => 8.0,
            Self::Gen4 => 16.0,
            Self::Gen5 => 32.0,
            Self::Gen6 => 64.0,
        }
    }
}

/// The trained connection over a cable, and what it was configured for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Link {
    /// Whether the link carries traffic.
    pub up: bool,
    /// Lanes in use; 0 while the link is down.
    pub width: u8,
    /// The rate in use; none while the link is down.
    pub rate: Option<Rate>,
    /// Lanes the port is configured for.
    pub configured_width: u8,
    /// The rate the port is configured for, where the switch tells it.
    pub configured_rate: Option<Rate>,
}

/// How a link looks to an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkHealth {
    /// Trained as configured.
    Up,
    /// Up, but trained below its width or rate.
    Narrow,
    /// No link.
    Down,
}

impl Link {
    /// A link that trained exactly as configured.
    pub const fn full(width: u8, rate: Rate) -> Self {
        Self { up: true, width, rate: Some(rate), configured_width: width, configured_rate: Some(rate) }
    }

    /// The same port without a link.
    pub const fn lost(self) -> Self {
        Self { up: false, width: 0, rate: None, ..self }
    }

    /// Up, narrow or down.
    pub fn health(&self) -> LinkHealth {
        if !self.up {
            return LinkHealth::Down;
        }
        let slow = matches!((self.rate, self.configured_rate), (Some(now), Some(wanted)) if now < wanted);
        if self.width < self.configured_width || slow { LinkHealth::Narrow } else { LinkHealth::Up }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pdfid_reads_back_what_it_prints() {
        for number in [0, 1, 0x1001, 0xfffe] {
            let pdfid = Pdfid::new(number).expect("in range");
            assert_eq!(pdfid.to_string().parse(), Ok(pdfid));
        }
        assert_eq!(Pdfid::new(0x1001).expect("in range").to_string(), "0x1001");
    }

    #[test]
    fn a_pdfid_refuses_what_is_not_one() {
        for text in ["", "1001", "0x", "0x10011", "0x+1", "0xzz", "0xffff", "0X10"] {
            assert!(text.parse::<Pdfid>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_link_below_its_width_or_rate_is_narrow() {
        let full = Link::full(8, Rate::Gen4);
        assert_eq!(full.health(), LinkHealth::Up);
        assert_eq!(Link { width: 4, ..full }.health(), LinkHealth::Narrow);
        assert_eq!(Link { rate: Some(Rate::Gen3), ..full }.health(), LinkHealth::Narrow);
        assert_eq!(full.lost().health(), LinkHealth::Down);
    }
}
