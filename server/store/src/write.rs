//! Writing groups: several writings, one transaction, one statement for each table.
//!
//! A group crosses to the database twice: to begin and read what it names, and to write all of it and commit. One that
//! raises or clears troubles, which is rare, reads those that are open in between.

use crate::bulk::Batch;
use crate::chained::Head;
use crate::draft::{Asked, Draft, Drafted, Known};
use crate::error::StoreError;
use crate::lines::{self, Line, Subjects};
use crate::open::Store;
use crate::picture::functions;
use crate::row::{Cells, stored};
use crate::writer::WriteTransaction;
use crate::writing::Writing;
use crate::{changes, keys, ledger, picture, settle};
use patchbay_domain::{ChangeId, Entry, Event, Generation, Hash, Seq};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

impl Store {
    /// Writes a group, all of it or nothing, in one commit: it is durable when this returns. The entries are given
    /// back in order, each as [`Store::ledger`] will read it.
    ///
    /// # Errors
    /// [`StoreError::UnknownSwitch`], [`StoreError::UnknownHost`], [`StoreError::UnknownChange`],
    /// [`StoreError::AlreadyClosed`], [`StoreError::OutOfOrder`], [`StoreError::KeyTaken`],
    /// [`StoreError::AlreadyRaised`], [`StoreError::NotRaised`], [`StoreError::NotRecordable`] and
    /// [`StoreError::TooMany`] say what is wrong with the group. After any other error the caller cannot know whether
    /// the group will be there after a restart, and [`Store::load`] tells.
    pub async fn write(&self, writings: Vec<Writing>) -> Result<Vec<Entry>, StoreError> {
        let asked = Asked::by(&writings)?;
        if writings.is_empty() {
            return Ok(Vec::new());
        }
        let (mut tx, known) = self.begin_knowing(&asked).await?;
        match write(&mut tx, &asked, known, writings).await {
            Ok((batch, entries)) => {
                tx.commit(batch).await?;
                Ok(entries)
            }
            Err(error) => tx.end(Err(error)).await,
        }
    }

    /// Begins a transaction and reads what the tables know of everything that a group names, in one go.
    async fn begin_knowing(&self, asked: &Asked) -> Result<(WriteTransaction<'_>, Known), StoreError> {
        let changes: Vec<i64> = asked.changes.iter().map(|change| stored(change.get())).collect();
        let reading = sqlx::query(KNOWN)
            .bind(serde_json::to_string(&asked.switches)?)
            .bind(serde_json::to_string(&asked.hosts)?)
            .bind(serde_json::to_string(&changes)?)
            .bind(serde_json::to_string(&asked.keys)?)
            .bind(serde_json::to_string(&asked.functions)?);
        let (tx, rows) = self.begin_reading(reading).await?;
        match known(&rows) {
            Ok(known) => Ok((tx, known)),
            Err(error) => tx.end(Err(error)).await,
        }
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

/// Works a group out: what is still to be run for it, and its entries.
async fn write(
    connection: &mut SqliteConnection,
    asked: &Asked,
    mut known: Known,
    writings: Vec<Writing>,
) -> Result<(Batch, Vec<Entry>), StoreError> {
    if !asked.subjects.is_empty() {
        known.picture.health = picture::health(connection).await?;
    }
    let draft = Draft::of(writings, known)?;
    let lines = happened(&draft.entries)?;
    let mut batch = Batch::default();
    ledger::insert(&mut batch, draft.entries.iter().map(|d| &d.written));
    changes::open(&mut batch, &draft.entries);
    changes::close(&mut batch, &draft.entries)?;
    keys::insert(&mut batch, &draft.keys);
    settle::settle(&mut batch, &draft.before, &draft.after)?;
    draft.noted.add(&mut batch);
    lines::insert(&mut batch, lines);
    Ok((batch, draft.entries.into_iter().map(|drafted| drafted.written.entry).collect()))
}

/// Begins, and reads one row about everything that a group names, and then one for each of its functions.
const KNOWN: &str = concat!(
    "BEGIN IMMEDIATE;
     SELECT p.id, p.generation, coalesce((SELECT max(id) FROM changes), 0) + 1 AS next_change,
        coalesce(l.seq, 0) AS seq, l.hash,
        (SELECT json_group_object(id, name) FROM switches
         WHERE id IN (SELECT value FROM json_each(?1))) AS switches,
        (SELECT json_group_array(id) FROM hosts WHERE id IN (SELECT value FROM json_each(?2))) AS hosts,
        (SELECT json_group_object(id, closed_seq) FROM changes
         WHERE id IN (SELECT value FROM json_each(?3))) AS changes,
        (SELECT json_group_object(key, change) FROM keys
         WHERE key IN (SELECT value FROM json_each(?4))) AS keys
     FROM picture p LEFT JOIN (SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1) l;",
    functions!("f.id IN (SELECT value FROM json_each(?5))")
);

/// What the rows of [`KNOWN`] say.
fn known(rows: &[SqliteRow]) -> Result<Known, StoreError> {
    let (first, functions) = rows.split_first().ok_or(sqlx::Error::RowNotFound)?;
    let cells = Cells::new(first, "picture", "id")?;
    let head = match cells.number("seq")? {
        0 => Head { seq: Seq::new(0), hash: Hash::ZERO },
        seq => Head { seq: Seq::new(seq), hash: cells.hash("hash")? },
    };
    let (next_change, switches) = (ChangeId::new(cells.number("next_change")?), cells.json("switches")?);
    let (hosts, changes, keys) = (cells.json("hosts")?, cells.json("changes")?, cells.json("keys")?);
    let mut picture = picture::of_functions(functions)?;
    picture.generation = Generation::new(cells.number("generation")?);
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
