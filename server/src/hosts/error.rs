//! What can be wrong with a hosts file, with the line and the field.

use super::{HOSTS_FILE_BYTES_MAX, NAME_BYTES_MAX};
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Why a hosts file cannot be used.
#[derive(Debug, Error)]
pub enum HostsError {
    /// It cannot be read.
    #[error("The hosts file {} cannot be read. Check its name and rights.", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It is too large to be one.
    #[error("{} is larger than a hosts file may be: {HOSTS_FILE_BYTES_MAX} bytes.", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Something in it is wrong.
    #[error("{file}, line {line}: {}{mistake}.", in_field(field))]
    Wrong {
        /// The file's name as given.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The field, empty when no single one is wrong.
        field: String,
        /// What is wrong with it.
        mistake: HostsMistake,
    },
}

fn in_field(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!("field \"{field}\": ") }
}

/// What is wrong with a field of a hosts file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HostsMistake {
    /// Not TOML, or not the fields that a host has; the parser's own words.
    #[error("{0}")]
    Syntax(String),
    /// A name that nobody could tell from another, or that does not fit.
    #[error("a name has 1 to {NAME_BYTES_MAX} printable characters, the first and the last no space")]
    Name,
    /// A number that is no port.
    #[error("{0} is not a port; ports are numbered from 0 to 255")]
    Port(i64),
    /// Two names for one host.
    #[error("this port has a name already, given in line {line}; give each port one name")]
    PortTwice {
        /// Where it was named first.
        line: usize,
    },
    /// Two hosts of a switch with one name: which of them a server is would not be certain.
    #[error("another port of this switch has this name, given in line {line}; give each a name of its own")]
    NameTwice {
        /// Where it was given first.
        line: usize,
    },
    /// A switch that Patchbay does not manage.
    #[error("no switch is called so; Patchbay is started with {known}")]
    NoSuchSwitch {
        /// The switches that there are.
        known: String,
    },
}
