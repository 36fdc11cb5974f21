//! The plan on the sheet, before it is sent: kept true while the rack changes under it.

use patchbay_api::ChangeRequest;
use patchbay_domain::words::whereabouts;
use patchbay_domain::{Generation, Intent, Plan, PlannedMove, Reason, ReasonError, Refusal, Topology, plan};

use super::layout::place;

/// An intent with the plan that would carry it out now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What is asked for.
    pub intent: Intent,
    /// How it would be done, or why it cannot be.
    pub plan: Result<Plan, Refusal>,
    /// The title, which stays when the plan becomes impossible.
    pub title: String,
    /// What changed in the rack since the sheet was opened, in sentences.
    pub news: Vec<String>,
    /// What it was planned on.
    planned_on: Generation,
}

impl Draft {
    /// Plans an intent.
    pub fn new(topology: &Topology, intent: Intent) -> Self {
        let plan = plan(topology, &intent);
        let title = plan.as_ref().map_or_else(|_| "This cannot be done".to_owned(), |p| p.title.clone());
        Self { intent, plan, title, news: Vec::new(), planned_on: topology.generation }
    }

    /// Whether planning it again may give something else, now that the board is at this generation and may have had one of
    /// its functions touched. A board that is behind knows less than what this was planned on: the server sends along what
    /// it knows when it finds a plan stale.
    pub fn may_differ(&self, now: Generation, touched: bool) -> bool {
        // What refuses a plan may be a link, and links raise no generation.
        self.planned_on <= now && (self.planned_on != now || touched || self.plan.is_err())
    }

    /// Plans it again after the rack changed, and keeps what is different in [`Draft::news`].
    pub fn renew(&mut self, topology: &Topology) {
        let now = plan(topology, &self.intent);
        match (&self.plan, &now) {
            (Ok(old), Ok(new)) => {
                let moved = old.moves.iter().zip(&new.moves).filter(|(a, b)| a != b);
                let news: Vec<_> = moved.map(|(old, new)| difference(topology, old, new)).collect();
                if news.is_empty() && old.steps != new.steps {
                    self.news.push("The steps changed. Read them again before you apply.".to_owned());
                }
                self.news.extend(news);
                self.title.clone_from(&new.title);
            }
            (Ok(_), Err(_)) => self.news.push("The rack changed, and this can no longer be done.".to_owned()),
            (Err(_), Ok(new)) => {
                self.news.push("The rack changed, and this can be done now.".to_owned());
                self.title.clone_from(&new.title);
            }
            (Err(_), Err(_)) => {}
        }
        self.plan = now;
        self.planned_on = topology.generation;
    }

    /// The server looked at a newer rack than this draft.
    pub fn stale(&mut self, topology: &Topology) {
        let before = self.news.len();
        self.renew(topology);
        if self.news.len() == before {
            let again =
                "The rack changed just before this arrived, so it was planned again. Check it and apply.";
            self.news.push(again.to_owned());
        }
    }

    /// The request to send, when there is a plan and the reason is one.
    ///
    /// # Errors
    /// What is wrong with the reason.
    pub fn request(&self, reason: &str) -> Result<Option<ChangeRequest>, ReasonError> {
        let reason = Reason::new(reason)?;
        let Ok(plan) = &self.plan else { return Ok(None) };
        // With every place spelt out: what is applied is what was on the sheet, or nothing.
        Ok(Some(ChangeRequest { intent: plan.exact(&self.intent), reason, seen: plan.generation }))
    }
}

fn difference(topology: &Topology, old: &PlannedMove, new: &PlannedMove) -> String {
    if old.from == new.from {
        format!(
            "{} will come to {} instead of {}.",
            new.name,
            place(topology, new.to),
            place(topology, old.to)
        )
    } else {
        format!(
            "{} is {} now, no longer {}.",
            new.name,
            whereabouts(topology, new.from),
            whereabouts(topology, old.from)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::fixture::{self, *};
    use patchbay_domain::{Excerpt, Places, Seq};

    fn draft() -> (Topology, Draft) {
        let t = fixture::topology();
        let draft = Draft::new(&t, Intent::single(NIC_VF1, Some(HOST_B)));
        (t, draft)
    }

    #[test]
    fn a_draft_asks_for_what_was_seen_and_needs_a_reason() {
        let (t, draft) = draft();
        assert_eq!(draft.title, "Move eth16v1 to db-02");
        assert_eq!(draft.request("  "), Err(ReasonError::Empty));
        let request = draft.request("INC-1").expect("a reason").expect("a plan");
        assert_eq!(request.seen, t.generation);
    }

    #[test]
    fn a_rack_that_changed_without_touching_the_plan_is_no_news() {
        let (mut t, mut draft) = draft();
        t.generation = Generation::new(9);
        draft.renew(&t);
        assert!(draft.news.is_empty());
        let request = draft.request("INC-1").expect("a reason").expect("a plan");
        assert_eq!(request.seen, Generation::new(9));
    }

    #[test]
    fn another_port_or_another_place_is_news() {
        let (mut t, mut draft) = draft();
        assign(&mut t, NIC_VF2, HOST_B, 0);
        draft.renew(&t);
        let news = "eth16v1 will come to db-02, logical port 1 instead of db-02, logical port 0.";
        assert_eq!(draft.news, [news]);
        assign(&mut t, NIC_VF1, HOST_A, 3);
        draft.renew(&t);
        assert_eq!(
            draft.news[1],
            "eth16v1 is on web-01, logical port 3 now, no longer on web-01, logical port 0."
        );
        t.functions.get_mut(&NIC_VF1).expect("in the fixture").assigned = None;
        draft.renew(&t);
        assert_eq!(draft.news[2], "eth16v1 is in the pool now, no longer on web-01, logical port 3.");
        assert_eq!(draft.title, "Assign eth16v1 to db-02");
    }

    #[test]
    fn a_plan_that_became_impossible_says_so_and_cannot_be_sent() {
        let (mut t, mut draft) = draft();
        assign(&mut t, NIC_VF1, HOST_B, 0);
        draft.renew(&t);
        assert_eq!(draft.title, "Move eth16v1 to db-02");
        assert_eq!(draft.news.len(), 1);
        assert_eq!(draft.request("INC-1"), Ok(None));
        assert!(draft.plan.is_err());
    }

    #[test]
    fn a_stale_draft_is_planned_on_what_the_server_sent_along_until_the_board_has_caught_up() {
        let (board, mut draft) = draft();
        let mut t = board.clone();
        assign(&mut t, NIC_VF1, HOST_FULL, 3);
        assign(&mut t, NIC_VF2, HOST_B, 0);
        t.generation = Generation::new(9);
        let mut now = Excerpt::of(&t, &Places::of(&t), Seq::new(40), &draft.intent);
        now.name_hosts_from(&board);
        draft.stale(&now.topology);
        let moved = "eth16v1 is on tiny-04, logical port 3 now, no longer on web-01, logical port 0.";
        assert_eq!(draft.news, [moved]);
        assert_eq!(draft.plan, plan(&t, &draft.intent), "as on the whole rack");
        assert!(!draft.may_differ(board.generation, true), "the board is behind");
        assert!(!draft.may_differ(t.generation, false) && draft.may_differ(t.generation, true));
        assert!(draft.may_differ(t.generation.next(), false));
    }

    #[test]
    fn a_stale_answer_is_always_said() {
        let (t, mut draft) = draft();
        draft.stale(&t);
        assert_eq!(draft.news.len(), 1);
    }
}
