//! The typed commands of section 5: each request and its answer, both to and from bytes.

/// The answer's half of a [`Command`] that is answered by the result alone. It stands above the commands because they
/// use it.
macro_rules! no_answer {
    () => {
        fn wanted_bytes(&self) -> u16 {
            0
        }

        fn answer_bytes((): &()) -> Vec<u8> {
            Vec::new()
        }

        fn parse_answer(&self, _data: &[u8]) -> Result<(), DecodeError> {
            Ok(())
        }
    };
}

pub mod binding;
pub mod database;
pub mod endpoint;
pub mod events;
pub mod firmware;
pub mod identity;
pub mod link_status;
pub mod log;
pub mod multi_config;
pub mod performance;
pub mod port_config;
pub mod port_control;
pub mod remote;
mod request;
pub mod reset;
pub mod sections;
pub mod topology;

pub use request::{Request, Visit};

use crate::error::DecodeError;
use crate::units::CommandId;

/// One request of the protocol with its answer, as both ends of the wire see it.
pub trait Command: Sized {
    /// The MRPC command id.
    const ID: CommandId;
    /// What is asked, as a verb phrase: "the switch refused to ...".
    const ASKS: &'static str;
    /// What the switch answers.
    type Answer;

    /// The command's input bytes.
    fn input(&self) -> Vec<u8>;

    /// Reads the input; sub-command bytes have been checked by [`Request::parse`].
    ///
    /// # Errors
    /// [`DecodeError`] when the input is too short or impossible.
    fn parse_input(input: &[u8]) -> Result<Self, DecodeError>;

    /// How many data bytes the answer has.
    fn wanted_bytes(&self) -> u16;

    /// The answer's data bytes, before they are padded to the wanted length.
    fn answer_bytes(answer: &Self::Answer) -> Vec<u8>;

    /// Reads the answer's data.
    ///
    /// # Errors
    /// [`DecodeError`] when the data are too short or contradict themselves.
    fn parse_answer(&self, data: &[u8]) -> Result<Self::Answer, DecodeError>;
}
