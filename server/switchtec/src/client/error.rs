//! What can go wrong between a caller and a switch, so told that the caller knows whether anything was done.

use std::io;
use std::net::SocketAddrV4;
use std::time::Duration;

use crate::command::binding::FunctionCountError;
use crate::error::{DecodeError, MrpcError};
use crate::packet::Channel;
use crate::units::DeviceId;
use crate::wire::WireError;

/// Why a call on a [`Client`](super::Client) failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No connection could be made: the request was never sent, nothing has changed.
    #[error("the switch at {address} cannot be reached; the request was not sent")]
    Unreachable {
        /// The switch.
        address: SocketAddrV4,
        /// Why.
        #[source]
        source: ReachError,
    },
    /// The request was sent and no answer came: whether the switch acted is not known.
    #[error(
        "no answer came from the switch at {address} when it was asked to {asked}; it may have done it or not"
    )]
    Interrupted {
        /// The switch.
        address: SocketAddrV4,
        /// What was asked.
        asked: &'static str,
        /// Why.
        #[source]
        source: LineError,
    },
    /// The switch answered no: nothing has changed.
    #[error(transparent)]
    Refused(#[from] MrpcError),
    /// An answer came that makes no sense: whether the switch acted is not known.
    #[error("the switch at {address} answered nonsense when it was asked to {asked}")]
    Protocol {
        /// The switch.
        address: SocketAddrV4,
        /// What was asked.
        asked: &'static str,
        /// Why.
        #[source]
        source: DecodeError,
    },
    /// The request could not be built: nothing was sent.
    #[error(transparent)]
    FunctionCount(#[from] FunctionCountError),
}

impl ClientError {
    /// Whether the request may have been carried out all the same; if so, read the switch's state before acting.
    pub fn outcome_unknown(&self) -> bool {
        match self {
            Self::Interrupted { .. } | Self::Protocol { .. } => true,
            Self::Unreachable { .. } | Self::Refused(_) | Self::FunctionCount(_) => false,
        }
    }
}

/// Why a connection that was asked something gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// Nothing came in time.
    #[error("no answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// The switch ended the connection.
    #[error("the switch closed the connection")]
    Closed,
    /// The connection broke.
    #[error("the connection broke")]
    Io(#[from] io::Error),
    /// Bytes that are not the expected packet.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

impl From<WireError> for LineError {
    fn from(error: WireError) -> Self {
        match error {
            WireError::Closed => Self::Closed,
            WireError::Io(error) => Self::Io(error),
            WireError::Decode(error) => Self::Decode(error),
        }
    }
}

/// Why no session with a switch could be started (section 2).
#[derive(Debug, thiserror::Error)]
pub enum ReachError {
    /// No TCP connection.
    #[error("no connection could be made")]
    Connect(#[source] io::Error),
    /// Connecting or the session start took too long.
    #[error("the session did not start within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// The switch rejected a channel.
    #[error("the switch rejected the {channel:?} channel: is the service instance right?")]
    Rejected {
        /// Which one.
        channel: Channel,
    },
    /// The connection failed during the session start.
    #[error("the session start failed")]
    Line(#[from] LineError),
    /// The switch refused one of the first commands.
    #[error(transparent)]
    Refused(#[from] MrpcError),
    /// The ping was answered with the wrong number.
    #[error("the ping answer does not match the question")]
    PingMismatch,
    /// The switch runs a boot loader.
    #[error("the switch is in boot phase {phase}, not in its main firmware")]
    NotBooted {
        /// 1 or 2 for the boot loaders.
        phase: u8,
    },
    /// The device is no PAX.
    #[error("the device has id {device}, which is not a Gen4 or Gen5 PAX")]
    NotPax {
        /// Its id.
        device: DeviceId,
    },
}
