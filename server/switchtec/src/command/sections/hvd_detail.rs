//! The HVD_DETAIL section: one host with its bus numbers.

use super::hvd::logical_port_count;
use super::{DumpClass, SectionOwner, end, section, with_header};
use crate::bytes::{Put, Reader};
use crate::command::binding::MAX_SLOTS;
use crate::error::DecodeError;
use crate::units::{LogicalPort, Pdfid, PhysicalPort};

/// Most virtual endpoints of a host: the CLI's array holds no more.
pub const MAX_VEPS: usize = 7;

/// The HVD_DETAIL section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HvdDetailSection {
    /// The switch that answers.
    pub owner: SectionOwner,
    /// The host.
    pub hvd: HvdDetail,
}

/// A host virtual domain with the addresses its devices have on the host's buses.
///
/// Addresses are bus << 8 | device << 3 | function, and mean nothing while the upstream link is down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HvdDetail {
    /// Its instance number.
    pub instance: u8,
    /// The host port it belongs to.
    pub port: PhysicalPort,
    /// Its id in the fabric.
    pub hfid: u16,
    /// Whether the link to the host is up.
    pub link_up: bool,
    /// Address of the upstream port.
    pub upstream_bdf: u16,
    /// Virtual endpoints, at most [`MAX_VEPS`].
    pub veps: Vec<VirtualEndpoint>,
    /// Logical ports.
    pub ports: Vec<DetailPort>,
    /// Logical ports with peer-to-peer traffic enabled, one bit each; contiguous from bit 0.
    pub p2p_enabled: u64,
    /// One entry per logical port up to the highest enabled one.
    pub p2p: Vec<PeerToPeer>,
}

/// A virtual endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VirtualEndpoint {
    /// 6 for a management endpoint.
    pub kind: u8,
    /// Its address.
    pub bdf: u16,
}

/// One logical port in detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DetailPort {
    /// The logical port.
    pub id: LogicalPort,
    /// What is in each slot.
    pub slots: [DetailSlot; MAX_SLOTS],
}

/// One slot of a logical port in detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DetailSlot {
    /// Whether a function is bound.
    pub bound: bool,
    /// Address of the downstream port.
    pub port_bdf: u16,
    /// The function, meaningful when bound.
    pub function: Pdfid,
    /// Address of the function on the host's bus.
    pub function_bdf: u16,
}

/// Peer-to-peer masks of one logical port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerToPeer {
    /// Configured peers, one bit each.
    pub configured: u64,
    /// Active peers, one bit each.
    pub active: u64,
}

impl HvdDetailSection {
    /// The section's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let hvd = &self.hvd;
        let mut body = vec![hvd.instance, hvd.port.get()];
        body.put_u16(hvd.hfid);
        body.extend_from_slice(&[hvd.veps.len() as u8, hvd.link_up.into(), 0, 0]);
        for vep in &hvd.veps {
            body.extend_from_slice(&[vep.kind, 0]);
            body.put_u16(vep.bdf);
        }
        body.put_u16(hvd.ports.len() as u16);
        body.put_u16(hvd.upstream_bdf);
        for slot in 0..MAX_SLOTS {
            for port in &hvd.ports {
                port.slots[slot].encode(port.id, &mut body);
            }
        }
        body.put_u64(hvd.p2p_enabled);
        for entry in &hvd.p2p {
            body.put_u64(entry.configured);
            body.put_u64(entry.active);
        }
        with_header(DumpClass::HvdDetail, self.owner, &body)
    }

    /// Reads a dump that is one HVD_DETAIL section.
    ///
    /// # Errors
    /// A section that is cut short, has bytes over, or counts above their limits.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes, "the HVD_DETAIL dump");
        let (owner, mut body) = section(&mut reader, "the HVD_DETAIL section")?;
        end(&reader, "bytes after the HVD_DETAIL dump")?;
        let hvd = HvdDetail::parse(&mut body)?;
        end(&body, "bytes after the HVD_DETAIL section")?;
        Ok(Self { owner, hvd })
    }
}

impl HvdDetail {
    fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let instance = reader.u8()?;
        let port = PhysicalPort::new(reader.u8()?);
        let hfid = reader.u16()?;
        let vep_count = usize::from(reader.u8()?);
        let link_up = reader.u8()? != 0;
        reader.skip(2)?;
        let veps = parse_veps(reader, vep_count)?;
        let port_count = logical_port_count(reader)?;
        let upstream_bdf = reader.u16()?;
        let ports = parse_ports(reader, port_count)?;
        let p2p_enabled = reader.u64()?;
        // As the CLI counts: up to the highest enabled port.
        let entries = u64::BITS - p2p_enabled.leading_zeros();
        let p2p = (0..entries)
            .map(|_| Ok(PeerToPeer { configured: reader.u64()?, active: reader.u64()? }))
            .collect::<Result<_, DecodeError>>()?;
        Ok(Self { instance, port, hfid, link_up, upstream_bdf, veps, ports, p2p_enabled, p2p })
    }
}

fn parse_veps(reader: &mut Reader<'_>, count: usize) -> Result<Vec<VirtualEndpoint>, DecodeError> {
    if count > MAX_VEPS {
        let (got, limit) = (count as u64, MAX_VEPS as u64);
        return Err(DecodeError::TooLarge { what: "the number of virtual endpoints", got, limit });
    }
    let one = |_| {
        let kind = reader.u8()?;
        reader.skip(1)?;
        Ok(VirtualEndpoint { kind, bdf: reader.u16()? })
    };
    (0..count).map(one).collect()
}

fn parse_ports(reader: &mut Reader<'_>, count: usize) -> Result<Vec<DetailPort>, DecodeError> {
    let slot = DetailSlot { bound: false, port_bdf: 0, function: Pdfid::new(0), function_bdf: 0 };
    let mut ports = vec![DetailPort { id: LogicalPort::new(0), slots: [slot; MAX_SLOTS] }; count];
    for slot in 0..MAX_SLOTS {
        for port in &mut ports {
            port.id = LogicalPort::new(reader.u8()?);
            port.slots[slot] = DetailSlot {
                bound: reader.u8()? != 0,
                port_bdf: reader.u16()?,
                function: Pdfid::new(reader.u16()?),
                function_bdf: reader.u16()?,
            };
        }
    }
    Ok(ports)
}

impl DetailSlot {
    fn encode(&self, id: LogicalPort, out: &mut Vec<u8>) {
        out.extend_from_slice(&[id.get(), self.bound.into()]);
        out.put_u16(self.port_bdf);
        out.put_u16(self.function.get());
        out.put_u16(self.function_bdf);
    }
}
