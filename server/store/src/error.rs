//! What can go wrong in the store, in sentences for the person who runs the server.

use crate::writing::WRITINGS_MAX;
use patchbay_domain::chain::ChainError;
use patchbay_domain::{ChangeId, FunctionId, HostId, IdempotencyKey, PhysicalPort, Seq, Subject, SwitchId};
use sqlx::migrate::MigrateError;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why the store could not do what was asked. Nothing is half-done: every write is one transaction.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another server has this database open.
    #[error(
        "Another Patchbay server uses {}. Stop it first, or give this one another data directory.",
        path.display()
    )]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// The lock file beside the database could not be made.
    #[error("The lock file {} cannot be opened. Check that the directory exists and is writable.", path.display())]
    LockFile {
        /// The lock file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The database could not be opened.
    #[error("The database {} cannot be opened. Check that it is a Patchbay database and readable.", path.display())]
    Open {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: sqlx::Error,
    },
    /// A migration did not fit.
    #[error(
        "The database {} does not fit this version of Patchbay. It may have been written by a newer one; start that.",
        path.display()
    )]
    Migrate {
        /// The database.
        path: PathBuf,
        /// Which migration, and why.
        #[source]
        source: MigrateError,
    },
    /// SQLite did not take a setting that durability depends on.
    #[error(
        "SQLite has {pragma} = {found} where {wanted} is needed, so a change could be lost in a power cut."
    )]
    NotDurable {
        /// The setting.
        pragma: &'static str,
        /// What it must be.
        wanted: &'static str,
        /// What it is.
        found: String,
    },
    /// Somebody else holds the database's lock for longer than the time limit.
    #[error("The database is locked by another program. Close what else has it open and try again.")]
    Busy(#[source] sqlx::Error),
    /// No space left.
    #[error("The disk is full, so nothing was written. Make room and try again.")]
    NoSpace(#[source] sqlx::Error),
    /// The file or its directory cannot be written.
    #[error("The database is read-only. Check the permissions of its file and directory.")]
    ReadOnly(#[source] sqlx::Error),
    /// The disk failed in another way.
    #[error("The disk cannot be read or written. Check it, and the system's log.")]
    Disk(#[source] sqlx::Error),
    /// Anything else that SQLite reports.
    #[error("The database failed: {0}")]
    Sqlite(#[source] sqlx::Error),
    /// A stored value does not read as what it should be.
    #[error("The database is damaged: {column} of {table} {id} does not read. Restore it from a backup.")]
    Unreadable {
        /// The table.
        table: &'static str,
        /// The row's id or sequence number.
        id: i64,
        /// The column.
        column: &'static str,
        /// Why it does not read.
        #[source]
        source: Unreadable,
    },
    /// The ledger does not hold together.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A value could not be written as JSON.
    #[error("A value could not be written as JSON.")]
    Encode(#[from] serde_json::Error),
    /// No switch with this id.
    #[error("There is no switch {switch}.")]
    UnknownSwitch {
        /// The id asked for.
        switch: SwitchId,
    },
    /// A function was found on a host that never was.
    #[error("There is no host {host} to assign function {function} to.")]
    UnknownHost {
        /// The id asked for.
        host: HostId,
        /// The function.
        function: FunctionId,
    },
    /// No change with this id.
    #[error("There is no change {change}.")]
    UnknownChange {
        /// The id asked for.
        change: ChangeId,
    },
    /// The change has ended already.
    #[error("Change {change} has ended already, with entry {closed}.")]
    AlreadyClosed {
        /// The change.
        change: ChangeId,
        /// The entry that closed it.
        closed: Seq,
    },
    /// A change was opened with an id that is not the next one.
    #[error("Change {change} cannot be opened: the next one is {next}.")]
    OutOfOrder {
        /// The id given.
        change: ChangeId,
        /// The id that comes next.
        next: ChangeId,
    },
    /// An idempotency key stands for another change already.
    #[error("The idempotency key {key} stands for change {change} already.")]
    KeyTaken {
        /// The key.
        key: IdempotencyKey,
        /// The change.
        change: ChangeId,
    },
    /// A trouble was raised that is open already.
    #[error("The trouble {subject} was raised before and is not over.")]
    AlreadyRaised {
        /// What it is of.
        subject: Subject,
    },
    /// A trouble was cleared that is not open.
    #[error("The trouble {subject} cannot be cleared: it was not raised.")]
    NotRaised {
        /// What it is of.
        subject: Subject,
    },
    /// A group holds too many writings.
    #[error("{writings} writings are too many for one group. Keep it to {WRITINGS_MAX}.")]
    TooMany {
        /// How many there are.
        writings: usize,
    },
    /// An event that is written in another way was given to [`crate::Store::write`].
    #[error("An event of kind {kind} cannot be recorded by itself.")]
    NotRecordable {
        /// Its kind.
        kind: &'static str,
    },
    /// A reading of a switch contradicts itself.
    #[error("The reading of switch {switch} contradicts itself, so it was not recorded: {source}")]
    Contradiction {
        /// The switch.
        switch: SwitchId,
        /// How.
        #[source]
        source: Contradiction,
    },
    /// The search text is too long.
    #[error("The search text has {chars} characters. Keep it to {limit}.", limit = patchbay_domain::history::SEARCH_MAX_CHARS)]
    SearchTooLong {
        /// How long it is.
        chars: usize,
    },
}

/// Why a stored value does not read.
#[derive(Debug, Error)]
pub enum Unreadable {
    /// SQLite has another type there, or no such column.
    #[error(transparent)]
    Column(#[from] sqlx::Error),
    /// A number outside the range of its type.
    #[error("the number {0} is out of range")]
    Range(i64),
    /// Not the JSON it should be.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// Not one of the words it may be.
    #[error(transparent)]
    Word(#[from] serde::de::value::Error),
    /// Not a moment in time.
    #[error(transparent)]
    Moment(#[from] chrono::ParseError),
    /// Not a hash.
    #[error(transparent)]
    Hash(#[from] ChainError),
    /// Not an address.
    #[error(transparent)]
    Address(#[from] patchbay_domain::AddressError),
    /// Names an entry that is about something else.
    #[error("it is entry {seq}, which did not {did} this change")]
    OtherEntry {
        /// The entry.
        seq: patchbay_domain::Seq,
        /// What it should have done: open, close.
        did: &'static str,
    },
    /// Says something else than the entry itself.
    #[error("it is {found:?}, but the entry is {wanted:?}")]
    Mismatch {
        /// What stands there.
        found: String,
        /// What should.
        wanted: &'static str,
    },
}

/// How a reading of a switch contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Contradiction {
    /// One port, listed twice.
    #[error("port {port} is listed twice")]
    PortTwice {
        /// The port.
        port: PhysicalPort,
    },
    /// Two functions of one adapter with the same index.
    #[error("the adapter in slot {slot} has two functions with index {index}")]
    FunctionTwice {
        /// The slot.
        slot: PhysicalPort,
        /// The index.
        index: u16,
    },
    /// One PDFID, listed twice.
    #[error("two functions have the PDFID {pdfid}")]
    PdfidTwice {
        /// The PDFID.
        pdfid: patchbay_domain::Pdfid,
    },
    /// A PCI function number beyond 7.
    #[error("PDFID {pdfid} is bound as function number {number}, and 7 is the highest")]
    FunctionNumber {
        /// The PDFID.
        pdfid: patchbay_domain::Pdfid,
        /// The number.
        number: u8,
    },
}

impl StoreError {
    /// Whether the database itself is the trouble, and not what was to be written: then it may work again later.
    pub const fn is_trouble(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::NoSpace(_) | Self::ReadOnly(_) | Self::Disk(_) | Self::Sqlite(_))
    }
}

/// SQLite's primary result codes (the low byte of an extended code).
mod code {
    pub(super) const BUSY: u32 = 5;
    pub(super) const LOCKED: u32 = 6;
    pub(super) const READONLY: u32 = 8;
    pub(super) const IOERR: u32 = 10;
    pub(super) const FULL: u32 = 13;
    /// Extended: the index of the log could not grow. It is a file beside the database, so there is no room for it.
    pub(super) const IOERR_SHMSIZE: u32 = IOERR | 19 << 8;
}

impl StoreError {
    /// What a failure to open the database at `path` is: a trouble of the disk that says itself what to do, or that this is
    /// no database.
    pub(crate) fn at_opening(path: &Path, source: sqlx::Error) -> Self {
        match Self::from(source) {
            Self::Sqlite(source) | Self::Disk(source) => Self::Open { path: path.to_owned(), source },
            trouble => trouble,
        }
    }

    /// What a failure to migrate the database at `path` is: a trouble of the disk, or a migration that does not fit.
    pub(crate) fn at_migrating(path: &Path, source: MigrateError) -> Self {
        match source {
            MigrateError::Execute(failure) | MigrateError::ExecuteMigration(failure, _)
                if trouble(&failure).is_some() =>
            {
                failure.into()
            }
            source => Self::Migrate { path: path.to_owned(), source },
        }
    }
}

/// What an error is when it is about what the database lies on, and not about what stands in it.
fn trouble(error: &sqlx::Error) -> Option<fn(sqlx::Error) -> StoreError> {
    if matches!(error, sqlx::Error::PoolTimedOut) {
        return Some(StoreError::Busy);
    }
    let extended: u32 = error.as_database_error()?.code()?.parse().ok()?;
    match (extended, extended & 0xff) {
        (code::IOERR_SHMSIZE, _) | (_, code::FULL) => Some(StoreError::NoSpace),
        (_, code::BUSY | code::LOCKED) => Some(StoreError::Busy),
        (_, code::READONLY) => Some(StoreError::ReadOnly),
        (_, code::IOERR) => Some(StoreError::Disk),
        _ => None,
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        trouble(&error).unwrap_or(Self::Sqlite)(error)
    }
}
