//! Changes: opened before the switch is touched, closed when it is known how they ended.
//!
//! The table says which entries did that; everything else about a change stands in those, and only there.

use crate::bulk::{Batch, Bulk};
use crate::draft::Drafted;
use crate::error::{StoreError, Unreadable};
use crate::ledger;
use crate::open::Store;
use crate::row::{Cells, stored, word};
use patchbay_domain::{ChangeId, ChangeRecord, Event, Seq};

static OPEN: Bulk<2> =
    Bulk::new("INSERT INTO changes (id, opened_seq) SELECT * FROM", "WHERE column1 IS NOT NULL");
static MADE_FROM: Bulk<2> =
    Bulk::new("INSERT INTO made_from (seq, of) SELECT * FROM", "WHERE column1 IS NOT NULL");
static CLOSE: Bulk<4> = Bulk::new(
    "UPDATE changes SET closed_seq = j.column2, outcome = j.column3, why = j.column4 FROM",
    "j WHERE changes.id = j.column1",
);

impl Store {
    /// A change with everything known about it, or none with this id.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] naming the column that does not read.
    pub async fn change(&self, id: ChangeId) -> Result<Option<ChangeRecord>, StoreError> {
        let mut tx = self.read().await?;
        let row = sqlx::query("SELECT id, opened_seq, closed_seq FROM changes WHERE id = ?");
        let row = row.bind(stored(id.get())).fetch_optional(&mut *tx).await?;
        let Some(row) = row else { return Ok(None) };
        let cells = Cells::new(&row, "changes", "id")?;
        let other = |column, seq, did| cells.unreadable(column, Unreadable::OtherEntry { seq, did });
        let opened_seq = Seq::new(cells.number("opened_seq")?);
        let opened = ledger::entry(&mut tx, opened_seq).await?;
        let wrong = || other("opened_seq", opened_seq, "open");
        let opened = opened.filter(|entry| entry.event.change() == Some(id)).ok_or_else(wrong)?;
        let unclosed = ChangeRecord::of(&opened, None).ok_or_else(wrong)?;
        let Some(closed_seq) = cells.number_or_none("closed_seq")?.map(Seq::new) else {
            return Ok(Some(unclosed));
        };
        let closed = ledger::entry(&mut tx, closed_seq).await?;
        let record = closed.and_then(|closed| ChangeRecord::of(&opened, Some(&closed)));
        record.map(Some).ok_or_else(|| other("closed_seq", closed_seq, "close"))
    }
}

/// Writes down the changes that entries open, and which earlier ones they were made from.
pub(crate) fn open(batch: &mut Batch, entries: &[Drafted]) {
    let rows = entries.iter().map(|drafted| &drafted.written.entry).filter_map(|entry| match &entry.event {
        Event::ChangeOpened { change, .. } => {
            Some([stored(change.get()).into(), stored(entry.seq.get()).into()])
        }
        _ => None,
    });
    OPEN.add(batch, rows);
    let later = entries.iter().map(|drafted| &drafted.written.entry).filter_map(|entry| match &entry.event {
        Event::ChangeOpened { intent, .. } => {
            let earlier = intent.origin?.change()?;
            Some([stored(entry.seq.get()).into(), stored(earlier.get()).into()])
        }
        _ => None,
    });
    MADE_FROM.add(batch, later);
}

/// Writes down how the changes that entries close have ended.
pub(crate) fn close(batch: &mut Batch, entries: &[Drafted]) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    for entry in entries.iter().map(|drafted| &drafted.written.entry) {
        let Event::ChangeClosed { change, outcome, why, .. } = &entry.event else { continue };
        let (id, seq) = (stored(change.get()), stored(entry.seq.get()));
        rows.push([id.into(), seq.into(), word(outcome)?.into(), why.clone().into()]);
    }
    CLOSE.add(batch, rows);
    Ok(())
}
