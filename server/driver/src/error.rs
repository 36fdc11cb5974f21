//! Why a switch did not do what it was asked.

use std::error::Error;
use thiserror::Error;

/// Why a driver call failed. Each message is a sentence for the operator.
#[derive(Debug, Error)]
pub enum DriverError {
    /// No connection, so nothing was sent: the switch is as it was.
    #[error("The switch at {address} cannot be reached. Check its power and management network.")]
    Unreachable {
        /// Where it was tried.
        address: String,
        /// What the network said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The request was sent and its answer never came: whether it took effect is unknown until the switch is read.
    #[error("The switch at {address} stopped answering while it was asked to {operation}.")]
    Interrupted {
        /// Where it is.
        address: String,
        /// What it was asked to do, as in "bind eth16v5 to web-03".
        operation: String,
        /// What the network said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The switch said no.
    #[error("The switch refused to {operation} ({reason}).")]
    Refused {
        /// What it was asked to do.
        operation: String,
        /// Its own words or number, as in "0x84002: the logical port is taken".
        reason: String,
    },
    /// The logical port holds neither what the step starts from nor what it wants.
    #[error("{place} holds {found}, and not {expected} as planned. Somebody else changed the switch.")]
    Conflict {
        /// The logical port in words.
        place: String,
        /// What the step starts from.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The switch said yes, but reading back shows otherwise.
    #[error("The switch accepted to {operation}, but reading back shows {found}.")]
    NotBelieved {
        /// What it was asked to do.
        operation: String,
        /// What is there.
        found: String,
    },
    /// The switch sent something that is not its protocol.
    #[error("The switch at {address} sent an answer that makes no sense. Check its firmware version.")]
    Nonsense {
        /// Where it is.
        address: String,
        /// What was wrong with the answer.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl DriverError {
    /// Whether the switch itself is away, so that trying again later may help.
    pub const fn is_away(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Interrupted { .. })
    }
}
