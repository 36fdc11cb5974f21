//! Writing groups: several writings, one transaction, one statement for each table.
//!
//! What a group needs to know is mostly known from the groups before it (see `image`): then it crosses to the database
//! once, with everything from BEGIN to COMMIT. What is not known is read before; so are troubles that are open, when one
//! is raised or cleared, which is rare.

use crate::bulk::Batch;
use crate::chained::Head;
use crate::draft::{Asked, Draft, Drafted, Known};
use crate::error::StoreError;
use crate::image::Image;
use crate::lines::{self, Line, Subjects};
use crate::open::Store;
use crate::picture::functions;
use crate::row::{Cells, stored};
use crate::writer::WriteTransaction;
use crate::writing::Writing;
use crate::{changes, keys, ledger, picture, settle};
use patchbay_domain::{ChangeId, Entry, Event, Generation, Hash, Seq};
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
        let mut tx = self.begin_later().await?;
        let known = match know(&mut tx, &asked).await {
            Ok(known) => known,
            Err(error) => return tx.end(Err(error)).await,
        };
        match Draft::of(writings, known).and_then(written) {
            Ok((batch, draft)) => {
                tx.image.iter_mut().for_each(|image| image.follow(&draft));
                let (eagerness, commit) = (tx.eagerness, tx.commit(batch));
                if draft.entries.len() == 1 {
                    eagerness.wait(commit).await?
                } else {
                    commit.await?
                }
                Ok(draft.entries.into_iter().map(|drafted| drafted.written.entry).collect())
            }
            Err(error) => tx.end(Err(error)).await,
        }
    }
}

/// What is known of everything that a group names: from the groups before, but for its keys, or read in one go.
async fn know(tx: &mut WriteTransaction<'_>, asked: &Asked) -> Result<Known, StoreError> {
    let Some(mut known) = tx.image.as_ref().and_then(|image| image.known(asked)) else {
        return read(tx, asked).await;
    };
    if !asked.keys.is_empty() {
        let rows = tx.begin_reading(sqlx::query(KEYS).bind(serde_json::to_string(&asked.keys)?)).await?;
        let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        known.keys = Cells::new(row, "keys", "id")?.json("keys")?;
    }
    Ok(known)
}

/// Begins a transaction, and reads what the tables know of everything that a group names.
async fn read(tx: &mut WriteTransaction<'_>, asked: &Asked) -> Result<Known, StoreError> {
    let changes: Vec<i64> = asked.changes.iter().map(|change| stored(change.get())).collect();
    let reading = sqlx::query(KNOWN)
        .bind(serde_json::to_string(&asked.switches)?)
        .bind(serde_json::to_string(&asked.hosts)?)
        .bind(serde_json::to_string(&changes)?)
        .bind(serde_json::to_string(&asked.keys)?)
        .bind(serde_json::to_string(&asked.functions)?);
    let mut known = known(&tx.begin_reading(reading).await?)?;
    match tx.image.as_mut().filter(|image| image.is_as_of(known.head)) {
        Some(image) => image.learn(&known),
        None => tx.image = Some(Box::new(Image::read(&known))),
    }
    if !asked.subjects.is_empty() {
        known.picture.health = picture::health(tx).await?;
    }
    Ok(known)
}

impl Store {
    /// Writes 64 KiB that nobody reads, to see whether the disk takes as much as a change of some dozens of functions.
    ///
    /// # Errors
    /// What [`Store::write`] would fail with now, whatever the group.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let mut tx = self.begin_aside().await?;
        let written = sqlx::query("UPDATE room SET pad = randomblob(65536)").execute(&mut *tx).await;
        tx.end(written.map(|_| ()).map_err(StoreError::from)).await
    }
}

/// Works out what is to be run for a group.
fn written(draft: Draft) -> Result<(Batch, Draft), StoreError> {
    let lines = happened(&draft.entries)?;
    let mut batch = Batch::default();
    ledger::insert(&mut batch, draft.entries.iter().map(|d| &d.written));
    changes::open(&mut batch, &draft.entries);
    changes::close(&mut batch, &draft.entries)?;
    keys::insert(&mut batch, &draft.keys);
    settle::settle(&mut batch, &draft.before, &draft.after)?;
    draft.noted.add(&mut batch);
    lines::insert(&mut batch, lines)?;
    Ok((batch, draft))
}

/// Begins, and reads one row about everything that a group names, and then one for each of its functions.
const KNOWN: &str = concat!(
    "BEGIN IMMEDIATE;
     SELECT 0 AS id, coalesce((SELECT max(generation) FROM generations), 0) AS generation,
        coalesce((SELECT max(id) FROM changes), 0) + 1 AS next_change,
        coalesce(l.seq, 0) AS seq, l.hash,
        (SELECT json_group_object(id, name) FROM switches
         WHERE id IN (SELECT value FROM json_each(?1))) AS switches,
        (SELECT json_group_array(id) FROM hosts WHERE id IN (SELECT value FROM json_each(?2))) AS hosts,
        (SELECT json_group_object(id, closed_seq) FROM changes
         WHERE id IN (SELECT value FROM json_each(?3))) AS changes,
        (SELECT json_group_object(key, change) FROM keys
         WHERE key IN (SELECT value FROM json_each(?4))) AS keys
     FROM (SELECT 0) LEFT JOIN (SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1) l;",
    functions!("f.id IN (SELECT value FROM json_each(?5))")
);

/// Begins, and reads in one row which changes the keys of a group stand for.
const KEYS: &str = "BEGIN IMMEDIATE;
     SELECT 0 AS id, json_group_object(key, change) AS keys FROM keys
     WHERE key IN (SELECT value FROM json_each(?1))";

/// What the rows of [`KNOWN`] say.
fn known(rows: &[SqliteRow]) -> Result<Known, StoreError> {
    let (first, functions) = rows.split_first().ok_or(sqlx::Error::RowNotFound)?;
    let cells = Cells::new(first, "ledger", "id")?;
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
                let all = plan.moves.iter().chain(&plan.adoptions);
                all.for_each(|m| subjects.function(m.function, m.from, m.to));
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
