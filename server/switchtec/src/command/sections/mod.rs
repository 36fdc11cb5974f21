//! The sections a database dump is made of (section 5.5): parsing and building.

mod endpoint;
mod fabric;
mod hvd;
mod hvd_detail;
mod layout;

pub use endpoint::{
    Attachment, Bar, BoundTo, Endpoint, EndpointFunction, EndpointPort, EndpointPortSection,
    SwitchBehindPort, SwitchFunction,
};
pub use fabric::{FabricLinkPeer, FabricPortSection, FabricSection, IdRange, PaxSection, Reach};
pub use hvd::{Hvd, HvdSection, LogicalPortState, MAX_LOGICAL_PORTS};
pub use hvd_detail::{
    DetailPort, DetailSlot, HvdDetail, HvdDetailSection, MAX_VEPS, PeerToPeer, VirtualEndpoint,
};
pub use layout::{Layout, Span};

use crate::bytes::{Put, Reader};
use crate::error::DecodeError;
use crate::units::SwitchIndex;

/// Dwords of a section header.
const SECTION_HEAD_DWORDS: usize = 3;
/// Marks "none" in 16-bit fields.
const NONE: u16 = 0xFFFF;

/// What a dump is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DumpClass {
    /// The switches of the fabric.
    Fabric,
    /// Everything about one switch: PAX, HVD and EP_PORT in one.
    PaxAll,
    /// Counts and id ranges of one switch.
    Pax,
    /// One host's logical ports.
    Hvd,
    /// One link to another switch.
    FabricPort,
    /// One adapter port.
    EndpointPort,
    /// One host's logical ports with bus numbers.
    HvdDetail,
}

impl DumpClass {
    /// The class for a wire code.
    pub fn from_code(code: u8) -> Option<Self> {
        const ALL: [DumpClass; 7] = [
            DumpClass::Fabric,
            DumpClass::PaxAll,
            DumpClass::Pax,
            DumpClass::Hvd,
            DumpClass::FabricPort,
            DumpClass::EndpointPort,
            DumpClass::HvdDetail,
        ];
        ALL.get(usize::from(code)).copied()
    }

    /// The wire code, 0..6.
    pub fn code(self) -> u8 {
        self as u8
    }
}

/// Who a section is about; every section starts with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SectionOwner {
    /// The switch's index.
    pub switch: SwitchIndex,
    /// The switch's own id in the fabric.
    pub swfid: u16,
}

/// Puts the header in front of a section's body, which must be whole dwords.
fn with_header(class: DumpClass, owner: SectionOwner, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(SECTION_HEAD_DWORDS * 4 + body.len());
    out.extend_from_slice(&[class.code(), owner.switch.get()]);
    out.put_u16(owner.swfid);
    out.put_u32((SECTION_HEAD_DWORDS + body.len() / 4) as u32);
    out.put_u32(0);
    out.extend_from_slice(body);
    out
}

/// Takes one section off the reader: its owner and a reader of exactly its body.
///
/// The class byte is not checked: the CLI does not either, and real firmware may number sections otherwise.
fn section<'a>(
    reader: &mut Reader<'a>,
    what: &'static str,
) -> Result<(SectionOwner, Reader<'a>), DecodeError> {
    reader.skip(1)?;
    let switch = SwitchIndex::new(reader.u8()?);
    let swfid = reader.u16()?;
    let dwords = reader.u32()? as usize;
    reader.skip(4)?;
    if dwords < SECTION_HEAD_DWORDS {
        let (announced, found) = (dwords as u64, SECTION_HEAD_DWORDS as u64);
        return Err(DecodeError::Mismatch { what: "a section's length in dwords", announced, found });
    }
    let body = reader.take((dwords - SECTION_HEAD_DWORDS).saturating_mul(4))?;
    Ok((SectionOwner { switch, swfid }, Reader::new(body, what)))
}

/// Refuses bytes left over: a dump's announced length must be exact.
fn end(reader: &Reader<'_>, what: &'static str) -> Result<(), DecodeError> {
    match reader.left() {
        0 => Ok(()),
        found => Err(DecodeError::Mismatch { what, announced: 0, found: found as u64 }),
    }
}

/// Everything about one switch: the cheapest full picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaxAll {
    /// Counts, id ranges and port maps.
    pub pax: PaxSection,
    /// All hosts' logical ports.
    pub hvds: HvdSection,
    /// All adapter ports.
    pub endpoint_ports: EndpointPortSection,
}

impl PaxAll {
    /// The dump's bytes.
    pub fn encode(&self) -> Vec<u8> {
        [self.pax.encode(), self.hvds.encode(), self.endpoint_ports.encode()].concat()
    }

    /// Reads a whole dump.
    ///
    /// # Errors
    /// Sections that are cut short, contradict themselves or leave bytes over.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes, "the PAX_ALL dump");
        let all = Self {
            pax: PaxSection::read(&mut reader)?,
            hvds: HvdSection::read(&mut reader)?,
            endpoint_ports: EndpointPortSection::read(&mut reader)?,
        };
        end(&reader, "bytes after the PAX_ALL dump")?;
        Ok(all)
    }
}
