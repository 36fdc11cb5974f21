//! What the live stream carries.

use patchbay_domain::{
    ChangeId, Entry, Link, PhysicalPort, StepProgress, Subject, SwitchId, SwitchState, Topology, Vitals,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One event of the live stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveEvent {
    /// A ledger entry. The stream's event id is its sequence number, so that a listener can resume after it.
    Entry(Box<Entry>),
    /// A step in flight. Not in the ledger until its change has ended.
    Step(StepProgress),
    /// The first step of a change is being sent: it can no longer be cancelled.
    Begun(ChangeId),
    /// Nothing can be written down, and why, as a sentence; none when it can again.
    Trouble(Option<String>),
    /// Whether a switch answers. In no entry.
    Switch {
        /// The switch.
        switch: SwitchId,
        /// Its state.
        state: SwitchState,
    },
    /// The links of some ports of a switch. In no entry: what is wrong for long enough is in one, as a trouble.
    Links {
        /// The switch.
        switch: SwitchId,
        /// The ports with their links now.
        links: Vec<(PhysicalPort, Link)>,
    },
    /// How often an open trouble came so far. In no entry until it is over.
    Counted {
        /// What it is of.
        subject: Subject,
        /// How often it came.
        times: u32,
    },
    /// How a switch is. In no entry: what was read is shown, and gone when the next is read.
    Vitals {
        /// The switch.
        switch: SwitchId,
        /// What was read; none when it does not answer.
        vitals: Option<Vitals>,
    },
    /// The listener has missed something. Ask for a new picture.
    Reset,
}

impl LiveEvent {
    /// Every name that an event of the stream may have: a browser listens by name.
    pub const NAMES: [&'static str; 9] =
        ["entry", "step", "begun", "trouble", "switch", "links", "counted", "vitals", "reset"];

    /// Its name on the stream.
    pub const fn name(&self) -> &'static str {
        let place = match self {
            Self::Entry(_) => 0,
            Self::Step(_) => 1,
            Self::Begun(_) => 2,
            Self::Trouble(_) => 3,
            Self::Switch { .. } => 4,
            Self::Links { .. } => 5,
            Self::Counted { .. } => 6,
            Self::Vitals { .. } => 7,
            Self::Reset => 8,
        };
        Self::NAMES[place]
    }

    /// What no entry says, for whoever begins to listen: whether switches answer, how links are and how often troubles came, as
    /// a topology has it; which changes have begun, and why nothing can be written down.
    pub fn readings(topology: &Topology, begun: &BTreeSet<ChangeId>, trouble: Option<&str>) -> Vec<Self> {
        let of_switch = |switch: &patchbay_domain::Switch| {
            let (switch, state) = (switch.id, switch.state);
            let hosts = topology.hosts.values().filter(|host| host.switch == switch);
            let cards = topology.adapters.values().filter(|card| card.switch == switch && card.present);
            let links =
                hosts.map(|host| (host.port, host.link)).chain(cards.map(|card| (card.slot, card.link)));
            [Self::Links { switch, links: links.collect() }, Self::Switch { switch, state }]
        };
        let counted = |(&subject, raised): (_, &patchbay_domain::Raised)| Self::Counted {
            subject,
            times: raised.times,
        };
        let readings = topology.switches.values().flat_map(of_switch);
        let readings = readings.chain(topology.health.iter().map(counted));
        let readings = readings.chain(begun.iter().map(|&change| Self::Begun(change)));
        readings.chain([Self::Trouble(trouble.map(str::to_owned))]).collect()
    }
}
