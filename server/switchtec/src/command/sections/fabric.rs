//! FABRIC, PAX and FAB_PORT sections.

use super::{DumpClass, SectionOwner, section, with_header};
use crate::bytes::{Put, Reader};
use crate::error::DecodeError;
use crate::units::{PhysicalPort, SwitchIndex};

/// Switches a fabric can have.
const MAX_SWITCHES: usize = 16;
/// The attached switch's id of a link with nothing at its other end.
const NOT_ATTACHED: u16 = 0x00FF;

/// How a switch can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// By unicast.
    Unicast,
    /// By broadcast only.
    Broadcast,
    /// Not at all.
    Unreachable,
    /// A number the sheet does not list.
    Other(u8),
}

impl Reach {
    fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Unicast,
            1 => Self::Broadcast,
            2 => Self::Unreachable,
            other => Self::Other(other),
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::Unicast => 0,
            Self::Broadcast => 1,
            Self::Unreachable => 2,
            Self::Other(other) => other,
        }
    }
}

/// The FABRIC section: sixteen switches and how to reach them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FabricSection {
    /// The switch that answers.
    pub owner: SectionOwner,
    /// Every possible switch.
    pub switches: [(SwitchIndex, Reach); MAX_SWITCHES],
}

impl FabricSection {
    /// The section's 88 bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = vec![0; 12];
        for (index, reach) in self.switches {
            body.extend_from_slice(&[index.get(), reach.code(), 0, 0]);
        }
        with_header(DumpClass::Fabric, self.owner, &body)
    }

    /// Reads the section.
    ///
    /// # Errors
    /// A section that is cut short.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (owner, mut body) = section(&mut Reader::new(bytes, "the FABRIC dump"), "the FABRIC section")?;
        body.skip(12)?;
        let mut switches = [(SwitchIndex::new(0), Reach::Unreachable); MAX_SWITCHES];
        for entry in &mut switches {
            *entry = (SwitchIndex::new(body.u8()?), Reach::from_code(body.u8()?));
            body.skip(2)?;
        }
        Ok(Self { owner, switches })
    }
}

/// First and last of a range of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdRange {
    /// First id.
    pub start: u16,
    /// Last id.
    pub end: u16,
}

/// The PAX section: counts, id ranges and port maps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaxSection {
    /// The switch that answers.
    pub owner: SectionOwner,
    /// Number of physical ports.
    pub physical_ports: u8,
    /// Number of hosts.
    pub hvds: u8,
    /// Number of adapters.
    pub endpoints: u16,
    /// Number of functions of all adapters.
    pub functions: u16,
    /// All ids.
    pub fids: IdRange,
    /// Ids of hosts.
    pub hfids: IdRange,
    /// Ids of virtual downstream functions.
    pub vdfids: IdRange,
    /// Ids of endpoint functions.
    pub pdfids: IdRange,
    /// Host ports, one bit each.
    pub host_ports: u64,
    /// Adapter ports, one bit each.
    pub endpoint_ports: u64,
    /// Links to other switches, one bit each.
    pub fabric_ports: u64,
    /// Unused ports, one bit each.
    pub free_ports: u64,
}

impl PaxSection {
    /// The section's 80 bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = vec![self.physical_ports, self.hvds];
        body.put_u16(self.endpoints);
        body.put_u16(self.functions);
        body.put_zeros(14);
        for range in [self.fids, self.hfids, self.vdfids, self.pdfids] {
            body.put_u16(range.start);
            body.put_u16(range.end);
        }
        for map in [self.host_ports, self.endpoint_ports, self.fabric_ports, self.free_ports] {
            body.put_u64(map);
        }
        with_header(DumpClass::Pax, self.owner, &body)
    }

    /// Reads the section.
    ///
    /// # Errors
    /// A section that is cut short.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::read(&mut Reader::new(bytes, "the PAX dump"))
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (owner, mut body) = section(reader, "the PAX section")?;
        let (physical_ports, hvds) = (body.u8()?, body.u8()?);
        let (endpoints, functions) = (body.u16()?, body.u16()?);
        body.skip(14)?;
        let mut range = || Ok::<_, DecodeError>(IdRange { start: body.u16()?, end: body.u16()? });
        let (fids, hfids, vdfids, pdfids) = (range()?, range()?, range()?, range()?);
        Ok(Self {
            owner,
            physical_ports,
            hvds,
            endpoints,
            functions,
            fids,
            hfids,
            vdfids,
            pdfids,
            host_ports: body.u64()?,
            endpoint_ports: body.u64()?,
            fabric_ports: body.u64()?,
            free_ports: body.u64()?,
        })
    }
}

/// What is at the other end of a link between switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FabricLinkPeer {
    /// The port at the other end.
    pub port: PhysicalPort,
    /// The switch at the other end.
    pub switch: SwitchIndex,
    /// That switch's own id in the fabric.
    pub swfid: u16,
    /// That switch's firmware.
    pub firmware: u32,
}

/// The FAB_PORT section: one link to another switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FabricPortSection {
    /// The switch that answers.
    pub owner: SectionOwner,
    /// The port.
    pub port: PhysicalPort,
    /// The other end, `None` when nothing is attached.
    pub peer: Option<FabricLinkPeer>,
}

impl FabricPortSection {
    /// The section's 32 bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = vec![self.port.get(), 0, 0, 0];
        match self.peer {
            Some(peer) => {
                body.extend_from_slice(&[peer.port.get(), peer.switch.get()]);
                body.put_u16(peer.swfid);
                body.put_u32(peer.firmware);
            }
            None => {
                body.extend_from_slice(&[0xFF, 0xFF]);
                body.put_u16(NOT_ATTACHED);
                body.put_u32(0);
            }
        }
        body.put_zeros(8);
        with_header(DumpClass::FabricPort, self.owner, &body)
    }

    /// Reads the section.
    ///
    /// # Errors
    /// A section that is cut short.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (owner, mut body) =
            section(&mut Reader::new(bytes, "the FAB_PORT dump"), "the FAB_PORT section")?;
        let port = PhysicalPort::new(body.u8()?);
        body.skip(3)?;
        let peer = FabricLinkPeer {
            port: PhysicalPort::new(body.u8()?),
            switch: SwitchIndex::new(body.u8()?),
            swfid: body.u16()?,
            firmware: body.u32()?,
        };
        Ok(Self { owner, port, peer: (peer.swfid != NOT_ATTACHED).then_some(peer) })
    }
}
