//! Names that people gave, for hosts that are called something already.

use crate::error::StoreError;
use crate::identify::Names;
use crate::open::Store;
use patchbay_domain::SwitchId;
use sqlx::SqliteConnection;

impl Store {
    /// Calls the known hosts of a switch what people call them now, without an entry, as switches are renamed. A host
    /// that nobody named keeps what it is called; one that was never seen gets its name when it is.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub async fn name_hosts(&self, switch: SwitchId, names: &Names) -> Result<(), StoreError> {
        if names.hosts.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin_aside().await?;
        let named = name_hosts(&mut tx, switch, names).await;
        tx.end(named).await
    }
}

async fn name_hosts(
    connection: &mut SqliteConnection,
    switch: SwitchId,
    names: &Names,
) -> Result<(), StoreError> {
    let given: Vec<_> = names.given_hosts().collect();
    let write = "UPDATE hosts SET name = j.value ->> 1
         FROM json_each(?1) j JOIN cables c ON c.switch = ?2 AND c.port = j.value ->> 0
         WHERE hosts.id = c.host AND hosts.name <> j.value ->> 1";
    sqlx::query(write).bind(serde_json::to_string(&given)?).bind(switch.get()).execute(connection).await?;
    Ok(())
}
