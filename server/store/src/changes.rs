//! Changes: opened before the switch is touched, closed when it is known how they ended.

use crate::error::StoreError;
use crate::lines::Subjects;
use crate::open::Store;
use crate::row::{Cells, stored, word};
use crate::{ledger, lines, picture};
use chrono::{DateTime, Utc};
use patchbay_domain::{
    Actor, ChangeClosing, ChangeId, ChangeRecord, Entry, EntryMark, Event, Generation, Intent, Outcome, Plan,
    PlannedMove, Reason, Seq, StepReport,
};
use sqlx::SqliteConnection;

/// How a change ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Applied, rolled back, stuck.
    pub outcome: Outcome,
    /// Why it was not applied, as a sentence.
    pub why: Option<String>,
    /// What was done, in order.
    pub reports: Vec<StepReport>,
    /// Where the functions are now; empty unless applied.
    pub moves: Vec<PlannedMove>,
}

impl Store {
    /// Writes a change down, durably, before the switch is touched.
    ///
    /// # Errors
    /// [`StoreError::UnknownSwitch`] when the plan is for a switch that is not known.
    pub async fn open_change(
        &self,
        at: DateTime<Utc>,
        actor: &Actor,
        intent: &Intent,
        plan: &Plan,
        reason: &Reason,
        seen: Generation,
    ) -> Result<(ChangeId, Entry), StoreError> {
        let mut tx = self.write().await?;
        for &switch in &plan.switches {
            picture::switch_name(&mut tx, switch).await?;
        }
        let opened = ledger::head(&mut tx).await?.0.next();
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO changes (actor, reason, intent, plan, seen, opened_seq) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
        )
        .bind(serde_json::to_string(actor)?)
        .bind(reason.as_str())
        .bind(serde_json::to_string(intent)?)
        .bind(serde_json::to_string(plan)?)
        .bind(stored(seen.get()))
        .bind(stored(opened.get()))
        .fetch_one(&mut *tx)
        .await?;
        let change = ChangeId::new(id.unsigned_abs());
        let (intent, plan, reason) = (intent.clone(), plan.clone(), reason.clone());
        let mut subjects = Subjects::default();
        plan.moves.iter().for_each(|m| subjects.function(m.function, m.from, m.to));
        let event = Event::ChangeOpened { change, intent, plan, reason, seen };
        let entry = ledger::append(&mut tx, at, actor, &event).await?;
        lines::write(&mut tx, &entry, "", &subjects).await?;
        tx.commit().await?;
        Ok((change, entry))
    }

    /// Ends a change. Outcome, assignments, generation and entry are one transaction. Moves of functions that have
    /// left the picture meanwhile are recorded and otherwise without effect.
    ///
    /// # Errors
    /// [`StoreError::AlreadyClosed`], [`StoreError::UnknownChange`], [`StoreError::UnknownHost`].
    pub async fn close_change(
        &self,
        at: DateTime<Utc>,
        change: ChangeId,
        closing: Closing,
    ) -> Result<Entry, StoreError> {
        let mut tx = self.write().await?;
        check_open(&mut tx, change).await?;
        let closed = ledger::head(&mut tx).await?.0.next();
        let Closing { outcome, why, reports, moves } = closing;
        sqlx::query("UPDATE changes SET closed_seq = ?, outcome = ?, why = ?, reports = ? WHERE id = ?")
            .bind(stored(closed.get()))
            .bind(word(&outcome)?)
            .bind(&why)
            .bind(serde_json::to_string(&reports)?)
            .bind(stored(change.get()))
            .execute(&mut *tx)
            .await?;
        for one in &moves {
            picture::assign(&mut tx, one.function, one.to).await?;
        }
        if !moves.is_empty() {
            picture::raise_generation(&mut tx).await?;
        }
        let event = Event::ChangeClosed { change, outcome, why, reports, moves };
        let entry = ledger::append(&mut tx, at, &Actor::Engine, &event).await?;
        tx.commit().await?;
        Ok(entry)
    }

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

async fn check_open(connection: &mut SqliteConnection, change: ChangeId) -> Result<(), StoreError> {
    let row = sqlx::query("SELECT id, closed_seq FROM changes WHERE id = ?").bind(stored(change.get()));
    let row = row.fetch_optional(connection).await?.ok_or(StoreError::UnknownChange { change })?;
    match Cells::new(&row, "changes", "id")?.number_or_none("closed_seq")? {
        Some(closed) => Err(StoreError::AlreadyClosed { change, closed: Seq::new(closed) }),
        None => Ok(()),
    }
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
        reason: Reason::new(cells.text("reason")?).map_err(|e| cells.unreadable("reason", e))?,
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
