//! Starting other programs. Each is waited for, so none is left behind.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::workspace::Workspace;

/// Cargo itself, the same that runs this tool, in the workspace's root.
pub fn cargo(workspace: &Workspace) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(&workspace.root);
    command
}

/// Runs a program to its end, with its output on the screen.
///
/// # Errors
/// When it cannot be started, or ends with anything but success.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("could not start `{}`", line(command)))?;
    ensure!(status.success(), "`{}` failed ({status})", line(command));
    Ok(())
}

/// Runs a program quietly and returns what it printed; nothing when it failed or is not there.
pub fn answer(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Where a program lies on the search path.
pub fn find(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The command as one would type it, shortened where it is long.
fn line(command: &Command) -> String {
    const SHOWN_WORDS_MAX: usize = 8;
    let program = Path::new(command.get_program()).file_name().unwrap_or_else(|| command.get_program());
    let mut words: Vec<String> = std::iter::once(program)
        .chain(command.get_args())
        .take(SHOWN_WORDS_MAX)
        .map(|word: &OsStr| word.to_string_lossy().into_owned())
        .collect();
    if command.get_args().len() >= SHOWN_WORDS_MAX {
        words.push("…".to_owned());
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{answer, find, run};

    #[test]
    fn a_failing_program_is_named() {
        let error = run(Command::new("false").arg("now")).expect_err("`false` fails");
        assert!(error.to_string().starts_with("`false now` failed"), "{error}");
        let error = run(&mut Command::new("no-such-program")).expect_err("there is none");
        assert!(error.to_string().contains("could not start `no-such-program`"), "{error}");
    }

    #[test]
    fn an_answer_is_trimmed_and_a_failure_has_none() {
        assert_eq!(answer(Command::new("echo").arg("yes")).as_deref(), Some("yes"));
        assert_eq!(answer(&mut Command::new("false")), None);
        assert!(find("sh").is_some());
        assert_eq!(find("no-such-program"), None);
    }
}
