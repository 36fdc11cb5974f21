//! The built-in lab: an emulated switch in this process, reached over a real TCP socket like any other.

use patchbay_domain::PhysicalPort;
use patchbay_driver_switchtec::{Reasons, SwitchtecConfig, SwitchtecDriver};
use patchbay_engine::SwitchConfig;
use patchbay_softswitch::{MAX_RACK_FILE_BYTES, Options, Rack, RackError, Running, Softswitch};
use patchbay_store::Names;
use patchbay_switchtec::ClientOptions;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

/// The lab's bindings are kept beside the database, so that they survive a restart as a real switch's would.
const STATE: &str = "lab-state.json";

/// Why the lab does not start.
#[derive(Debug, Error)]
pub enum LabError {
    /// The rack file cannot be read.
    #[error("The rack file {} cannot be read. Check its name and rights.", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The rack file is too large to be one.
    #[error("{} has {bytes} bytes; a rack file has at most {MAX_RACK_FILE_BYTES}.", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The rack file does not describe a rack.
    #[error(transparent)]
    Rack(#[from] RackError),
    /// The switch cannot listen.
    #[error("The emulated switch cannot listen on {listen}.")]
    Listen {
        /// Where.
        listen: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Reads a rack file; without one, the rack that is built in.
///
/// # Errors
/// [`LabError`] naming the file, and the line and field where there is one.
pub fn rack(file: Option<&Path>) -> Result<Rack, LabError> {
    let Some(path) = file else { return Ok(Rack::lab()?) };
    let unreadable = |source| LabError::Unreadable { path: path.to_owned(), source };
    let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
    if bytes > MAX_RACK_FILE_BYTES as u64 {
        return Err(LabError::TooLarge { path: path.to_owned(), bytes });
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    Ok(Rack::parse(&text, &path.display().to_string())?)
}

/// Starts an emulated switch.
///
/// # Errors
/// [`LabError::Listen`] when the address is taken or not ours.
pub async fn start(rack: Rack, listen: SocketAddr, state: Option<PathBuf>) -> Result<Running, LabError> {
    let options = Options { state, ..Options::default() };
    Softswitch::start(rack, listen, options).await.map_err(|source| LabError::Listen { listen, source })
}

/// Starts the built-in lab and says how the engine reaches it.
///
/// # Errors
/// [`LabError`] when the rack cannot be read or the switch cannot listen.
pub async fn built_in(file: Option<&Path>, data: &Path) -> Result<(Running, SwitchConfig), LabError> {
    let rack = rack(file)?;
    let (name, names) = (rack.name.clone(), names(&rack));
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let running = start(rack, loopback, Some(data.join(STATE))).await?;
    let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, running.addr().port());
    let driver = SwitchtecConfig {
        address,
        instance: 0,
        options: ClientOptions::default(),
        reasons: Reasons::Softswitch,
    };
    let config = SwitchConfig {
        key: format!("lab:{name}"),
        name,
        address: "the built-in lab".to_owned(),
        names,
        driver: Arc::new(SwitchtecDriver::new(driver)),
    };
    Ok((running, config))
}

/// The labels of the rack file: the wire does not carry them.
fn names(rack: &Rack) -> Names {
    let port = |port: patchbay_switchtec::PhysicalPort| PhysicalPort(port.get());
    Names {
        hosts: rack.hosts.iter().map(|host| (port(host.port), host.name.clone())).collect(),
        adapters: rack.slots.iter().map(|slot| (port(slot.port), slot.adapter.name.clone())).collect(),
    }
}
