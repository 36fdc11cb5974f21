//! Everything that must hold before a change is worth keeping.

use anyhow::Result;

use crate::browser;
use crate::front;
use crate::process::{answer, cargo, run};
use crate::setup::{self, WASM_TARGET};
use crate::sizes;
use crate::steps::Steps;
use crate::workspace::{APP_PACKAGE, HYDRATE_PACKAGE, Workspace, XTASK_PACKAGE};

const WARNINGS_ARE_ERRORS: [&str; 3] = ["--", "-D", "warnings"];

/// All checks. A failed one does not hide the others, but what rests on it is left out.
///
/// # Errors
/// When any check did not pass.
pub fn everything(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    check_rust(workspace, steps)?;
    check_browser(workspace, steps, &[])?;
    steps.close()
}

/// Format, lints and all tests that need no browser.
///
/// # Errors
/// When any check did not pass.
pub fn rust(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    check_rust(workspace, steps)?;
    steps.close()
}

/// The browser tests and what they rest on. `arguments` go to Playwright.
///
/// # Errors
/// When any check did not pass.
pub fn browser(workspace: &Workspace, steps: &mut Steps, arguments: &[String]) -> Result<()> {
    check_browser(workspace, steps, arguments)?;
    steps.close()
}

fn check_rust(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    add_tools(workspace, steps)?;
    let selection = workspace.server_selection();
    steps.check("Format", "one style, so that differences are about content", || {
        run(cargo(workspace).args(["fmt", "--all", "--check"]))
    });
    steps.check("Clippy, server", "warnings are errors", || {
        let clippy = ["clippy", "--locked", "--all-targets"];
        run(cargo(workspace).args(clippy).args(&selection).args(WARNINGS_ARE_ERRORS))
    });
    steps.check("Clippy, browser", "the islands as WASM; warnings are errors", || {
        let clippy = ["clippy", "--locked", "--target", WASM_TARGET];
        let packages = ["--package", HYDRATE_PACKAGE, "--package", APP_PACKAGE];
        run(cargo(workspace).args(clippy).args(packages).args(WARNINGS_ARE_ERRORS))
    });
    steps.check("Clippy, build tool", "warnings are errors", || {
        let clippy = ["clippy", "--locked", "--all-targets", "--package", XTASK_PACKAGE];
        run(cargo(workspace).args(clippy).args(WARNINGS_ARE_ERRORS))
    });
    steps.check("Tests", "unit, property and integration tests", || test(workspace, &selection));
    steps.check("Tests, build tool", "this tool's own", || {
        run(cargo(workspace).args(["test", "--locked", "--quiet", "--package", XTASK_PACKAGE]))
    });
    Ok(())
}

fn add_tools(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    if !setup::has_lint_tools(workspace) {
        steps.must("Add rustfmt and clippy", "they check style and common mistakes", || {
            setup::add_lint_tools(workspace)
        })?;
    }
    if !setup::has_wasm_target(workspace) {
        steps.must("Add the WASM target", "the islands run in the browser as WebAssembly", || {
            setup::add_wasm_target(workspace)
        })?;
    }
    Ok(())
}

/// Runs the tests by nextest where it is installed, for its speed; it leaves the examples in documentation out.
fn test(workspace: &Workspace, selection: &[&str]) -> Result<()> {
    if answer(cargo(workspace).args(["nextest", "--version"])).is_none() {
        return run(cargo(workspace).args(["test", "--locked"]).args(selection));
    }
    run(cargo(workspace).args(["nextest", "run", "--locked", "--no-fail-fast"]).args(selection))?;
    run(cargo(workspace).args(["test", "--locked", "--quiet", "--doc"]).args(selection))
}

/// Builds and runs. The errors of its steps are counted there; only what keeps the tool from working is returned.
fn check_browser(workspace: &Workspace, steps: &mut Steps, arguments: &[String]) -> Result<()> {
    const TESTS: &str = "Browser tests";
    if front::build(workspace, steps).is_err() {
        steps.leave_out(TESTS, "the front end did not build");
        return Ok(());
    }
    sizes::print(workspace)?;
    let selection = workspace.server_selection();
    let built = steps.check("Build the server", "the browser tests run against this program", || {
        // All targets, as for the tests: the same features, so that nothing is compiled again.
        run(cargo(workspace).args(["build", "--locked", "--all-targets"]).args(&selection))
    });
    if !built {
        steps.leave_out(TESTS, "the server did not build");
        return Ok(());
    }
    let result = browser::run_tests(workspace, steps, &workspace.server("debug"), arguments);
    if let Err(error) = result {
        eprintln!("    {error:#}");
    }
    Ok(())
}
