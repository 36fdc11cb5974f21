//! MRPC over Ethernet: packet codec, command types, asynchronous client.
//!
//! Comments cite the protocol sheet by section: the facts behind the vendor's public command-line tool. Both ends
//! of the wire share this codec, the [`Client`] here and the server end of an emulated switch.
//!
//! * [`packet`]: headers and payloads; [`wire`]: whole packets over a byte stream.
//! * [`command`]: one type per request, with its answer, to and from bytes.
//! * [`client`]: one switch, one request in flight, reconnecting.

mod bytes;
pub mod client;
pub mod command;
pub mod error;
pub mod packet;
pub mod registers;
pub mod units;
pub mod wire;

pub use client::{Client, ClientError, ClientOptions, Identity, PortEventRecord, ReachError};
pub use error::{DecodeError, InputError, MrpcError, code, softswitch_reason};
pub use units::{
    CommandId, DeviceId, FirmwareVersion, Generation, HostPort, LogicalPort, LtssmState, PaxAddress, Pdfid,
    PhysicalPort, PortType, Rate, SwitchIndex,
};
