//! The only writing connection, and the one transaction at a time on it.
//!
//! The connection is given back only after a commit or a rollback that worked. After anything else, a failed commit as
//! well as a caller that went away in the middle, it is closed, which takes back what it had not committed, and the
//! next transaction begins on a new one. So it is with one that may only read. So no failure outlasts its cause.

use crate::bulk::Batch;
use crate::error::StoreError;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions, Connection, Sqlite, SqliteConnection};
use std::ops::{Deref, DerefMut};
use tokio::sync::{Mutex, MutexGuard};

/// The writing connection.
#[derive(Debug)]
pub(crate) struct Writer {
    options: SqliteConnectOptions,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// Ready for the next transaction.
    Idle(SqliteConnection),
    /// In a transaction, or lost in one.
    Gone,
    /// Closed for good.
    Closed,
}

/// A transaction that holds the database's write lock from its start, so what it reads is what it will change.
#[derive(Debug)]
pub(crate) struct WriteTransaction<'a> {
    /// Where the connection goes back to.
    home: MutexGuard<'a, State>,
    connection: SqliteConnection,
}

impl Writer {
    /// A writer on an open connection; `options` open it again when it is lost.
    pub(crate) fn new(connection: SqliteConnection, options: SqliteConnectOptions) -> Self {
        Self { options, state: Mutex::new(State::Idle(connection)) }
    }

    /// Begins a transaction when the one before has ended.
    pub(crate) async fn begin(&self) -> Result<WriteTransaction<'_>, StoreError> {
        let (home, mut connection) = self.take().await?;
        sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await?;
        Ok(WriteTransaction { home, connection })
    }

    /// The same with a query that begins it itself, and gives what the query reads.
    pub(crate) async fn begin_reading(
        &self,
        query: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<(WriteTransaction<'_>, Vec<SqliteRow>), StoreError> {
        let (home, mut connection) = self.take().await?;
        let rows = query.fetch_all(&mut connection).await?;
        Ok((WriteTransaction { home, connection }, rows))
    }

    /// Takes the connection out of its place; it is lost unless it is given back.
    async fn take(&self) -> Result<(MutexGuard<'_, State>, SqliteConnection), StoreError> {
        let mut home = self.state.lock().await;
        let connection = match std::mem::replace(&mut *home, State::Gone) {
            State::Idle(connection) => connection,
            State::Gone => self.options.connect().await?,
            State::Closed => {
                *home = State::Closed;
                return Err(sqlx::Error::PoolClosed.into());
            }
        };
        Ok((home, connection))
    }

    /// Closes the connection. Every later transaction fails.
    pub(crate) async fn close(&self) {
        let mut state = self.state.lock().await;
        if let State::Idle(connection) = std::mem::replace(&mut *state, State::Closed)
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the database was not closed cleanly; it will be put right when it is opened");
        }
    }
}

impl WriteTransaction<'_> {
    /// Runs what is left to do and commits, in one go. After an error only the database knows what became of it: the
    /// connection is closed.
    ///
    /// # Errors
    /// The first error of the statements or of the commit.
    pub(crate) async fn commit(mut self, mut batch: Batch) -> Result<(), StoreError> {
        batch.add("COMMIT", Vec::new());
        batch.run(&mut self.connection).await?;
        let Self { mut home, connection } = self;
        *home = State::Idle(connection);
        Ok(())
    }

    /// Commits what worked and takes back what did not.
    ///
    /// # Errors
    /// The error of `done`, or of the commit.
    pub(crate) async fn end<T>(mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        let last = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = sqlx::query(last).execute(&mut self.connection).await;
        let Self { mut home, connection } = self;
        match (done, ended) {
            (Ok(_), Err(error)) => Err(error.into()),
            // SQLite takes some transactions back by itself; closing the connection leaves no doubt which. And what it may
            // not write when it opens it, it opens for reading, for good.
            (Err(error), Err(_)) | (Err(error @ StoreError::ReadOnly(_)), Ok(_)) => Err(error),
            (done, Ok(_)) => {
                *home = State::Idle(connection);
                done
            }
        }
    }
}

impl Deref for WriteTransaction<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for WriteTransaction<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}
