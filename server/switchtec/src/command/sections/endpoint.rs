//! The EP_PORT section: adapters and their functions.

use super::{DumpClass, NONE, SectionOwner, end, section, with_header};
use crate::bytes::{Put, Reader};
use crate::error::DecodeError;
use crate::units::{HostPort, LogicalPort, Pdfid, PhysicalPort, SwitchIndex};

const BARS: usize = 6;
/// Bytes of a port header and of an attachment header.
const HEAD_BYTES: usize = 8;
/// Bytes of a function's record.
const FUNCTION_BYTES: usize = 36;
const TYPE_ENDPOINT: u8 = 0;
const TYPE_SWITCH: u8 = 1;
const TYPE_NOTHING: u8 = 2;

/// The EP_PORT section: one adapter port, or all of them in a PAX_ALL dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointPortSection {
    /// The switch that answers.
    pub owner: SectionOwner,
    /// The ports.
    pub ports: Vec<EndpointPort>,
}

/// One adapter port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointPort {
    /// The port.
    pub port: PhysicalPort,
    /// What is behind it.
    pub attachment: Attachment,
}

/// What is behind an adapter port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attachment {
    /// Nothing, or the link is down.
    Nothing,
    /// One adapter.
    Endpoint(Endpoint),
    /// A PCIe switch with several adapters.
    Switch(SwitchBehindPort),
}

/// An adapter and its functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Enumeration id of the downstream port the adapter hangs on, if any.
    pub downstream_id: Option<u16>,
    /// Its functions.
    pub functions: Vec<EndpointFunction>,
}

/// A PCIe switch behind a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchBehindPort {
    /// Enumeration id of the downstream port it hangs on, if any.
    pub downstream_id: Option<u16>,
    /// The switch's own functions.
    pub functions: Vec<SwitchFunction>,
    /// The adapters behind it.
    pub endpoints: Vec<Endpoint>,
}

/// One function of an adapter: the unit that is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointFunction {
    /// 0 for the PF, VFs counted on.
    pub id: u16,
    /// Fabric-wide name.
    pub pdfid: Pdfid,
    /// Whether it is a physical function.
    pub physical: bool,
    /// Whether it can have virtual functions.
    pub sriov: bool,
    /// Number of the VF.
    pub vf_number: u8,
    /// Where it is bound.
    pub bound: Option<BoundTo>,
    /// PCI vendor id.
    pub vendor: u16,
    /// PCI device id.
    pub device: u16,
    /// PCI subsystem vendor id.
    pub subsystem_vendor: u16,
    /// PCI subsystem device id.
    pub subsystem_device: u16,
    /// PCI class code, 24 bits.
    pub class: u32,
    /// Number of base address registers.
    pub bar_count: u8,
    /// Base address registers.
    pub bars: [Bar; BARS],
}

/// The logical port a function is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoundTo {
    /// The host port.
    pub host: HostPort,
    /// The logical port.
    pub logical_port: LogicalPort,
}

/// A base address register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bar {
    /// Bit 0 I/O space, 2 64-bit, 3 prefetchable.
    pub kind: u8,
    /// Binary logarithm of the size in bytes; zero when absent.
    pub log2_size: u8,
}

/// One function of a switch behind a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchFunction {
    /// Function number.
    pub id: u16,
    /// Enumeration id.
    pub enumeration_id: u16,
    /// PCI vendor id.
    pub vendor: u16,
    /// PCI device id.
    pub device: u16,
    /// PCI class code, 24 bits.
    pub class: u32,
    /// Number of base address registers.
    pub bar_count: u8,
    /// Base address registers.
    pub bars: [Bar; BARS],
}

impl EndpointPortSection {
    /// The section's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let body: Vec<u8> = self.ports.iter().map(EndpointPort::encode).collect::<Vec<_>>().concat();
        with_header(DumpClass::EndpointPort, self.owner, &body)
    }

    /// Reads a dump that is one EP_PORT section.
    ///
    /// # Errors
    /// A section that is cut short, has bytes over, or lengths that contradict each other.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes, "the EP_PORT dump");
        let section = Self::read(&mut reader)?;
        end(&reader, "bytes after the EP_PORT dump")?;
        Ok(section)
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (owner, mut body) = section(reader, "the EP_PORT section")?;
        let mut ports = Vec::new();
        while body.left() > 0 {
            ports.push(EndpointPort::parse(&mut body)?);
        }
        Ok(Self { owner, ports })
    }
}

/// The rest of a part whose header holds its length in dwords, header included.
fn part<'a>(reader: &mut Reader<'a>, what: &'static str) -> Result<Reader<'a>, DecodeError> {
    let bytes = reader.u24()? as usize * 4;
    reader.skip(1)?;
    let Some(rest) = bytes.checked_sub(HEAD_BYTES) else {
        let (announced, found) = (bytes as u64, HEAD_BYTES as u64);
        return Err(DecodeError::Mismatch { what: "a part's length in bytes", announced, found });
    };
    Ok(Reader::new(reader.take(rest)?, what))
}

fn put_part(out: &mut Vec<u8>, body: &[u8]) {
    out.put_u24(((HEAD_BYTES + body.len()) / 4) as u32);
    out.put_u8(0);
    out.extend_from_slice(body);
}

impl EndpointPort {
    fn encode(&self) -> Vec<u8> {
        let (kind, count, body) = match &self.attachment {
            Attachment::Nothing => (TYPE_NOTHING, 0, Vec::new()),
            Attachment::Endpoint(endpoint) => (TYPE_ENDPOINT, 1, endpoint.encode()),
            Attachment::Switch(switch) => (TYPE_SWITCH, switch.endpoints.len() as u16, switch.encode()),
        };
        let mut out = vec![kind, self.port.get()];
        out.put_u16(count);
        put_part(&mut out, &body);
        out
    }

    fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let kind = reader.u8()?;
        let port = PhysicalPort::new(reader.u8()?);
        reader.skip(2)?;
        let mut body = part(reader, "an adapter port")?;
        let attachment = match kind {
            TYPE_ENDPOINT => Attachment::Endpoint(Endpoint::parse(&mut body)?),
            TYPE_SWITCH => Attachment::Switch(SwitchBehindPort::parse(&mut body)?),
            TYPE_NOTHING => Attachment::Nothing,
            other => {
                let (got, limit) = (other.into(), TYPE_NOTHING.into());
                return Err(DecodeError::TooLarge { what: "an adapter port's type", got, limit });
            }
        };
        end(&body, "bytes after an adapter port")?;
        Ok(Self { port, attachment })
    }
}

fn put_attachment(downstream_id: Option<u16>, count: usize, functions: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD_BYTES + functions.len());
    out.put_u16(count as u16);
    out.put_u16(downstream_id.unwrap_or(NONE));
    put_part(&mut out, functions);
    out
}

/// Reads an attachment header and hands each function record to `one`; the count is bounded by the bytes there are.
fn parse_attachment<F>(
    reader: &mut Reader<'_>,
    one: fn(&mut Reader<'_>) -> Result<F, DecodeError>,
) -> Result<(Option<u16>, Vec<F>), DecodeError> {
    let count = reader.u16()?;
    let downstream_id = Some(reader.u16()?).filter(|id| *id != NONE);
    let mut body = part(reader, "an attachment")?;
    let functions = (0..count).map(|_| one(&mut body)).collect::<Result<_, _>>()?;
    end(&body, "bytes after an attachment's functions")?;
    Ok((downstream_id, functions))
}

impl Endpoint {
    fn encode(&self) -> Vec<u8> {
        let mut functions = Vec::with_capacity(self.functions.len() * FUNCTION_BYTES);
        self.functions.iter().for_each(|function| function.put(&mut functions));
        put_attachment(self.downstream_id, self.functions.len(), &functions)
    }

    fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (downstream_id, functions) = parse_attachment(reader, EndpointFunction::parse)?;
        Ok(Self { downstream_id, functions })
    }
}

impl SwitchBehindPort {
    fn encode(&self) -> Vec<u8> {
        let mut functions = Vec::with_capacity(self.functions.len() * FUNCTION_BYTES);
        self.functions.iter().for_each(|function| function.put(&mut functions));
        let mut out = put_attachment(self.downstream_id, self.functions.len(), &functions);
        self.endpoints.iter().for_each(|endpoint| out.extend_from_slice(&endpoint.encode()));
        out
    }

    fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (downstream_id, functions) = parse_attachment(reader, SwitchFunction::parse)?;
        let mut endpoints = Vec::new();
        while reader.left() > 0 {
            endpoints.push(Endpoint::parse(reader)?);
        }
        Ok(Self { downstream_id, functions, endpoints })
    }
}

fn put_class_and_bars(out: &mut Vec<u8>, class: u32, bar_count: u8, bars: &[Bar; BARS]) {
    out.put_u24(class);
    out.put_u8(bar_count);
    for bar in bars {
        out.extend_from_slice(&[bar.kind, bar.log2_size]);
    }
}

fn parse_class_and_bars(reader: &mut Reader<'_>) -> Result<(u32, u8, [Bar; BARS]), DecodeError> {
    let class = reader.u24()?;
    let bar_count = reader.u8()?;
    let mut bars = [Bar::default(); BARS];
    for bar in &mut bars {
        *bar = Bar { kind: reader.u8()?, log2_size: reader.u8()? };
    }
    Ok((class, bar_count, bars))
}

impl EndpointFunction {
    fn put(&self, out: &mut Vec<u8>) {
        out.put_u16(self.id);
        out.put_u16(self.pdfid.get());
        out.extend_from_slice(&[u8::from(self.physical) | u8::from(self.sriov) << 1, self.vf_number, 0, 0]);
        match self.bound {
            Some(BoundTo { host, logical_port }) => {
                out.extend_from_slice(&[1, host.switch.get(), host.port.get(), logical_port.get()]);
            }
            None => out.extend_from_slice(&[0, 0xFF, 0xFF, 0xFF]),
        }
        for id in [self.vendor, self.device, self.subsystem_vendor, self.subsystem_device] {
            out.put_u16(id);
        }
        put_class_and_bars(out, self.class, self.bar_count, &self.bars);
    }

    fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let id = reader.u16()?;
        let pdfid = Pdfid::new(reader.u16()?);
        let kind = reader.u8()?;
        let vf_number = reader.u8()?;
        reader.skip(2)?;
        let is_bound = reader.u8()? != 0;
        let host = HostPort { switch: SwitchIndex::new(reader.u8()?), port: PhysicalPort::new(reader.u8()?) };
        let logical_port = LogicalPort::new(reader.u8()?);
        let (vendor, device) = (reader.u16()?, reader.u16()?);
        let (subsystem_vendor, subsystem_device) = (reader.u16()?, reader.u16()?);
        let (class, bar_count, bars) = parse_class_and_bars(reader)?;
        Ok(Self {
            id,
            pdfid,
            physical: kind & 1 != 0,
            sriov: kind & 2 != 0,
            vf_number,
            bound: is_bound.then_some(BoundTo { host, logical_port }),
            vendor,
            device,
            subsystem_vendor,
            subsystem_device,
            class,
            bar_count,
            bars,
        })
    }
}

impl SwitchFunction {
    fn put(&self, out: &mut Vec<u8>) {
        out.put_u16(self.id);
        out.put_u16(self.enumeration_id);
        out.put_zeros(8);
        out.put_u16(self.vendor);
        out.put_u16(self.device);
        out.put_zeros(4);
        put_class_and_bars(out, self.class, self.bar_count, &self.bars);
    }

    fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (id, enumeration_id) = (reader.u16()?, reader.u16()?);
        reader.skip(8)?;
        let (vendor, device) = (reader.u16()?, reader.u16()?);
        reader.skip(4)?;
        let (class, bar_count, bars) = parse_class_and_bars(reader)?;
        Ok(Self { id, enumeration_id, vendor, device, class, bar_count, bars })
    }
}
