//! The picture as it was.

use crate::error::StoreError;
use crate::ledger::StoredEntry;
use crate::open::Store;
use crate::row::stored;
use futures::TryStreamExt;
use patchbay_domain::{Seq, Topology};

impl Store {
    /// The picture as of an entry, folded from the ledger; none when there is no such entry. Takes time in proportion to
    /// the entries up to then, and little memory.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] naming the entry that does not read.
    pub async fn moment(&self, seq: Seq) -> Result<Option<Topology>, StoreError> {
        let mut tx = self.read().await?;
        let mut rows = sqlx::query(
            "SELECT seq, at, kind, actor, event, prev, hash FROM ledger WHERE seq <= ? ORDER BY seq",
        )
        .bind(stored(seq.get()))
        .fetch(&mut *tx);
        let (mut topology, mut last) = (Topology::default(), Seq::new(0));
        while let Some(row) = rows.try_next().await? {
            let entry = StoredEntry::read(&row)?.entry()?;
            last = entry.seq;
            topology.apply(&entry);
        }
        Ok((last == seq && seq != Seq::new(0)).then_some(topology))
    }
}
