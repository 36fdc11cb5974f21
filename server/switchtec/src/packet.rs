//! Packets: the 16-byte header and the payloads behind it (sections 1.2 to 1.7).
//!
//! One codec serves both ends. Header fields are big-endian, payloads little-endian. Reserved bytes are written
//! as zero and never looked at; a bad signature, version, type or length is an error that ends the connection.

use crate::bytes::{Put, Reader};
use crate::error::DecodeError;
use crate::units::{CommandId, PaxAddress};

/// Length of every header.
pub const HEADER_BYTES: usize = 16;
/// Most MRPC input or output data in one packet (section 1.5).
pub const MAX_DATA_BYTES: usize = 1024;
/// Longest payload: a command or result word and the data.
pub const MAX_PAYLOAD_BYTES: usize = 4 + MAX_DATA_BYTES;
/// Longest packet; fits one TCP segment on a 1500-byte path (section 1.9).
pub const MAX_PACKET_BYTES: usize = HEADER_BYTES + MAX_PAYLOAD_BYTES;
/// Size of the register space a client may address (section 1.6).
pub const GAS_SPACE_BYTES: u32 = 0x40_0000;

const MIN_PAYLOAD_BYTES: usize = 4;
const GAS_HEADER_BYTES: usize = 12;
const SIGNATURE: u32 = 0x6D6C_7373;
const VERSION: u8 = 1;
const CONTROL: u8 = 0xB1;
const DATA: u8 = 0xB2;
const GAS_READ: u32 = 0x1001;
const GAS_WRITE: u32 = 0x1002;

/// The two TCP connections of a client (section 1.1); the number is the service type of the OPEN request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Requests and answers.
    Command,
    /// Bare notifications from the switch.
    Event,
}

impl Channel {
    fn code(self) -> u8 {
        match self {
            Self::Command => 1,
            Self::Event => 2,
        }
    }
}

/// One packet of either direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// Client: open a channel. The service type is kept raw so that a server can reject unknown ones.
    Open {
        /// Service instance, 0 or 1.
        instance: u8,
        /// Service type; see [`Packet::channel`].
        service: u8,
    },
    /// Switch: the channel is open when `code` is zero.
    OpenAccept {
        /// Instance of the request.
        instance: u8,
        /// Service type of the request.
        service: u8,
        /// Return code, zero for success.
        code: u16,
    },
    /// Switch: the channel is refused.
    OpenReject,
    /// Either end: the channel ends.
    Close,
    /// Client: an MRPC command.
    Command(MrpcCommand),
    /// Switch: the answer to an MRPC command.
    Response(MrpcResponse),
    /// Client: a register access.
    Gas(GasAccess),
    /// Switch: the answer to a register access.
    GasResponse(GasResponse),
    /// Switch: something has changed, look at the event summary registers.
    Event,
}

/// An MRPC command (section 1.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MrpcCommand {
    /// Which switch shall act.
    pub pax: PaxAddress,
    /// The command.
    pub id: CommandId,
    /// How many data bytes the answer must have, at most [`MAX_DATA_BYTES`].
    pub wanted_bytes: u16,
    /// The command's input, at most [`MAX_DATA_BYTES`].
    pub input: Vec<u8>,
}

/// The answer to an MRPC command (section 1.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MrpcResponse {
    /// Zero for success.
    pub result: u32,
    /// Exactly as many bytes as the command wanted.
    pub data: Vec<u8>,
}

/// A register access (section 1.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GasAccess {
    /// Read `count` bytes, at most [`MAX_DATA_BYTES`].
    Read {
        /// Byte offset in the register space.
        offset: u32,
        /// Number of bytes.
        count: u16,
    },
    /// Write bytes.
    Write {
        /// Byte offset in the register space.
        offset: u32,
        /// The bytes.
        data: Vec<u8>,
    },
}

/// The answer to a register access; the data are empty after a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GasResponse {
    /// Zero for success; the CLI ignores it.
    pub result: u32,
    /// The bytes read.
    pub data: Vec<u8>,
}

/// What the first 16 bytes say about the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    kind: Kind,
    instance: u8,
    service: u8,
    payload_bytes: usize,
    dual: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Open,
    OpenAccept,
    OpenReject,
    Close,
    Command,
    Response,
    Gas,
    GasResponse,
    Event,
}

impl Kind {
    fn from_codes(packet_type: u8, function: u8) -> Result<Self, DecodeError> {
        Ok(match (packet_type, function) {
            (CONTROL, 1) => Self::Open,
            (CONTROL, 2) => Self::OpenAccept,
            (CONTROL, 3) => Self::OpenReject,
            // Section 1.3 lists CLOSE as control, section 1.8 as 0xB2/4, which on a command channel cannot be an event.
            (CONTROL, 4) => Self::Close,
            (DATA, 1) => Self::Command,
            (DATA, 2) => Self::Gas,
            (DATA, 3) => Self::Response,
            (DATA, 4) => Self::Event,
            (DATA, 5) => Self::GasResponse,
            (packet_type, function) => return Err(DecodeError::UnknownPacket { packet_type, function }),
        })
    }

    fn codes(self) -> (u8, u8) {
        match self {
            Self::Open => (CONTROL, 1),
            Self::OpenAccept => (CONTROL, 2),
            Self::OpenReject => (CONTROL, 3),
            Self::Close => (CONTROL, 4),
            Self::Command => (DATA, 1),
            Self::Gas => (DATA, 2),
            Self::Response => (DATA, 3),
            Self::Event => (DATA, 4),
            Self::GasResponse => (DATA, 5),
        }
    }

    /// Control packets and events are bare headers; the CLI leaves their length field uninitialised (section 1.2).
    fn has_payload(self) -> bool {
        matches!(self, Self::Command | Self::Response | Self::Gas | Self::GasResponse)
    }
}

impl Header {
    /// Reads a header.
    ///
    /// # Errors
    /// A bad signature, version, packet type, or a payload length outside 4..1028 (section 1.9).
    pub fn parse(bytes: &[u8; HEADER_BYTES]) -> Result<Self, DecodeError> {
        let signature = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        if signature != SIGNATURE {
            return Err(DecodeError::Signature(signature));
        }
        if bytes[4] != VERSION {
            return Err(DecodeError::Version(bytes[4]));
        }
        let kind = Kind::from_codes(bytes[7], bytes[6])?;
        let announced = usize::from(u16::from_be_bytes([bytes[10], bytes[11]]));
        let payload_bytes = payload_bytes(kind, announced)?;
        let dual = u16::from_be_bytes([bytes[12], bytes[13]]);
        Ok(Self { kind, instance: bytes[8], service: bytes[9], payload_bytes, dual })
    }

    /// How many payload bytes follow, at most [`MAX_PAYLOAD_BYTES`].
    pub fn payload_bytes(&self) -> usize {
        self.payload_bytes
    }
}

fn payload_bytes(kind: Kind, announced: usize) -> Result<usize, DecodeError> {
    let (min, max) = match kind {
        kind if kind.has_payload() => (MIN_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES),
        // A notification with a payload would shift every later one (section 1.7).
        Kind::Event => (0, 0),
        _ => return Ok(0),
    };
    if announced < min || announced > max {
        return Err(DecodeError::PayloadLength { got: announced, min, max });
    }
    Ok(announced)
}

impl Packet {
    /// The channel an OPEN request or answer names; `None` for other packets and unknown service types.
    pub fn channel(&self) -> Option<Channel> {
        match self {
            Self::Open { service, .. } | Self::OpenAccept { service, .. } => match service {
                1 => Some(Channel::Command),
                2 => Some(Channel::Event),
                _ => None,
            },
            _ => None,
        }
    }

    /// The OPEN request for a channel.
    pub fn open(instance: u8, channel: Channel) -> Self {
        Self::Open { instance, service: channel.code() }
    }

    /// What kind of packet this is, for messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open { .. } => "an OPEN request",
            Self::OpenAccept { .. } => "an OPEN accept",
            Self::OpenReject => "an OPEN reject",
            Self::Close => "a CLOSE",
            Self::Command(_) => "an MRPC command",
            Self::Response(_) => "an MRPC response",
            Self::Gas(_) => "a register access",
            Self::GasResponse(_) => "a register response",
            Self::Event => "an event notification",
        }
    }

    /// Builds the packet from its header and exactly `header.payload_bytes()` bytes.
    ///
    /// # Errors
    /// A payload of another length than announced, a data length above 1024, or a register access that is neither
    /// read nor write.
    pub fn parse(header: &Header, payload: &[u8]) -> Result<Self, DecodeError> {
        if payload.len() != header.payload_bytes {
            let (announced, found) = (header.payload_bytes as u64, payload.len() as u64);
            return Err(DecodeError::Mismatch { what: "payload bytes", announced, found });
        }
        Ok(match header.kind {
            Kind::Open => Self::Open { instance: header.instance, service: header.service },
            Kind::OpenAccept => {
                Self::OpenAccept { instance: header.instance, service: header.service, code: header.dual }
            }
            Kind::OpenReject => Self::OpenReject,
            Kind::Close => Self::Close,
            Kind::Command => Self::Command(parse_command(header.dual, payload)?),
            Kind::Response => {
                let (result, data) = parse_result(payload, "an MRPC response")?;
                Self::Response(MrpcResponse { result, data })
            }
            Kind::Gas => Self::Gas(parse_gas(payload)?),
            Kind::GasResponse => {
                let (result, data) = parse_result(payload, "a register response")?;
                Self::GasResponse(GasResponse { result, data })
            }
            Kind::Event => Self::Event,
        })
    }

    /// Reads one whole packet from `bytes`, which must hold nothing else.
    ///
    /// # Errors
    /// As [`Header::parse`] and [`Packet::parse`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let Some((head, payload)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
            let left = bytes.len();
            return Err(DecodeError::Truncated { what: "a packet header", needed: HEADER_BYTES, left });
        };
        Self::parse(&Header::parse(head)?, payload)
    }

    /// The packet's bytes, header included: at most [`MAX_PACKET_BYTES`] for data within the documented limits.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_BYTES + self.payload_room());
        out.resize(HEADER_BYTES, 0);
        let payload = &mut out;
        let (kind, instance, service, dual) = match self {
            Self::Open { instance, service } => (Kind::Open, *instance, *service, 0),
            Self::OpenAccept { instance, service, code } => (Kind::OpenAccept, *instance, *service, *code),
            Self::OpenReject => (Kind::OpenReject, 0, 0, 0),
            Self::Close => (Kind::Close, 0, 0, 0),
            Self::Command(command) => {
                payload.put_u32(u32::from(command.id.get()) | command.pax.bits() << 18);
                payload.extend_from_slice(&command.input);
                (Kind::Command, 0, 0, command.wanted_bytes)
            }
            Self::Response(MrpcResponse { result, data }) => {
                payload.put_u32(*result);
                payload.extend_from_slice(data);
                (Kind::Response, 0, 0, 0)
            }
            Self::Gas(access) => {
                encode_gas(access, payload);
                (Kind::Gas, 0, 0, 0)
            }
            Self::GasResponse(GasResponse { result, data }) => {
                payload.put_u32(*result);
                payload.extend_from_slice(data);
                (Kind::GasResponse, 0, 0, 0)
            }
            Self::Event => (Kind::Event, 0, 0, 0),
        };
        let head = header_bytes(kind, instance, service, out.len() - HEADER_BYTES, dual);
        out[..HEADER_BYTES].copy_from_slice(&head);
        out
    }

    /// How many bytes the payload takes.
    fn payload_room(&self) -> usize {
        match self {
            Self::Command(command) => 4 + command.input.len(),
            Self::Response(MrpcResponse { data, .. }) | Self::GasResponse(GasResponse { data, .. }) => {
                4 + data.len()
            }
            Self::Gas(GasAccess::Write { data, .. }) => GAS_HEADER_BYTES + data.len(),
            Self::Gas(GasAccess::Read { .. }) => GAS_HEADER_BYTES,
            Self::Open { .. } | Self::OpenAccept { .. } | Self::OpenReject | Self::Close | Self::Event => 0,
        }
    }
}

fn header_bytes(
    kind: Kind,
    instance: u8,
    service: u8,
    payload_bytes: usize,
    dual: u16,
) -> [u8; HEADER_BYTES] {
    debug_assert!(payload_bytes <= MAX_PAYLOAD_BYTES, "payloads are bounded where they are made");
    let (packet_type, function) = kind.codes();
    let mut out = [0; HEADER_BYTES];
    out[..4].copy_from_slice(&SIGNATURE.to_be_bytes());
    out[4..10].copy_from_slice(&[VERSION, 0, function, packet_type, instance, service]);
    out[10..12].copy_from_slice(&(payload_bytes as u16).to_be_bytes());
    out[12..14].copy_from_slice(&dual.to_be_bytes());
    out
}

fn parse_command(wanted_bytes: u16, payload: &[u8]) -> Result<MrpcCommand, DecodeError> {
    if usize::from(wanted_bytes) > MAX_DATA_BYTES {
        let (got, limit) = (u64::from(wanted_bytes), MAX_DATA_BYTES as u64);
        return Err(DecodeError::TooLarge { what: "the wanted answer length", got, limit });
    }
    let mut reader = Reader::new(payload, "an MRPC command");
    let word = reader.u32()?;
    Ok(MrpcCommand {
        pax: PaxAddress::from_bits(word >> 18),
        id: CommandId::new(word as u16),
        wanted_bytes,
        input: reader.take(reader.left())?.to_vec(),
    })
}

fn parse_result(payload: &[u8], what: &'static str) -> Result<(u32, Vec<u8>), DecodeError> {
    let mut reader = Reader::new(payload, what);
    let result = reader.u32()?;
    Ok((result, reader.take(reader.left())?.to_vec()))
}

fn parse_gas(payload: &[u8]) -> Result<GasAccess, DecodeError> {
    let mut reader = Reader::new(payload, "a register access");
    let operation = reader.u32()?;
    let offset = reader.u32()?;
    let count = reader.u16()?;
    reader.skip(2)?;
    if usize::from(count) > MAX_DATA_BYTES {
        let (got, limit) = (u64::from(count), MAX_DATA_BYTES as u64);
        return Err(DecodeError::TooLarge { what: "the register access length", got, limit });
    }
    match operation {
        GAS_READ => Ok(GasAccess::Read { offset, count }),
        GAS_WRITE => Ok(GasAccess::Write { offset, data: reader.take(usize::from(count))?.to_vec() }),
        _ => Err(DecodeError::Unexpected { expected: "a register read or write", got: "another operation" }),
    }
}

fn encode_gas(access: &GasAccess, payload: &mut Vec<u8>) {
    let (operation, offset, count, data): (_, _, _, &[u8]) = match access {
        GasAccess::Read { offset, count } => (GAS_READ, *offset, *count, &[]),
        GasAccess::Write { offset, data } => (GAS_WRITE, *offset, data.len() as u16, data),
    };
    payload.put_u32(operation);
    payload.put_u32(offset);
    payload.put_u16(count);
    payload.put_u16(0);
    payload.extend_from_slice(data);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_open_handshake_is_sixteen_bare_bytes() {
        let open = Packet::open(1, Channel::Event).encode();
        assert_eq!(open, b"\x6d\x6c\x73\x73\x01\x00\x01\xb1\x01\x02\0\0\0\0\0\0");
        let mut garbage = open.clone();
        garbage[10..].fill(0xEE);
        assert_eq!(Packet::decode(&garbage), Ok(Packet::open(1, Channel::Event)));
    }

    #[test]
    fn bad_headers_are_refused() {
        let good = Packet::Event.encode();
        for (index, value) in [(0, 0), (4, 2), (6, 9), (7, 0xB3), (11, 1)] {
            let mut bad = good.clone();
            bad[index] = value;
            assert!(Packet::decode(&bad).is_err(), "byte {index} = {value} must be refused");
        }
        let mut long = Packet::Response(MrpcResponse { result: 0, data: vec![0; MAX_DATA_BYTES] }).encode();
        assert!(Packet::decode(&long).is_ok());
        long[11] += 1;
        assert!(matches!(Packet::decode(&long), Err(DecodeError::PayloadLength { got: 1029, .. })));
    }
}
