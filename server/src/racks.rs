//! `patchbay softswitch rack` and `check`: making rack files and looking at them.

use crate::lab;
use crate::say::say;
use clap::Args;
use patchbay_softswitch::{Shape, generate};
use std::error::Error;
use std::path::PathBuf;

/// Which rack to make.
#[derive(Clone, Debug, Args)]
pub struct RackOptions {
    /// How many hosts, on all switches together.
    #[arg(long, value_name = "N")]
    pub hosts: usize,
    /// How many adapters, on all switches together.
    #[arg(long, value_name = "M")]
    pub adapters: usize,
    /// How many functions, on all adapters together and with their PFs.
    #[arg(long, value_name = "K")]
    pub functions: usize,
    /// The same seed makes the same rack.
    #[arg(long, default_value_t = 1, value_name = "S")]
    pub seed: u64,
    /// How many switches; as few as can hold it unless given.
    #[arg(long, value_name = "W")]
    pub switches: Option<usize>,
}

/// Which rack to look at.
#[derive(Clone, Debug, Args)]
pub struct CheckOptions {
    /// A rack file, or the name of a built-in rack.
    #[arg(value_name = "NAME|FILE")]
    pub rack: PathBuf,
}

/// Prints the rack file.
///
/// # Errors
/// When no switches can hold what is asked for.
pub fn print(options: &RackOptions) -> Result<(), Box<dyn Error>> {
    let RackOptions { hosts, adapters, functions, seed, switches } = *options;
    Ok(say(generate(&Shape { hosts, adapters, functions, seed, switches })?.trim_end())?)
}

/// Prints what a rack file holds and what to know about it.
///
/// # Errors
/// When it cannot be read or describes racks that cannot be; the error names line and field.
pub fn check(options: &CheckOptions) -> Result<(), Box<dyn Error>> {
    let lab = lab::read(Some(&options.rack))?;
    say(&lab)?;
    for warning in lab.warnings() {
        say(format_args!("Warning: {warning}"))?;
    }
    Ok(())
}
