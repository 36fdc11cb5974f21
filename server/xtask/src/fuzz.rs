//! Fuzzing the packet codec and the emulated switch, with the stable toolchain and without cargo-fuzz.
//!
//! The targets lie in `server/fuzz` in cargo-fuzz' layout. Their coverage comes from compiler passes that stable Rust
//! has; what they start from is made of the recorded conversations.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{answer, cargo, run};
use crate::steps::Steps;
use crate::workspace::Workspace;

/// The targets in `server/fuzz/fuzz_targets`.
const TARGETS: [&str; 4] = ["command", "packet", "sections", "session"];
/// How long each target runs unless told otherwise.
const DEFAULT_SECONDS: u64 = 600;
/// Longest input, in bytes: a client that asks for some ten things. Longer ones only take longer.
const MAX_INPUT_BYTES: usize = 8192;
/// An input that takes longer than this is a finding.
const SLOWEST_INPUT_SECONDS: u64 = 10;
/// So is one that takes more memory, in MiB: everything a client can make a switch keep is bounded.
const MEMORY_LIMIT_MIB: u64 = 1024;
/// What makes the compiler count edges and report comparisons, as cargo-fuzz does it.
const FLAGS: [&str; 8] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
    "-Ccodegen-units=1",
];

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    seconds: u64,
    targets: Vec<&'static str>,
}

impl Wish {
    /// Reads `[--seconds N] [TARGET]`.
    fn parse(words: &[&str]) -> Result<Self> {
        let mut wish = Self { seconds: DEFAULT_SECONDS, targets: TARGETS.to_vec() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if *word == "--seconds" {
                let number = words.next().context("name the number of seconds after --seconds")?;
                wish.seconds =
                    number.parse().with_context(|| format!("`{number}` is no number of seconds"))?;
            } else if let Some(target) = TARGETS.iter().find(|target| *target == word) {
                wish.targets = vec![target];
            } else {
                bail!("there is no fuzz target `{word}`; there are {}", TARGETS.join(", "));
            }
        }
        Ok(wish)
    }
}

/// Builds the targets and runs each for a while.
///
/// # Errors
/// When they do not build, or an input was found that breaks something; its file is named.
pub fn fuzz(workspace: &Workspace, steps: &mut Steps, words: &[&str]) -> Result<()> {
    let wish = Wish::parse(words)?;
    let folders = Folders::of(workspace);
    let programs =
        steps.must("Build the fuzz targets", "with counters for coverage", || build(workspace, &folders))?;
    steps.must("Make the seeds", "fuzzing starts from the recorded conversations", || {
        run(Command::new(programs.join("seeds")).arg(&folders.corpora))
    })?;
    for target in wish.targets {
        let what = format!("Fuzz {target}");
        let why = format!("for {} s; the corpus grows in {}", wish.seconds, folders.corpora.display());
        steps.check(&what, &why, || {
            let found = folders.findings.join(target);
            std::fs::create_dir_all(&found).with_context(|| format!("could not make {}", found.display()))?;
            let mut program = Command::new(programs.join(target));
            program
                .arg(folders.corpora.join(target))
                .arg(format!("-max_total_time={}", wish.seconds))
                .arg(format!("-max_len={MAX_INPUT_BYTES}"))
                .arg(format!("-timeout={SLOWEST_INPUT_SECONDS}"))
                .arg(format!("-rss_limit_mb={MEMORY_LIMIT_MIB}"))
                .arg(format!("-artifact_prefix={}/", found.display()));
            run(&mut program).with_context(|| format!("the input is in {}", found.display()))
        });
    }
    steps.close()
}

/// Where what fuzzing makes lies: beside what cargo builds, and never in the source tree.
struct Folders {
    manifest: PathBuf,
    target: PathBuf,
    corpora: PathBuf,
    findings: PathBuf,
}

impl Folders {
    fn of(workspace: &Workspace) -> Self {
        let target = workspace.target.join("fuzz");
        let manifest = workspace.root.join("server/fuzz/Cargo.toml");
        Self { manifest, corpora: target.join("corpus"), findings: target.join("findings"), target }
    }
}

/// Builds all programs; the folder they are in.
fn build(workspace: &Workspace, folders: &Folders) -> Result<PathBuf> {
    // Naming the platform keeps the flags away from build scripts, which have nothing to count.
    let version = answer(Command::new("rustc").arg("-vV")).context("rustc does not tell its version")?;
    let platform = version.lines().find_map(|line| line.strip_prefix("host: "));
    let platform = platform.context("rustc does not name its platform")?;
    let mut build = cargo(workspace);
    build.args(["build", "--release", "--target", platform, "--manifest-path"]).arg(&folders.manifest);
    build.env("CARGO_TARGET_DIR", &folders.target).env("RUSTFLAGS", FLAGS.join(" "));
    run(&mut build)?;
    Ok(folders.target.join(platform).join("release"))
}

#[cfg(test)]
mod tests {
    use super::{DEFAULT_SECONDS, TARGETS, Wish};
    use crate::workspace::Workspace;

    #[test]
    fn the_targets_are_those_that_lie_there() {
        let folder = Workspace::find().expect("there is one").root.join("server/fuzz/fuzz_targets");
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .expect("the targets lie there")
            .map(|entry| entry.expect("it is readable").path())
            .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(names, TARGETS);
    }

    #[test]
    fn a_wish_names_seconds_and_a_target_in_any_order() {
        let all = Wish { seconds: DEFAULT_SECONDS, targets: TARGETS.to_vec() };
        assert_eq!(Wish::parse(&[]).expect("nothing is said"), all);
        let one = Wish { seconds: 5, targets: vec!["session"] };
        assert_eq!(Wish::parse(&["session", "--seconds", "5"]).expect("both are said"), one);
        assert_eq!(Wish::parse(&["--seconds", "5", "session"]).expect("both are said"), one);
        for words in [&["--seconds"][..], &["--seconds", "soon"], &["everything"]] {
            assert!(Wish::parse(words).is_err(), "{words:?}");
        }
    }
}
