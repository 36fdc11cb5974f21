//! Idempotency keys: which request each stands for, for ever.

use crate::error::StoreError;
use crate::open::Store;
use crate::row::{Cells, stored};
use crate::writing::Keyed;
use patchbay_domain::{ChangeId, Hash, IdempotencyKey};
use sqlx::SqliteConnection;

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
pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    keys: &[(Keyed, ChangeId)],
) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> =
        keys.iter().map(|(keyed, change)| (&keyed.key, keyed.asked, stored(change.get()))).collect();
    sqlx::query(
        "INSERT INTO keys (key, asked, change)
         SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)",
    )
    .bind(serde_json::to_string(&rows)?)
    .execute(connection)
    .await?;
    Ok(())
}
