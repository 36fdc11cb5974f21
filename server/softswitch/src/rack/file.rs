//! The rack file as it is written: TOML with the place of every value kept for messages.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use toml::{Spanned, Value};

use super::error::{RackError, RackProblem, Source};
use super::{AdapterKind, Counters, MAX_RACK_FILE_BYTES};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RackFile {
    #[serde(rename = "switch")]
    pub(super) switches: Switches,
    #[serde(default, rename = "host")]
    pub(super) hosts: Vec<HostPart>,
    #[serde(default, rename = "slot")]
    pub(super) slots: Vec<SlotPart>,
    #[serde(default, rename = "fabric_port")]
    pub(super) fabric_ports: Vec<PortPart>,
    #[serde(default, rename = "binding")]
    pub(super) bindings: Vec<BindingPart>,
    #[serde(default)]
    pub(super) delays: BTreeMap<Spanned<String>, Spanned<i64>>,
    #[serde(default)]
    pub(super) script: Vec<ScriptPart>,
}

/// One order of the script with its time, as keys and values: what keys there are depends on the order.
pub(super) type ScriptPart = BTreeMap<Spanned<String>, Spanned<Value>>;

/// One `[switch]`, or an array of `[[switch]]`.
#[derive(Debug)]
pub(super) struct Switches(pub(super) Vec<SwitchPart>);

impl<'de> Deserialize<'de> for Switches {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrSeveral)
    }
}

/// Written by hand because an untagged enum would lose the places of the values.
struct OneOrSeveral;

impl<'de> Visitor<'de> for OneOrSeveral {
    type Value = Switches;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a [switch] table or several [[switch]] tables")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Switches, A::Error> {
        SwitchPart::deserialize(MapAccessDeserializer::new(map)).map(|one| Switches(vec![one]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Switches, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(seq)).map(Switches)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SwitchPart {
    pub(super) name: Spanned<String>,
    pub(super) index: Spanned<u8>,
    pub(super) device_id: Spanned<u32>,
    pub(super) firmware: u32,
    pub(super) temperature_c: Spanned<f64>,
    #[serde(default)]
    pub(super) counters: Counters,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HostPart {
    pub(super) switch: Option<Spanned<String>>,
    pub(super) name: Spanned<String>,
    pub(super) port: Spanned<u8>,
    pub(super) width: Spanned<u8>,
    #[serde(rename = "gen")]
    pub(super) rate: Spanned<u8>,
    pub(super) logical_ports: Spanned<u8>,
    pub(super) link: Option<Spanned<LinkWord>>,
    pub(super) link_width: Option<Spanned<u8>>,
    pub(super) link_gen: Option<Spanned<u8>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LinkWord {
    Up,
    Down,
    Disabled,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SlotPart {
    pub(super) switch: Option<Spanned<String>>,
    pub(super) port: Spanned<u8>,
    pub(super) width: Spanned<u8>,
    #[serde(rename = "gen")]
    pub(super) rate: Spanned<u8>,
    pub(super) link: Option<Spanned<LinkWord>>,
    pub(super) link_width: Option<Spanned<u8>>,
    pub(super) link_gen: Option<Spanned<u8>>,
    pub(super) adapter: AdapterPart,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PortPart {
    pub(super) switch: Option<Spanned<String>>,
    pub(super) port: Spanned<u8>,
    pub(super) width: Spanned<u8>,
    #[serde(rename = "gen")]
    pub(super) rate: Spanned<u8>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdapterPart {
    pub(super) name: Spanned<String>,
    pub(super) kind: AdapterKind,
    pub(super) vendor: u16,
    pub(super) device: u16,
    pub(super) subsystem_vendor: u16,
    pub(super) subsystem_device: u16,
    pub(super) class: Option<Spanned<u32>>,
    pub(super) pf_pdfid: Spanned<u16>,
    #[serde(default)]
    pub(super) bars: Vec<BarPart>,
    pub(super) vfs: Option<VfsPart>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VfsPart {
    pub(super) count: Spanned<u16>,
    pub(super) first_pdfid: Spanned<u16>,
    pub(super) device: Option<u16>,
    pub(super) subsystem_device: Option<u16>,
    pub(super) bars: Option<Vec<BarPart>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BarPart {
    pub(super) index: Spanned<u8>,
    pub(super) kind: BarKind,
    pub(super) log2_size: Spanned<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum BarKind {
    Io,
    Mem32,
    Mem64,
    Mem64Prefetchable,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BindingPart {
    pub(super) switch: Option<Spanned<String>>,
    pub(super) host: Spanned<String>,
    pub(super) logical_port: Spanned<u8>,
    pub(super) functions: Spanned<Vec<u16>>,
}

/// Reads the file's text, without looking at what the values mean together.
pub(super) fn read(text: &str, file: &str) -> Result<RackFile, RackError> {
    let source = Source { file, text };
    if text.len() > MAX_RACK_FILE_BYTES {
        let problem = RackProblem::TooLong { bytes: text.len(), limit: MAX_RACK_FILE_BYTES };
        return Err(source.fault(0..0, "", problem));
    }
    toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let field = source.key_at(&span);
        source.fault(span, field, RackProblem::Syntax(error.message().to_owned()))
    })
}
