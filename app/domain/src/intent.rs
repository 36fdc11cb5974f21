//! What a person asks for.

use crate::address::LogicalPort;
use crate::ids::{ChangeId, FunctionId, HostId, Seq};
use crate::topology::Assignment;
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// The most moves one intent may hold: all functions of the largest switch, so that one that came up empty is restored by
/// one plan.
pub const MOVES_MAX: usize = 2_048;

/// The longest reason kept with a change, in characters: a ticket and a paragraph.
pub const REASON_MAX_CHARS: usize = 500;

/// Give one function to a host, or back to the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// The function to move.
    pub function: FunctionId,
    /// The host that shall have it, or another host of the same server: the plan has the one that the function's switch
    /// reaches. None releases it to the pool. Must be spelt out: a forgotten field must not release anything.
    #[serde(deserialize_with = "Option::deserialize")]
    pub to: Option<HostId>,
    /// The logical port it shall have there; none lets the plan choose the lowest free one. Several moves of one
    /// intent may name the same logical port: they share it, in their order.
    #[serde(default)]
    pub at: Option<LogicalPort>,
}

impl Move {
    /// A move to the server of a host, or to the pool, on whichever logical port is free.
    pub const fn new(function: FunctionId, to: Option<HostId>) -> Self {
        Self { function, to, at: None }
    }

    /// A move to exactly this place, or to the pool.
    pub fn exact(function: FunctionId, to: Option<Assignment>) -> Self {
        Self { function, to: to.map(|a| a.host), at: to.map(|a| a.logical_port) }
    }
}

/// Which earlier change, or moment, an intent was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// It undoes this change.
    Undo(ChangeId),
    /// It tries again what this change could not finish.
    Retry(ChangeId),
    /// It accepts what the switch says after this change could not finish.
    Accept(ChangeId),
    /// It restores what was wished when this entry had been written.
    Restore(Seq),
    /// It makes the switch follow the ledger again.
    Revert,
}

impl Origin {
    /// The earlier change, if it is one.
    pub const fn change(self) -> Option<ChangeId> {
        match self {
            Self::Undo(change) | Self::Retry(change) | Self::Accept(change) => Some(change),
            Self::Restore(_) | Self::Revert => None,
        }
    }
}

/// Moves that happen together or not at all: assign, move, release, swap and several at once are all this one shape.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// The moves, each function at most once.
    pub moves: Vec<Move>,
    /// Functions whose binding, made by somebody else, becomes what the ledger wishes. No switch is touched for them.
    #[serde(default)]
    pub adopt: Vec<FunctionId>,
    /// Where the intent comes from, for the history.
    #[serde(default)]
    pub origin: Option<Origin>,
}

impl Intent {
    /// The intent to give one function to a host, or to release it.
    pub fn single(function: FunctionId, to: Option<HostId>) -> Self {
        Self::moving(vec![Move::new(function, to)])
    }

    /// The intent that makes these moves.
    pub fn moving(moves: Vec<Move>) -> Self {
        Self { moves, ..Self::default() }
    }

    /// The intent that adopts what the switch says about these functions.
    pub fn adopting(functions: impl IntoIterator<Item = FunctionId>) -> Self {
        Self { adopt: functions.into_iter().collect(), ..Self::default() }
    }

    /// The same intent, made from there.
    #[must_use]
    pub fn made_from(self, origin: Origin) -> Self {
        Self { origin: Some(origin), ..self }
    }

    /// Every function it names.
    pub fn functions(&self) -> impl Iterator<Item = FunctionId> {
        self.moves.iter().map(|m| m.function).chain(self.adopt.iter().copied())
    }
}

/// Why a text cannot be the reason of a change.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReasonError {
    /// Nothing but white space.
    #[error("Every change needs a reason. Write a ticket number or a few words.")]
    Empty,
    /// Longer than [`REASON_MAX_CHARS`].
    #[error("The reason has {chars} characters. Keep it to {REASON_MAX_CHARS}.")]
    TooLong {
        /// How long it is.
        chars: usize,
    },
    /// A control character other than a line break.
    #[error("The reason holds a control character. Use plain text.")]
    ControlCharacter,
}

/// Why a person wants a change: plain text of 1 to [`REASON_MAX_CHARS`] characters, trimmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reason(String);

impl Reason {
    /// Trims and checks a text.
    ///
    /// # Errors
    /// [`ReasonError`] when nothing is left, it is too long, or it holds control characters.
    pub fn new(text: &str) -> Result<Self, ReasonError> {
        let text = text.trim();
        let chars = text.chars().count();
        if chars == 0 {
            Err(ReasonError::Empty)
        } else if chars > REASON_MAX_CHARS {
            Err(ReasonError::TooLong { chars })
        } else if text.chars().any(|c| c.is_control() && c != '\n') {
            Err(ReasonError::ControlCharacter)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Reason {
    type Error = ReasonError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_trimmed_and_bounded() {
        assert_eq!(Reason::new("  INC-4411 ").map(String::from), Ok("INC-4411".to_owned()));
        assert_eq!(Reason::new(" \n "), Err(ReasonError::Empty));
        assert_eq!(Reason::new(&"x".repeat(501)), Err(ReasonError::TooLong { chars: 501 }));
        assert!(Reason::new(&"ü".repeat(500)).is_ok());
        assert_eq!(Reason::new("a\u{7}b"), Err(ReasonError::ControlCharacter));
    }

    #[test]
    fn an_intent_is_read_from_the_documented_json() {
        let intent: Intent =
            serde_json::from_str(r#"{"moves":[{"function":3,"to":7},{"function":4,"to":null}]}"#)
                .expect("the documented shape");
        assert_eq!(intent.moves[0], Move::new(FunctionId::new(3), Some(HostId::new(7))));
        assert_eq!(intent.moves[1].to, None);
    }

    #[test]
    fn a_misspelt_or_missing_field_is_an_error_and_not_a_release() {
        assert!(serde_json::from_str::<Intent>(r#"{"moves":[{"function":3,"to":null,"host":7}]}"#).is_err());
        assert!(serde_json::from_str::<Intent>(r#"{"moves":[{"function":3}]}"#).is_err());
    }
}
