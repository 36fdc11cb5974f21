//! Where things lie, and which packages there are.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;

/// The browser's entry point, which is built for WASM and never together with the server.
pub const HYDRATE_PACKAGE: &str = "patchbay-hydrate";
/// The pages, half of which run in the browser.
pub const APP_PACKAGE: &str = "patchbay-app";
/// The server.
pub const SERVER_PACKAGE: &str = "patchbay";
/// The emulated switch.
pub const SOFTSWITCH_PACKAGE: &str = "patchbay-softswitch";
/// The package that `cargo xtask bench store` measures.
pub const STORE_PACKAGE: &str = "patchbay-store";
/// This tool. It is built apart from the server so that neither changes the other's features.
pub const XTASK_PACKAGE: &str = env!("CARGO_PKG_NAME");

/// The folders that the commands work in, and the packages in them.
#[derive(Debug)]
pub struct Workspace {
    /// The folder of the root manifest.
    pub root: PathBuf,
    /// Where cargo puts what it builds.
    pub target: PathBuf,
    /// Every package's name.
    packages: Vec<String>,
}

impl Workspace {
    /// Finds the workspace that this tool belongs to.
    ///
    /// # Errors
    /// When the tool was moved out of its source tree, or cargo cannot read the manifests.
    pub fn find() -> Result<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.ancestors().nth(2).context("xtask must lie in server/xtask")?.to_path_buf();
        let mut read = MetadataCommand::new();
        let metadata =
            read.current_dir(&root).no_deps().exec().context("cargo could not read the workspace")?;
        let packages = metadata.packages.iter().map(|package| package.name.to_string()).collect();
        Ok(Self { root, target: metadata.target_directory.into(), packages })
    }

    /// Where the finished front end lies; the server's build takes it from there, wherever cargo builds.
    pub fn site(&self) -> PathBuf {
        self.root.join("target/site")
    }

    /// The browser tests.
    pub fn end2end(&self) -> PathBuf {
        self.root.join("end2end")
    }

    /// The server's program as a profile's folder (`debug` or `release`) holds it.
    pub fn server(&self, profile: &str) -> PathBuf {
        self.target.join(profile).join(SERVER_PACKAGE)
    }

    /// The arguments that choose every package of the server's half. The choice is the same for each cargo call, so
    /// that nothing is compiled twice with other features.
    pub fn server_selection(&self) -> Vec<&str> {
        let apart = [HYDRATE_PACKAGE, XTASK_PACKAGE];
        let together = self.packages.iter().map(String::as_str).filter(|name| !apart.contains(name));
        together.flat_map(|name| ["--package", name]).chain(["--features", "patchbay-app/ssr"]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{APP_PACKAGE, HYDRATE_PACKAGE, SERVER_PACKAGE, Workspace};

    #[test]
    fn the_servers_half_is_everything_but_the_browsers_entry() {
        let workspace = Workspace::find().expect("the tests run in the workspace");
        let selection = workspace.server_selection();
        assert!(selection.contains(&SERVER_PACKAGE) && selection.contains(&APP_PACKAGE));
        assert!(!selection.contains(&HYDRATE_PACKAGE), "hydrate and ssr exclude each other");
        assert!(workspace.root.join("Cargo.lock").is_file());
    }
}
