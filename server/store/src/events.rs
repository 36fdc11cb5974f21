//! Switches that are added, and what happens to them by itself.

use crate::bulk::Batch;
use crate::error::StoreError;
use crate::open::Store;
use crate::row::word;
use crate::{ledger, lines};
use chrono::{DateTime, Utc};
use lines::{Line, Subjects};
use patchbay_domain::{Actor, AdapterId, Entry, Event, HostId, Link, PhysicalPort, SwitchId};
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
    lines::insert(&mut batch, Vec::from_iter(line));
    batch.run(connection).await?;
    Ok((switch, Some(entry)))
}

/// Writes the links of ports that the picture shows: of hosts, and of slots with a card in them.
pub(crate) async fn change_links(
    connection: &mut SqliteConnection,
    switch: SwitchId,
    links: &[(PhysicalPort, Link)],
) -> Result<Subjects, StoreError> {
    let mut subjects = Subjects::default();
    for &(port, link) in links {
        let changed = sqlx::query_as::<_, (Option<u32>, Option<u32>)>(
            "UPDATE ports SET up = ?3, width = ?4, rate = ?5, configured_width = ?6, configured_rate = ?7
             WHERE switch = ?1 AND port = ?2 AND shown = 1
               AND (role = 'host' OR EXISTS (
                   SELECT 1 FROM adapters a WHERE a.switch = ?1 AND a.slot = ?2 AND a.state = 'present'))
             RETURNING
               (SELECT c.host FROM cables c WHERE role = 'host' AND c.switch = ?1 AND c.port = ?2),
               (SELECT a.id FROM adapters a WHERE a.switch = ?1 AND a.slot = ?2 AND a.state = 'present')",
        )
        .bind(switch.get())
        .bind(port.0)
        .bind(link.up)
        .bind(link.width)
        .bind(link.rate.as_ref().map(word).transpose()?)
        .bind(link.configured_width)
        .bind(link.configured_rate.as_ref().map(word).transpose()?)
        .fetch_optional(&mut *connection)
        .await?;
        let (host, adapter) = changed.unwrap_or_default();
        subjects.hosts.extend(host.map(HostId::new));
        subjects.adapters.extend(adapter.map(AdapterId::new));
    }
    Ok(subjects)
}

/// Notes whether a switch answers, so that a restart does not forget that it went away.
pub(crate) async fn set_lost(
    connection: &mut SqliteConnection,
    switch: SwitchId,
    lost: bool,
) -> Result<(), StoreError> {
    let update = sqlx::query("UPDATE switches SET lost = ?2 WHERE id = ?1").bind(switch.get()).bind(lost);
    update.execute(connection).await?;
    Ok(())
}
