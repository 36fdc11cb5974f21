//! Bindings that outlive the process, in a file that is replaced as a whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use patchbay_switchtec::command::binding::Bind;
use patchbay_switchtec::{HostPort, LogicalPort, Pdfid, PhysicalPort};
use serde::{Deserialize, Serialize};

use crate::rack::Binding;
use crate::switch::Switch;

/// Format of the file.
const VERSION: u32 = 1;
/// Longest file read, in bytes: every logical port of 52 hosts fits many times.
const MAX_STATE_FILE_BYTES: u64 = 1024 * 1024;

#[derive(Debug, Serialize, Deserialize)]
struct SavedState {
    version: u32,
    switch: String,
    bindings: Vec<SavedBinding>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedBinding {
    port: u8,
    logical_port: u8,
    functions: Vec<u16>,
}

/// Where bindings are kept.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
}

impl StateFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Replaces the bindings of a switch by the saved ones, if there is a file; entries that no longer fit the rack
    /// are left out with a warning.
    pub(crate) fn restore(&self, switch: &mut Switch) -> io::Result<()> {
        let Some(saved) = self.read()? else { return Ok(()) };
        switch.restore(&[]);
        for saved in saved.bindings {
            if let Err(code) = bind(switch, &saved) {
                tracing::warn!(
                    file = %self.path.display(),
                    port = saved.port,
                    logical_port = saved.logical_port,
                    code = format_args!("0x{code:X}"),
                    "a saved binding does not fit the rack and is left out"
                );
            }
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
        if saved.version != VERSION {
            return Err(
                self.unusable(&format!("it has version {}, this program reads {VERSION}", saved.version))
            );
        }
        Ok(Some(saved))
    }

    fn unusable(&self, why: &str) -> io::Error {
        let path = self.path.display();
        let message =
            format!("the softswitch state in {path} cannot be used: {why}; remove it to start afresh");
        io::Error::new(io::ErrorKind::InvalidData, message)
    }

    /// Writes the bindings so that a crash at any moment leaves either the old or the new file.
    pub(crate) fn save(&self, name: &str, bindings: &[Binding]) -> io::Result<()> {
        let saved = |binding: &Binding| SavedBinding {
            port: binding.port.get(),
            logical_port: binding.logical_port.get(),
            functions: binding.functions.iter().map(|function| function.get()).collect(),
        };
        let bindings = bindings.iter().map(saved).collect();
        let state = SavedState { version: VERSION, switch: name.to_owned(), bindings };
        let mut temporary = self.path.clone().into_os_string();
        temporary.push(".new");
        let mut file = File::create(&temporary)?;
        file.write_all(&serde_json::to_vec(&state)?)?;
        file.sync_all()?;
        fs::rename(&temporary, &self.path)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

fn bind(switch: &mut Switch, saved: &SavedBinding) -> Result<(), u32> {
    let host = HostPort { switch: switch.rack.index, port: PhysicalPort::new(saved.port) };
    let functions: Vec<_> = saved.functions.iter().copied().map(Pdfid::new).collect();
    let bind = Bind::new(host, LogicalPort::new(saved.logical_port), &functions)
        .map_err(|_| patchbay_switchtec::code::BAD_PARAMETER)?;
    switch.bind(&bind).map(|_| ())
}
