//! A place to measure at: emulated switches without delays, and a server that manages them.

use crate::rig::process::RackFile;
use crate::rig::{Board, Door, Program, Server, SwitchProcess, board, places};
use anyhow::Result;
use patchbay_softswitch::{Shape, generate};
use std::net::SocketAddrV4;
use std::path::Path;
use tempfile::TempDir;

/// The racks' files, in a folder of their own. Made before anything is timed.
pub struct Racks {
    files: Vec<RackFile>,
    _folder: TempDir,
}

/// Where everything that is measured lies: on the disk that Cargo builds on, because many systems keep the folder for
/// temporary files in memory, where syncing costs nothing.
pub fn disk() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

impl Racks {
    /// Racks of these shapes, at addresses of this run.
    ///
    /// # Errors
    /// A shape that no switches can hold.
    pub fn new(shapes: &[Shape]) -> Result<Self> {
        Self::at(shapes, places::of_this_process)
    }

    /// Racks of these shapes, each where `place` says.
    ///
    /// # Errors
    /// A shape that no switches can hold.
    pub fn at(shapes: &[Shape], place: fn(u8) -> SocketAddrV4) -> Result<Self> {
        let folder = tempfile::tempdir_in(disk())?;
        let file = |(nth, shape): (u8, &Shape)| {
            let path = folder.path().join(format!("rack-{nth}.toml"));
            RackFile::write(path, &generate(shape)?, place(nth), false)
        };
        let files = (0..).zip(shapes).map(file).collect::<Result<_>>()?;
        Ok(Self { files, _folder: folder })
    }

    /// Starts all switches.
    ///
    /// # Errors
    /// When one cannot listen.
    pub async fn start(&self, program: &Program) -> Result<Switches> {
        let mut processes = Vec::with_capacity(self.files.len());
        for file in &self.files {
            processes.push(file.start(program).await?);
        }
        Ok(Switches(processes))
    }
}

/// Running switches.
pub struct Switches(Vec<SwitchProcess>);

impl Switches {
    /// Where they listen.
    pub fn addresses(&self) -> Vec<SocketAddrV4> {
        self.0.iter().flat_map(|process| process.addresses.iter().copied()).collect()
    }

    /// Ends them.
    ///
    /// # Errors
    /// When the system does not let us.
    pub async fn end(self) -> Result<()> {
        for process in self.0 {
            process.kill().await?;
        }
        Ok(())
    }
}

/// A server with its switches, ready for changes.
pub struct Site {
    /// The server.
    pub server: Server,
    /// What it shows.
    pub board: Board,
    switches: Switches,
    /// The database of this site alone, if it is.
    _data: Option<TempDir>,
}

impl Site {
    /// A server with an empty history.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn open(program: &Program, racks: &Racks) -> Result<Self> {
        let data = tempfile::tempdir_in(disk())?;
        let site = Self::with_history(program, racks, data.path()).await?;
        Ok(Self { _data: Some(data), ..site })
    }

    /// A server with the history in a folder.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn with_history(program: &Program, racks: &Racks, data: &Path) -> Result<Self> {
        let switches = racks.start(program).await?;
        let server = Server::start(program, data, &switches.addresses()).await?;
        let board = board::ready(server.address).await?;
        Ok(Self { server, board, switches, _data: None })
    }

    /// A connection to the server.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn door(&self) -> Result<Door> {
        Ok(Door::open(self.server.address).await?)
    }

    /// Ends everything, the server in good order.
    ///
    /// # Errors
    /// When it does not end well.
    pub async fn close(self) -> Result<()> {
        self.server.stop().await?;
        self.switches.end().await
    }
}
