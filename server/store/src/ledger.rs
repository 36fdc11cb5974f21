//! Appending entries and reading them back.

use crate::error::{StoreError, Unreadable};
use crate::open::Store;
use crate::row::{Cells, moment, stored};
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use patchbay_domain::chain::{ChainError, EntryText};
use patchbay_domain::history::LEDGER_PAGE_MAX;
use patchbay_domain::{Actor, Entry, Event, Hash, LedgerPage, Seq};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

/// The most event text in one page, in bytes. A page ends after the entry that reaches it: discoveries of large
/// switches are some 300 kB each, and a full page of them would be too much for one answer.
const PAGE_EVENTS_BYTES_MAX: usize = 4 * 1024 * 1024;

impl Store {
    /// The entries after `after`, oldest first: at most `limit`, at most [`LEDGER_PAGE_MAX`], and fewer when they are
    /// large. At least one when there is one.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] naming the entry that does not read.
    pub async fn ledger(&self, after: Seq, limit: u32) -> Result<LedgerPage, StoreError> {
        let limit = usize::try_from(limit.clamp(1, LEDGER_PAGE_MAX)).unwrap_or(1);
        let mut tx = self.read().await?;
        let mut rows = sqlx::query(
            "SELECT seq, at, kind, actor, event, prev, hash FROM ledger WHERE seq > ? ORDER BY seq LIMIT ?",
        )
        .bind(stored(after.get()))
        .bind(i64::try_from(limit + 1).unwrap_or(i64::MAX))
        .fetch(&mut *tx);
        let (mut entries, mut bytes) = (Vec::<Entry>::new(), 0);
        while let Some(row) = rows.try_next().await? {
            if entries.len() == limit || bytes >= PAGE_EVENTS_BYTES_MAX {
                let next_after = entries.last().map(|entry| entry.seq);
                return Ok(LedgerPage { entries, next_after });
            }
            let stored = StoredEntry::read(&row)?;
            bytes += stored.text.event.len();
            entries.push(stored.entry()?);
        }
        Ok(LedgerPage { entries, next_after: None })
    }
}

/// An entry as its row has it.
pub(crate) struct StoredEntry<'a> {
    cells: Cells<'a>,
    /// What its hash covers.
    pub(crate) text: EntryText<'a>,
    /// The hash of the entry before it, as stored.
    pub(crate) prev: Hash,
    /// Its hash, as stored.
    pub(crate) hash: Hash,
}

impl<'a> StoredEntry<'a> {
    /// Reads a row with all columns of the ledger.
    pub(crate) fn read(row: &'a SqliteRow) -> Result<Self, StoreError> {
        let cells = Cells::new(row, "ledger", "seq")?;
        let text = EntryText {
            seq: Seq::new(cells.number("seq")?),
            at: cells.text("at")?,
            actor: cells.text("actor")?,
            event: cells.text("event")?,
        };
        let (prev, hash) = (cells.hash("prev")?, cells.hash("hash")?);
        Ok(Self { cells, text, prev, hash })
    }

    /// The entry, parsed.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] for a text that does not parse, or a kind that is not the event's.
    pub(crate) fn entry(&self) -> Result<Entry, StoreError> {
        let cells = &self.cells;
        let event: Event = cells.json("event")?;
        let (found, wanted) = (cells.text("kind")?, event.kind());
        if found != wanted {
            let found = found.to_owned();
            return Err(cells.unreadable("kind", Unreadable::Mismatch { found, wanted }));
        }
        Ok(Entry {
            seq: self.text.seq,
            at: cells.moment("at")?,
            actor: cells.json("actor")?,
            event,
            prev: self.prev,
            hash: self.hash,
        })
    }
}

/// Number and hash of the last entry; 0 and [`Hash::ZERO`] before the first.
pub(crate) async fn head(connection: &mut SqliteConnection) -> Result<(Seq, Hash), StoreError> {
    let row = sqlx::query("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1");
    let Some(row) = row.fetch_optional(connection).await? else {
        return Ok((Seq::new(0), Hash::ZERO));
    };
    let cells = Cells::new(&row, "ledger", "seq")?;
    Ok((Seq::new(cells.number("seq")?), cells.hash("hash")?))
}

/// Appends an entry and gives it back as [`Store::ledger`] will read it.
pub(crate) async fn append(
    connection: &mut SqliteConnection,
    at: DateTime<Utc>,
    actor: &Actor,
    event: &Event,
) -> Result<Entry, StoreError> {
    let (last, prev) = head(connection).await?;
    let (at, actor_text) = (moment(at), serde_json::to_string(actor)?);
    let event_text = serde_json::to_string(event)?;
    let text = EntryText { seq: last.next(), at: &at, actor: &actor_text, event: &event_text };
    let row = sqlx::query(
        "INSERT INTO ledger (seq, at, kind, actor, event, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?)
         RETURNING seq, at, kind, actor, event, prev, hash",
    )
    .bind(stored(text.seq.get()))
    .bind(text.at)
    .bind(event.kind())
    .bind(text.actor)
    .bind(text.event)
    .bind(prev.to_string())
    .bind(text.hash(&prev).to_string())
    .fetch_one(connection)
    .await?;
    StoredEntry::read(&row)?.entry()
}

/// Checks that the last entry gives its hash. Cheap; [`Store::verify`] checks all.
pub(crate) async fn check_last(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let last =
        sqlx::query("SELECT seq, at, kind, actor, event, prev, hash FROM ledger ORDER BY seq DESC LIMIT 1");
    let Some(row) = last.fetch_optional(connection).await? else { return Ok(()) };
    let last = StoredEntry::read(&row)?;
    if last.text.hash(&last.prev) != last.hash {
        return Err(ChainError::Changed { seq: last.text.seq }.into());
    }
    Ok(())
}
