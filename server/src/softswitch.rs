//! `patchbay softswitch`: the emulated switches alone.

use crate::config::{SoftswitchCommand, SoftswitchOptions};
use crate::{ctl, lab, racks};
use patchbay_softswitch::{Files, MAX_CONNECTIONS};
use std::error::Error;
use tracing::warn;

/// Files the program needs besides its connections, generously.
const OTHER_FILES: u64 = 64;

/// Does what the command line asks: serves, unless it names something else.
///
/// # Errors
/// When the rack file cannot be read, or an address is taken.
pub async fn run(options: SoftswitchOptions) -> Result<(), Box<dyn Error>> {
    match &options.command {
        None => serve(&options).await,
        Some(SoftswitchCommand::Rack(options)) => racks::print(options),
        Some(SoftswitchCommand::Check(options)) => racks::check(options),
        Some(SoftswitchCommand::Ctl(options)) => ctl::run(options).await,
    }
}

/// Serves every switch of a rack file until the program is told to stop. Prints where each listens.
async fn serve(options: &SoftswitchOptions) -> Result<(), Box<dyn Error>> {
    let lab = lab::read(options.rack.as_deref())?;
    allow_connections(lab.racks().len());
    let files = Files { state: options.state.as_deref(), control: options.control.as_deref() };
    let switches = lab::start(lab, options.listen, files).await?;
    for (rack, running) in &switches {
        println!("Softswitch {} is at {}", rack.name, running.addr());
    }
    crate::serve::told_to_stop().await?;
    for (_, running) in switches {
        running.stop().await;
    }
    Ok(())
}

/// A connection is an open file, and many a shell allows fewer than a switch does.
fn allow_connections(switches: usize) {
    let wanted = (switches * MAX_CONNECTIONS) as u64 + OTHER_FILES;
    match rlimit::increase_nofile_limit(wanted) {
        Ok(allowed) if allowed >= wanted => {}
        Ok(allowed) => warn!(wanted, allowed, "the system allows too few open files for all connections"),
        Err(error) => warn!(%error, "the limit of open files cannot be raised"),
    }
}
