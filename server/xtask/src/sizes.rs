//! What a browser loads for the first page.

use std::fs;

use anyhow::{Context, Result};

use crate::compress::{brotli_path, gzip_path};
use crate::front::OUTPUT_NAME;
use crate::workspace::Workspace;

/// The aim for WASM, script and style of the first page after brotli, in kilobytes of 1000 bytes.
const AIM_KB: f64 = 183.0;

/// Prints the size of WASM, script and style: as they are, after gzip, after brotli.
///
/// # Errors
/// When the front end has not been built.
pub fn print(workspace: &Workspace) -> Result<()> {
    println!("\nFirst page, in kB         raw      gzip    brotli");
    let mut total = 0.0;
    for extension in ["wasm", "js", "css"] {
        let path = workspace.site().join(format!("{OUTPUT_NAME}.{extension}"));
        let size = |path: &std::path::Path| {
            let bytes = fs::metadata(path)
                .with_context(|| format!("{} is missing; run `cargo xtask wasm` first", path.display()))?
                .len();
            anyhow::Ok(bytes as f64 / 1000.0)
        };
        let (raw, gz, br) = (size(&path)?, size(&gzip_path(&path))?, size(&brotli_path(&path))?);
        println!("  {OUTPUT_NAME}.{extension:<12} {raw:>10.1} {gz:>9.1} {br:>9.1}");
        total += br;
    }
    let verdict = if total <= AIM_KB { "within" } else { "OVER" };
    println!("  together {total:>36.1}   ({verdict} the aim of {AIM_KB:.0} kB)");
    Ok(())
}
