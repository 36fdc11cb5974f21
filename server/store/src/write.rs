//! Writing groups: several writings, one transaction, one statement for each table.

use crate::chained::Head;
use crate::draft::{Asked, Draft, Drafted, Known};
use crate::error::StoreError;
use crate::lines::{self, Line, Subjects};
use crate::open::Store;
use crate::row::{Cells, stored};
use crate::writing::Writing;
use crate::{changes, keys, ledger, picture, settle};
use patchbay_domain::{ChangeId, Entry, Event, Generation};
use sqlx::SqliteConnection;

impl Store {
    /// Writes a group, all of it or nothing, in one commit: it is durable when this returns. The entries are given
    /// back in order, each as [`Store::ledger`] will read it.
    ///
    /// # Errors
    /// [`StoreError::UnknownSwitch`], [`StoreError::UnknownHost`], [`StoreError::UnknownChange`],
    /// [`StoreError::AlreadyClosed`], [`StoreError::OutOfOrder`], [`StoreError::KeyTaken`],
    /// [`StoreError::AlreadyRaised`], [`StoreError::NotRaised`], [`StoreError::NotRecordable`] and [`StoreError::TooMany`] say what is wrong with the group. After any other
    /// error the caller cannot know whether the group will be there after a restart, and [`Store::load`] tells.
    pub async fn write(&self, writings: Vec<Writing>) -> Result<Vec<Entry>, StoreError> {
        let asked = Asked::by(&writings)?;
        if writings.is_empty() {
            return Ok(Vec::new());
        }
        let mut tx = self.begin().await?;
        let written = write(&mut tx, &asked, writings).await;
        tx.end(written).await
    }
}

impl Store {
    /// Writes something that changes nothing, to see whether the disk takes it.
    ///
    /// # Errors
    /// What [`Store::write`] would fail with now, whatever the group.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let written = sqlx::query("UPDATE picture SET generation = generation").execute(&mut *tx).await;
        tx.end(written.map(|_| ()).map_err(StoreError::from)).await
    }
}

async fn write(
    connection: &mut SqliteConnection,
    asked: &Asked,
    writings: Vec<Writing>,
) -> Result<Vec<Entry>, StoreError> {
    let draft = Draft::of(writings, known(connection, asked).await?)?;
    ledger::insert(connection, draft.entries.iter().map(|d| &d.written)).await?;
    changes::open(connection, &draft.entries).await?;
    changes::close(connection, &draft.entries).await?;
    keys::insert(connection, &draft.keys).await?;
    settle::settle(connection, &draft.before, &draft.after).await?;
    let lines = happened(&draft.entries)?;
    lines::insert(connection, lines).await?;
    Ok(draft.entries.into_iter().map(|drafted| drafted.written.entry).collect())
}

/// What the tables know of everything that a group names.
async fn known(connection: &mut SqliteConnection, asked: &Asked) -> Result<Known, StoreError> {
    let changes: Vec<i64> = asked.changes.iter().map(|change| stored(change.get())).collect();
    let row = sqlx::query(
        "SELECT p.id, p.generation, coalesce((SELECT max(id) FROM changes), 0) + 1 AS next_change,
            (SELECT json_group_object(id, name) FROM switches
             WHERE id IN (SELECT value FROM json_each(?1))) AS switches,
            (SELECT json_group_array(id) FROM hosts WHERE id IN (SELECT value FROM json_each(?2))) AS hosts,
            (SELECT json_group_object(id, closed_seq) FROM changes
             WHERE id IN (SELECT value FROM json_each(?3))) AS changes,
            (SELECT json_group_object(key, change) FROM keys
             WHERE key IN (SELECT value FROM json_each(?4))) AS keys
         FROM picture p",
    )
    .bind(serde_json::to_string(&asked.switches)?)
    .bind(serde_json::to_string(&asked.hosts)?)
    .bind(serde_json::to_string(&changes)?)
    .bind(serde_json::to_string(&asked.keys)?)
    .fetch_one(&mut *connection)
    .await?;
    let cells = Cells::new(&row, "picture", "id")?;
    let (next_change, switches) = (ChangeId::new(cells.number("next_change")?), cells.json("switches")?);
    let (hosts, changes, keys) = (cells.json("hosts")?, cells.json("changes")?, cells.json("keys")?);
    let mut picture = picture::of_functions(connection, &asked.functions).await?;
    picture.generation = Generation::new(cells.number("generation")?);
    if !asked.subjects.is_empty() {
        picture.health = picture::health(connection).await?;
    }
    let head: Head = ledger::head(connection).await?;
    Ok(Known { head, next_change, switches, hosts, picture, changes, keys })
}

/// The lines of the history with what they touched.
fn happened(entries: &[Drafted]) -> Result<Vec<Line>, StoreError> {
    let mut lines = Vec::new();
    for Drafted { written, switch_name } in entries {
        let mut subjects = Subjects::default();
        match &written.entry.event {
            Event::BindingsFound { differences, .. } => {
                differences.iter().for_each(|d| subjects.function(d.function, d.recorded, d.found));
            }
            Event::ChangeOpened { plan, .. } => {
                plan.moves.iter().for_each(|m| subjects.function(m.function, m.from, m.to));
            }
            Event::HealthRaised { subject, .. } | Event::HealthCleared { subject, .. } => {
                subjects.trouble(*subject);
            }
            _ => {}
        }
        let name = switch_name.as_deref().unwrap_or_default();
        lines.extend(Line::of(&written.entry, name, &subjects)?);
    }
    Ok(lines)
}
