//! The state of a switch as it is written to the file.

use std::collections::BTreeMap;

use patchbay_switchtec::PhysicalPort;
use patchbay_switchtec::command::Command;
use patchbay_switchtec::command::events::{EventBatch, EventsGet, GfmsEvent};
use serde::{Deserialize, Serialize};

use super::VERSION;
use crate::rack::Slot;
use crate::switch::{Port, Switch};

/// Bytes of an answer with events before the first entry (section 5.8).
const BATCH_HEAD_BYTES: usize = 4;

/// What a file holds. What is as the rack has it is not written, so that a rack file can still be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedState {
    pub(super) version: u32,
    switch: String,
    pub(super) bindings: Vec<SavedBinding>,
    #[serde(default)]
    pub(super) ports: Vec<SavedPort>,
    #[serde(default)]
    pub(super) adapters: Vec<SavedAdapter>,
    #[serde(default)]
    pub(super) temperature_centi: Option<u32>,
    #[serde(default)]
    pub(super) events: SavedEvents,
    /// Event header registers by offset.
    #[serde(default)]
    pub(super) headers: BTreeMap<u32, u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedBinding {
    pub(super) port: u8,
    pub(super) logical_port: u8,
    pub(super) functions: Vec<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedPort {
    pub(super) port: u8,
    pub(super) port_type: u8,
    pub(super) clock_source: u8,
    pub(super) sris: u8,
    pub(super) hvd: u8,
    pub(super) plugged: bool,
    pub(super) enabled: bool,
    pub(super) reset_held: bool,
    pub(super) width: u8,
    #[serde(rename = "gen")]
    pub(super) rate: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedAdapter {
    pub(super) slot: u8,
    /// The model that was swapped in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<String>,
    /// Names of its functions.
    pub(super) functions: Vec<u16>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedEvents {
    /// The entries as they are on the wire (section 5.8).
    pub(super) waiting: Vec<Vec<u8>>,
    pub(super) overflow: bool,
    pub(super) recorded: u64,
}

impl SavedState {
    /// The state as it will be when the events that wait for an answer have been recorded: they are part of the change
    /// that raised them.
    pub(super) fn of(switch: &Switch) -> Self {
        let mut switch = switch.clone();
        switch.record_all();
        let built = switch.rebuilt_as_filed();
        let differs = |(number, port): (PhysicalPort, &Port)| {
            (built.port(number) != Some(port)).then(|| SavedPort::of(number, port))
        };
        let temperature = switch.rack.temperature_centi;
        Self {
            version: VERSION,
            switch: switch.rack.name.clone(),
            bindings: bindings(&switch),
            ports: switch.ports().filter_map(differs).collect(),
            adapters: switch.rack.slots.iter().filter_map(|slot| SavedAdapter::of(&switch, slot)).collect(),
            temperature_centi: (temperature != switch.built().temperature_centi).then_some(temperature),
            events: SavedEvents {
                waiting: switch.queue.events().map(entry).collect(),
                overflow: switch.queue.has_overflowed(),
                recorded: switch.queue.recorded(),
            },
            headers: switch.registers.headers().clone(),
        }
    }
}

fn bindings(switch: &Switch) -> Vec<SavedBinding> {
    let saved = |binding: crate::rack::Binding| SavedBinding {
        port: binding.port.get(),
        logical_port: binding.logical_port.get(),
        functions: binding.functions.iter().map(|function| function.get()).collect(),
    };
    switch.bindings().into_iter().map(saved).collect()
}

impl SavedPort {
    fn of(number: PhysicalPort, port: &Port) -> Self {
        Self {
            port: number.get(),
            port_type: port.config.port_type.code(),
            clock_source: port.config.clock_source,
            sris: port.config.sris,
            hvd: port.config.hvd,
            plugged: port.plugged,
            enabled: port.enabled,
            reset_held: port.reset_held,
            width: port.trains_to.width,
            rate: port.trains_to.rate.code(),
        }
    }
}

impl SavedAdapter {
    /// `None` for an adapter as the rack file has it.
    fn of(switch: &Switch, slot: &Slot) -> Option<Self> {
        let is_built = switch.built().slots.contains(slot);
        let model = switch.swapped(slot.port).map(ToOwned::to_owned);
        let functions = slot.adapter.functions.iter().map(|function| function.pdfid.get()).collect();
        (!is_built).then(|| Self { slot: slot.port.get(), model, functions })
    }
}

/// An event as it is on the wire.
fn entry(event: &GfmsEvent) -> Vec<u8> {
    let batch = EventBatch { events: vec![event.clone()], remaining: 0, overflow: false };
    EventsGet::answer_bytes(&batch).split_off(BATCH_HEAD_BYTES)
}

/// The event of an entry; `None` when the bytes are none.
pub(super) fn event(entry: &[u8]) -> Option<GfmsEvent> {
    let mut answer = vec![1, 0, 0, 0];
    answer.extend_from_slice(entry);
    EventsGet { max: 1 }.parse_answer(&answer).ok()?.events.pop()
}
