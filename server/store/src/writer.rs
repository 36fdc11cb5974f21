//! The only writing connection, and the one transaction at a time on it.
//!
//! The connection is given back only after a commit or a rollback that worked. After anything else, a failed commit as
//! well as a caller that went away in the middle, it is closed, which takes back what it had not committed, and the
//! next transaction begins on a new one. So it is with one that may only read. So no failure outlasts its cause.

use crate::bulk::Batch;
use crate::error::StoreError;
use crate::image::Image;
use patchbay_awake::{Eagerness, Limits};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions, Connection, Sqlite, SqliteConnection};
use std::ops::{Deref, DerefMut};
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};

/// Takes the write lock at once: who waits for it later may find that what was read is old.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// What searches choose among indexes by: how rare values are among 400 rows of each, which is enough to tell a rare one from
/// a common one. Nothing else has a choice.
const ANALYZE: &str = "PRAGMA analysis_limit = 400; ANALYZE lines";

/// A commit takes some 300 µs on a disk of a machine's own.
const EAGERNESS: Limits = Limits { quick: Duration::from_millis(1), awake: Duration::from_micros(600) };

/// The writing connection.
#[derive(Debug)]
pub(crate) struct Writer {
    eagerness: Eagerness,
    options: SqliteConnectOptions,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// Ready for the next transaction, with what is known from those before.
    Idle(SqliteConnection, Option<Box<Image>>),
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
    /// False as long as there was no need to begin: then it begins with its commit.
    begun: bool,
    /// What is known, and still will be when this has been committed.
    pub(crate) image: Option<Box<Image>>,
    /// How eagerly its commit is waited for if it is somebody's alone. What many wait for, all of them wait for asleep.
    pub(crate) eagerness: &'a Eagerness,
}

/// The writer while nobody writes.
#[derive(Debug)]
pub(crate) struct Quiet<'a>(MutexGuard<'a, State>);

impl Writer {
    /// A writer on an open connection; `options` open it again when it is lost.
    pub(crate) fn new(connection: SqliteConnection, options: SqliteConnectOptions) -> Self {
        Self {
            eagerness: Eagerness::new(EAGERNESS),
            options,
            state: Mutex::new(State::Idle(connection, None)),
        }
    }

    /// Begins a transaction when the one before has ended.
    pub(crate) async fn begin(&self) -> Result<WriteTransaction<'_>, StoreError> {
        let mut tx = self.take().await?;
        sqlx::query(BEGIN).execute(&mut tx.connection).await?;
        tx.begun = true;
        Ok(tx)
    }

    /// Takes the connection out of its place when the transaction before has ended; it is lost unless that is given back.
    /// The transaction begins when something is read with [`WriteTransaction::begin_reading`], or with its commit.
    pub(crate) async fn take(&self) -> Result<WriteTransaction<'_>, StoreError> {
        let mut home = self.state.lock().await;
        let (connection, image) = match std::mem::replace(&mut *home, State::Gone) {
            State::Idle(connection, image) => (connection, image),
            State::Gone => (self.options.connect().await?, None),
            State::Closed => {
                *home = State::Closed;
                return Err(sqlx::Error::PoolClosed.into());
            }
        };
        Ok(WriteTransaction { home, connection, begun: false, image, eagerness: &self.eagerness })
    }

    /// Keeps everybody from writing.
    pub(crate) async fn quiet(&self) -> Quiet<'_> {
        Quiet(self.state.lock().await)
    }

    /// Closes the connection, with statistics for who opens the next one. Every later transaction fails.
    pub(crate) async fn close(&self) {
        let mut state = self.state.lock().await;
        let State::Idle(mut connection, _) = std::mem::replace(&mut *state, State::Closed) else { return };
        if let Err(error) = sqlx::raw_sql(ANALYZE).execute(&mut connection).await {
            tracing::info!(%error, "searches will choose among indexes as they did before");
        }
        if let Err(error) = connection.close().await {
            tracing::warn!(%error, "the database was not closed cleanly; it will be put right when it is opened");
        }
    }
}

impl Quiet<'_> {
    /// Keeps what was read meanwhile for the groups to come.
    pub(crate) fn know(mut self, image: Image) {
        if let State::Idle(_, known) = &mut *self.0 {
            *known = Some(Box::new(image));
        }
    }
}

impl WriteTransaction<'_> {
    /// Begins with a query that does so itself, and gives what it reads.
    pub(crate) async fn begin_reading(
        &mut self,
        query: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        // It may have begun before it fails.
        self.begun = true;
        Ok(query.fetch_all(&mut self.connection).await?)
    }

    /// Runs what is left to do and commits, in one go. After an error only the database knows what became of it: the
    /// connection is closed.
    ///
    /// # Errors
    /// The first error of the statements or of the commit.
    pub(crate) async fn commit(mut self, mut batch: Batch) -> Result<(), StoreError> {
        if !self.begun {
            batch.first(BEGIN);
        }
        batch.add("COMMIT", Vec::new());
        batch.run(&mut self.connection).await?;
        self.go_home();
        Ok(())
    }

    fn go_home(self) {
        let Self { mut home, connection, image, .. } = self;
        *home = State::Idle(connection, image);
    }

    /// Commits what worked and takes back what did not.
    ///
    /// # Errors
    /// The error of `done`, or of the commit.
    pub(crate) async fn end<T>(mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if !self.begun {
            self.go_home();
            return done;
        }
        let last = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = sqlx::query(last).execute(&mut self.connection).await;
        match (done, ended) {
            (Ok(_), Err(error)) => Err(error.into()),
            // SQLite takes some transactions back by itself; closing the connection leaves no doubt which. And what it may
            // not write when it opens it, it opens for reading, for good.
            (Err(error), Err(_)) | (Err(error @ StoreError::ReadOnly(_)), Ok(_)) => Err(error),
            (done, Ok(_)) => {
                self.go_home();
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
