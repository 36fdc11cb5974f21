//! How often open troubles came: a reading that is kept, so that a restart goes on from there.

use crate::error::StoreError;
use crate::open::Store;
use patchbay_domain::Subject;

impl Store {
    /// Keeps how often open troubles came so far. No entry says it before a trouble is over; one that is over or was never
    /// raised has nowhere to be counted.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub async fn count(&self, counts: &[(Subject, u32)]) -> Result<(), StoreError> {
        let counts = serde_json::to_string(counts)?;
        let mut tx = self.begin_aside().await?;
        let update = "UPDATE health SET times = c.value ->> 1 FROM json_each(?) c WHERE health.subject = c.value ->> 0";
        let counted = sqlx::query(update).bind(counts).execute(&mut *tx).await;
        tx.end(counted.map(|_| ()).map_err(StoreError::from)).await
    }
}
