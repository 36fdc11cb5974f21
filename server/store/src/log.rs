//! The file of the log (SQLite's WAL), which gets its full length before it is needed.
//!
//! To sync a file that has grown, the filesystem has to write down its new length too: on ext4 a commit then takes half as
//! long again. SQLite writes the log from its beginning once all of it is in the database file, and leaves its length.
//! What stands behind its last frame is no frame to it, whatever it is.

use crate::open::beside;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// How many pages the log takes before it is written back into the database file. Whoever commits then waits for it; a
/// change writes some 15 pages, so SQLite's usual 1,000 would hold up one change in seventy, and this one in 270.
pub(crate) const LOG_PAGES: u32 = 4_096;

/// Its header (file format, section 4.1).
const HEADER_BYTES: u64 = 32;
/// A page with the header of its frame.
const FRAME_BYTES: u64 = 4_096 + 24;
/// What is written at once.
const BLOCK_BYTES: u64 = 256 * 1_024;

/// The log beside a database.
pub(crate) fn path(database: &Path) -> PathBuf {
    beside(database, "-wal")
}

/// Gives an existing log the length that it will have anyway. Nobody may write to the database meanwhile.
///
/// # Errors
/// The disk's. The log is as long as before then.
pub(crate) fn lengthen(database: &Path) -> io::Result<()> {
    let mut file = File::options().write(true).open(path(database))?;
    let (before, wanted) = (file.metadata()?.len(), HEADER_BYTES + u64::from(LOG_PAGES) * FRAME_BYTES);
    if before >= wanted {
        return Ok(());
    }
    let lengthened = write_zeros(&mut file, before, wanted);
    if lengthened.is_err() {
        file.set_len(before)?;
    }
    lengthened
}

/// Zeros that are really written: room that is only set aside costs as much as a file that grows.
fn write_zeros(file: &mut File, from: u64, to: u64) -> io::Result<()> {
    let zeros = vec![0; usize::try_from(BLOCK_BYTES).unwrap_or_default()];
    let mut at = file.seek(SeekFrom::Start(from))?;
    while at < to {
        let some = usize::try_from((to - at).min(BLOCK_BYTES)).unwrap_or_default();
        file.write_all(&zeros[..some])?;
        at = file.stream_position()?;
    }
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;
    use chrono::DateTime;
    use patchbay_domain::Actor;

    fn length(database: &Path) -> u64 {
        std::fs::metadata(path(database)).expect("a log").len()
    }

    async fn add(store: &Store, key: &str) {
        let name = "rack".repeat(2_000);
        store.add_switch(DateTime::UNIX_EPOCH, &Actor::Engine, key, &name, "10.0.0.1").await.expect("added");
    }

    #[tokio::test]
    async fn the_log_does_not_grow_while_it_is_written_and_what_is_in_it_survives_a_crash() {
        let dir = tempfile::tempdir().expect("a directory");
        let (database, crashed) = (dir.path().join("rack.db"), dir.path().join("crashed.db"));
        let store = Store::open(&database).await.expect("a new database");
        let full = length(&database);
        assert!(full > u64::from(LOG_PAGES) * 4_096);
        for number in 0..40 {
            add(&store, &format!("pax-{number}")).await;
        }
        assert_eq!(length(&database), full, "it was as long as it gets");
        // What a killed server leaves: both files, with zeros behind the last frame.
        std::fs::copy(&database, &crashed).expect("copied");
        std::fs::copy(path(&database), path(&crashed)).expect("copied");
        let again = Store::open(&crashed).await.expect("opens");
        assert_eq!(again.load().await.expect("sound").topology.switches.len(), 40);
        assert_eq!(length(&crashed), full);
    }

    #[test]
    fn a_log_that_is_not_there_or_cannot_be_lengthened_is_left_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let database = dir.path().join("rack.db");
        assert_eq!(lengthen(&database).expect_err("no log").kind(), io::ErrorKind::NotFound);
        std::fs::create_dir(path(&database)).expect("a folder in its place");
        lengthen(&database).expect_err("a folder is no file");
        assert!(path(&database).is_dir());
    }
}
