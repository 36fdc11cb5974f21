//! Many rows with one statement, and many statements at once.
//!
//! Whatever is executed crosses to the connection's thread and back, which takes longer than most statements. So few of
//! them carry many rows, and those of a small group go over together; and every value is bound as it is, so that no text
//! is encoded for the way and parsed at its end.

use crate::error::StoreError;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, SqliteConnection};
use std::sync::{Arc, OnceLock};

/// For how many rows there are statements. The connection keeps each prepared, so there must be few; rows that are
/// missing cost little.
const SIZES: [usize; 5] = [1, 4, 16, 64, 256];
/// The most rows of one statement.
const ROWS_MAX: usize = SIZES[SIZES.len() - 1];
/// Up to how many values statements go over together. Each combination is kept prepared under its own text, so it must
/// be few that are; and for many rows the way no longer matters.
const TOGETHER_MAX: usize = 256;

/// One value of a row.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Number(i64),
    Word(&'static str),
    Text(String),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u8> for Value {
    fn from(number: u8) -> Self {
        Self::Number(number.into())
    }
}

impl From<&'static str> for Value {
    fn from(word: &'static str) -> Self {
        Self::Word(word)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Value {
    fn bind(self, to: &mut SqliteArguments) -> Result<(), sqlx::Error> {
        let bound = match self {
            Self::Null => to.add(None::<i64>),
            Self::Number(number) => to.add(number),
            Self::Word(word) => to.add(word),
            Self::Text(text) => to.add(text),
        };
        bound.map_err(sqlx::Error::Encode)
    }
}

/// A statement for any number of rows of `COLUMNS` values, written around their place. The first value of a row is
/// never NULL: rows in which it is are missing ones, and the statement must pass over them.
#[derive(Debug)]
pub(crate) struct Bulk<const COLUMNS: usize> {
    before: &'static str,
    after: &'static str,
    statements: [OnceLock<Arc<str>>; SIZES.len()],
}

impl<const COLUMNS: usize> Bulk<COLUMNS> {
    /// A statement that reads its rows from `(VALUES ...)`, which comes between the two texts. Its columns are called
    /// `column1` and so on.
    pub(crate) const fn new(before: &'static str, after: &'static str) -> Self {
        Self { before, after, statements: [const { OnceLock::new() }; SIZES.len()] }
    }

    /// Adds it for all rows, in order; for none of them, not at all.
    pub(crate) fn add(&self, batch: &mut Batch, rows: impl IntoIterator<Item = [Value; COLUMNS]>) {
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let mut values: Vec<Value> = rows.by_ref().take(ROWS_MAX).flatten().collect();
            let (size, statement) = self.statement(values.len() / COLUMNS);
            values.resize_with(size * COLUMNS, || Value::Null);
            batch.0.push((statement, values));
        }
    }

    /// The statement for at least so many rows, and at most [`ROWS_MAX`]; and for how many it is.
    fn statement(&self, rows: usize) -> (usize, Arc<str>) {
        let size = SIZES.iter().position(|size| *size >= rows).unwrap_or(SIZES.len() - 1);
        let made = self.statements[size].get_or_init(|| {
            let row = format!("({})", ["?"; COLUMNS].join(","));
            let rows = vec![row; SIZES[size]].join(",");
            format!("{} (VALUES {rows}) {}", self.before, self.after).into()
        });
        (SIZES[size], Arc::clone(made))
    }
}

/// Statements that are run one after another and give nothing back.
#[derive(Debug, Default)]
pub(crate) struct Batch(Vec<(Arc<str>, Vec<Value>)>);

impl Batch {
    /// Adds a statement with the values of its places, which are all written `?`.
    pub(crate) fn add(&mut self, statement: &'static str, values: Vec<Value>) {
        self.0.push((statement.into(), values));
    }

    /// Runs all of them. After an error nobody can say how many have been run.
    pub(crate) async fn run(self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let values: usize = self.0.iter().map(|(_, values)| values.len()).sum();
        if values <= TOGETHER_MAX {
            return execute(connection, self.together()).await;
        }
        for statement in self.0 {
            execute(connection, statement).await?;
        }
        Ok(())
    }

    /// All of them as one text.
    fn together(self) -> (Arc<str>, Vec<Value>) {
        let texts: Vec<&str> = self.0.iter().map(|(text, _)| text.as_ref()).collect();
        let text = texts.join(";\n").into();
        (text, self.0.into_iter().flat_map(|(_, values)| values).collect())
    }
}

async fn execute(
    connection: &mut SqliteConnection,
    (statement, values): (Arc<str>, Vec<Value>),
) -> Result<(), StoreError> {
    if !statement.is_empty() {
        let mut arguments = SqliteArguments::default();
        values.into_iter().try_for_each(|value| value.bind(&mut arguments))?;
        sqlx::query_with(AssertSqlSafe(statement), arguments).execute(connection).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::Connection;

    static KEEP: Bulk<3> = Bulk::new("INSERT INTO t SELECT * FROM", "WHERE column1 IS NOT NULL");

    #[tokio::test]
    async fn every_row_is_there_once_in_order_and_no_other_whatever_their_number() {
        let mut connection = SqliteConnection::connect(":memory:").await.expect("a database");
        for rows in [0, 1, 2, 4, 5, 16, 17, 64, 65, 256, 257, 600, 3, 1] {
            let table =
                "DROP TABLE IF EXISTS t; CREATE TABLE t (id INTEGER NOT NULL, word TEXT, text TEXT) STRICT";
            sqlx::raw_sql(table).execute(&mut connection).await.expect("a table");
            let written: Vec<_> =
                (0..rows).map(|id| (id, "word", (id % 2 == 0).then(|| id.to_string()))).collect();
            let values =
                written.iter().cloned().map(|(id, word, text)| [id.into(), word.into(), text.into()]);
            let mut batch = Batch::default();
            KEEP.add(&mut batch, values);
            batch.run(&mut connection).await.expect("written");
            let found = sqlx::query_as::<_, (i64, String, Option<String>)>("SELECT * FROM t ORDER BY rowid");
            let found = found.fetch_all(&mut connection).await.expect("read");
            let written: Vec<_> =
                written.into_iter().map(|(id, word, text)| (id, word.to_owned(), text)).collect();
            assert_eq!(found, written);
        }
    }

    #[tokio::test]
    async fn statements_go_over_together_or_one_by_one_and_each_has_its_own_values() {
        let mut connection = SqliteConnection::connect(":memory:").await.expect("a database");
        for rows in [1_i64, 3, 300] {
            let table =
                "DROP TABLE IF EXISTS t; CREATE TABLE t (id INTEGER NOT NULL, word TEXT, text TEXT) STRICT";
            sqlx::raw_sql(table).execute(&mut connection).await.expect("a table");
            let mut batch = Batch::default();
            KEEP.add(&mut batch, (0..rows).map(|id| [id.into(), "first".into(), Value::Null]));
            batch.add("UPDATE t SET text = ? WHERE id = ?", vec!["changed".into(), 0_i64.into()]);
            KEEP.add(&mut batch, (0..rows).map(|id| [id.into(), "second".into(), Value::Null]));
            batch.run(&mut connection).await.expect("written");
            let found = sqlx::query_as::<_, (i64, i64, Option<String>)>(
                "SELECT count(*), count(text), max(text) FILTER (WHERE word = 'first' AND id = 0) FROM t",
            );
            let found = found.fetch_one(&mut connection).await.expect("read");
            assert_eq!(found, (2 * rows, 1, Some("changed".to_owned())), "{rows} rows");
        }
    }
}
