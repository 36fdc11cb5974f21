//! Where things lie, and which packages there are.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;

/// The browser's entry point, which is built for WASM and never together with the server.
pub const HYDRATE_PACKAGE: &str = "patchbay-hydrate";
/// The pages, half of which run in the browser.
pub const APP_PACKAGE: &str = "patchbay-app";
/// The server.
pub const SERVER_PACKAGE: &str = "patchbay";
/// This tool. It is built apart from the server so that neither changes the other's features.
pub const XTASK_PACKAGE: &str = env!("CARGO_PKG_NAME");

/// The folders that the commands work in.
#[derive(Debug)]
pub struct Workspace {
    /// The folder of the root manifest.
    pub root: PathBuf,
    /// Where cargo puts what it builds.
    pub target: PathBuf,
}

impl Workspace {
    /// Finds the workspace that this tool belongs to.
    ///
    /// # Errors
    /// When the tool was moved out of its source tree.
    pub fn find() -> Result<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.ancestors().nth(2).context("xtask must lie in server/xtask")?.to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => env::current_dir().context("the current folder is gone")?.join(folder),
            None => root.join("target"),
        };
        Ok(Self { root, target })
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
    ///
    /// # Errors
    /// When cargo cannot read the manifests.
    pub fn server_selection(&self) -> Result<Vec<String>> {
        let metadata = MetadataCommand::new()
            .current_dir(&self.root)
            .no_deps()
            .exec()
            .context("cargo could not read the workspace")?;
        let mut selection = Vec::new();
        for package in &metadata.packages {
            if ![HYDRATE_PACKAGE, XTASK_PACKAGE].contains(&package.name.as_str()) {
                selection.extend(["--package".to_owned(), package.name.to_string()]);
            }
        }
        selection.extend(["--features".to_owned(), format!("{APP_PACKAGE}/ssr")]);
        Ok(selection)
    }
}
