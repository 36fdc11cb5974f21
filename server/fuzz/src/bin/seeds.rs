//! Writes the seeds of every target: `seeds FOLDER` fills `FOLDER/<target>`, one file for each.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

// The program is built like the targets, and what they count coverage with is in there.
use libfuzzer_sys as _;
use patchbay_fuzz::{TARGETS, seeds};

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1) else {
        eprintln!("Name the folder for the seeds.");
        return ExitCode::FAILURE;
    };
    match write(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("The seeds cannot be written to {}: {error}", Path::new(&folder).display());
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &Path) -> io::Result<()> {
    for (target, _) in TARGETS {
        let own = folder.join(target);
        fs::create_dir_all(&own)?;
        for (number, seed) in seeds::of(target).iter().enumerate() {
            fs::write(own.join(format!("seed-{number:03}")), seed)?;
        }
    }
    Ok(())
}
