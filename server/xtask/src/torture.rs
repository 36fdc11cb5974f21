//! Long runs of what the tests do a little of.

use anyhow::Result;

use crate::process::{cargo, run};
use crate::steps::Steps;
use crate::workspace::Workspace;

/// Kills the server and its switches, as often and with the seed that `words` say, and looks at what is left.
///
/// # Errors
/// When it does not build, or something was found that cannot be; its seed and instant are printed.
pub fn kill(workspace: &Workspace, steps: &mut Steps, words: &[&str]) -> Result<()> {
    // The tests' profile and selection: nothing is compiled again, and what only a debug build checks is checked.
    let torture = ["bench", "--locked", "--profile", "dev", "--bench", "torture"];
    let selection = workspace.server_selection();
    steps.check("Kill", "at every command and at random instants, under load", || {
        run(cargo(workspace).args(torture).args(&selection).args(["--", "kill"]).args(words))
    });
    steps.close()
}

/// Tells stories of the engine in a simulated world, as many or the one that `words` say.
///
/// # Errors
/// When it does not build, or something happened that must not; its seed is printed, and replays exactly.
pub fn sim(workspace: &Workspace, steps: &mut Steps, words: &[&str]) -> Result<()> {
    let simulation = many("simulation");
    steps.check("Simulate", "the engine among people, faults and crashes that a seed decides", || {
        run(cargo(workspace).args(simulation).arg("--").args(words))
    });
    steps.close()
}

/// Spoils changes at every command that they send, as many or the one that `words` say.
///
/// # Errors
/// When it does not build, or a spoilt change left something behind; its seed is printed.
pub fn faults(workspace: &Workspace, steps: &mut Steps, words: &[&str]) -> Result<()> {
    let faults = many("faults");
    steps.check("Spoil", "changes over two switches, at every command, in every way", || {
        run(cargo(workspace).args(faults).arg("--").args(words))
    });
    steps.close()
}

/// Builds and runs one of the engine's long tests, fast and with the checks of a debug build.
const fn many(bench: &str) -> [&str; 8] {
    ["bench", "--locked", "--profile", "torture", "--package", "patchbay-engine", "--bench", bench]
}
