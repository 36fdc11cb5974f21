//! `patchbay softswitch`: the emulated switch alone.

use crate::config::SoftswitchOptions;
use crate::lab;
use std::error::Error;

/// Serves a rack until the program is told to stop. Prints where it listens.
///
/// # Errors
/// When the rack file cannot be read, or the address is taken.
pub async fn run(options: SoftswitchOptions) -> Result<(), Box<dyn Error>> {
    let rack = lab::rack(options.rack.as_deref())?;
    let name = rack.name.clone();
    let running = lab::start(rack, options.listen, options.state).await?;
    println!("Softswitch {name} is at {}", running.addr());
    crate::serve::told_to_stop().await?;
    running.stop().await;
    Ok(())
}
