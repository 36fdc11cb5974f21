//! What outlives the process, in a file that is replaced as a whole.

mod restore;
mod state;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use self::state::SavedState;
use crate::switch::Switch;

/// Newest format of the file: 1 has the bindings only.
const VERSION: u32 = 2;
/// Longest file read, in bytes: every logical port of 52 hosts and a full event queue fit many times.
const MAX_STATE_FILE_BYTES: u64 = 1024 * 1024;

/// Where the state is kept.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
    /// What the file holds, as far as this process knows.
    written: Mutex<Option<SavedState>>,
}

impl StateFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, written: Mutex::default() }
    }

    /// Puts a switch into the saved state, if there is a file; entries that no longer fit the rack are left out with a
    /// warning.
    pub(crate) fn restore(&self, switch: &mut Switch) -> io::Result<()> {
        if let Some(saved) = self.read()? {
            saved.restore(switch, &self.path);
        }
        Ok(())
    }

    fn read(&self) -> io::Result<Option<SavedState>> {
        let length = match fs::metadata(&self.path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if length > MAX_STATE_FILE_BYTES {
            return Err(
                self.unusable(&format!("it has {length} bytes, at most {MAX_STATE_FILE_BYTES} are read"))
            );
        }
        let saved: SavedState = serde_json::from_slice(&fs::read(&self.path)?)
            .map_err(|error| self.unusable(&error.to_string()))?;
        if !(1..=VERSION).contains(&saved.version) {
            let found = saved.version;
            return Err(self.unusable(&format!("it has version {found}, this program reads 1 to {VERSION}")));
        }
        Ok(Some(saved))
    }

    fn unusable(&self, why: &str) -> io::Error {
        let path = self.path.display();
        let message =
            format!("the softswitch state in {path} cannot be used: {why}; remove it to start afresh");
        io::Error::new(io::ErrorKind::InvalidData, message)
    }

    /// Writes the state if it has changed, so that a crash at any moment leaves either the old or the new file.
    pub(crate) fn save(&self, switch: &Switch) -> io::Result<()> {
        let state = SavedState::of(switch);
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.as_ref() == Some(&state) {
            return Ok(());
        }
        self.replace(&serde_json::to_vec(&state)?)?;
        *written = Some(state);
        Ok(())
    }

    fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        let mut temporary = self.path.clone().into_os_string();
        temporary.push(".new");
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, &self.path)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}
