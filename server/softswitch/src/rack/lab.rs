//! A rack file as a whole: one or several switches.

use std::collections::BTreeMap;

use patchbay_switchtec::PhysicalPort;

use super::error::{RackError, Source};
use super::{LAB_RACK, Rack, TRANSCRIPTS_RACK, check, file};

/// The racks that are part of the program: name and text.
pub const BUILT_IN: [(&str, &str); 2] = [("lab", LAB_RACK), ("transcripts", TRANSCRIPTS_RACK)];

/// A checked rack file: one or several switches, each with a name of its own, each a fabric of its own.
///
/// A host that is cabled to several switches has the same name on each of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Lab {
    racks: Vec<Rack>,
}

impl Lab {
    /// Reads the text of a rack file; `file` is only named in errors.
    ///
    /// # Errors
    /// A text that is too long, is not TOML, or describes racks that cannot be; each names line and field.
    pub fn parse(text: &str, file: &str) -> Result<Self, RackError> {
        let racks = check::check(&file::read(text, file)?, &Source { file, text })?;
        Ok(Self { racks })
    }

    /// The built-in rack file with this name, `None` when there is none; see [`BUILT_IN`].
    ///
    /// # Errors
    /// None in a tested build: the files are part of the program.
    pub fn by_name(name: &str) -> Option<Result<Self, RackError>> {
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Some(Self::parse(text, name))
    }

    /// The switches in the order of the file; there is at least one.
    pub fn racks(&self) -> &[Rack] {
        &self.racks
    }

    /// As [`Lab::racks`], by value.
    pub fn into_racks(self) -> Vec<Rack> {
        self.racks
    }

    /// Every host by name, with its ports as switch name and physical port: several for a host with several cables.
    pub fn hosts(&self) -> BTreeMap<&str, Vec<(&str, PhysicalPort)>> {
        let mut hosts: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for rack in &self.racks {
            for host in &rack.hosts {
                hosts.entry(host.name.as_str()).or_default().push((rack.name.as_str(), host.port));
            }
        }
        hosts
    }
}
