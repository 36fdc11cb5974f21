//! What was wished at a moment: kept beside the ledger as it is written, and looked up by index.
//!
//! Which entry changes which wish is decided by [`Topology::apply_with_wishes`], whoever folds: the tables here keep
//! what it says.

use crate::bulk::{Batch, Bulk, Value};
use crate::error::StoreError;
use crate::open::Store;
use crate::picture::assignment;
use crate::row::{Cells, stored};
use patchbay_domain::history::LEDGER_PAGE_MAX;
use patchbay_domain::wishes::{Wish, Wished};
use patchbay_domain::{Assignment, Entry, FunctionId, Generation, Returned, Seq, Topology};
use sqlx::SqliteConnection;
use std::collections::BTreeMap;
use tracing::info;

static WISH: Bulk<6> = Bulk::new(
    "INSERT INTO wishes (function, seq, shown, host, logical_port, number) SELECT * FROM",
    "WHERE column1 IS NOT NULL",
);
static LATER: Bulk<5> = Bulk::new(
    "INSERT INTO wished_later (function, seq, host, logical_port, number) SELECT * FROM",
    "WHERE column1 IS NOT NULL",
);
static RISE: Bulk<2> =
    Bulk::new("INSERT INTO generations (generation, seq) SELECT * FROM", "WHERE column1 IS NOT NULL");

/// For each function the last row up to an entry: one search in the primary key for each.
const WISHES: &str = "SELECT w.function, w.host, w.logical_port, w.number
     FROM functions f CROSS JOIN wishes w ON w.function = f.id
         AND w.seq = (SELECT max(o.seq) FROM wishes o WHERE o.function = f.id AND o.seq <= ?)
     WHERE w.shown = 1 ORDER BY f.id";

/// For some functions the last row that says a wish: the very last may say that the function is not shown.
const LAST: &str = "SELECT w.function, w.host, w.logical_port, w.number
     FROM json_each(?1) f CROSS JOIN wishes w ON w.function = f.value
         AND w.seq = (SELECT o.seq FROM wishes o WHERE o.function = f.value AND o.shown = 1
                      ORDER BY o.seq DESC LIMIT 1)
     WHERE NOT EXISTS (SELECT 1 FROM wished_later l WHERE l.function = f.value AND l.seq > w.seq)
     UNION ALL
     SELECT l.function, l.host, l.logical_port, l.number
     FROM json_each(?1) f CROSS JOIN wished_later l ON l.function = f.value
         AND l.seq = (SELECT max(o.seq) FROM wished_later o WHERE o.function = f.value)
     WHERE NOT EXISTS (SELECT 1 FROM wishes w WHERE w.function = f.value AND w.shown = 1 AND w.seq > l.seq)
     ORDER BY function";

/// What was last wished of each of these functions, however long ago it was shown.
pub(crate) async fn last_wished(
    connection: &mut SqliteConnection,
    functions: &[FunctionId],
) -> Result<Vec<Returned>, StoreError> {
    if functions.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(LAST).bind(serde_json::to_string(functions)?).fetch_all(connection).await?;
    let wished = rows.iter().map(|row| {
        let cells = Cells::new(row, "wishes", "function")?;
        let function = FunctionId::new(cells.number("function")?);
        Ok(Returned { function, wished: assignment(&cells, ["host", "logical_port", "number"])? })
    });
    wished.collect()
}

impl Store {
    /// What was wished of every function that the picture had when an entry had been written; none when there is no
    /// such entry. Takes time in proportion to the functions that there ever were, however long the ledger is.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] naming the row that does not read.
    pub async fn wishes(
        &self,
        seq: Seq,
    ) -> Result<Option<BTreeMap<FunctionId, Option<Assignment>>>, StoreError> {
        let mut tx = self.read().await?;
        let known = sqlx::query_scalar::<_, i64>("SELECT seq FROM ledger WHERE seq = ?");
        if known.bind(stored(seq.get())).fetch_optional(&mut *tx).await?.is_none() {
            return Ok(None);
        }
        let rows = sqlx::query(WISHES).bind(stored(seq.get())).fetch_all(&mut *tx).await?;
        let wish = |row| {
            let cells = Cells::new(row, "wishes", "function")?;
            let function = FunctionId::new(cells.number("function")?);
            Ok((function, assignment(&cells, ["host", "logical_port", "number"])?))
        };
        rows.iter().map(wish).collect::<Result<_, StoreError>>().map(Some)
    }

    /// The entry that a generation came about with; none when there is no such generation.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] naming the row that does not read.
    pub async fn entry_of(&self, generation: Generation) -> Result<Option<Seq>, StoreError> {
        let mut tx = self.read().await?;
        let row = sqlx::query("SELECT generation, seq FROM generations WHERE generation = ?");
        let Some(row) = row.bind(stored(generation.get())).fetch_optional(&mut *tx).await? else {
            return Ok(None);
        };
        Cells::new(&row, "generations", "generation")?.number("seq").map(|seq| Some(Seq::new(seq)))
    }

    /// Fills the tables from a ledger that is older than they are. Its mark is a discovery, which every generation begins with,
    /// and no entry known that any generation came about with.
    pub(crate) async fn fill_wishes(&self) -> Result<(), StoreError> {
        let older = "SELECT NOT EXISTS (SELECT 1 FROM generations)
                         AND EXISTS (SELECT 1 FROM ledger WHERE kind = 'discovered')";
        if sqlx::query_scalar::<_, i64>(older).fetch_one(&mut *self.read().await?).await? == 0 {
            return Ok(());
        }
        info!("reading the whole ledger once, so that its moments can be restored without that");
        let mut tx = self.begin().await?;
        let filled = self.fill(&mut tx).await;
        tx.end(filled).await
    }

    async fn fill(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let (mut picture, mut after) = (Topology::default(), Some(Seq::new(0)));
        while let Some(seq) = after {
            let page = self.ledger(seq, LEDGER_PAGE_MAX).await?;
            let mut noted = Noted::default();
            page.entries.iter().for_each(|entry| noted.fold(&mut picture, entry));
            let mut batch = Batch::default();
            noted.add(&mut batch);
            batch.run(connection).await?;
            after = page.next_after;
        }
        Ok(())
    }
}

/// What entries change of the wishes, to be written.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    wished: Vec<(Seq, Wished)>,
    generations: Vec<(Generation, Seq)>,
}

impl Noted {
    /// Folds an entry into a picture, and notes what that changes.
    pub(crate) fn fold(&mut self, picture: &mut Topology, entry: &Entry) {
        let before = picture.generation;
        let (_, changed) = picture.apply_with_wishes(entry);
        self.wished.extend(changed.into_iter().map(|wished| (entry.seq, wished)));
        if picture.generation != before {
            self.generations.push((picture.generation, entry.seq));
        }
    }

    /// Adds what writes it down. The entries, and the functions and hosts they name, must be there by then.
    pub(crate) fn add(&self, batch: &mut Batch) {
        WISH.add(batch, self.wished.iter().filter_map(|(seq, wished)| row(*seq, wished)));
        LATER.add(batch, self.wished.iter().filter_map(|(seq, wished)| later(*seq, wished)));
        let rows = self.generations.iter();
        let rows = rows.map(|(generation, seq)| [stored(generation.get()).into(), stored(seq.get()).into()]);
        RISE.add(batch, rows);
    }
}

fn row(seq: Seq, Wished { function, wish }: &Wished) -> Option<[Value; 6]> {
    let (shown, at) = match wish {
        Wish::Unshown => (0_u8, None),
        Wish::Pool => (1, None),
        Wish::On(at) => (1, Some(*at)),
        Wish::Later(_) => return None,
    };
    let [host, port, number] = place(at);
    Some([function.get().into(), stored(seq.get()).into(), shown.into(), host, port, number])
}

fn later(seq: Seq, Wished { function, wish }: &Wished) -> Option<[Value; 5]> {
    let Wish::Later(at) = *wish else { return None };
    let [host, port, number] = place(at);
    Some([function.get().into(), stored(seq.get()).into(), host, port, number])
}

fn place(at: Option<Assignment>) -> [Value; 3] {
    let (host, port) = (at.map(|at| at.host.get()), at.map(|at| at.logical_port.0));
    [host.into(), port.into(), at.map(|at| at.number).into()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::query_plan;

    #[tokio::test]
    async fn a_moment_is_looked_up_by_the_primary_key_and_never_by_reading_the_history() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(&dir.path().join("rack.db")).await.expect("a new database");
        for (query, bound, newest) in [(WISHES, "7", "(function=? AND seq<?)"), (LAST, "[7]", "(function=?)")]
        {
            let mut tx = store.read().await.expect("a transaction");
            let plan = query_plan(&mut tx, query, Some(bound)).await;
            assert!(plan.contains("SEARCH w USING PRIMARY KEY (function=? AND seq=?)"), "{plan}");
            assert!(query == LAST || !plan.contains("B-TREE"), "{plan}");
            assert!(plan.contains(&format!("SEARCH o USING PRIMARY KEY {newest}")), "{plan}");
            assert!(
                !plan.contains("SCAN w") && !plan.contains("SCAN o") && !plan.contains("SCAN l"),
                "{plan}"
            );
        }
    }
}
