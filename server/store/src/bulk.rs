//! Many rows with one statement, and many statements at once.
//!
//! Whatever is executed crosses to the connection's thread and back, which takes longer than most statements, and much
//! longer on a busy machine. So all of a group goes over together, with one statement for the rows of each table; and every
//! value is bound as it is, so that no text is encoded for the way and parsed at its end.
//!
//! Each text is kept prepared, so there must be few of them. All statements of a group are therefore made for the same
//! number of rows, a power of two; rows that are missing cost little.

use crate::error::StoreError;
use futures::TryStreamExt;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Executor, SqliteConnection};

/// The most rows of one statement.
const ROWS_MAX: usize = 256;
/// How many times more rows a statement is made for than the others of its group, when it has more.
const MORE: usize = 4;

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
}

impl<const COLUMNS: usize> Bulk<COLUMNS> {
    /// A statement that reads its rows from `(VALUES ...)`, which comes between the two texts. Its columns are called
    /// `column1` and so on.
    pub(crate) const fn new(before: &'static str, after: &'static str) -> Self {
        Self { before, after }
    }

    /// Adds it for all rows, in order; for none of them, not at all.
    pub(crate) fn add(&self, batch: &mut Batch, rows: impl IntoIterator<Item = [Value; COLUMNS]>) {
        let values: Vec<Value> = rows.into_iter().flatten().collect();
        if !values.is_empty() {
            let Self { before, after } = *self;
            batch.0.push(Statement::Rows { before, after, columns: COLUMNS, values });
        }
    }
}

/// Statements that are run one after another and give nothing back. The first one says for how many rows the others are
/// made.
#[derive(Debug, Default)]
pub(crate) struct Batch(Vec<Statement>);

#[derive(Debug)]
enum Statement {
    /// One with the values of its places.
    Whole(&'static str, Vec<Value>),
    /// One around the place of its rows.
    Rows { before: &'static str, after: &'static str, columns: usize, values: Vec<Value> },
}

/// Statements as one text, with the values of all.
#[derive(Debug, Default)]
struct Script {
    statements: usize,
    text: String,
    values: Vec<Value>,
}

impl Batch {
    /// Adds a statement with the values of its places, which are all written `?`.
    pub(crate) fn add(&mut self, statement: &'static str, values: Vec<Value>) {
        self.0.push(Statement::Whole(statement, values));
    }

    /// Puts a statement in front of the others.
    pub(crate) fn first(&mut self, statement: &'static str) {
        self.0.insert(0, Statement::Whole(statement, Vec::new()));
    }

    /// Runs all of them. After an error nobody can say how many have been run.
    pub(crate) async fn run(self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let Script { statements, text, values } = self.script();
        if statements == 0 {
            return Ok(());
        }
        let mut arguments = SqliteArguments::default();
        values.into_iter().try_for_each(|value| value.bind(&mut arguments))?;
        let mut done = connection.fetch_many(sqlx::query_with(AssertSqlSafe(text), arguments));
        // Each statement tells that it is done. To wait until it is told that there are no more would be to wait for one
        // more change of threads.
        for _ in 0..statements {
            done.try_next().await?.ok_or(sqlx::Error::WorkerCrashed)?;
        }
        Ok(())
    }

    fn script(self) -> Script {
        let rows = |statement: &Statement| match statement {
            Statement::Whole(..) => None,
            Statement::Rows { columns, values, .. } => Some(values.len() / columns),
        };
        let first = self.0.iter().find_map(rows).unwrap_or(1).next_power_of_two();
        let mut script = Script::default();
        for statement in self.0 {
            match statement {
                Statement::Whole(text, values) => script.add(text, values),
                Statement::Rows { before, after, columns, values } => {
                    script.add_rows([before, after], columns, values, first);
                }
            }
        }
        script
    }
}

impl Script {
    fn add(&mut self, statement: &str, values: Vec<Value>) {
        if !self.text.is_empty() {
            self.text.push_str(";\n");
        }
        self.statements += 1;
        self.text.push_str(statement);
        self.values.extend(values);
    }

    /// Adds a statement for at least so many rows; for more than [`ROWS_MAX`], several times.
    fn add_rows(&mut self, around: [&str; 2], columns: usize, values: Vec<Value>, at_least: usize) {
        let rows = values.len() / columns;
        let mut size = at_least;
        while size < rows {
            size *= MORE;
        }
        let size = size.min(ROWS_MAX);
        let row = format!("({})", vec!["?"; columns].join(","));
        let text = format!("{} (VALUES {}) {}", around[0], vec![row; size].join(","), around[1]);
        let mut values = values.into_iter().peekable();
        while values.peek().is_some() {
            let mut some: Vec<Value> = values.by_ref().take(size * columns).collect();
            some.resize_with(size * columns, || Value::Null);
            self.add(&text, some);
        }
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
    async fn a_batch_of_which_not_every_statement_is_told_to_be_done_has_failed() {
        let mut connection = SqliteConnection::connect(":memory:").await.expect("a database");
        let mut batch = Batch::default();
        batch.add("BEGIN", Vec::new());
        batch.add("-- told by nobody", Vec::new());
        let failed = batch.run(&mut connection).await.expect_err("one is missing");
        assert!(matches!(failed, StoreError::Sqlite(sqlx::Error::WorkerCrashed)), "{failed:?}");
    }

    #[tokio::test]
    async fn statements_go_over_together_and_each_has_its_own_values() {
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
