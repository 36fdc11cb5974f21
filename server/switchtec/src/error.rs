//! What can be wrong with bytes from the wire, and what a switch answers when it says no.

use std::fmt;

use crate::units::CommandId;

/// Bytes that are not what the protocol sheet says they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The first four bytes are not the signature of section 1.2.
    #[error("the packet starts with 0x{0:08X} and not with the MRPC signature: is this a Switchtec PAX?")]
    Signature(u32),
    /// A header version other than 1.
    #[error("the packet has header version {0}; only version 1 is known")]
    Version(u8),
    /// A combination of packet type and function type that section 1.3 does not list.
    #[error("the packet has type 0x{packet_type:02X} with function {function}, which does not exist")]
    UnknownPacket {
        /// Header byte 7.
        packet_type: u8,
        /// Header byte 6.
        function: u8,
    },
    /// A payload length outside the bounds of section 1.9.
    #[error("the packet announces {got} payload bytes; {min} to {max} are allowed")]
    PayloadLength {
        /// Announced number of bytes.
        got: usize,
        /// Smallest allowed number.
        min: usize,
        /// Largest allowed number.
        max: usize,
    },
    /// The bytes ended inside something.
    #[error("{what} is cut short: {needed} more bytes expected, {left} left")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// How many bytes the next field needs.
        needed: usize,
        /// How many bytes there are.
        left: usize,
    },
    /// A count or length above its limit.
    #[error("{what} is {got}, more than the limit of {limit}")]
    TooLarge {
        /// What was counted.
        what: &'static str,
        /// The number received.
        got: u64,
        /// The largest number accepted.
        limit: u64,
    },
    /// Two numbers that must agree do not.
    #[error("{what}: {announced} announced, {found} found")]
    Mismatch {
        /// What was compared.
        what: &'static str,
        /// The announced or expected number.
        announced: u64,
        /// The number found.
        found: u64,
    },
    /// An answer of another kind than the request asked for.
    #[error("expected {expected}, received {got}")]
    Unexpected {
        /// What should have come.
        expected: &'static str,
        /// What came.
        got: &'static str,
    },
}

/// Why a server cannot understand an MRPC command; each maps to a public result code of section 6.1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// The command id is not one this crate knows.
    #[error("the command is not known")]
    UnknownCommand,
    /// The command exists, its sub-command does not.
    #[error("the sub-command is not known")]
    UnknownSub,
    /// The input is too short or holds an impossible value.
    #[error("the command's parameters make no sense")]
    BadParameter(#[from] DecodeError),
}

impl InputError {
    /// The result code to answer with.
    pub fn code(&self) -> u32 {
        match self {
            Self::UnknownCommand => code::UNKNOWN_COMMAND,
            Self::UnknownSub => code::UNKNOWN_SUB_COMMAND,
            Self::BadParameter(_) => code::BAD_PARAMETER,
        }
    }
}

/// Result codes of section 6: the public ones, and those our own softswitch uses.
pub mod code {
    /// Success.
    pub const OK: u32 = 0;
    /// Public: unknown sub-command.
    pub const UNKNOWN_SUB_COMMAND: u32 = 0x64004;
    /// Public: unknown command.
    pub const UNKNOWN_COMMAND: u32 = 0x64005;
    /// Public: bad parameter.
    pub const BAD_PARAMETER: u32 = 0x64006;
    /// Public: bad firmware state.
    pub const BAD_FIRMWARE_STATE: u32 = 0x64007;
    /// Public: invalid stack.
    pub const INVALID_STACK: u32 = 0x100001;
    /// Public: invalid port.
    pub const INVALID_PORT: u32 = 0x100002;
    /// Softswitch: the function is already bound.
    pub const FUNCTION_BOUND: u32 = 0x84001;
    /// Softswitch: the logical port is already in use.
    pub const LOGICAL_PORT_USED: u32 = 0x84002;
    /// Softswitch: nothing is bound there.
    pub const NOTHING_BOUND: u32 = 0x84003;
    /// Softswitch: no such PDFID, or its adapter's link is down.
    pub const NO_SUCH_FUNCTION: u32 = 0x84004;
    /// Softswitch: an operation is in progress.
    pub const IN_PROGRESS: u32 = 0x84005;
    /// Softswitch: not this switch's index.
    pub const NOT_THIS_SWITCH: u32 = 0x84006;
    /// Softswitch: the logical port does not exist.
    pub const LOGICAL_PORT_RANGE: u32 = 0x84007;
    /// Softswitch: functions of different adapters in one bind.
    pub const MIXED_ADAPTERS: u32 = 0x84008;
}

/// A non-zero result word: the switch understood the request and said no, so nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MrpcError {
    /// The command that was refused.
    pub command: CommandId,
    /// What was asked, as a verb phrase for a sentence ("bind", "read the topology").
    pub asked: &'static str,
    /// The result word.
    pub code: u32,
}

impl MrpcError {
    /// The meaning of the code where section 6.1 gives it a public name.
    pub fn public_meaning(&self) -> Option<&'static str> {
        public_meaning(self.code)
    }
}

impl fmt::Display for MrpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the switch refused to {} (0x{:X}", self.asked, self.code)?;
        match self.public_meaning() {
            Some(meaning) => write!(f, ": {meaning})"),
            None => write!(f, ")"),
        }
    }
}

impl std::error::Error for MrpcError {}

/// The meaning of a result code with a public name (section 6.1); valid for every switch.
pub fn public_meaning(code: u32) -> Option<&'static str> {
    Some(match code {
        0x64001 => "no handler thread is free",
        0x64002 => "the handler thread is busy",
        0x64003 => "there is no background thread",
        code::UNKNOWN_SUB_COMMAND => "unknown sub-command",
        code::UNKNOWN_COMMAND => "unknown command",
        code::BAD_PARAMETER => "bad parameter",
        code::BAD_FIRMWARE_STATE => "the firmware is in the wrong state",
        0x64010 => "denied on a secured device",
        code::INVALID_STACK => "invalid stack",
        code::INVALID_PORT => "invalid port",
        0x100003 => "invalid event",
        0x100005 => "the reset rule failed",
        0x54043 => "the stack has bound ports",
        0x4A => "the command is not supported",
        0xF011 => "the configuration version does not match",
        0xFFFF_0001 => "access refused",
        _ => return None,
    })
}

/// The reason behind a fabric code of our own softswitch (section 6.2).
///
/// Real firmware has no public list of these numbers: use this only for a switch known to be a softswitch.
pub fn softswitch_reason(code: u32) -> Option<&'static str> {
    Some(match code {
        code::FUNCTION_BOUND => "the function is already bound",
        code::LOGICAL_PORT_USED => "the logical port is already in use",
        code::NOTHING_BOUND => "nothing is bound there",
        code::NO_SUCH_FUNCTION => "there is no such function, or its adapter's link is down",
        code::IN_PROGRESS => "another operation is in progress; try again",
        code::NOT_THIS_SWITCH => "that is not this switch's index",
        code::LOGICAL_PORT_RANGE => "the host has no such logical port",
        code::MIXED_ADAPTERS => "the functions belong to different adapters",
        code::INVALID_PORT => "there is no such port, or it is not a host port",
        code::BAD_PARAMETER => "the host instance does not exist, or a function is listed twice",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: u32) -> String {
        MrpcError { command: CommandId::GFMS_BIND_UNBIND, asked: "bind", code }.to_string()
    }

    #[test]
    fn only_public_codes_are_explained() {
        assert_eq!(refused(code::INVALID_PORT), "the switch refused to bind (0x100002: invalid port)");
        assert_eq!(refused(code::LOGICAL_PORT_USED), "the switch refused to bind (0x84002)");
        assert_eq!(softswitch_reason(code::LOGICAL_PORT_USED), Some("the logical port is already in use"));
        assert_eq!(softswitch_reason(1), None);
    }
}
