//! What wants a person's attention: what is not where the history has it, and what waits.

use patchbay_domain::{ChangeId, FunctionId, Intent, SwitchId, Topology};
use std::collections::BTreeSet;

/// One function that is not where the history has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DriftLine {
    /// The function.
    pub function: FunctionId,
    /// Its label.
    pub name: String,
    /// What happened to it, as a sentence.
    pub words: String,
}

/// One change that waits for its turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingLine {
    /// The change.
    pub change: ChangeId,
    /// What it will do.
    pub title: String,
    /// Who asked for it.
    pub who: String,
}

/// Everything on one switch that is not where the history has it.
pub fn drift_lines(topology: &Topology, switch: SwitchId) -> Vec<DriftLine> {
    let line = |function| DriftLine {
        function,
        name: topology.label(function),
        words: topology.drift_in_words(function),
    };
    topology.drifted(switch).map(line).collect()
}

/// The changes that wait for their turn, in the order in which they were accepted.
pub fn waiting_lines(topology: &Topology, begun: &BTreeSet<ChangeId>) -> Vec<WaitingLine> {
    let waiting = topology.open.values().filter(|open| !begun.contains(&open.id));
    let line = |open: &patchbay_domain::OpenChange| WaitingLine {
        change: open.id,
        title: open.plan.title.clone(),
        who: open.actor.to_string(),
    };
    waiting.map(line).collect()
}

/// Whether a change has not begun and others are open on its switches: then it waits for its turn, and not only until
/// they are read.
pub fn is_behind(topology: &Topology, change: ChangeId, begun: &BTreeSet<ChangeId>) -> bool {
    let Some(open) = topology.open.get(&change).filter(|_| !begun.contains(&change)) else { return false };
    let same_switch = |other: &SwitchId| open.plan.switches.contains(other);
    topology.open.values().any(|other| other.id != change && other.plan.switches.iter().any(same_switch))
}

/// What a person does about drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The history follows the switch.
    Accept,
    /// The switch follows the history.
    Revert,
}

impl Answer {
    /// The intent of this answer for some functions.
    pub fn intent(self, topology: &Topology, functions: &BTreeSet<FunctionId>) -> Intent {
        match self {
            Self::Accept => Intent::adopting(functions.iter().copied()),
            Self::Revert => topology.revert(functions),
        }
    }

    /// The reason that is suggested for the history.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Accept => "Accept what the switch says",
            Self::Revert => "Revert to what the history says",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::fixture::{self, *};
    use patchbay_domain::{Difference, Event, plan};

    #[test]
    fn a_change_waits_while_another_one_is_open_on_its_switch() {
        let mut t = fixture::topology();
        let open = |t: &mut Topology, id: u64, function, host| {
            t.apply(&fixture::entry(id, opened(t, id, &Intent::single(function, host))));
        };
        let (one, two, three) = (ChangeId::new(1), ChangeId::new(2), ChangeId::new(3));
        open(&mut t, 1, NIC_VF1, Some(HOST_B));
        assert!(!is_behind(&t, one, &BTreeSet::new()), "it begins as soon as the switch was read");
        open(&mut t, 2, HBA_VF1, None);
        assert!(is_behind(&t, two, &[one].into()) && !is_behind(&t, one, &[one].into()));
        assert!(!is_behind(&t, three, &BTreeSet::new()), "of one that is not open nobody says that it waits");
        t.apply(&fixture::entry(3, applied(&t, 1)));
        assert!(!is_behind(&t, two, &BTreeSet::new()));
    }

    #[test]
    fn what_was_moved_at_the_switch_is_a_line_with_two_answers() {
        let mut t = fixture::topology();
        let (name, recorded) = (t.label(NIC_VF1), t.functions[&NIC_VF1].assigned);
        let one = Difference {
            function: NIC_VF1,
            name,
            recorded,
            recorded_name: None,
            left_by: None,
            found: None,
            found_name: None,
        };
        t.apply(&fixture::entry(11, Event::BindingsFound { switch: SWITCH, differences: vec![one] }));
        let lines = drift_lines(&t, SWITCH);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].words, "eth16v1 is wished on web-01, logical port 0, and is in the pool.");
        let only = BTreeSet::from([NIC_VF1]);
        let revert = plan(&t, &Answer::Revert.intent(&t, &only)).expect("allowed");
        assert_eq!(revert.title, "Revert: assign eth16v1 to web-01");
        let accept = plan(&t, &Answer::Accept.intent(&t, &only)).expect("allowed");
        assert_eq!((accept.title.as_str(), accept.steps.len()), ("Accept eth16v1 in the pool", 0));
    }
}
