//! Switches that are added, and what happens to them by itself.

use crate::error::StoreError;
use crate::open::Store;
use crate::row::word;
use crate::{ledger, lines, picture};
use chrono::{DateTime, Utc};
use lines::Subjects;
use patchbay_domain::{Actor, AdapterId, Difference, Entry, Event, HostId, Link, PhysicalPort, SwitchId};
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
        let mut tx = self.write().await?;
        let known = sqlx::query_scalar::<_, u32>("SELECT id FROM switches WHERE key = ?").bind(key);
        if let Some(id) = known.fetch_optional(&mut *tx).await? {
            sqlx::query(
                "UPDATE switches SET name = ?2, address = ?3 WHERE id = ?1 AND (name, address) <> (?2, ?3)",
            )
            .bind(id)
            .bind(name)
            .bind(address)
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            return Ok((SwitchId::new(id), None));
        }
        let id: u32 =
            sqlx::query_scalar("INSERT INTO switches (key, name, address) VALUES (?, ?, ?) RETURNING id")
                .bind(key)
                .bind(name)
                .bind(address)
                .fetch_one(&mut *tx)
                .await?;
        let switch = SwitchId::new(id);
        let event = Event::SwitchAdded { switch, name: name.to_owned(), address: address.to_owned() };
        let entry = ledger::append(&mut tx, at, actor, &event).await?;
        lines::write(&mut tx, &entry, name, &Subjects::default()).await?;
        tx.commit().await?;
        Ok((switch, Some(entry)))
    }

    /// Records what Patchbay noticed by itself: changed links, bindings found changed, a switch lost or reached.
    ///
    /// # Errors
    /// [`StoreError::NotRecordable`] for events that have a method of their own, [`StoreError::UnknownSwitch`],
    /// [`StoreError::UnknownHost`].
    pub async fn record(&self, at: DateTime<Utc>, event: Event) -> Result<Entry, StoreError> {
        let mut tx = self.write().await?;
        let (switch, subjects) = match &event {
            Event::LinksChanged { switch, links } => (*switch, change_links(&mut tx, *switch, links).await?),
            Event::BindingsFound { switch, differences } => (*switch, follow(&mut tx, differences).await?),
            Event::SwitchLost { switch, .. } => (*switch, set_lost(&mut tx, *switch, true).await?),
            Event::SwitchReached { switch } => (*switch, set_lost(&mut tx, *switch, false).await?),
            Event::SwitchAdded { .. }
            | Event::Discovered { .. }
            | Event::ChangeOpened { .. }
            | Event::ChangeClosed { .. } => return Err(StoreError::NotRecordable { kind: event.kind() }),
        };
        let name = picture::switch_name(&mut tx, switch).await?;
        let entry = ledger::append(&mut tx, at, &Actor::Engine, &event).await?;
        lines::write(&mut tx, &entry, &name, &subjects).await?;
        tx.commit().await?;
        Ok(entry)
    }
}

/// Writes the links of ports that the picture shows: of hosts, and of slots with a card in them.
async fn change_links(
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

/// Assigns functions as the switch has them.
async fn follow(
    connection: &mut SqliteConnection,
    differences: &[Difference],
) -> Result<Subjects, StoreError> {
    let mut subjects = Subjects::default();
    for difference in differences {
        picture::assign(connection, difference.function, difference.found).await?;
        subjects.function(difference.function, difference.recorded, difference.found);
    }
    picture::raise_generation(connection).await?;
    Ok(subjects)
}

/// Notes whether a switch answers, so that a restart does not forget that it went away. Touches no host or adapter.
async fn set_lost(
    connection: &mut SqliteConnection,
    switch: SwitchId,
    lost: bool,
) -> Result<Subjects, StoreError> {
    let update = sqlx::query("UPDATE switches SET lost = ?2 WHERE id = ?1").bind(switch.get()).bind(lost);
    update.execute(connection).await?;
    Ok(Subjects::default())
}
