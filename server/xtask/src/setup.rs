//! What the commands need beyond Rust itself, and how it gets here.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{answer, cargo, find, run};
use crate::workspace::Workspace;

/// What the browser's half is compiled for.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";
/// Names the browser for the tests; set it to use another one than Debian's.
pub const CHROMIUM_VARIABLE: &str = "PATCHBAY_CHROMIUM";
/// How long to wait for another package installation to end, in seconds, before giving up.
const APT_LOCK_TIMEOUT_S: u32 = 400;

/// Whether the compiler can build for the browser.
pub fn has_wasm_target(workspace: &Workspace) -> bool {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--print", "target-libdir", "--target", WASM_TARGET]).current_dir(&workspace.root);
    answer(&mut rustc).is_some_and(|folder| Path::new(&folder).is_dir())
}

/// Adds the WASM target by rustup.
///
/// # Errors
/// When there is no rustup, or it fails.
pub fn add_wasm_target(workspace: &Workspace) -> Result<()> {
    rustup(workspace, &["target", "add", WASM_TARGET])
}

/// Whether formatter and linter are there.
pub fn has_lint_tools(workspace: &Workspace) -> bool {
    ["fmt", "clippy"].iter().all(|tool| answer(cargo(workspace).args([tool, "--version"])).is_some())
}

/// Adds formatter and linter by rustup.
///
/// # Errors
/// When there is no rustup, or it fails.
pub fn add_lint_tools(workspace: &Workspace) -> Result<()> {
    rustup(workspace, &["component", "add", "rustfmt", "clippy"])
}

fn rustup(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    if find("rustup").is_none() {
        bail!("this needs `rustup {}`, but rustup is not on the search path", arguments.join(" "));
    }
    run(Command::new("rustup").args(arguments).current_dir(&workspace.root))
}

/// The browser for the tests: the one that is named by the variable, else the first that is installed.
pub fn chromium() -> Option<PathBuf> {
    if let Some(named) = env::var_os(CHROMIUM_VARIABLE) {
        return Some(named.into());
    }
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(find)
}

/// Installs Debian's Chromium, and a font without which its pages have no letters.
///
/// # Errors
/// When this is no Debian, when it takes another user's rights, or when apt fails.
pub fn install_chromium() -> Result<()> {
    let wish = "install Chromium yourself (on Debian `apt-get install chromium`), or set PATCHBAY_CHROMIUM to a \
                Chromium or Chrome that is already here, and run this command again";
    if find("apt-get").is_none() {
        bail!("there is no apt-get here to install Chromium with: {wish}");
    }
    if answer(Command::new("id").arg("-u")).as_deref() != Some("0") {
        bail!("installing Chromium takes root's rights, which this command does not have: {wish}");
    }
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command.arg("-o").arg(format!("DPkg::Lock::Timeout={APT_LOCK_TIMEOUT_S}")).args(arguments);
        run(&mut command)
    };
    apt(&["update"])?;
    apt(&["install", "--yes", "--no-install-recommends", "chromium", "fonts-liberation"]).context(wish)
}

/// Whether the browser tests' packages are there, in the versions of the lock file.
pub fn has_npm_packages(workspace: &Workspace) -> bool {
    let read = |path: PathBuf| fs::read(path).ok();
    let wanted = read(workspace.end2end().join("package-lock.json"));
    wanted.is_some() && wanted == read(installed_lock(workspace))
}

/// Installs the browser tests' packages as the lock file says.
///
/// # Errors
/// When there is no npm, or it fails.
pub fn install_npm_packages(workspace: &Workspace) -> Result<()> {
    if find("npm").is_none() {
        bail!("the browser tests need Node and its npm; install Node 20 or newer and run this command again");
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(workspace.end2end());
    // The tests run in the system's Chromium.
    npm.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    run(&mut npm)?;
    let (lock, copy) = (workspace.end2end().join("package-lock.json"), installed_lock(workspace));
    fs::copy(&lock, &copy).with_context(|| format!("could not write {}", copy.display()))?;
    Ok(())
}

/// A copy of the lock file that the installed packages were made from; `npm ci` removes it with them.
fn installed_lock(workspace: &Workspace) -> PathBuf {
    workspace.end2end().join("node_modules/.installed-lock.json")
}
