//! Changes: opened before the switch is touched, closed when it is known how they ended.

use crate::chained::Written;
use crate::draft::Drafted;
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{Cells, stored, word};
use patchbay_domain::{ChangeClosing, ChangeId, ChangeRecord, EntryMark, Event, Generation, Seq};
use sqlx::SqliteConnection;

impl Store {
    /// A change with everything known about it, or none with this id.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] naming the column that does not read.
    pub async fn change(&self, id: ChangeId) -> Result<Option<ChangeRecord>, StoreError> {
        let mut tx = self.read().await?;
        let row = sqlx::query(
            "SELECT c.id, c.actor, c.reason, c.intent, c.plan, c.seen, c.outcome, c.why, c.reports,
                    c.opened_seq, o.at AS opened_at, o.prev AS opened_prev, o.hash AS opened_hash,
                    c.closed_seq, e.at AS closed_at, e.prev AS closed_prev, e.hash AS closed_hash
             FROM changes c JOIN ledger o ON o.seq = c.opened_seq LEFT JOIN ledger e ON e.seq = c.closed_seq
             WHERE c.id = ?",
        );
        let row = row.bind(stored(id.get())).fetch_optional(&mut *tx).await?;
        row.map(|row| record(&Cells::new(&row, "changes", "id")?)).transpose()
    }
}

/// Writes down the changes that entries open.
pub(crate) async fn open(connection: &mut SqliteConnection, entries: &[Drafted]) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    for Written { entry, actor, .. } in entries.iter().map(|drafted| &drafted.written) {
        let Event::ChangeOpened { change, intent, plan, reason, seen } = &entry.event else { continue };
        let (id, seen, seq) = (stored(change.get()), stored(seen.get()), stored(entry.seq.get()));
        let (intent, plan) = (serde_json::to_string(intent)?, serde_json::to_string(plan)?);
        rows.push((id, actor, reason.as_str(), intent, plan, seen, seq));
    }
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO changes (id, actor, reason, intent, plan, seen, opened_seq)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
         FROM json_each(?)",
    )
    .bind(serde_json::to_string(&rows)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes down how the changes that entries close have ended.
pub(crate) async fn close(connection: &mut SqliteConnection, entries: &[Drafted]) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    for entry in entries.iter().map(|drafted| &drafted.written.entry) {
        let Event::ChangeClosed { change, outcome, why, reports, .. } = &entry.event else { continue };
        let (id, seq, reports) =
            (stored(change.get()), stored(entry.seq.get()), serde_json::to_string(reports)?);
        rows.push((id, seq, word(outcome)?, why, reports));
    }
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE changes
         SET closed_seq = j.value ->> 1, outcome = j.value ->> 2, why = j.value ->> 3, reports = j.value ->> 4
         FROM json_each(?) j WHERE changes.id = j.value ->> 0",
    )
    .bind(serde_json::to_string(&rows)?)
    .execute(connection)
    .await?;
    Ok(())
}

fn record(cells: &Cells<'_>) -> Result<ChangeRecord, StoreError> {
    let opened = EntryMark {
        seq: Seq::new(cells.number("opened_seq")?),
        at: cells.moment("opened_at")?,
        prev: cells.hash("opened_prev")?,
        hash: cells.hash("opened_hash")?,
    };
    Ok(ChangeRecord {
        id: ChangeId::new(cells.number("id")?),
        actor: cells.json("actor")?,
        reason: cells.reason("reason")?,
        intent: cells.json("intent")?,
        seen: Generation::new(cells.number("seen")?),
        plan: cells.json("plan")?,
        opened,
        closed: closing(cells)?,
    })
}

fn closing(cells: &Cells<'_>) -> Result<Option<ChangeClosing>, StoreError> {
    let Some(seq) = cells.number_or_none("closed_seq")? else { return Ok(None) };
    let entry = EntryMark {
        seq: Seq::new(seq),
        at: cells.moment("closed_at")?,
        prev: cells.hash("closed_prev")?,
        hash: cells.hash("closed_hash")?,
    };
    Ok(Some(ChangeClosing {
        entry,
        outcome: cells.word("outcome")?,
        why: cells.text_or_none("why")?.map(str::to_owned),
        reports: cells.json("reports")?,
    }))
}
