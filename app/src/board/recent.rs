//! What happened just now: the newest lines of the history.

use patchbay_domain::{ChangeId, Entry, HistoryItem, Outcome};

use super::run::Runs;

/// How many lines stand beside the board.
const RECENT_MAX: usize = 8;

/// The newest history lines, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// The lines.
    pub items: Vec<HistoryItem>,
}

impl Recent {
    /// The newest of these lines.
    pub fn new(mut items: Vec<HistoryItem>) -> Self {
        items.truncate(RECENT_MAX);
        Self { items }
    }

    /// Adds an entry's line, or ends the line of the change that it closes.
    pub fn entry(&mut self, entry: &Entry, switch_name: &str) {
        match HistoryItem::of(entry, switch_name) {
            Some(item) => {
                self.items.insert(0, item);
                self.items.truncate(RECENT_MAX);
            }
            None => self.items.iter_mut().for_each(|item| item.close(entry)),
        }
    }

    /// Says of the lines of stuck changes which of them later changes have settled.
    pub fn settle(&mut self, runs: &Runs) {
        let settled = |change| runs.get(change).is_some_and(|run| run.settled.is_some());
        for item in &mut self.items {
            item.settled |= item.change.is_some_and(settled);
        }
    }

    /// The last change that was applied: the one whose undo is most likely still possible.
    pub fn last_applied(&self) -> Option<ChangeId> {
        self.items.iter().find(|item| item.outcome == Some(Outcome::Applied))?.change
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::fixture::{self, *};
    use patchbay_domain::{Event, Intent, Topology};

    #[test]
    fn a_change_is_one_line_that_ends() {
        let mut t = fixture::topology();
        let mut recent = Recent::default();
        let open = entry(1, opened(&t, 1, &Intent::single(NIC_VF1, Some(HOST_B))));
        t.apply(&open);
        recent.entry(&open, "rack-12-pax");
        assert_eq!(recent.last_applied(), None);
        recent.entry(&entry(2, applied(&t, 1)), "rack-12-pax");
        assert_eq!(recent.items.len(), 1);
        assert_eq!(recent.items[0].title, "Move eth16v1 to db-02");
        assert_eq!(recent.last_applied(), Some(ChangeId::new(1)));
    }

    #[test]
    fn a_stuck_line_is_settled_when_its_change_is() {
        let (mut t, mut recent, mut runs) = (fixture::topology(), Recent::default(), Runs::default());
        let mut hears = |event: Event, recent: &mut Recent, t: &mut Topology| {
            let one = entry(t.generation.get() + 1, event);
            t.apply(&one);
            recent.entry(&one, "");
            runs.entry(&one);
            recent.settle(&runs);
        };
        let first = opened(&t, 1, &Intent::single(NIC_VF1, Some(HOST_B)));
        hears(first, &mut recent, &mut t);
        let (change, outcome, why) = (ChangeId::new(1), Outcome::Stuck, None);
        let end = Event::ChangeClosed { change, outcome, why, reports: [].into(), moves: [].into() };
        hears(end, &mut recent, &mut t);
        assert_eq!((recent.items[0].outcome, recent.items[0].settled), (Some(Outcome::Stuck), false));
        let second = opened(&t, 2, &Intent::single(NIC_VF1, None));
        hears(second, &mut recent, &mut t);
        let end = applied(&t, 2);
        hears(end, &mut recent, &mut t);
        assert!(recent.items[1].settled && !recent.items[0].settled, "{:?}", recent.items);
    }

    #[test]
    fn only_the_newest_lines_stay() {
        let t = fixture::topology();
        let mut recent = Recent::default();
        for seq in 1..20 {
            recent.entry(&entry(seq, opened(&t, seq, &Intent::single(NIC_VF1, None))), "");
        }
        assert_eq!(recent.items.len(), RECENT_MAX);
        assert_eq!(recent.items[0].change, Some(ChangeId::new(19)));
    }
}
