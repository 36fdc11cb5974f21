//! Measurements that take the machine's time and judge nothing else.

use anyhow::Result;

use crate::process::{cargo, run};
use crate::steps::Steps;
use crate::workspace::{SERVER_PACKAGE, SOFTSWITCH_PACKAGE, STORE_PACKAGE, Workspace};

/// Measures the emulated switch and the client over TCP loopback.
///
/// # Errors
/// When it does not build, or the bench cannot run to its end. A missed aim is printed and is no error: the machine
/// may be busy.
pub fn softswitch(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    let bench = ["bench", "--locked", "--package", SOFTSWITCH_PACKAGE, "--bench", "wire"];
    steps.must("Measure the softswitch", "binds, discovery and idle clients over TCP loopback", || {
        run(cargo(workspace).args(bench))
    })?;
    println!("\n{}", steps.summary());
    Ok(())
}

/// Measures the engine over HTTP and TCP, with server and switches in processes of their own. `words` go to the bench.
///
/// # Errors
/// As [`softswitch`].
pub fn engine(workspace: &Workspace, steps: &mut Steps, words: &[&str]) -> Result<()> {
    let bench = ["bench", "--locked", "--package", SERVER_PACKAGE, "--bench", "engine", "--"];
    steps.must("Measure the engine", "changes, plans, starts and growth, from outside", || {
        run(cargo(workspace).args(bench).args(words))
    })?;
    println!("\n{}", steps.summary());
    Ok(())
}

/// Measures durable writes on new databases and on grown ones; `sizes` are how many entries the grown ones have.
///
/// # Errors
/// As [`softswitch`].
pub fn store(workspace: &Workspace, steps: &mut Steps, sizes: &[&str]) -> Result<()> {
    let bench = ["bench", "--locked", "--package", STORE_PACKAGE, "--bench", "store", "--"];
    steps.must("Measure the store", "durable changes, one by one and in groups", || {
        run(cargo(workspace).args(bench).args(sizes))
    })?;
    println!("\n{}", steps.summary());
    Ok(())
}
