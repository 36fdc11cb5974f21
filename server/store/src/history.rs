//! Searching the history.

use crate::error::StoreError;
use crate::open::Store;
use crate::row::{Cells, moment, stored, word};
use patchbay_domain::history::SEARCH_MAX_CHARS;
use patchbay_domain::{ChangeId, Ending, HistoryItem, HistoryPage, HistoryQuery, Seq};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite};

/// Whether about a function of a change, one that is still there, nothing was decided since it could not be finished.
macro_rules! unsettled {
    () => {
        "EXISTS (SELECT 1 FROM unsettled u JOIN functions f ON f.id = u.function JOIN adapters a ON a.id = f.adapter
                 WHERE u.change = c.id AND f.shown = 1 AND a.state <> 'replaced')"
    };
}

impl Store {
    /// One page of the history, newest first, with all filters of the query together.
    ///
    /// # Errors
    /// [`StoreError::SearchTooLong`], [`StoreError::Unreadable`] naming the line that does not read.
    pub async fn history(&self, query: &HistoryQuery) -> Result<HistoryPage, StoreError> {
        // The newest lines first, which are not filed yet, then the others: both as of one moment.
        let parts = [select(query, Lead::Unfiled)?, select(query, Lead::of(query))?];
        let mut tx = self.read().await?;
        let limit = usize::try_from(query.limit()).unwrap_or(1);
        let mut items = Vec::new();
        for mut sql in parts {
            if items.len() <= limit {
                let rows = sql.build().fetch_all(&mut *tx).await?;
                items.extend(rows.iter().map(item).collect::<Result<Vec<_>, _>>()?);
            }
        }
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|item| item.seq);
        Ok(HistoryPage { items, next })
    }
}

/// The table that narrows a search most is read first, in the order of its index; the others are looked up by key.
/// CROSS JOIN keeps SQLite from choosing otherwise.
#[derive(Clone, Copy)]
enum Lead {
    /// What touched one host, adapter or function.
    Subject(&'static str, u32),
    /// Changes that were made from one.
    MadeFrom(ChangeId),
    /// Changes that ended in one way other than applied, which almost all are.
    Outcome,
    /// All lines; SQLite picks the index by person, kind or time.
    Lines,
    /// Lines that are not filed yet, which are few.
    Unfiled,
}

impl Lead {
    fn of(query: &HistoryQuery) -> Self {
        if let Some(change) = query.made_from {
            return Self::MadeFrom(change);
        }
        match subjects(query).next() {
            Some((kind, id)) => Self::Subject(kind, id),
            None if query.outcome.is_some_and(|ending| ending != Ending::Applied) => Self::Outcome,
            None => Self::Lines,
        }
    }

    const fn tables(self) -> &'static str {
        match self {
            Self::Subject(..) => {
                "subjects s CROSS JOIN lines l ON l.seq = s.seq LEFT JOIN changes c ON c.opened_seq = l.seq"
            }
            Self::MadeFrom(_) => {
                "made_from m CROSS JOIN lines l ON l.seq = m.seq LEFT JOIN changes c ON c.opened_seq = m.seq"
            }
            Self::Outcome => "changes c CROSS JOIN lines l ON l.seq = c.opened_seq",
            Self::Lines => "lines l LEFT JOIN changes c ON c.opened_seq = l.seq",
            Self::Unfiled => "unfiled l LEFT JOIN changes c ON c.opened_seq = l.seq",
        }
    }

    const fn subjects(self) -> &'static str {
        match self {
            Self::Unfiled => "unfiled_subjects",
            Self::Subject(..) | Self::MadeFrom(_) | Self::Outcome | Self::Lines => "subjects",
        }
    }

    const fn seq(self) -> &'static str {
        match self {
            Self::Subject(..) => "s.seq",
            Self::MadeFrom(_) => "m.seq",
            Self::Outcome => "c.opened_seq",
            Self::Lines | Self::Unfiled => "l.seq",
        }
    }
}

/// The subjects asked for, the one with the fewest lines first.
fn subjects(query: &HistoryQuery) -> impl Iterator<Item = (&'static str, u32)> {
    let function = query.function.map(|id| ("function", id.get()));
    let adapter = query.adapter.map(|id| ("adapter", id.get()));
    let host = query.host.map(|id| ("host", id.get()));
    [function, host, adapter].into_iter().flatten()
}

/// One row more than the page holds, to tell whether there is another page.
fn select(query: &HistoryQuery, lead: Lead) -> Result<QueryBuilder<Sqlite>, StoreError> {
    let mut sql = QueryBuilder::new(concat!(
        "SELECT l.seq, l.at, l.kind, l.title, l.reason, c.id AS change, c.outcome, c.why,
                coalesce(c.outcome = 'stuck' AND NOT ",
        unsettled!(),
        ", 0) AS settled, (SELECT e.actor FROM ledger e WHERE e.seq = l.seq) AS actor FROM ",
    ));
    sql.push(lead.tables()).push(" WHERE ").push(lead.seq()).push(" < ");
    sql.push_bind(query.before.map_or(i64::MAX, |seq| stored(seq.get())));
    if let Lead::Subject(kind, id) = lead {
        sql.push(" AND s.kind = ").push_bind(kind).push(" AND s.id = ").push_bind(id);
    }
    match (lead, query.made_from) {
        (Lead::MadeFrom(change), _) => {
            sql.push(" AND m.of = ").push_bind(stored(change.get()));
        }
        (_, Some(change)) => {
            sql.push(" AND EXISTS (SELECT 1 FROM made_from m WHERE m.seq = l.seq AND m.of = ");
            sql.push_bind(stored(change.get())).push(")");
        }
        (_, None) => {}
    }
    let led = usize::from(matches!(lead, Lead::Subject(..)));
    for (kind, id) in subjects(query).skip(led) {
        sql.push(" AND EXISTS (SELECT 1 FROM ").push(lead.subjects()).push(" o WHERE o.kind = ");
        sql.push_bind(kind);
        sql.push(" AND o.id = ").push_bind(id).push(" AND o.seq = l.seq)");
    }
    push_filters(&mut sql, query)?;
    sql.push(" ORDER BY ").push(lead.seq()).push(" DESC LIMIT ").push_bind(i64::from(query.limit()) + 1);
    Ok(sql)
}

fn push_filters(sql: &mut QueryBuilder<Sqlite>, query: &HistoryQuery) -> Result<(), StoreError> {
    if let Some(person) = &query.person {
        sql.push(" AND l.person = ").push_bind(person.clone());
    }
    if let Some(kind) = &query.kind {
        sql.push(" AND l.kind = ").push_bind(word(kind)?);
    }
    if let Some(ending) = query.outcome {
        // What comes first is what SQLite chooses the index by.
        sql.push(match ending {
            // With `=` it would be free to read the changes first, of which nearly all are applied.
            Ending::Applied => " AND l.kind = 'change' AND c.outcome IS ",
            Ending::RolledBack | Ending::Stuck | Ending::NeedsYou => {
                " AND c.outcome <> 'applied' AND c.outcome = "
            }
        });
        sql.push_bind(word(&ending.outcome())?);
        if ending == Ending::NeedsYou {
            sql.push(" AND ").push(unsettled!());
        }
    }
    if let Some(from) = query.from {
        sql.push(" AND l.at >= ").push_bind(moment(from));
    }
    if let Some(to) = query.to {
        sql.push(" AND l.at < ").push_bind(moment(to));
    }
    if let Some(text) = query.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        let pattern = containing(text)?;
        sql.push(" AND (l.title LIKE ").push_bind(pattern.clone()).push(r" ESCAPE '\' OR l.reason LIKE ");
        sql.push_bind(pattern).push(r" ESCAPE '\')");
    }
    Ok(())
}

/// A LIKE pattern for texts that contain `text`, whose own `%`, `_` and `\` stand for themselves.
fn containing(text: &str) -> Result<String, StoreError> {
    let chars = text.chars().count();
    if chars > SEARCH_MAX_CHARS {
        return Err(StoreError::SearchTooLong { chars });
    }
    let mut pattern = String::from("%");
    for char in text.chars() {
        if matches!(char, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(char);
    }
    pattern.push('%');
    Ok(pattern)
}

fn item(row: &SqliteRow) -> Result<HistoryItem, StoreError> {
    let cells = Cells::new(row, "lines", "seq")?;
    Ok(HistoryItem {
        seq: Seq::new(cells.number("seq")?),
        at: cells.moment("at")?,
        actor: cells.json("actor")?,
        kind: cells.word("kind")?,
        title: cells.text("title")?.to_owned(),
        change: cells.number_or_none("change")?.map(ChangeId::new),
        outcome: cells.word_or_none("outcome")?,
        reason: cells.text_or_none("reason")?.map(str::to_owned),
        why: cells.text_or_none("why")?.map(str::to_owned),
        settled: cells.flag("settled")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::query_plan;
    use patchbay_domain::{AdapterId, FunctionId, HostId, ItemKind};

    /// How SQLite says it will run the query for a page.
    async fn page_plan(store: &Store, query: &HistoryQuery) -> String {
        let sql = select(query, Lead::of(query)).expect("a short text").into_string();
        query_plan(&mut store.read().await.expect("a transaction"), &sql, None).await
    }

    #[tokio::test]
    async fn every_filter_has_its_index_and_no_page_is_sorted() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(&dir.path().join("rack.db")).await.expect("a new database");
        let all = HistoryQuery::default;
        let (host, adapter, function) =
            (Some(HostId::new(1)), Some(AdapterId::new(1)), Some(FunctionId::new(1)));
        let subject = "SEARCH s USING PRIMARY KEY (kind=? AND id=? AND seq<?)";
        let cases = [
            (all(), "SEARCH l USING INTEGER PRIMARY KEY (rowid<?)"),
            (HistoryQuery { host, ..all() }, subject),
            (
                HistoryQuery { made_from: Some(ChangeId::new(1)), host, ..all() },
                "SEARCH m USING PRIMARY KEY (of=? AND seq<?)",
            ),
            (HistoryQuery { adapter, ..all() }, subject),
            (HistoryQuery { function, host, person: Some("ada".to_owned()), ..all() }, subject),
            (
                HistoryQuery { person: Some("ada".to_owned()), ..all() },
                "lines_by_person (person=? AND rowid<?)",
            ),
            (HistoryQuery { kind: Some(ItemKind::Links), ..all() }, "lines_by_kind (kind=? AND rowid<?)"),
            (HistoryQuery { outcome: Some(Ending::Applied), ..all() }, "lines_by_kind (kind=? AND rowid<?)"),
            (
                HistoryQuery { outcome: Some(Ending::Stuck), ..all() },
                "changes_by_outcome (outcome=? AND opened_seq<?)",
            ),
            (
                HistoryQuery { outcome: Some(Ending::NeedsYou), ..all() },
                "SEARCH u USING PRIMARY KEY (change=?)",
            ),
        ];
        for (query, wanted) in cases {
            let plan = page_plan(&store, &query).await;
            assert!(plan.contains(wanted), "{query:?}:\n{plan}");
            assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{query:?}:\n{plan}");
        }
    }

    #[test]
    fn a_pattern_takes_its_text_literally() {
        assert_eq!(containing(r"50%_\").expect("short"), r"%50\%\_\\%");
        assert!(containing(&"ü".repeat(SEARCH_MAX_CHARS)).is_ok());
    }
}
