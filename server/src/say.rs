//! What the program says on standard output, for people and for scripts.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// Prints a line. A reader that has read enough and gone away, as `head` does, is no failure.
///
/// # Errors
/// Whatever else keeps standard output from being written.
pub fn say(words: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{words}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        said => said,
    }
}
