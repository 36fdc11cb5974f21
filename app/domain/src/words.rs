//! The words for things: labels and sentences that the board, the history and refusals share.

use crate::address::{Link, LinkHealth, Rate};
use crate::ids::{FunctionId, HostId};
use crate::topology::{Adapter, AdapterKind, Assignment, Function, Role, SwitchState, Topology};
use std::fmt;

impl AdapterKind {
    /// The prefix of a function's label, as in `eth16v5`.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Nic => "eth",
            Self::Hba => "fc",
            Self::Nvme => "nvme",
            Self::Accelerator => "acc",
            Self::Other => "fn",
        }
    }

    /// The word in JSON, in the store and in style sheets.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nic => "nic",
            Self::Hba => "hba",
            Self::Nvme => "nvme",
            Self::Accelerator => "accelerator",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for AdapterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nic => "NIC",
            Self::Hba => "HBA",
            Self::Nvme => "NVMe",
            Self::Accelerator => "accelerator",
            Self::Other => "adapter",
        })
    }
}

impl SwitchState {
    /// The word in JSON and on screen.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Ready => "ready",
            Self::Unreachable => "unreachable",
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} GT/s", self.gts())
    }
}

impl LinkHealth {
    /// The word on the badge.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Narrow => "narrow",
            Self::Down => "down",
        }
    }
}

/// "x8 16 GT/s", "x4 of x8, 16 GT/s", "x8 8 of 16 GT/s" or "no link".
impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.up {
            return f.write_str("no link");
        }
        if self.width < self.configured_width {
            write!(f, "x{} of x{},", self.width, self.configured_width)?;
        } else {
            write!(f, "x{}", self.width)?;
        }
        match (self.rate, self.configured_rate) {
            (Some(now), Some(wanted)) if now < wanted => write!(f, " {} of {wanted}", now.gts()),
            (Some(now), _) => write!(f, " {now}"),
            (None, _) => Ok(()),
        }
    }
}

/// The short, stable label of a function: kind and slot, and `v` with the number for a VF, as Linux names them.
pub fn function_label(adapter: &Adapter, function: &Function) -> String {
    // Written by hand, because a large plan has thousands of them.
    let mut label = String::with_capacity(LABEL_BYTES);
    label.push_str(adapter.kind.prefix());
    push_number(&mut label, adapter.slot.0.into());
    if function.role == Role::Vf {
        label.push('v');
        push_number(&mut label, function.index);
    }
    label
}

/// As long as most labels are at most: `nvme254v255`.
const LABEL_BYTES: usize = 12;

/// Adds a number in decimal digits.
fn push_number(text: &mut String, number: u16) {
    if number >= 10 {
        push_number(text, number / 10);
    }
    let digit = u32::from(number % 10);
    text.extend(char::from_digit(digit, 10));
}

impl Topology {
    /// The label of a function, as in `eth16v5`; "function 7" for one that is not in the topology.
    pub fn label(&self, id: FunctionId) -> String {
        self.functions.get(&id).map_or_else(|| format!("function {id}"), |function| self.label_of(function))
    }

    /// The same of a function that is at hand.
    pub(crate) fn label_of(&self, function: &Function) -> String {
        let unknown = || format!("function {}", function.id);
        self.adapter_of(function).map_or_else(unknown, |adapter| function_label(adapter, function))
    }

    /// The label of a function with its switch, as in "eth16v5 of pax-a": two switches may have functions of one label.
    pub fn label_with_switch(&self, id: FunctionId) -> String {
        let switch = self.functions.get(&id).and_then(|f| self.switches.get(&self.switch_of(f)?));
        let label = self.label(id);
        switch.map_or_else(|| label.clone(), |switch| format!("{label} of {}", switch.name))
    }

    /// What a function is in full, as in "VF 5, 25 GbE NIC in slot 16".
    pub fn description(&self, id: FunctionId) -> String {
        let found = self.functions.get(&id).and_then(|f| Some((self.adapter_of(f)?, f)));
        let Some((adapter, function)) = found else { return format!("function {id}") };
        let role = match function.role {
            Role::Pf => "PF".to_owned(),
            Role::Vf => format!("VF {}", function.index),
        };
        format!("{role}, {} in slot {}", adapter.name, adapter.slot)
    }

    /// The name of a host; "host 7" for one that is not in the topology.
    pub fn host_name(&self, id: HostId) -> String {
        self.hosts.get(&id).map_or_else(|| format!("host {id}"), |host| host.name.clone())
    }
}

/// "on web-03, logical port 2" or "in the pool".
pub fn whereabouts(topology: &Topology, at: Option<Assignment>) -> String {
    match at {
        Some(at) => format!("on {}, logical port {}", topology.host_name(at.host), at.logical_port),
        None => "in the pool".to_owned(),
    }
}

/// How long something lasted, as people say it: "4 s", "3 min", "2 h 5 min", "3 days".
pub fn duration(ms: u64) -> String {
    const MINUTE_S: u64 = 60;
    const HOUR_S: u64 = 60 * MINUTE_S;
    const DAY_S: u64 = 24 * HOUR_S;
    let seconds = ms.saturating_add(500) / 1_000;
    match seconds {
        0 => "less than a second".to_owned(),
        1..MINUTE_S => format!("{seconds} s"),
        MINUTE_S..HOUR_S => format!("{} min", seconds / MINUTE_S),
        HOUR_S..DAY_S => {
            let (hours, minutes) = (seconds / HOUR_S, seconds % HOUR_S / MINUTE_S);
            if minutes == 0 { format!("{hours} h") } else { format!("{hours} h {minutes} min") }
        }
        _ if seconds < 2 * DAY_S => "1 day".to_owned(),
        _ => format!("{} days", seconds / DAY_S),
    }
}

/// Joins names for a sentence: "a", "a and b", "a, b and c", and counts the rest beyond four.
pub fn list(names: &[String]) -> String {
    const SHOWN_MAX: usize = 4;
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] if names.len() <= SHOWN_MAX => format!("{} and {last}", all.join(", ")),
        _ => format!("{} and {} more", names[..SHOWN_MAX - 1].join(", "), names.len() - (SHOWN_MAX - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, NIC_VF1};

    #[test]
    fn names_are_joined_as_in_a_sentence() {
        let names = |n: u32| (1..=n).map(|i| i.to_string()).collect::<Vec<_>>();
        assert_eq!(list(&names(1)), "1");
        assert_eq!(list(&names(2)), "1 and 2");
        assert_eq!(list(&names(4)), "1, 2, 3 and 4");
        assert_eq!(list(&names(6)), "1, 2, 3 and 3 more");
    }

    #[test]
    fn a_duration_is_said_as_precisely_as_anybody_cares() {
        const HOUR_MS: u64 = 3_600_000;
        let said =
            [0, 499, 4_200, 59_499, 185_000, 2 * HOUR_MS, 2 * HOUR_MS + 300_000, 30 * HOUR_MS, 80 * HOUR_MS];
        let words = [
            "less than a second",
            "less than a second",
            "4 s",
            "59 s",
            "3 min",
            "2 h",
            "2 h 5 min",
            "1 day",
            "3 days",
        ];
        assert_eq!(said.map(duration), words);
        assert!(duration(u64::MAX).ends_with(" days"));
    }

    #[test]
    fn a_link_says_how_it_trained() {
        let full = Link::full(8, Rate::Gen4);
        assert_eq!(full.to_string(), "x8 16 GT/s");
        assert_eq!(Link { width: 4, ..full }.to_string(), "x4 of x8, 16 GT/s");
        assert_eq!(Link { rate: Some(Rate::Gen3), ..full }.to_string(), "x8 8 of 16 GT/s");
        assert_eq!(full.lost().to_string(), "no link");
    }

    #[test]
    fn a_function_is_named_after_its_slot() {
        let topology = fixture::topology();
        assert_eq!(topology.label(NIC_VF1), "eth16v1");
        assert_eq!(topology.description(NIC_VF1), "VF 1, 25 GbE NIC in slot 16");
    }
}
