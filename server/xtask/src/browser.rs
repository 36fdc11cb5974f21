//! The browser tests: Playwright in `end2end/`, against a server that each test starts for itself.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::run;
use crate::setup::{self, CHROMIUM_VARIABLE};
use crate::steps::Steps;
use crate::workspace::Workspace;

/// Names the server's program for the tests.
const SERVER_VARIABLE: &str = "PATCHBAY_BIN";

/// Installs what is missing and runs the tests. `arguments` go to Playwright.
///
/// # Errors
/// When something cannot be installed, or a test fails.
pub fn run_tests(
    workspace: &Workspace,
    steps: &mut Steps,
    server: &Path,
    arguments: &[String],
) -> Result<()> {
    if setup::chromium().is_none() {
        steps.must("Install Chromium", "the browser tests run in it", setup::install_chromium)?;
    }
    let chromium = setup::chromium().context("Chromium was installed, but is not on the search path")?;
    if !setup::has_npm_packages(workspace) {
        steps.must(
            "Install packages from npm",
            "Playwright drives the browser, axe checks the pages",
            || setup::install_npm_packages(workspace),
        )?;
    }
    let end2end = workspace.end2end();
    let bin = end2end.join("node_modules/.bin");
    steps.must(
        "Check the browser tests' types",
        "a wrong page object should fail before a browser starts",
        || run(Command::new(bin.join("tsc")).current_dir(&end2end)),
    )?;
    steps.must("Browser tests", "every task by mouse and by keyboard, as people do them", || {
        let mut playwright = Command::new(bin.join("playwright"));
        playwright.arg("test").args(arguments).current_dir(&end2end);
        playwright.env(SERVER_VARIABLE, server).env(CHROMIUM_VARIABLE, &chromium);
        run(&mut playwright)
    })
}
