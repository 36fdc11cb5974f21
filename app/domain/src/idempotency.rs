//! Idempotency keys: the name a program gives to a request, so that sending it twice does it once.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// The longest idempotency key, in characters: room for several UUIDs.
pub const IDEMPOTENCY_KEY_MAX_CHARS: usize = 255;

/// Why a text cannot be an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum IdempotencyKeyError {
    /// No text at all.
    #[error("The idempotency key is empty. Send a text that no other request has, such as a UUID.")]
    Empty,
    /// Longer than [`IDEMPOTENCY_KEY_MAX_CHARS`].
    #[error("The idempotency key has {chars} characters. Keep it to {IDEMPOTENCY_KEY_MAX_CHARS}.")]
    TooLong {
        /// How long it is.
        chars: usize,
    },
    /// A space, a control character, or one outside ASCII.
    #[error(
        "The idempotency key holds {found:?}. Use visible ASCII characters only: letters, digits and punctuation, no spaces."
    )]
    NotVisible {
        /// The first such character.
        found: char,
    },
}

/// An idempotency key: 1 to [`IDEMPOTENCY_KEY_MAX_CHARS`] visible ASCII characters, taken as they are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Checks a text.
    ///
    /// # Errors
    /// [`IdempotencyKeyError`] when it is empty, too long, or holds anything but visible ASCII characters.
    pub fn new(text: &str) -> Result<Self, IdempotencyKeyError> {
        if text.is_empty() {
            return Err(IdempotencyKeyError::Empty);
        }
        let chars = text.chars().count();
        if chars > IDEMPOTENCY_KEY_MAX_CHARS {
            return Err(IdempotencyKeyError::TooLong { chars });
        }
        match text.chars().find(|c| !c.is_ascii_graphic()) {
            Some(found) => Err(IdempotencyKeyError::NotVisible { found }),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for IdempotencyKey {
    type Err = IdempotencyKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl TryFrom<String> for IdempotencyKey {
    type Error = IdempotencyKeyError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<IdempotencyKey> for String {
    fn from(key: IdempotencyKey) -> Self {
        key.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii_and_bounded() {
        for good in ["x", "0b0f-11", "~!\"{}", &"k".repeat(IDEMPOTENCY_KEY_MAX_CHARS)] {
            assert_eq!(good.parse::<IdempotencyKey>().map(String::from), Ok(good.to_owned()));
        }
        assert_eq!(IdempotencyKey::new(""), Err(IdempotencyKeyError::Empty));
        assert_eq!(IdempotencyKey::new(&"k".repeat(256)), Err(IdempotencyKeyError::TooLong { chars: 256 }));
        for (text, found) in [("a b", ' '), ("a\n", '\n'), ("ä", 'ä'), ("\u{7f}", '\u{7f}')] {
            assert_eq!(IdempotencyKey::new(text), Err(IdempotencyKeyError::NotVisible { found }));
        }
    }

    #[test]
    fn a_key_is_a_text_in_json_and_is_checked_there() {
        let key = IdempotencyKey::new("INC-4411").expect("a key");
        assert_eq!(serde_json::to_string(&key).expect("a text"), "\"INC-4411\"");
        assert!(serde_json::from_str::<IdempotencyKey>("\"a b\"").is_err());
    }
}
