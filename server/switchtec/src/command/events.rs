//! GFMS_EVENT: the fabric manager's event queue (section 5.8).
//!
//! Reading removes the entries, so two readers steal from each other. Events are a hint; the database is the truth.

use crate::bytes::{Put, Reader};
use crate::command::Command;
use crate::error::DecodeError;
use crate::units::{CommandId, HostPort, LogicalPort, Pdfid, PhysicalPort, SwitchIndex};

pub(crate) const SUB_CLEAR: u8 = 0;
pub(crate) const SUB_GET: u8 = 1;

/// Most entries one answer may carry: the CLI has room for no more.
pub const MAX_EVENTS: u16 = 128;
/// Most data bytes of one entry.
pub const MAX_EVENT_DATA_BYTES: usize = 32;
/// Most bytes all entries of one answer may fill.
pub const MAX_ENTRIES_BYTES: usize = 1020;

const ENTRY_HEAD_BYTES: usize = 4;
const OVERFLOW: u16 = 0x8000;

/// Empties the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventsClear;

/// Takes the oldest events from the queue; `max` zero only counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventsGet {
    /// How many at most, 0..128.
    pub max: u16,
}

/// Answer to [`EventsGet`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventBatch {
    /// The events, oldest first.
    pub events: Vec<GfmsEvent>,
    /// How many are still queued.
    pub remaining: u16,
    /// Whether events were lost: re-read the whole database.
    pub overflow: bool,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GfmsEvent {
    /// The switch it comes from.
    pub source: SwitchIndex,
    /// What happened.
    pub kind: EventKind,
}

/// What happened (table of section 5.8).
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields say what they are; the variants are documented")]
pub enum EventKind {
    /// A host's link came up.
    HostLinkUp { port: PhysicalPort },
    /// A host's link went down.
    HostLinkDown { port: PhysicalPort },
    /// An adapter appeared.
    DeviceAdded { port: PhysicalPort, functions: u16 },
    /// An adapter went away.
    DeviceDeleted { port: PhysicalPort, functions: u16 },
    /// A link between switches came up.
    FabricLinkUp,
    /// A link between switches went down.
    FabricLinkDown,
    /// A function was bound.
    Bound { host: HostPort, logical_port: LogicalPort, function: Pdfid },
    /// A function was unbound.
    Unbound { host: HostPort, logical_port: LogicalPort, function: Pdfid },
    /// The database changed in a way no other event describes.
    DatabaseChanged,
    /// A host instance was enabled.
    HvdEnabled { hvd: u8, port: PhysicalPort, clock_channel: u8 },
    /// A host instance was disabled.
    HvdDisabled { hvd: u8, port: PhysicalPort, clock_channel: u8 },
    /// A port stopped being an adapter port.
    EndpointPortRemoved { port: PhysicalPort },
    /// A port became an adapter port.
    EndpointPortAdded { port: PhysicalPort },
    /// A PCIe error was reported.
    AdvancedError(AdvancedError),
    /// A code the sheet does not list, with its data.
    Unknown { code: u8, data: Vec<u8> },
}

/// Data of an advanced error report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdvancedError {
    /// Number of the port.
    pub port: u16,
    /// 1 header log valid, 2 downstream containment triggered, 4 correctable.
    pub flags: u8,
    /// The error status register.
    pub status: u32,
    /// When, in the switch's own time.
    pub time: u64,
    /// Header of the packet at fault.
    pub header: [u32; 4],
}

impl Command for EventsClear {
    const ID: CommandId = CommandId::GFMS_EVENT;
    const ASKS: &'static str = "clear its events";
    type Answer = ();

    fn input(&self) -> Vec<u8> {
        vec![SUB_CLEAR, 0, 0, 0]
    }

    fn parse_input(_input: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self)
    }

    fn wanted_bytes(&self) -> u16 {
        0
    }

    fn answer_bytes(_answer: &()) -> Vec<u8> {
        Vec::new()
    }

    fn parse_answer(&self, _data: &[u8]) -> Result<(), DecodeError> {
        Ok(())
    }
}

impl Command for EventsGet {
    const ID: CommandId = CommandId::GFMS_EVENT;
    const ASKS: &'static str = "hand out its events";
    type Answer = EventBatch;

    fn input(&self) -> Vec<u8> {
        let mut out = vec![SUB_GET, 0];
        out.put_u16(self.max);
        out
    }

    fn parse_input(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input, "an event request");
        reader.skip(2)?;
        Ok(Self { max: reader.u16()? })
    }

    fn wanted_bytes(&self) -> u16 {
        1024
    }

    fn answer_bytes(answer: &EventBatch) -> Vec<u8> {
        let mut out = Vec::new();
        out.put_u16(answer.events.len() as u16);
        out.put_u16((answer.remaining & !OVERFLOW) | if answer.overflow { OVERFLOW } else { 0 });
        for event in &answer.events {
            event.encode(&mut out);
        }
        out
    }

    fn parse_answer(&self, data: &[u8]) -> Result<EventBatch, DecodeError> {
        let mut reader = Reader::new(data, "the events");
        let count = reader.u16()?;
        if count > MAX_EVENTS {
            let (got, limit) = (count.into(), MAX_EVENTS.into());
            return Err(DecodeError::TooLarge { what: "the number of events", got, limit });
        }
        let state = reader.u16()?;
        let events = (0..count).map(|_| GfmsEvent::parse(&mut reader)).collect::<Result<_, _>>()?;
        Ok(EventBatch { events, remaining: state & !OVERFLOW, overflow: state & OVERFLOW != 0 })
    }
}

impl GfmsEvent {
    /// How many bytes the event takes in an answer, padded to whole dwords.
    pub fn encoded_bytes(&self) -> usize {
        ENTRY_HEAD_BYTES + self.kind.data().len()
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let data = self.kind.data();
        out.put_u16((ENTRY_HEAD_BYTES + data.len()) as u16);
        out.put_u8(self.kind.code());
        out.put_u8(self.source.get());
        out.extend_from_slice(&data);
    }

    fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let length = usize::from(reader.u16()?);
        let code = reader.u8()?;
        let source = SwitchIndex::new(reader.u8()?);
        if !(ENTRY_HEAD_BYTES..=ENTRY_HEAD_BYTES + MAX_EVENT_DATA_BYTES).contains(&length) {
            let limit = (ENTRY_HEAD_BYTES + MAX_EVENT_DATA_BYTES) as u64;
            return Err(DecodeError::TooLarge { what: "an event's length", got: length as u64, limit });
        }
        let data = reader.take(length - ENTRY_HEAD_BYTES)?;
        Ok(Self { source, kind: EventKind::parse(code, data)? })
    }
}

impl EventKind {
    /// The event code on the wire.
    pub fn code(&self) -> u8 {
        match self {
            Self::HostLinkUp { .. } => 0,
            Self::HostLinkDown { .. } => 1,
            Self::DeviceAdded { .. } => 2,
            Self::DeviceDeleted { .. } => 3,
            Self::FabricLinkUp => 4,
            Self::FabricLinkDown => 5,
            Self::Bound { .. } => 6,
            Self::Unbound { .. } => 7,
            Self::DatabaseChanged => 8,
            Self::HvdEnabled { .. } => 9,
            Self::HvdDisabled { .. } => 10,
            Self::EndpointPortRemoved { .. } => 11,
            Self::EndpointPortAdded { .. } => 12,
            Self::AdvancedError(_) => 13,
            Self::Unknown { code, .. } => *code,
        }
    }

    /// The data, padded to whole dwords, at most [`MAX_EVENT_DATA_BYTES`].
    fn data(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::HostLinkUp { port } | Self::HostLinkDown { port } => out.put_u16(port.get().into()),
            Self::DeviceAdded { port, functions } | Self::DeviceDeleted { port, functions } => {
                out.put_u16(port.get().into());
                out.put_u16(*functions);
            }
            Self::FabricLinkUp | Self::FabricLinkDown | Self::DatabaseChanged => {}
            Self::Bound { host, logical_port, function } | Self::Unbound { host, logical_port, function } => {
                out.extend_from_slice(&[host.switch.get(), host.port.get(), logical_port.get(), 0]);
                out.put_u16(function.get());
            }
            Self::HvdEnabled { hvd, port, clock_channel }
            | Self::HvdDisabled { hvd, port, clock_channel } => {
                out.extend_from_slice(&[*hvd, port.get(), *clock_channel]);
            }
            Self::EndpointPortRemoved { port } | Self::EndpointPortAdded { port } => out.put_u8(port.get()),
            Self::AdvancedError(error) => error.encode(&mut out),
            Self::Unknown { data, .. } => {
                out.extend_from_slice(&data[..data.len().min(MAX_EVENT_DATA_BYTES)]);
            }
        }
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }

    fn parse(code: u8, data: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(data, "an event's data");
        Ok(match code {
            0 => Self::HostLinkUp { port: wide_port(&mut reader)? },
            1 => Self::HostLinkDown { port: wide_port(&mut reader)? },
            2 => Self::DeviceAdded { port: wide_port(&mut reader)?, functions: reader.u16()? },
            3 => Self::DeviceDeleted { port: wide_port(&mut reader)?, functions: reader.u16()? },
            4 => Self::FabricLinkUp,
            5 => Self::FabricLinkDown,
            6 | 7 => Self::parse_binding(code, &mut reader)?,
            8 => Self::DatabaseChanged,
            9 | 10 => {
                let (hvd, port) = (reader.u8()?, PhysicalPort::new(reader.u8()?));
                let clock_channel = reader.u8()?;
                if code == 9 {
                    Self::HvdEnabled { hvd, port, clock_channel }
                } else {
                    Self::HvdDisabled { hvd, port, clock_channel }
                }
            }
            11 => Self::EndpointPortRemoved { port: PhysicalPort::new(reader.u8()?) },
            12 => Self::EndpointPortAdded { port: PhysicalPort::new(reader.u8()?) },
            13 => Self::AdvancedError(AdvancedError::parse(&mut reader)?),
            code => Self::Unknown { code, data: data.to_vec() },
        })
    }

    fn parse_binding(code: u8, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let host = HostPort { switch: SwitchIndex::new(reader.u8()?), port: PhysicalPort::new(reader.u8()?) };
        let logical_port = LogicalPort::new(reader.u8()?);
        reader.skip(1)?;
        let function = Pdfid::new(reader.u16()?);
        Ok(match code {
            6 => Self::Bound { host, logical_port, function },
            _ => Self::Unbound { host, logical_port, function },
        })
    }
}

/// A port id in a 16-bit field.
fn wide_port(reader: &mut Reader<'_>) -> Result<PhysicalPort, DecodeError> {
    let wide = reader.u16()?;
    u8::try_from(wide).map(PhysicalPort::new).map_err(|_| DecodeError::TooLarge {
        what: "an event's port id",
        got: wide.into(),
        limit: u8::MAX.into(),
    })
}

impl AdvancedError {
    fn encode(&self, out: &mut Vec<u8>) {
        out.put_u16(self.port);
        out.put_u8(self.flags);
        out.put_u8(0);
        out.put_u32(self.status);
        out.put_u32((self.time >> 32) as u32);
        out.put_u32(self.time as u32);
        for word in self.header {
            out.put_u32(word);
        }
    }

    fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let port = reader.u16()?;
        let flags = reader.u8()?;
        reader.skip(1)?;
        let status = reader.u32()?;
        let time = u64::from(reader.u32()?) << 32 | u64::from(reader.u32()?);
        let mut header = [0; 4];
        for word in &mut header {
            *word = reader.u32()?;
        }
        Ok(Self { port, flags, status, time, header })
    }
}
