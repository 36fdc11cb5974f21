//! What happened just now: the newest lines of the history.

use patchbay_domain::{ChangeId, Entry, HistoryItem, Outcome};

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

    /// The last change that was applied: the one whose undo is most likely still possible.
    pub fn last_applied(&self) -> Option<ChangeId> {
        self.items.iter().find(|item| item.outcome == Some(Outcome::Applied))?.change
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::fixture::{self, *};
    use patchbay_domain::Intent;

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
