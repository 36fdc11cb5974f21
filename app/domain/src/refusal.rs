//! Why an intent breaks a rule: data, with its own sentence.

use crate::ids::{ChangeId, FunctionId, HostId};
use crate::intent::MOVES_MAX;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why an intent cannot become a plan. Names are carried along, so that the sentence is the same on every screen, in
/// JSON and in the history.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No moves.
    #[error("Nothing to do: the intent holds no moves.")]
    Empty,
    /// More than [`MOVES_MAX`] moves.
    #[error("{moves} moves are too many for one change. Split it into changes of at most {MOVES_MAX}.")]
    TooMany {
        /// How many there are.
        moves: usize,
    },
    /// A function stands in the intent twice.
    #[error("{name} stands in the intent twice. Say once where it shall go.")]
    Twice {
        /// The function.
        function: FunctionId,
        /// Its label.
        name: String,
    },
    /// No function with this id.
    #[error("There is no function {function}. Reload the board to see what there is.")]
    UnknownFunction {
        /// The id asked for.
        function: FunctionId,
    },
    /// No host with this id.
    #[error("There is no host {host}. Reload the board to see what there is.")]
    UnknownHost {
        /// The id asked for.
        host: HostId,
    },
    /// The function is already where it shall go.
    #[error("{name} is already assigned to {host_name}.")]
    AlreadyThere {
        /// The function.
        function: FunctionId,
        /// Its label.
        name: String,
        /// The host.
        host_name: String,
    },
    /// A release of what nobody has.
    #[error("{name} is not assigned to any host.")]
    AlreadyFree {
        /// The function.
        function: FunctionId,
        /// Its label.
        name: String,
    },
    /// The function is part of another change: to be moved, to be away for a moment with one that is, or to be accepted
    /// where it is.
    #[error("{name} is part of change {change}. Wait until that has ended.")]
    InFlight {
        /// The function.
        function: FunctionId,
        /// Its label.
        name: String,
        /// The change that it is part of.
        change: ChangeId,
    },
    /// The function is not part of another change, but it is on a logical port that one will reprogram: somebody else
    /// put it there.
    #[error(
        "{name} is on logical port {logical_port} of {host_name}, which change {change} will use. Wait until that has ended."
    )]
    PortInFlight {
        /// The function.
        function: FunctionId,
        /// Its label.
        name: String,
        /// The host that has it.
        host_name: String,
        /// The logical port it is on.
        logical_port: u8,
        /// The change that will use the port.
        change: ChangeId,
    },
    /// The function's switch has no cable to the host's server.
    #[error(
        "{name} is in {switch_name} and {host_name} is cabled to {host_switch_name}. A function can only go to a host on the same switch."
    )]
    OtherSwitch {
        /// The function.
        function: FunctionId,
        /// Its label.
        name: String,
        /// The switch of the function.
        switch_name: String,
        /// The host.
        host_name: String,
        /// The switch of the host.
        host_switch_name: String,
    },
    /// The function's switch has several hosts of the name, and the one that was named is on another switch.
    #[error(
        "{switch_name} has several hosts called {host_name}. Choose the one that {name} shall go to on the board of {switch_name}."
    )]
    SeveralHosts {
        /// The function.
        function: FunctionId,
        /// Its label.
        name: String,
        /// The name.
        host_name: String,
        /// The switch of the function.
        switch_name: String,
    },
    /// The switch and the ledger agree about the function.
    #[error("{name} is where Patchbay's history has it, so there is nothing to accept.")]
    NotDrifted {
        /// The function.
        function: FunctionId,
        /// Its label.
        name: String,
    },
    /// The logical port asked for does not exist.
    #[error("{host_name} has no logical port {logical_port}: it has {logical_ports}, counted from 0.")]
    NoSuchPort {
        /// The host.
        host_name: String,
        /// What was asked for.
        logical_port: u8,
        /// How many there are.
        logical_ports: u8,
    },
    /// The logical port asked for is taken.
    #[error(
        "Logical port {logical_port} of {host_name} is taken by {holder}. Choose another, or move that away first."
    )]
    PlaceTaken {
        /// The host.
        host_name: String,
        /// What was asked for.
        logical_port: u8,
        /// What is there, or will be.
        holder: String,
    },
    /// The engine cannot talk to the switch.
    #[error(
        "{switch_name} cannot be reached, so nothing can be moved on it. Check its power and management network."
    )]
    SwitchAway {
        /// The switch.
        switch_name: String,
    },
    /// The engine has not read the switch yet.
    #[error("{switch_name} has not been read since Patchbay started. Try again in a moment.")]
    SwitchUnread {
        /// The switch.
        switch_name: String,
    },
    /// The host's cable carries no link.
    #[error("Port {port} has no link. Check the cable to {host_name}.")]
    CableDown {
        /// The host.
        host: HostId,
        /// Its name.
        host_name: String,
        /// The host port.
        port: u8,
    },
    /// All logical ports of the host are taken.
    #[error(
        "{host_name} has no free logical port: all {logical_ports} are taken. Release a function from it first."
    )]
    HostFull {
        /// The host.
        host: HostId,
        /// Its name.
        host_name: String,
        /// How many logical ports it has.
        logical_ports: u8,
    },
    /// The switch no longer sees the adapter.
    #[error(
        "{name} belongs to {adapter_name}, which the switch does not see in slot {slot}. Check the card."
    )]
    AdapterAbsent {
        /// The function.
        function: FunctionId,
        /// Its label.
        name: String,
        /// The adapter.
        adapter_name: String,
        /// The slot's physical port.
        slot: u8,
    },
    /// The slot's link is down.
    #[error("Slot {slot} has no link, so {name} cannot be assigned. Check {adapter_name}.")]
    SlotDown {
        /// The function.
        function: FunctionId,
        /// Its label.
        name: String,
        /// The adapter.
        adapter_name: String,
        /// The slot's physical port.
        slot: u8,
    },
}

impl Refusal {
    /// A stable word for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooMany { .. } => "too_many",
            Self::Twice { .. } => "twice",
            Self::UnknownFunction { .. } => "unknown_function",
            Self::UnknownHost { .. } => "unknown_host",
            Self::AlreadyThere { .. } => "already_there",
            Self::AlreadyFree { .. } => "already_free",
            // The same word for both: what a program does about it is the same.
            Self::InFlight { .. } | Self::PortInFlight { .. } => "in_flight",
            Self::OtherSwitch { .. } => "other_switch",
            Self::SeveralHosts { .. } => "several_hosts",
            Self::NotDrifted { .. } => "not_drifted",
            Self::NoSuchPort { .. } => "no_such_port",
            Self::PlaceTaken { .. } => "place_taken",
            Self::SwitchAway { .. } => "switch_away",
            Self::SwitchUnread { .. } => "switch_unread",
            Self::CableDown { .. } => "cable_down",
            Self::HostFull { .. } => "host_full",
            Self::AdapterAbsent { .. } => "adapter_absent",
            Self::SlotDown { .. } => "slot_down",
        }
    }

    /// Two to four words for a card that fades while something is carried over it.
    pub const fn in_short(&self) -> &'static str {
        match self {
            Self::Empty => "nothing to move",
            Self::TooMany { .. } => "too many at once",
            Self::Twice { .. } => "listed twice",
            Self::UnknownFunction { .. } => "function is gone",
            Self::UnknownHost { .. } => "host is gone",
            Self::AlreadyThere { .. } => "already here",
            Self::AlreadyFree { .. } => "already in the pool",
            Self::InFlight { .. } => "part of a change",
            Self::PortInFlight { .. } => "port is in use",
            Self::OtherSwitch { .. } => "on another switch",
            Self::SeveralHosts { .. } => "several of this name",
            Self::NotDrifted { .. } => "nothing to accept",
            Self::NoSuchPort { .. } => "no such logical port",
            Self::PlaceTaken { .. } => "logical port is taken",
            Self::SwitchAway { .. } => "switch is unreachable",
            Self::SwitchUnread { .. } => "switch not read yet",
            Self::CableDown { .. } => "cable is down",
            Self::HostFull { .. } => "no free logical port",
            Self::AdapterAbsent { .. } => "adapter is absent",
            Self::SlotDown { .. } => "slot has no link",
        }
    }
}
