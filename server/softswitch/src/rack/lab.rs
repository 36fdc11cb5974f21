//! A rack file as a whole: one or several switches.

use std::borrow::Cow;
use std::collections::BTreeMap;

use patchbay_switchtec::PhysicalPort;

use super::error::{RackError, RackProblem, Source};
use super::{
    LAB_RACK, PAIR_RACK, Rack, Shape, ShapeError, TRANSCRIPTS_RACK, Warning, check, file, generate, warning,
};

/// Where the text of a built-in rack comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuiltIn {
    /// Written by hand.
    Written(&'static str),
    /// Made by [`generate`].
    Generated(Shape),
}

/// Sixty-four hosts and two thousand functions: more than one switch can hold.
const LARGE: Shape = Shape { hosts: 64, adapters: 16, functions: 2048, seed: 1, switches: None };

/// The racks that are part of the program, by name.
pub const BUILT_IN: [(&str, BuiltIn); 4] = [
    ("lab", BuiltIn::Written(LAB_RACK)),
    ("large", BuiltIn::Generated(LARGE)),
    ("pair", BuiltIn::Written(PAIR_RACK)),
    ("transcripts", BuiltIn::Written(TRANSCRIPTS_RACK)),
];

impl BuiltIn {
    /// The text of its rack file.
    ///
    /// # Errors
    /// None in a tested build: the shapes are part of the program.
    pub fn text(&self) -> Result<Cow<'static, str>, ShapeError> {
        match self {
            Self::Written(text) => Ok(Cow::Borrowed(text)),
            Self::Generated(shape) => generate(shape).map(Cow::Owned),
        }
    }
}

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
        let (_, built_in) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        let text = built_in
            .text()
            .map_err(|error| Source { file: name, text: "" }.fault(0..0, "", RackProblem::Shape(error)));
        Some(text.and_then(|text| Self::parse(&text, name)))
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

    /// What is allowed and still worth knowing.
    pub fn warnings(&self) -> Vec<Warning> {
        self.racks.iter().flat_map(warning::warnings).collect()
    }
}
