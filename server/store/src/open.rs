//! Opening the database: its lock, its settings, its migrations.

use crate::error::StoreError;
use crate::writer::{Quiet, WriteTransaction, Writer};
use crate::{ledger, log};
use sqlx::migrate::Migrator;
use sqlx::pool::PoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};
use sqlx::{ConnectOptions, Sqlite, SqliteConnection, Transaction};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// Readers work beside the writer and each other; more than a few would only wait for the same two cores.
const READERS_MAX: u32 = 4;
/// Only a foreign program, such as a backup, can hold the lock; one that holds it longer needs a person.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How much of the database a reading connection keeps in memory, in pages: the upper levels of the indexes of a large
/// history.
const READER_PAGES: &str = "8192";
/// The same of the writing one. Few, since SQLite goes through all of them at every commit that moved a page of an index.
const WRITER_PAGES: &str = "1024";

/// The database of one server. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    writer: Arc<Writer>,
    readers: SqlitePool,
    lock: Arc<File>,
}

impl Store {
    /// Opens the database at `path`, creating or migrating it as needed, and checks that its last entry is sound.
    /// Locks `path` with `.lock` appended until it is closed. The directory must exist.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another server has it, [`StoreError::NotDurable`] when SQLite would not write
    /// through to the disk, [`StoreError::Migrate`] when a newer version wrote it, [`StoreError::Chain`] when its last
    /// entry was tampered with.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let lock = Arc::new(take_lock(path)?);
        let opened = |source| StoreError::at_opening(path, source);
        let options = options(path).pragma("cache_size", WRITER_PAGES);
        let mut connection = options.connect().await.map_err(opened)?;
        let migrated = MIGRATIONS.run(&mut connection).await;
        migrated.map_err(|source| StoreError::at_migrating(path, source))?;
        check_durability(&mut connection).await?;
        ledger::check_last(&mut connection).await?;
        lengthen_log(path).await;
        let options = options.create_if_missing(false);
        let writer = Arc::new(Writer::new(connection, options.clone()));
        let options = options.pragma("cache_size", READER_PAGES).pragma("query_only", "ON");
        let readers = pool(READERS_MAX).connect_with(options).await.map_err(opened)?;
        let store = Self { writer, readers, lock };
        store.fill_wishes().await?;
        Ok(store)
    }

    /// Waits for running queries, writes the log back into the database file and releases the lock. Every later call
    /// on any clone fails.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(%error, "the lock of the database stays until the server ends");
        }
    }

    /// A transaction on the only writing connection. Whatever groups need to know is forgotten with it, unless it says
    /// what that is now.
    pub(crate) async fn begin(&self) -> Result<WriteTransaction<'_>, StoreError> {
        let mut tx = self.begin_aside().await?;
        tx.image = None;
        Ok(tx)
    }

    /// The same for what no group needs to know.
    pub(crate) async fn begin_aside(&self) -> Result<WriteTransaction<'_>, StoreError> {
        self.writer.begin().await
    }

    /// A transaction that begins with its commit, or when it has to read.
    pub(crate) async fn begin_later(&self) -> Result<WriteTransaction<'_>, StoreError> {
        self.writer.take().await
    }

    /// Keeps everybody from writing.
    pub(crate) async fn quiet(&self) -> Quiet<'_> {
        self.writer.quiet().await
    }

    /// A transaction that sees one moment of the database and cannot write.
    pub(crate) async fn read(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.readers.begin().await?)
    }
}

/// Without it commits take longer, and that is all.
async fn lengthen_log(database: &Path) {
    let path = database.to_owned();
    match tokio::task::spawn_blocking(move || log::lengthen(&path)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::info!(%error, "the log of the database will grow as it is written"),
        Err(error) => tracing::warn!(%error, "the log of the database was not lengthened"),
    }
}

/// The file that is called as a database with something appended.
pub(crate) fn beside(database: &Path, appended: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(appended);
    path.into()
}

fn take_lock(database: &Path) -> Result<File, StoreError> {
    let path = beside(database, ".lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let taken = file.and_then(|file| match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(source),
    });
    match taken {
        Ok(Some(file)) => Ok(file),
        Ok(None) => Err(StoreError::InUse { path: database.to_owned() }),
        Err(source) => Err(StoreError::LockFile { path, source }),
    }
}

/// How every connection is opened.
pub(crate) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // WAL's usual NORMAL loses the last transactions in a power cut; the switch would have them and we would not.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        // What a statement of many rows needs to take itself back must not need room on a disk that may be full.
        .pragma("temp_store", "MEMORY")
        .pragma("wal_autocheckpoint", log::LOG_PAGES.to_string())
}

/// Connections that stay: the settings were checked on them, and opening one anew gains nothing.
fn pool(connections: u32) -> PoolOptions<Sqlite> {
    PoolOptions::new().max_connections(connections).idle_timeout(None).max_lifetime(None)
}

/// Reads back what durability and soundness rest on. SQLite ignores a setting it does not know or cannot follow.
async fn check_durability(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await?;
    expect("journal_mode", "wal", journal)?;
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *connection).await?;
    expect("synchronous", "2", synchronous.to_string())?;
    let foreign_keys: i64 = sqlx::query_scalar("PRAGMA foreign_keys").fetch_one(&mut *connection).await?;
    expect("foreign_keys", "1", foreign_keys.to_string())
}

fn expect(pragma: &'static str, wanted: &'static str, found: String) -> Result<(), StoreError> {
    if found == wanted { Ok(()) } else { Err(StoreError::NotDurable { pragma, wanted, found }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_writer_syncs_every_commit_and_readers_cannot_write() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(&dir.path().join("rack.db")).await.expect("a new database");
        let mut tx = store.begin().await.expect("a transaction");
        check_durability(&mut tx).await.expect("full, in WAL, with foreign keys");
        sqlx::query("UPDATE room SET pad = pad").execute(&mut *tx).await.expect("the writer writes");
        drop(tx);
        let mut tx = store.read().await.expect("a transaction");
        let refused = sqlx::query("UPDATE room SET pad = pad").execute(&mut *tx).await;
        let refused = StoreError::from(refused.expect_err("a reader must not write"));
        assert!(matches!(refused, StoreError::ReadOnly(_)), "{refused:?}");
    }

    #[tokio::test]
    async fn a_weaker_setting_is_found() {
        let dir = tempfile::tempdir().expect("a directory");
        let weak = options(&dir.path().join("weak.db")).synchronous(SqliteSynchronous::Normal);
        let pool = pool(1).connect_with(weak).await.expect("a database");
        let mut connection = pool.acquire().await.expect("its connection");
        let found = check_durability(&mut connection).await.expect_err("NORMAL is not enough");
        assert!(matches!(found, StoreError::NotDurable { pragma: "synchronous", .. }), "{found:?}");
    }
}
