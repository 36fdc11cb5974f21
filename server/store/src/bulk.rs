//! Many rows with one statement.
//!
//! Every statement crosses to the connection's thread and back, so few of them carry many rows; and every value is
//! bound as it is, so that no text is encoded for the way and parsed at its end.

use crate::error::StoreError;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, SqliteConnection};
use std::sync::{Arc, OnceLock};

/// For how many rows there are statements. The connection keeps each prepared, so there must be few; rows that are
/// missing cost little.
const SIZES: [usize; 5] = [1, 4, 16, 64, 256];
/// The most rows of one statement.
const ROWS_MAX: usize = SIZES[SIZES.len() - 1];

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

    /// Runs it for all rows, in order; for none of them, not at all.
    pub(crate) async fn run(
        &self,
        connection: &mut SqliteConnection,
        rows: Vec<[Value; COLUMNS]>,
    ) -> Result<(), StoreError> {
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let (mut arguments, mut bound) = (SqliteArguments::default(), 0);
            for row in rows.by_ref().take(ROWS_MAX) {
                row.into_iter().try_for_each(|value| value.bind(&mut arguments))?;
                bound += 1;
            }
            // Values beyond the last argument are NULL.
            let statement = AssertSqlSafe(self.statement(bound));
            sqlx::query_with(statement, arguments).execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// The statement for at least so many rows, and at most [`ROWS_MAX`].
    fn statement(&self, rows: usize) -> Arc<str> {
        let size = SIZES.iter().position(|size| *size >= rows).unwrap_or(SIZES.len() - 1);
        let made = self.statements[size].get_or_init(|| {
            let row = format!("({})", ["?"; COLUMNS].join(","));
            let rows = vec![row; SIZES[size]].join(",");
            format!("{} (VALUES {rows}) {}", self.before, self.after).into()
        });
        Arc::clone(made)
    }
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
            KEEP.run(&mut connection, values.collect()).await.expect("written");
            let found = sqlx::query_as::<_, (i64, String, Option<String>)>("SELECT * FROM t ORDER BY rowid");
            let found = found.fetch_all(&mut connection).await.expect("read");
            let written: Vec<_> =
                written.into_iter().map(|(id, word, text)| (id, word.to_owned(), text)).collect();
            assert_eq!(found, written);
        }
    }
}
