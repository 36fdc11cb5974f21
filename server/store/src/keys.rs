//! Idempotency keys: which request each stands for, for ever.

use crate::bulk::{Batch, Bulk};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{Cells, stored};
use crate::writing::Keyed;
use patchbay_domain::{ChangeId, Hash, IdempotencyKey};

static INSERT: Bulk<3> =
    Bulk::new("INSERT INTO keys (key, asked, change) SELECT * FROM", "WHERE column1 IS NOT NULL");

impl Store {
    /// The change that a key stands for, with the fingerprint of the request that it came with first.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] naming the column that does not read.
    pub async fn change_with_key(
        &self,
        key: &IdempotencyKey,
    ) -> Result<Option<(ChangeId, Hash)>, StoreError> {
        let mut tx = self.read().await?;
        let row = sqlx::query("SELECT change, asked FROM keys WHERE key = ?").bind(key.as_str());
        let Some(row) = row.fetch_optional(&mut *tx).await? else { return Ok(None) };
        let cells = Cells::new(&row, "keys", "change")?;
        Ok(Some((ChangeId::new(cells.number("change")?), cells.hash("asked")?)))
    }
}

/// Writes the keys of changes that are opened.
pub(crate) fn insert(batch: &mut Batch, keys: &[(Keyed, ChangeId)]) {
    let rows = keys.iter().map(|(Keyed { key, asked }, change)| {
        [key.as_str().to_owned().into(), asked.to_string().into(), stored(change.get()).into()]
    });
    INSERT.add(batch, rows);
}
