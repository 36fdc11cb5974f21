//! Switches that are added.

use crate::bulk::Batch;
use crate::error::StoreError;
use crate::open::Store;
use crate::{ledger, lines};
use chrono::{DateTime, Utc};
use lines::{Line, Subjects};
use patchbay_domain::{Actor, Entry, Event, SwitchId};
use sqlx::SqliteConnection;

impl Store {
    /// Gives the switch with this key its id. `key` is what makes it the same switch after a restart. A switch that is
    /// known already keeps its id; its name and address are brought up to date without an entry.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub async fn add_switch(
        &self,
        at: DateTime<Utc>,
        actor: &Actor,
        key: &str,
        name: &str,
        address: &str,
    ) -> Result<(SwitchId, Option<Entry>), StoreError> {
        let mut tx = self.begin().await?;
        let added = add_switch(&mut tx, at, actor, key, name, address).await;
        tx.end(added).await
    }
}

async fn add_switch(
    connection: &mut SqliteConnection,
    at: DateTime<Utc>,
    actor: &Actor,
    key: &str,
    name: &str,
    address: &str,
) -> Result<(SwitchId, Option<Entry>), StoreError> {
    let known = sqlx::query_scalar::<_, u32>("SELECT id FROM switches WHERE key = ?").bind(key);
    if let Some(id) = known.fetch_optional(&mut *connection).await? {
        sqlx::query(
            "UPDATE switches SET name = ?2, address = ?3 WHERE id = ?1 AND (name, address) <> (?2, ?3)",
        )
        .bind(id)
        .bind(name)
        .bind(address)
        .execute(connection)
        .await?;
        return Ok((SwitchId::new(id), None));
    }
    let id: u32 =
        sqlx::query_scalar("INSERT INTO switches (key, name, address) VALUES (?, ?, ?) RETURNING id")
            .bind(key)
            .bind(name)
            .bind(address)
            .fetch_one(&mut *connection)
            .await?;
    let switch = SwitchId::new(id);
    let event = Event::SwitchAdded { switch, name: name.to_owned(), address: address.to_owned() };
    let entry = ledger::append(connection, at, actor, event).await?;
    let line = Line::of(&entry, name, &Subjects::default())?;
    let mut batch = Batch::default();
    lines::insert(&mut batch, Vec::from_iter(line))?;
    batch.run(connection).await?;
    Ok((switch, Some(entry)))
}
