//! The hosts file: what people call the servers at the other ends of a switch's cables, which no switch knows.
//!
//! ```toml
//! [[host]]
//! name = "db-01"
//! switch = "10.0.0.5"
//! port = 4
//! ```
//!
//! The same name on several switches makes one server of their hosts.

mod error;

pub use error::{HostsError, HostsMistake};

use crate::config::SwitchAddress;
use patchbay_domain::PhysicalPort;
use patchbay_domain::words::list;
use patchbay_engine::SwitchConfig;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;

/// The largest hosts file that is read, in bytes: thirty switches with a name on every port need a quarter of it.
pub const HOSTS_FILE_BYTES_MAX: u64 = 1024 * 1024;
/// The longest name, in bytes; as in rack files.
pub const NAME_BYTES_MAX: usize = 64;

/// The key of a switch in a rack, by which it stays the same switch.
pub fn switch_key(address: &SwitchAddress) -> String {
    format!("switchtec:{address}")
}

/// The key of a switch of the built-in lab.
pub fn lab_key(name: &str) -> String {
    format!("lab:{name}")
}

/// The names of a hosts file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostNames {
    file: String,
    /// By the key of the switch.
    switches: BTreeMap<String, Named>,
}

/// The names on one switch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Named {
    /// Where the switch is named first.
    line: usize,
    /// Each with its line.
    ports: BTreeMap<PhysicalPort, (String, usize)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, rename = "host")]
    hosts: Vec<WrittenHost>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenHost {
    name: Spanned<String>,
    switch: Spanned<String>,
    port: Spanned<i64>,
}

impl HostNames {
    /// Reads a hosts file.
    ///
    /// # Errors
    /// [`HostsError`] naming the file, and the line and field where there is one.
    pub fn read(path: &Path) -> Result<Self, HostsError> {
        let unreadable = |source| HostsError::Unreadable { path: path.to_owned(), source };
        let mut text = String::new();
        let file = File::open(path).map_err(unreadable)?;
        file.take(HOSTS_FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(unreadable)?;
        if text.len() as u64 > HOSTS_FILE_BYTES_MAX {
            return Err(HostsError::TooLarge { path: path.to_owned() });
        }
        Self::parse(&text, &path.display().to_string())
    }

    /// Reads the text of a hosts file; `file` is only named in errors.
    ///
    /// # Errors
    /// [`HostsError::Wrong`].
    pub fn parse(text: &str, file: &str) -> Result<Self, HostsError> {
        let source = Source { file, text };
        let written: Written = toml::from_str(text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            let field = source.key_at(&span);
            source.wrong(&span, &field, HostsMistake::Syntax(error.message().to_owned()))
        })?;
        let mut names = Self { file: file.to_owned(), ..Self::default() };
        written.hosts.iter().try_for_each(|host| names.add(host, &source))?;
        Ok(names)
    }

    fn add(&mut self, host: &WrittenHost, source: &Source<'_>) -> Result<(), HostsError> {
        let (name, line) = (host.name.get_ref(), source.line(&host.name.span()));
        if !is_name(name) {
            return Err(source.wrong(&host.name.span(), "name", HostsMistake::Name));
        }
        let number = *host.port.get_ref();
        let wrong = |mistake| source.wrong(&host.port.span(), "port", mistake);
        let port = u8::try_from(number).map(PhysicalPort).map_err(|_| wrong(HostsMistake::Port(number)))?;
        let named = self
            .switches
            .entry(key_of(host.switch.get_ref()))
            .or_insert_with(|| Named { line: source.line(&host.switch.span()), ports: BTreeMap::new() });
        if let Some(&(_, line)) = named.ports.get(&port) {
            return Err(wrong(HostsMistake::PortTwice { line }));
        }
        if let Some(&(_, line)) = named.ports.values().find(|(other, _)| other == name) {
            return Err(source.wrong(&host.name.span(), "name", HostsMistake::NameTwice { line }));
        }
        named.ports.insert(port, (name.clone(), line));
        Ok(())
    }

    /// Gives the names to the switches, over what a rack file calls their hosts.
    ///
    /// # Errors
    /// [`HostsMistake::NoSuchSwitch`] where the file names a switch that is not among them.
    pub fn give(&self, switches: &mut [SwitchConfig]) -> Result<(), HostsError> {
        let known = list(&switches.iter().map(|switch| called(&switch.key).to_owned()).collect::<Vec<_>>());
        for (key, Named { line, ports }) in &self.switches {
            let Some(switch) = switches.iter_mut().find(|switch| switch.key == *key) else {
                let (file, line, field) = (self.file.clone(), *line, "switch".to_owned());
                let mistake = HostsMistake::NoSuchSwitch { known };
                return Err(HostsError::Wrong { file, line, field, mistake });
            };
            switch.names.hosts.extend(ports.iter().map(|(port, (name, _))| (*port, name.clone())));
        }
        Ok(())
    }
}

/// As given to `--switch`, or the name of a switch of the lab.
fn key_of(switch: &str) -> String {
    switch.parse().map_or_else(|_| lab_key(switch), |address| switch_key(&address))
}

/// A switch as a hosts file calls it.
fn called(key: &str) -> &str {
    key.split_once(':').map_or(key, |(_, called)| called)
}

fn is_name(name: &str) -> bool {
    let plain = !name.is_empty() && name.trim() == name && !name.chars().any(char::is_control);
    plain && name.len() <= NAME_BYTES_MAX
}

/// The text that names are read from, to turn places in it into lines.
struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn before(&self, span: &Range<usize>) -> &str {
        self.text.get(..span.start).unwrap_or(self.text)
    }

    fn line(&self, span: &Range<usize>) -> usize {
        self.before(span).matches('\n').count() + 1
    }

    /// The key on the line of a place, for errors of the parser, which do not name it.
    fn key_at(&self, span: &Range<usize>) -> String {
        let start = self.before(span).rfind('\n').map_or(0, |at| at + 1);
        let line = self.text[start..].lines().next().unwrap_or_default();
        let key = line.split('=').next().unwrap_or_default();
        key.trim().trim_matches(['[', ']']).to_owned()
    }

    fn wrong(&self, span: &Range<usize>, field: &str, mistake: HostsMistake) -> HostsError {
        let (file, line) = (self.file.to_owned(), self.line(span));
        HostsError::Wrong { file, line, field: field.to_owned(), mistake }
    }
}

#[cfg(test)]
mod tests;
