//! The front end: WASM, its script, the style sheet and the icon, each in three forms, ready to be embedded.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::compress;
use crate::process::{cargo, run};
use crate::setup::{self, WASM_TARGET};
use crate::steps::Steps;
use crate::style;
use crate::workspace::{HYDRATE_PACKAGE, Workspace};

/// Small beats fast in a browser that has to load it first; see the root manifest.
const WASM_PROFILE: &str = "wasm-release";
/// The name of script, WASM and style; the server asks for them by it.
pub const OUTPUT_NAME: &str = "app";
/// The files of `style/` that are served as they are.
const STATIC_FILES: [&str; 1] = ["icon.svg"];

/// Builds the front end into the site folder.
///
/// # Errors
/// When the WASM target is absent and cannot be added, or when any part does not build.
pub fn build(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    if !setup::has_wasm_target(workspace) {
        steps.must("Add the WASM target", "the islands run in the browser as WebAssembly", || {
            setup::add_wasm_target(workspace)
        })?;
    }
    steps.must("Build the WASM", "the islands, optimised for size", || {
        let build = ["build", "--locked", "--package", HYDRATE_PACKAGE, "--target", WASM_TARGET];
        run(cargo(workspace).args(build).args(["--profile", WASM_PROFILE]))
    })?;
    steps.must(
        "Make the front end",
        "script for the WASM, one style sheet, all compressed beforehand",
        || assemble(workspace),
    )
}

fn assemble(workspace: &Workspace) -> Result<()> {
    let mut files = bind(workspace)?;
    let style = workspace.root.join("style");
    files.insert(format!("{OUTPUT_NAME}.css"), style::bundle(&style)?.into_bytes());
    for name in STATIC_FILES {
        files.insert(name.to_owned(), read(&style.join(name))?);
    }
    let site = workspace.site();
    fs::create_dir_all(&site).with_context(|| format!("could not make {}", site.display()))?;
    remove_strangers(&site, &files)?;
    for (name, bytes) in &files {
        compress::write(&site.join(name), bytes)?;
    }
    Ok(())
}

/// Splits what rustc made into the WASM that browsers load and the script that loads it.
fn bind(workspace: &Workspace) -> Result<BTreeMap<String, Vec<u8>>> {
    let built = workspace.target.join(WASM_TARGET).join(WASM_PROFILE);
    let input = built.join(format!("{}.wasm", HYDRATE_PACKAGE.replace('-', "_")));
    let output = built.join("bound");
    let script = output.join(format!("{OUTPUT_NAME}.js"));
    let wasm = output.join(format!("{OUTPUT_NAME}_bg.wasm"));
    if !(newer(&script, &input) && newer(&wasm, &input)) {
        Bindgen::new()
            .web(true)?
            .input_path(&input)
            .out_name(OUTPUT_NAME)
            .typescript(false)
            .remove_name_section(true)
            .remove_producers_section(true)
            .generate(&output)
            .with_context(|| format!("wasm-bindgen could not read {}", input.display()))?;
    }
    let name = |extension: &str| format!("{OUTPUT_NAME}.{extension}");
    Ok(BTreeMap::from([(name("js"), read(&script)?), (name("wasm"), read(&wasm)?)]))
}

/// Whether `made` was written after `source`.
fn newer(made: &Path, source: &Path) -> bool {
    let time = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    matches!((time(made), time(source)), (Some(made), Some(source)) if made > source)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("could not read {}", path.display()))
}

/// Removes files that an earlier build left, so that they are not embedded.
fn remove_strangers(site: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<()> {
    let mut wanted: Vec<PathBuf> = Vec::new();
    for name in files.keys() {
        let path = site.join(name);
        wanted.extend([compress::brotli_path(&path), compress::gzip_path(&path), path]);
    }
    for entry in fs::read_dir(site).with_context(|| format!("could not list {}", site.display()))? {
        let path = entry.with_context(|| format!("could not list {}", site.display()))?.path();
        if path.is_file() && !wanted.contains(&path) {
            fs::remove_file(&path).with_context(|| format!("could not remove {}", path.display()))?;
        }
    }
    Ok(())
}
