//! Carrying functions, by pointer or by keys.
//!
//! ```text
//!        press            4 px travelled
//! Idle ---------> Pressed ----------------> Carrying <--- Space --- Idle
//!   ^               | release                 | drop, let go
//!   '---------------+-------------------------'
//! ```

use patchbay_domain::{FunctionId, HostId};
use std::collections::BTreeSet;

use super::geometry::Point;
use super::offer::Target;

/// What holds the carried functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grip {
    /// A mouse, pen or finger, by the browser's pointer id.
    Pointer(i32),
    /// The keyboard.
    Keys,
}

/// Functions on their way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carry {
    /// What is carried.
    pub functions: Vec<FunctionId>,
    /// By what.
    pub grip: Grip,
    /// What it is over.
    pub over: Option<Target>,
}

/// Whether something is being carried.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Drag {
    /// Nothing.
    #[default]
    Idle,
    /// A pointer is down on a function and has not travelled far enough.
    Pressed {
        /// The function under it.
        function: FunctionId,
        /// Where it went down.
        at: Point,
        /// The browser's pointer id.
        pointer: i32,
    },
    /// Something is carried.
    Carrying(Carry),
}

impl Drag {
    /// What is carried, if anything.
    pub const fn carry(&self) -> Option<&Carry> {
        match self {
            Self::Carrying(carry) => Some(carry),
            Self::Idle | Self::Pressed { .. } => None,
        }
    }

    /// A pointer moved. When it has travelled far enough to drag, the next state: it carries the whole selection when
    /// the function under it is part of that, and just the function when not.
    pub fn travel(&self, pointer: i32, now: Point, selection: &BTreeSet<FunctionId>) -> Option<Self> {
        match self {
            Self::Pressed { function, at, pointer: pressed } if *pressed == pointer && at.is_drag(now) => {
                Some(Self::pick_up(*function, selection, Grip::Pointer(pointer)))
            }
            _ => None,
        }
    }

    /// Picks a function up, with the selection when it is part of that.
    pub fn pick_up(function: FunctionId, selection: &BTreeSet<FunctionId>, grip: Grip) -> Self {
        let functions = match selection.contains(&function) {
            true => selection.iter().copied().collect(),
            false => vec![function],
        };
        Self::Carrying(Carry { functions, grip, over: None })
    }
}

/// The next choice for keys: hosts in order, then the pool, round and round. A swap counts as its host.
pub fn next_choice(hosts: &[HostId], over: Option<Target>, forward: bool) -> Target {
    let count = hosts.len() + 1;
    let now = match over {
        Some(Target::Host(host) | Target::Swap(host, _)) => hosts.iter().position(|h| *h == host),
        Some(Target::Pool) => Some(hosts.len()),
        None => None,
    };
    let next = match (now, forward) {
        (None, true) => 0,
        (None, false) => count - 1,
        (Some(now), true) => (now + 1) % count,
        (Some(now), false) => (now + count - 1) % count,
    };
    hosts.get(next).map_or(Target::Pool, |host| Target::Host(*host))
}

/// Sideways over a host, for keys: the host itself, then each of its functions as the other half of a swap.
pub fn next_swap(members: &[FunctionId], over: Target, forward: bool) -> Target {
    let (host, now) = match over {
        Target::Host(host) => (host, 0),
        Target::Swap(host, other) => {
            (host, members.iter().position(|f| *f == other).map_or(0, |index| index + 1))
        }
        Target::Pool => return Target::Pool,
    };
    let next = if forward { (now + 1).min(members.len()) } else { now.saturating_sub(1) };
    match next.checked_sub(1).and_then(|index| members.get(index)) {
        Some(other) => Target::Swap(host, *other),
        None => Target::Host(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::fixture::*;

    const ORIGIN: Point = Point { x: 0.0, y: 0.0 };
    const FAR: Point = Point { x: 30.0, y: 0.0 };

    #[test]
    fn a_press_becomes_a_drag_only_with_its_own_pointer_and_far_enough() {
        let pressed = Drag::Pressed { function: NIC_VF1, at: ORIGIN, pointer: 7 };
        assert_eq!(pressed.travel(7, Point { x: 2.0, y: 2.0 }, &BTreeSet::new()), None);
        assert_eq!(pressed.travel(8, FAR, &BTreeSet::new()), None);
        let carry = pressed.travel(7, FAR, &BTreeSet::new()).expect("far enough");
        assert_eq!(carry.carry().map(|c| c.functions.clone()), Some(vec![NIC_VF1]));
        assert_eq!(carry.travel(7, FAR, &BTreeSet::new()), None, "it is carried already");
    }

    #[test]
    fn dragging_one_of_the_selection_carries_all_and_another_only_itself() {
        let selection = BTreeSet::from([NIC_VF1, HBA_VF1]);
        let both = Drag::pick_up(NIC_VF1, &selection, Grip::Keys);
        assert_eq!(both.carry().map(|c| c.functions.clone()), Some(vec![NIC_VF1, HBA_VF1]));
        let one = Drag::pick_up(NIC_VF2, &selection, Grip::Keys);
        assert_eq!(one.carry().map(|c| c.functions.clone()), Some(vec![NIC_VF2]));
    }

    #[test]
    fn keys_choose_hosts_and_the_pool_in_a_ring() {
        let hosts = [HOST_A, HOST_B];
        assert_eq!(next_choice(&hosts, None, true), Target::Host(HOST_A));
        assert_eq!(next_choice(&hosts, Some(Target::Host(HOST_B)), true), Target::Pool);
        assert_eq!(next_choice(&hosts, Some(Target::Pool), true), Target::Host(HOST_A));
        assert_eq!(next_choice(&hosts, None, false), Target::Pool);
        assert_eq!(next_choice(&hosts, Some(Target::Swap(HOST_B, NIC_VF2)), false), Target::Host(HOST_A));
        assert_eq!(next_choice(&[], None, true), Target::Pool);
    }

    #[test]
    fn sideways_keys_walk_the_functions_to_swap_with() {
        let members = [NIC_VF1, NIC_VF2];
        let first = next_swap(&members, Target::Host(HOST_A), true);
        assert_eq!(first, Target::Swap(HOST_A, NIC_VF1));
        let second = next_swap(&members, first, true);
        assert_eq!(next_swap(&members, second, true), Target::Swap(HOST_A, NIC_VF2));
        assert_eq!(next_swap(&members, first, false), Target::Host(HOST_A));
        assert_eq!(next_swap(&members, Target::Pool, true), Target::Pool);
    }
}
