//! What an entry changes of what is wished: the rule from which a history of wishes is kept.
//!
//! An applied change alters the wishes of the functions it moves or adopts; a discovery brings functions and takes them
//! away. What somebody else does to a binding is drift, and no wish. Every entry that changes a wish raises the
//! generation too.
//!
//! A function that left the picture, since another card is in the slot, is wished where it was wished last when it
//! returns ([`crate::Returned`]): as the last [`Wished`] of it says that is not [`Wish::Unshown`].

use crate::fold::Delta;
use crate::ids::FunctionId;
use crate::ledger::{Entry, Event};
use crate::topology::{Assignment, Topology};
use std::collections::BTreeSet;

/// What is wished of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Nothing: the picture does not have the function.
    Unshown,
    /// That it is in the pool.
    Pool,
    /// That it is on a logical port of a host.
    On(Assignment),
    /// Nothing yet: the picture does not have the function, and a change that began before its card was replaced put it
    /// there, or into the pool. It is wished there when it returns.
    Later(Option<Assignment>),
}

/// A function of which something else is wished from an entry on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wished {
    /// The function.
    pub function: FunctionId,
    /// What is wished of it now.
    pub wish: Wish,
}

impl Topology {
    /// Folds one entry in as [`Topology::apply`] does, and also gives the wishes that it changed.
    pub fn apply_with_wishes(&mut self, entry: &Entry) -> (Vec<Delta>, Vec<Wished>) {
        let concerned: Vec<_> =
            self.concerned(&entry.event).into_iter().map(|id| (id, self.wish_or_none(id))).collect();
        let deltas = self.apply(entry);
        let wished = |(function, before)| {
            let wish = self.wish_or_none(function);
            (wish != before).then_some(Wished { function, wish })
        };
        let changed =
            concerned.into_iter().filter_map(wished).chain(self.wished_later(&entry.event)).collect();
        (deltas, changed)
    }

    /// What a change put somewhere although its card was replaced before it ended.
    fn wished_later(&self, event: &Event) -> Vec<Wished> {
        let Event::ChangeClosed { moves, .. } = event else { return Vec::new() };
        let unseen = moves.iter().filter(|one| one.asked && !self.functions.contains_key(&one.function));
        unseen.map(|one| Wished { function: one.function, wish: Wish::Later(one.to) }).collect()
    }

    /// The functions of which an event may change what is wished, each once.
    fn concerned(&self, event: &Event) -> BTreeSet<FunctionId> {
        match event {
            Event::ChangeClosed { moves, .. } => moves.iter().map(|one| one.function).collect(),
            Event::Discovered { switch, picture } => {
                let before = self.functions_of_switch(*switch).map(|function| function.id);
                before.chain(picture.functions.iter().map(|function| function.id)).collect()
            }
            Event::SwitchAdded { .. }
            | Event::LinksChanged { .. }
            | Event::BindingsFound { .. }
            | Event::SwitchLost { .. }
            | Event::SwitchReached { .. }
            | Event::HealthRaised { .. }
            | Event::HealthCleared { .. }
            | Event::ChangeOpened { .. } => BTreeSet::new(),
        }
    }

    fn wish_or_none(&self, id: FunctionId) -> Wish {
        match (self.functions.contains_key(&id), self.wish(id)) {
            (false, _) => Wish::Unshown,
            (true, None) => Wish::Pool,
            (true, Some(at)) => Wish::On(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, *};
    use crate::intent::Intent;
    use crate::ledger::{Difference, Outcome, SwitchPicture};
    use crate::plan::{Plan, plan};
    use crate::{ChangeId, LogicalPort};

    fn closed(made: &Plan) -> Entry {
        let (change, outcome) = (ChangeId::new(1), Outcome::Applied);
        let moves = made.recorded_moves();
        entry(Event::ChangeClosed { change, outcome, why: None, reports: [].into(), moves })
    }

    fn found(t: &Topology, function: FunctionId, at: Option<Assignment>) -> Entry {
        let (name, recorded) = (t.label(function), t.functions[&function].assigned);
        let (recorded_name, found_name) = (None, None);
        let one =
            Difference { function, name, recorded, recorded_name, found: at, found_name, left_by: None };
        entry(Event::BindingsFound { switch: SWITCH, differences: vec![one] })
    }

    #[test]
    fn an_applied_change_alters_what_is_wished_and_what_somebody_else_does_never() {
        let mut t = fixture::topology();
        let made = plan(&t, &Intent::single(NIC_VF1, Some(HOST_B))).expect("allowed");
        let (_, wished) = t.apply_with_wishes(&closed(&made));
        let there = t.functions[&NIC_VF1].assigned.expect("moved");
        assert_eq!(wished, [Wished { function: NIC_VF1, wish: Wish::On(there) }]);

        let away = Assignment { host: HOST_A, logical_port: LogicalPort(6), number: 0 };
        let outside = found(&t, NIC_VF1, Some(away));
        assert_eq!(t.apply_with_wishes(&outside).1, []);
        let adopt = plan(&t, &Intent::adopting([NIC_VF1])).expect("allowed");
        let (_, wished) = t.apply_with_wishes(&closed(&adopt));
        assert_eq!(wished, [Wished { function: NIC_VF1, wish: Wish::On(away) }], "adopted");
    }

    #[test]
    fn a_discovery_changes_only_what_comes_and_goes() {
        let mut t = fixture::topology();
        let mut picture = fixture::picture(&t);
        let whole = picture.clone();
        picture.functions.retain(|f| f.id != NIC_VF1);
        let seen =
            |picture: &SwitchPicture| entry(Event::Discovered { switch: SWITCH, picture: picture.clone() });
        let (_, wished) = t.apply_with_wishes(&seen(&picture));
        assert_eq!(wished, [Wished { function: NIC_VF1, wish: Wish::Unshown }]);
        let (_, wished) = t.apply_with_wishes(&seen(&whole));
        let home = t.functions[&NIC_VF1].assigned.expect("where it was");
        assert_eq!(wished, [Wished { function: NIC_VF1, wish: Wish::On(home) }]);
        let mut moved = whole;
        moved.functions.iter_mut().filter(|f| f.id == NIC_VF1).for_each(|f| f.assigned = None);
        assert_eq!(t.apply_with_wishes(&seen(&moved)).1, [], "elsewhere than wished is drift");
    }
}
