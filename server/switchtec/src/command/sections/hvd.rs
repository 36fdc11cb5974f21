//! The HVD section: hosts and what is bound to their logical ports.

use super::{DumpClass, NONE, SectionOwner, end, section, with_header};
use crate::bytes::{Put, Reader};
use crate::command::binding::MAX_SLOTS;
use crate::error::DecodeError;
use crate::units::{LogicalPort, Pdfid, PhysicalPort};

/// Most logical ports of a host: the CLI's buffer holds no more.
pub const MAX_LOGICAL_PORTS: usize = 32;

/// The HVD section: one host, or all of them in a PAX_ALL dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HvdSection {
    /// The switch that answers.
    pub owner: SectionOwner,
    /// The hosts.
    pub hvds: Vec<Hvd>,
}

/// A host virtual domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hvd {
    /// Its instance number.
    pub instance: u8,
    /// The host port it belongs to.
    pub port: PhysicalPort,
    /// Its id in the fabric.
    pub hfid: u16,
    /// Its logical ports, at most [`MAX_LOGICAL_PORTS`].
    pub logical_ports: Vec<LogicalPortState>,
}

/// What is bound to one logical port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogicalPortState {
    /// The logical port.
    pub id: LogicalPort,
    /// The functions by slot.
    pub slots: [Option<Pdfid>; MAX_SLOTS],
}

impl HvdSection {
    /// The section's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for hvd in &self.hvds {
            hvd.encode(&mut body);
        }
        with_header(DumpClass::Hvd, self.owner, &body)
    }

    /// Reads a dump that is one HVD section.
    ///
    /// # Errors
    /// A section that is cut short, has bytes over, or a host with more than [`MAX_LOGICAL_PORTS`].
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes, "the HVD dump");
        let section = Self::read(&mut reader)?;
        end(&reader, "bytes after the HVD dump")?;
        Ok(section)
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (owner, mut body) = section(reader, "the HVD section")?;
        let mut hvds = Vec::new();
        while body.left() > 0 {
            hvds.push(Hvd::parse(&mut body)?);
        }
        Ok(Self { owner, hvds })
    }
}

/// Reads a count of logical ports.
pub(super) fn logical_port_count(reader: &mut Reader<'_>) -> Result<usize, DecodeError> {
    let count = usize::from(reader.u16()?);
    if count > MAX_LOGICAL_PORTS {
        let (got, limit) = (count as u64, MAX_LOGICAL_PORTS as u64);
        return Err(DecodeError::TooLarge { what: "the number of logical ports", got, limit });
    }
    Ok(count)
}

impl Hvd {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.instance, self.port.get()]);
        out.put_u16(self.hfid);
        out.put_u16(self.logical_ports.len() as u16);
        out.put_u16(0);
        for slot in 0..MAX_SLOTS {
            for port in &self.logical_ports {
                let bound = port.slots[slot];
                out.extend_from_slice(&[port.id.get(), u8::from(bound.is_some())]);
                out.put_u16(bound.map_or(NONE, Pdfid::get));
            }
        }
    }

    pub(super) fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let instance = reader.u8()?;
        let port = PhysicalPort::new(reader.u8()?);
        let hfid = reader.u16()?;
        let count = logical_port_count(reader)?;
        reader.skip(2)?;
        let empty = LogicalPortState { id: LogicalPort::new(0), slots: [None; MAX_SLOTS] };
        let mut logical_ports = vec![empty; count];
        for slot in 0..MAX_SLOTS {
            for state in &mut logical_ports {
                state.id = LogicalPort::new(reader.u8()?);
                let bound = reader.u8()? != 0;
                let function = Pdfid::new(reader.u16()?);
                state.slots[slot] = bound.then_some(function);
            }
        }
        Ok(Self { instance, port, hfid, logical_ports })
    }
}
