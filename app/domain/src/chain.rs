//! The hash chain that lets the ledger prove itself: each entry is hashed together with the hash of the one before.

use crate::ids::Seq;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A SHA-256 digest; 64 hex digits in text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash([u8; 32]);

const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";

impl Hash {
    /// What the first entry has as its predecessor.
    pub const ZERO: Self = Self([0; 32]);

    /// Wraps the 32 bytes of a digest.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The SHA-256 of a text.
    pub fn of(text: &[u8]) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// The 32 bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 64];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            pair[0] = HEX_DIGITS[usize::from(byte >> 4)];
            pair[1] = HEX_DIGITS[usize::from(byte & 15)];
        }
        // Every entry is written with two of them: formatting byte by byte would cost more than hashing.
        f.write_str(std::str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = ChainError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(ChainError::NotHash);
        }
        let nibble = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let (high, low) = nibble(pair[0]).zip(nibble(pair[1])).ok_or(ChainError::NotHash)?;
            *byte = high << 4 | low;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Hash {
    type Error = ChainError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

/// Where a ledger does not hold together.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChainError {
    /// The text is not 64 hex digits.
    #[error("A hash is 64 hex digits.")]
    NotHash,
    /// A number is missing or stands twice.
    #[error("The ledger jumps: entry {expected} should come here, but entry {found} does.")]
    Gap {
        /// The number that should come.
        expected: Seq,
        /// The number that came.
        found: Seq,
    },
    /// An entry does not continue its predecessor.
    #[error("Entry {seq} does not follow from entry {}: an entry between or before them was changed.", seq.get() - 1)]
    Broken {
        /// The entry.
        seq: Seq,
    },
    /// An entry's contents do not give its hash.
    #[error("Entry {seq} was changed after it was written: its contents do not give its hash.")]
    Changed {
        /// The entry.
        seq: Seq,
    },
}

/// The exact texts of an entry as stored; what its hash covers.
#[derive(Clone, Copy, Debug)]
pub struct EntryText<'a> {
    /// Its place.
    pub seq: Seq,
    /// When, as stored.
    pub at: &'a str,
    /// Who, as stored JSON.
    pub actor: &'a str,
    /// What, as stored JSON.
    pub event: &'a str,
}

impl EntryText<'_> {
    /// The hash of this entry after `prev`: SHA-256 over a version mark, `prev`, the sequence number (8 bytes, little
    /// endian) and the three texts, each with its length (8 bytes, little endian) in front.
    pub fn hash(&self, prev: &Hash) -> Hash {
        let mut digest = Sha256::new();
        digest.update(b"patchbay ledger 1\n");
        digest.update(prev.bytes());
        digest.update(self.seq.get().to_le_bytes());
        for text in [self.at, self.actor, self.event] {
            digest.update((text.len() as u64).to_le_bytes());
            digest.update(text.as_bytes());
        }
        Hash(digest.finalize().into())
    }
}

/// Checks a ledger entry by entry, in order.
#[derive(Clone, Debug)]
pub struct Verifier {
    next: Seq,
    prev: Hash,
}

impl Default for Verifier {
    fn default() -> Self {
        Self { next: Seq::new(1), prev: Hash::ZERO }
    }
}

impl Verifier {
    /// Takes the next entry with the two hashes stored beside it.
    ///
    /// # Errors
    /// [`ChainError`] naming the first entry that does not hold.
    pub fn take(&mut self, text: &EntryText<'_>, prev: &Hash, hash: &Hash) -> Result<(), ChainError> {
        if text.seq != self.next {
            return Err(ChainError::Gap { expected: self.next, found: text.seq });
        }
        if *prev != self.prev {
            return Err(ChainError::Broken { seq: text.seq });
        }
        if text.hash(prev) != *hash {
            return Err(ChainError::Changed { seq: text.seq });
        }
        self.next = text.seq.next();
        self.prev = *hash;
        Ok(())
    }

    /// The hash of the last entry taken; [`Hash::ZERO`] before the first.
    pub const fn head(&self) -> Hash {
        self.prev
    }

    /// How many entries were taken.
    pub const fn count(&self) -> u64 {
        self.next.get() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(seq: u64, event: &'static str) -> EntryText<'static> {
        EntryText { seq: Seq::new(seq), at: "2026-01-02T03:04:05.678Z", actor: r#""engine""#, event }
    }

    #[test]
    fn a_hash_reads_back_what_it_prints() {
        let hash = text(1, "{}").hash(&Hash::ZERO);
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!("00".parse::<Hash>(), Err(ChainError::NotHash));
        assert_eq!("zz".repeat(32).parse::<Hash>(), Err(ChainError::NotHash));
    }

    #[test]
    fn the_hash_is_the_documented_one() {
        let mut bytes = b"patchbay ledger 1\n".to_vec();
        bytes.extend([0; 32]);
        bytes.extend([1, 0, 0, 0, 0, 0, 0, 0]);
        for part in ["2026-01-02T03:04:05.678Z", r#""engine""#, "{}"] {
            bytes.extend((part.len() as u64).to_le_bytes());
            bytes.extend(part.as_bytes());
        }
        assert_eq!(text(1, "{}").hash(&Hash::ZERO), Hash(Sha256::digest(bytes).into()));
    }

    #[test]
    fn moving_a_boundary_between_fields_changes_the_hash() {
        let one = EntryText { actor: "ab", event: "c", ..text(1, "") };
        let other = EntryText { actor: "a", event: "bc", ..text(1, "") };
        assert_ne!(one.hash(&Hash::ZERO), other.hash(&Hash::ZERO));
    }

    #[test]
    fn a_verifier_names_the_first_entry_that_does_not_hold() {
        let first = text(1, "a").hash(&Hash::ZERO);
        let second = text(2, "b").hash(&first);
        let mut good = Verifier::default();
        assert_eq!(good.take(&text(1, "a"), &Hash::ZERO, &first), Ok(()));
        let after_first = good.clone();
        assert_eq!(good.take(&text(2, "b"), &first, &second), Ok(()));
        assert_eq!((good.count(), good.head()), (2, second));

        let mut changed = after_first.clone();
        let verdict = changed.take(&text(2, "x"), &first, &second);
        assert_eq!(verdict, Err(ChainError::Changed { seq: Seq::new(2) }));
        let mut cut = after_first.clone();
        let verdict = cut.take(&text(3, "c"), &second, &second);
        assert_eq!(verdict, Err(ChainError::Gap { expected: Seq::new(2), found: Seq::new(3) }));
        let mut rewritten = after_first;
        let forged = text(2, "b").hash(&Hash::ZERO);
        let verdict = rewritten.take(&text(2, "b"), &Hash::ZERO, &forged);
        assert_eq!(verdict, Err(ChainError::Broken { seq: Seq::new(2) }));
    }
}
