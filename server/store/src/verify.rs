//! Proving the whole ledger.

use crate::error::StoreError;
use crate::ledger::StoredEntry;
use crate::open::Store;
use futures::TryStreamExt;
use patchbay_domain::Hash;
use patchbay_domain::chain::Verifier;

/// A ledger that holds together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many entries it has.
    pub entries: u64,
    /// The hash of the last one; noted elsewhere, it also shows whether entries were cut off the end.
    pub head: Hash,
}

impl Store {
    /// Reads every entry in order and checks that it continues the one before it, gives its hash and parses. Holds one
    /// entry in memory at a time.
    ///
    /// # Errors
    /// [`StoreError::Chain`] or [`StoreError::Unreadable`] naming the first entry that does not hold.
    pub async fn verify(&self) -> Result<Verified, StoreError> {
        let mut tx = self.read().await?;
        let mut rows = sqlx::query("SELECT seq, at, kind, actor, event, prev, hash FROM ledger ORDER BY seq")
            .fetch(&mut *tx);
        let mut verifier = Verifier::default();
        while let Some(row) = rows.try_next().await? {
            let stored = StoredEntry::read(&row)?;
            verifier.take(&stored.text, &stored.prev, &stored.hash)?;
            stored.entry()?;
        }
        Ok(Verified { entries: verifier.count(), head: verifier.head() })
    }
}
