//! The release: the server with its front end inside, and running it.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::front;
use crate::process::{cargo, run as run_process};
use crate::sizes;
use crate::steps::Steps;
use crate::workspace::{SERVER_PACKAGE, Workspace};

/// Builds the release and prints what was made.
///
/// # Errors
/// When any part does not build.
pub fn build(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    front::build(workspace, steps)?;
    steps.must("Build the server", "a release, with the front end inside", || {
        let build = ["build", "--locked", "--release", "--package", SERVER_PACKAGE];
        run_process(cargo(workspace).args(build))
    })?;
    println!("\n{}", steps.summary());
    sizes::print(workspace)?;
    println!("\nThe server is one file: {}", workspace.server("release").display());
    Ok(())
}

/// Builds the release and becomes it, so that a signal or the terminal reaches the server itself.
///
/// # Errors
/// When any part does not build, or the server cannot be started.
pub fn run(workspace: &Workspace, steps: &mut Steps, arguments: &[&str]) -> Result<()> {
    build(workspace, steps)?;
    println!("\n==> Serve (with no switch named: the built-in lab; Ctrl-C ends it)\n");
    let server = workspace.server("release");
    let failure = Command::new(&server).arg("serve").args(arguments).exec();
    Err(failure).with_context(|| format!("could not start {}", server.display()))
}
