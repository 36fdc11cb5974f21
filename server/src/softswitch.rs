//! `patchbay softswitch`: the emulated switches alone.

use crate::config::{SoftswitchCommand, SoftswitchOptions};
use crate::say::say;
use crate::{ctl, lab, racks};
use patchbay_softswitch::{Files, MAX_CONNECTIONS};
use std::error::Error;

/// Open files besides connections: listeners, state files, control sockets and their clients.
const OTHER_FILES: u64 = 256;

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
        say(format_args!("Softswitch {} is at {}", rack.name, running.addr()))?;
    }
    crate::serve::told_to_stop().await?;
    for (_, running) in switches {
        running.stop().await;
    }
    Ok(())
}

/// Raises the limit on open files, as far as the system lets it, so that every switch can serve as many connections as
/// it accepts. Many systems allow a program a thousand unless it asks.
fn allow_connections(switches: usize) {
    let wanted = ((switches * MAX_CONNECTIONS) as u64).saturating_add(OTHER_FILES);
    match rlimit::increase_nofile_limit(wanted) {
        Ok(allowed) if allowed < wanted => {
            tracing::warn!(wanted, allowed, "fewer files may be open than there may be connections");
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(wanted, %error, "the limit on open files cannot be raised"),
    }
}
