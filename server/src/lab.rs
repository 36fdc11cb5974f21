//! The built-in lab: emulated switches in this process, reached over real TCP sockets like any others.

use crate::hosts::lab_key;
use patchbay_domain::PhysicalPort;
use patchbay_driver_switchtec::{Reasons, SwitchtecConfig, SwitchtecDriver};
use patchbay_engine::SwitchConfig;
use patchbay_softswitch::{
    BUILT_IN, Files, Lab, MAX_RACK_FILE_BYTES, Options, Rack, RackError, Running, Softswitch, places,
};
use patchbay_store::Names;
use patchbay_switchtec::ClientOptions;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

/// The rack that runs when none is named.
const DEFAULT_RACK: &str = "lab";

/// The lab's bindings are kept beside the database, so that they survive a restart as a real switch's would.
const STATE: &str = "lab-state.json";

/// Why the lab does not start.
#[derive(Debug, Error)]
pub enum LabError {
    /// The rack file cannot be read.
    #[error(
        "The rack file {} cannot be read. Check its name and rights, or name a built-in rack: {}.",
        path.display(),
        built_in_names()
    )]
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
    /// More switches than addresses.
    #[error(
        "The rack has {switches} switches, and there are not as many addresses from {listen} on. Choose an IPv4 address, or port 0."
    )]
    Addresses {
        /// Where the first was to listen.
        listen: SocketAddr,
        /// How many switches there are.
        switches: usize,
    },
    /// A switch cannot listen.
    #[error("The emulated switch {switch} cannot listen on {listen}.")]
    Listen {
        /// Its name.
        switch: String,
        /// Where.
        listen: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

fn built_in_names() -> String {
    BUILT_IN.map(|(name, _)| name).join(", ")
}

/// The built-in rack of this name, or the rack file; without either, the lab.
///
/// # Errors
/// [`LabError`] naming the file, and the line and field where there is one.
pub fn read(rack: Option<&Path>) -> Result<Lab, LabError> {
    let path = rack.unwrap_or(Path::new(DEFAULT_RACK));
    if let Some(built_in) = path.to_str().and_then(Lab::by_name) {
        return Ok(built_in?);
    }
    let unreadable = |source| LabError::Unreadable { path: path.to_owned(), source };
    let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
    if bytes > MAX_RACK_FILE_BYTES as u64 {
        return Err(LabError::TooLarge { path: path.to_owned(), bytes });
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    Ok(Lab::parse(&text, &path.display().to_string())?)
}

/// Starts all switches of a rack file, in their order; see [`places`] for where.
///
/// # Errors
/// [`LabError`] when an address is taken or not ours; no switch runs then.
pub async fn start(lab: Lab, listen: SocketAddr, files: Files<'_>) -> Result<Vec<(Rack, Running)>, LabError> {
    let switches = lab.racks().len();
    let places = places(&lab, listen, files).ok_or(LabError::Addresses { listen, switches })?;
    let mut running = Vec::with_capacity(switches);
    for (rack, place) in lab.into_racks().into_iter().zip(places) {
        let options = Options { state: place.state, control: place.control, ..Options::default() };
        let (switch, listen) = (rack.name.clone(), place.listen);
        let started = Softswitch::start(rack.clone(), listen, options).await;
        running.push((rack, started.map_err(|source| LabError::Listen { switch, listen, source })?));
    }
    Ok(running)
}

/// Starts the built-in lab and says how the engine reaches each of its switches; `options` are its patience with them.
///
/// # Errors
/// [`LabError`] when the rack cannot be read or a switch cannot listen.
pub async fn built_in(
    rack: Option<&Path>,
    data: &Path,
    options: ClientOptions,
) -> Result<Vec<(Running, SwitchConfig)>, LabError> {
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let files = Files { state: Some(&data.join(STATE)), control: None };
    let running = start(read(rack)?, loopback, files).await?;
    let configured = |(rack, running): (Rack, Running)| {
        let config = configure(&rack, &running, options);
        (running, config)
    };
    Ok(running.into_iter().map(configured).collect())
}

fn configure(rack: &Rack, running: &Running, options: ClientOptions) -> SwitchConfig {
    let driver = SwitchtecConfig {
        address: SocketAddrV4::new(Ipv4Addr::LOCALHOST, running.addr().port()),
        instance: 0,
        options,
        reasons: Reasons::Softswitch,
    };
    SwitchConfig {
        key: lab_key(&rack.name),
        name: rack.name.clone(),
        address: "the built-in lab".to_owned(),
        names: names(rack),
        driver: Arc::new(SwitchtecDriver::new(driver)),
    }
}

/// The labels of the rack file: the wire does not carry them.
fn names(rack: &Rack) -> Names {
    let port = |port: patchbay_switchtec::PhysicalPort| PhysicalPort(port.get());
    Names {
        hosts: rack.hosts.iter().map(|host| (port(host.port), host.name.clone())).collect(),
        adapters: rack.slots.iter().map(|slot| (port(slot.port), slot.adapter.name.clone())).collect(),
    }
}
