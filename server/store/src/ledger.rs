//! Appending entries and reading them back.

use crate::bulk::{Batch, Bulk};
use crate::chained::{Head, Written};
use crate::error::{StoreError, Unreadable};
use crate::open::Store;
use crate::row::{Cells, stored};
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

static APPEND: Bulk<7> = Bulk::new(
    "INSERT INTO ledger (seq, at, kind, actor, prev, hash, event) SELECT * FROM",
    "WHERE column1 IS NOT NULL",
);

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

/// One entry, if there is one with this number.
pub(crate) async fn entry(connection: &mut SqliteConnection, seq: Seq) -> Result<Option<Entry>, StoreError> {
    let row = sqlx::query("SELECT seq, at, kind, actor, event, prev, hash FROM ledger WHERE seq = ?");
    let row = row.bind(stored(seq.get())).fetch_optional(connection).await?;
    row.map(|row| StoredEntry::read(&row)?.entry()).transpose()
}

/// The end of the ledger.
pub(crate) async fn head(connection: &mut SqliteConnection) -> Result<Head, StoreError> {
    let row = sqlx::query("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1");
    let Some(row) = row.fetch_optional(connection).await? else {
        return Ok(Head { seq: Seq::new(0), hash: Hash::ZERO });
    };
    let cells = Cells::new(&row, "ledger", "seq")?;
    Ok(Head { seq: Seq::new(cells.number("seq")?), hash: cells.hash("hash")? })
}

/// Writes entries that follow the last one and each other.
pub(crate) fn insert<'a>(batch: &mut Batch, entries: impl Iterator<Item = &'a Written>) {
    let rows = entries.map(|Written { entry, at, actor, event }| {
        let (seq, kind) = (stored(entry.seq.get()), entry.event.kind());
        let (prev, hash) = (entry.prev.to_string(), entry.hash.to_string());
        [
            seq.into(),
            at.clone().into(),
            kind.into(),
            actor.clone().into(),
            prev.into(),
            hash.into(),
            event.clone().into(),
        ]
    });
    APPEND.add(batch, rows);
}

/// Writes the one entry that follows the last one, and gives it as [`Store::ledger`] will read it.
pub(crate) async fn append(
    connection: &mut SqliteConnection,
    at: DateTime<Utc>,
    actor: &Actor,
    event: Event,
) -> Result<Entry, StoreError> {
    let written = Written::after(head(connection).await?, at, actor, event)?;
    let mut batch = Batch::default();
    insert(&mut batch, std::iter::once(&written));
    batch.run(connection).await?;
    Ok(written.entry)
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
