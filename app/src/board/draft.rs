//! The plan on the sheet, before it is sent: kept true while the rack changes under it.

use patchbay_api::ChangeRequest;
use patchbay_domain::words::whereabouts;
use patchbay_domain::{
    Assignment, Generation, Intent, Moved, Plan, PlannedMove, Reason, ReasonError, Refusal, Topology,
    Toucher, Touches, plan, touches,
};

use super::layout::place;

/// How many functions are named that are elsewhere now, before the rest is only counted.
const DIFFERENCES_MAX: usize = 3;

/// An intent with the plan that would carry it out now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What is asked for.
    pub intent: Intent,
    /// How it would be done, or why it cannot be.
    pub plan: Result<Plan, Refusal>,
    /// The title, which stays when the plan becomes impossible.
    pub title: String,
    /// What is different now from when the sheet was opened, and by whom, in sentences.
    pub news: Vec<String>,
    /// The plan that the person was shown first: what they decided on. None while there was none.
    shown: Option<Plan>,
    /// Whether it could not be done at first.
    refused_first: bool,
    /// The generation that they were shown it on.
    shown_on: Generation,
    /// What changed since then, as far as anybody could say by whom.
    moved: Vec<Moved>,
    /// What it was planned on.
    planned_on: Generation,
}

impl Draft {
    /// Plans an intent.
    pub fn new(topology: &Topology, intent: Intent) -> Self {
        let plan = plan(topology, &intent);
        let title = plan.as_ref().map_or_else(|_| "This cannot be done".to_owned(), |p| p.title.clone());
        Self {
            intent,
            title,
            news: Vec::new(),
            shown: plan.as_ref().ok().cloned(),
            refused_first: plan.is_err(),
            plan,
            shown_on: topology.generation,
            moved: Vec::new(),
            planned_on: topology.generation,
        }
    }

    /// Whether planning it again may give something else, now that the board is at this generation and may have had one of
    /// its functions touched. A board that is behind knows less than what this was planned on: the server sends along what
    /// it knows when it finds a plan stale.
    pub fn may_differ(&self, now: Generation, touched: bool) -> bool {
        // What refuses a plan may be a link, and links raise no generation.
        self.planned_on <= now && (self.planned_on != now || touched || self.plan.is_err())
    }

    /// Plans it again after the rack changed, and says in [`Draft::news`] what is different. True when the plan is another.
    pub fn renew(&mut self, topology: &Topology, touches: &Touches) -> bool {
        let now = plan(topology, &self.intent);
        let shown = self.shown.iter().flat_map(|shown| touches.stale(topology, shown, self.shown_on));
        let planned = match &now {
            Ok(plan) => touches.stale(topology, plan, self.shown_on),
            Err(_) => touches.stale_intent(topology, &self.intent, self.shown_on),
        };
        let moved = shown.chain(planned).collect();
        self.replan(topology, now, moved)
    }

    /// The server looked at a newer rack than this draft, and says what changed in it.
    pub fn stale(&mut self, topology: &Topology, moved: Vec<Moved>) {
        self.replan(topology, plan(topology, &self.intent), moved);
        if self.news.is_empty() {
            let again =
                "The rack changed just before this arrived, so it was planned again. Check it and apply.";
            self.news.push(again.to_owned());
        }
    }

    fn replan(&mut self, topology: &Topology, now: Result<Plan, Refusal>, moved: Vec<Moved>) -> bool {
        let does = |plan: &'_ Result<Plan, Refusal>| plan.clone().map(|p| (p.moves, p.adoptions, p.steps));
        let another = does(&self.plan) != does(&now);
        self.plan = now;
        self.planned_on = topology.generation;
        moved.into_iter().for_each(|one| self.heard(one));
        if let Ok(plan) = &self.plan {
            self.title.clone_from(&plan.title);
        }
        if self.shown.is_none() {
            self.shown = self.plan.as_ref().ok().cloned();
        }
        self.news = self.compare(topology);
        another
    }

    /// Keeps the last thing that happened to each.
    fn heard(&mut self, moved: Moved) {
        // The board knows what happened while it was open; before that it cannot say who it was.
        if moved.by == Toucher::Unknown {
            return;
        }
        match self.moved.iter_mut().find(|known| known.what == moved.what) {
            Some(known) if known.generation > moved.generation => {}
            Some(known) => *known = moved,
            None => self.moved.push(moved),
        }
    }

    /// What is different from what the person was shown.
    fn compare(&self, topology: &Topology) -> Vec<String> {
        let mut news = match (&self.shown, &self.plan) {
            (Some(shown), Ok(now)) => differences(topology, shown, now),
            (Some(_), Err(_)) => vec!["The rack changed, and this can no longer be done.".to_owned()],
            (None, _) => Vec::new(),
        };
        if news.is_empty() && self.refused_first && self.plan.is_ok() {
            news.push("The rack changed, and this can be done now.".to_owned());
        }
        if !self.moved.is_empty() {
            news.push(format!("Since you opened this, {}.", touches::in_a_sentence(&self.moved)));
        }
        news
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

/// What another plan for the same intent does otherwise. Function numbers are no place to a person.
fn differences(topology: &Topology, shown: &Plan, now: &Plan) -> Vec<String> {
    let was = |new: &PlannedMove| shown.moves.iter().find(|old| old.function == new.function);
    let stays = |old: &PlannedMove| now.moves.iter().any(|new| new.function == old.function);
    let place = |at: Option<Assignment>| at.map(Assignment::place);
    let places = |one: &PlannedMove| (place(one.from), place(one.to));
    let moved = now.moves.iter().filter_map(|new| Some((was(new)?, new)));
    let moved = moved.filter(|(old, new)| places(old) != places(new));
    let joined = now.moves.iter().filter(|new| was(new).is_none());
    let left = shown.moves.iter().filter(|old| !stays(old));
    let adopted = |new: &PlannedMove| shown.adoptions.iter().find(|old| old.function == new.function);
    let adopted = now.adoptions.iter().filter_map(|new| Some((adopted(new)?.to, new)));
    let adopted = adopted.filter(|(was, new)| place(*was) != place(new.to));
    let mut news: Vec<_> = moved.map(|(old, new)| difference(topology, old, new)).collect();
    news.extend(joined.map(|new| format!("{} is interrupted too now.", new.name)));
    news.extend(left.map(|old| format!("{} is not interrupted any more.", old.name)));
    news.extend(adopted.map(|(was, new)| elsewhere(topology, &new.name, was, new.to)));
    if news.is_empty() && shown.steps != now.steps {
        news.push("The steps changed. Read them again before you apply.".to_owned());
    }
    if let Some(more @ 1..) = news.len().checked_sub(DIFFERENCES_MAX) {
        news.truncate(DIFFERENCES_MAX);
        news.push(format!("The same goes for {more} more."));
    }
    news
}

fn difference(topology: &Topology, old: &PlannedMove, new: &PlannedMove) -> String {
    if old.from.map(Assignment::place) == new.from.map(Assignment::place) {
        format!(
            "{} will come to {} instead of {}.",
            new.name,
            place(topology, new.to),
            place(topology, old.to)
        )
    } else {
        elsewhere(topology, &new.name, old.from, new.from)
    }
}

fn elsewhere(topology: &Topology, name: &str, was: Option<Assignment>, now: Option<Assignment>) -> String {
    format!("{name} is {} now, no longer {}.", whereabouts(topology, now), whereabouts(topology, was))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::fixture::{self, *};
    use patchbay_domain::{
        Actor, ChangeId, Difference, Door, Entry, Event, Excerpt, FunctionId, LogicalPort, Move, Places, Seq,
    };

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

    /// A rack with the ledger's entries folded in, as a board has it.
    struct Watched {
        topology: Topology,
        touches: Touches,
    }

    impl Watched {
        fn new(topology: &Topology) -> Self {
            Self { topology: topology.clone(), touches: Touches::since(topology.generation) }
        }

        fn hears(&mut self, draft: &mut Draft, event: Event) {
            let actor = Actor::Person { name: "ana".to_owned(), door: Door::Browser, from: None };
            let entry = Entry { actor, ..fixture::entry(1, event) };
            self.touches.note(&self.topology, &entry);
            self.topology.apply(&entry);
            draft.renew(&self.topology, &self.touches);
        }

        /// Somebody else moves a function, from the first word to the last.
        fn sees(&mut self, draft: &mut Draft, change: u64, intent: &Intent) {
            self.hears(draft, opened(&self.topology, change, intent));
            self.hears(draft, applied(&self.topology, change));
        }
    }

    #[test]
    fn a_rack_that_changed_without_touching_the_plan_is_no_news() {
        let (t, mut draft) = draft();
        let mut board = Watched::new(&t);
        board.sees(&mut draft, 1, &Intent::single(HBA_VF1, None));
        assert!(draft.news.is_empty());
        let request = draft.request("INC-1").expect("a reason").expect("a plan");
        assert_eq!(request.seen, board.topology.generation);
    }

    #[test]
    fn another_port_or_another_place_is_news() {
        let (t, mut draft) = draft();
        let mut board = Watched::new(&t);
        board.sees(&mut draft, 1, &Intent::single(NIC_VF2, Some(HOST_B)));
        assert_eq!(
            draft.news,
            [
                "eth16v1 will come to db-02, logical port 1 instead of db-02, logical port 0.",
                "Since you opened this, logical port 0 of db-02 was changed by ana with change 1."
            ]
        );
        let elsewhere =
            Move::exact(NIC_VF1, Some(Assignment { host: HOST_A, logical_port: LogicalPort(3), number: 0 }));
        board.sees(&mut draft, 2, &Intent::moving(vec![elsewhere]));
        assert_eq!(
            draft.news,
            [
                "eth16v1 is on web-01, logical port 3 now, no longer on web-01, logical port 0.",
                "Since you opened this, logical port 0 of db-02 was changed by ana with change 1, and eth16v1 was changed by ana with change 2."
            ]
        );
        board.sees(&mut draft, 3, &Intent::single(NIC_VF1, None));
        assert_eq!(draft.news[0], "eth16v1 is in the pool now, no longer on web-01, logical port 0.");
        assert_eq!(draft.news.len(), 2, "what was said before is said no longer");
        assert_eq!(draft.title, "Assign eth16v1 to db-02");
    }

    #[test]
    fn a_plan_that_cannot_be_done_while_another_change_runs_says_only_what_is_so_in_the_end() {
        let (t, mut draft) = draft();
        let mut board = Watched::new(&t);
        let opened = opened(&board.topology, 1, &Intent::single(NIC_VF1, None));
        board.hears(&mut draft, opened);
        assert_eq!(draft.news, ["The rack changed, and this can no longer be done."]);
        assert_eq!(draft.request("INC-1"), Ok(None));
        assert!(draft.plan.is_err());
        board.hears(&mut draft, applied(&board.topology, 1));
        assert_eq!(
            draft.news,
            [
                "eth16v1 is in the pool now, no longer on web-01, logical port 0.",
                "Since you opened this, eth16v1 was changed by ana with change 1."
            ]
        );
    }

    #[test]
    fn a_change_that_was_rolled_back_is_no_news() {
        let (t, mut draft) = draft();
        let mut board = Watched::new(&t);
        let opened = opened(&board.topology, 1, &Intent::single(NIC_VF1, None));
        board.hears(&mut draft, opened);
        board.hears(&mut draft, rolled_back(1, "The switch refused."));
        assert!(draft.news.is_empty() && draft.plan.is_ok());
    }

    #[test]
    fn a_plan_that_became_impossible_says_so_and_by_whom() {
        let (t, mut draft) = draft();
        let mut board = Watched::new(&t);
        board.sees(&mut draft, 1, &Intent::single(NIC_VF1, Some(HOST_B)));
        assert_eq!(draft.title, "Move eth16v1 to db-02");
        assert_eq!(
            draft.news,
            [
                "The rack changed, and this can no longer be done.",
                "Since you opened this, eth16v1 and logical port 0 of db-02 were changed by ana with change 1."
            ]
        );
        assert_eq!(draft.request("INC-1"), Ok(None));
    }

    #[test]
    fn what_could_not_be_done_and_now_can_is_said() {
        let t = fixture::topology();
        let mut draft = Draft::new(&t, Intent::single(NIC_VF1, Some(HOST_FULL)));
        let mut board = Watched::new(&t);
        assert!(draft.plan.is_err() && draft.news.is_empty());
        board.sees(&mut draft, 1, &Intent::single(HBA_VF1, None));
        assert_eq!(
            draft.news,
            [
                "The rack changed, and this can be done now.",
                "Since you opened this, logical port 0 of tiny-04 was changed by ana with change 1."
            ]
        );
    }

    #[test]
    fn what_can_be_done_since_is_compared_with_what_was_shown_then() {
        let t = fixture::topology();
        let mut board = Watched::new(&t);
        let first = opened(&board.topology, 1, &Intent::single(NIC_VF1, None));
        board.topology.apply(&fixture::entry(1, first));
        let mut draft = Draft::new(&board.topology, Intent::single(NIC_VF1, Some(HOST_B)));
        assert!(draft.plan.is_err(), "it is in flight");
        board.hears(&mut draft, rolled_back(1, "No."));
        assert_eq!(draft.news, ["The rack changed, and this can be done now."]);
        board.sees(&mut draft, 2, &Intent::single(NIC_VF2, Some(HOST_B)));
        assert!(draft.news[0].starts_with("eth16v1 will come to db-02, logical port 1"), "{:?}", draft.news);
    }

    #[test]
    fn who_is_interrupted_too_is_named_and_another_number_is_no_other_place() {
        let mut t = fixture::topology();
        let at = |number| Some(Assignment { host: HOST_A, logical_port: LogicalPort(0), number });
        let mut draft = Draft::new(&t, Intent::single(NIC_VF1, Some(HOST_B)));
        let beside = Event::BindingsFound {
            switch: SWITCH,
            differences: vec![difference(NIC_VF1, at(0), at(1)), difference(NIC_VF2, None, at(0))],
        };
        Watched::new(&t).hears(&mut draft, beside.clone());
        assert_eq!(draft.news[0], "eth16v2 is interrupted too now.");
        assert!(draft.news.iter().all(|line| !line.contains("no longer on")), "{:?}", draft.news);
        t.apply(&fixture::entry(1, beside));
        let mut draft = Draft::new(&t, Intent::single(NIC_VF1, Some(HOST_B)));
        let alone = Event::BindingsFound {
            switch: SWITCH,
            differences: vec![difference(NIC_VF1, at(1), at(0)), difference(NIC_VF2, at(0), None)],
        };
        Watched::new(&t).hears(&mut draft, alone);
        assert_eq!(draft.news[0], "eth16v2 is not interrupted any more.");
    }

    fn difference(
        function: FunctionId,
        recorded: Option<Assignment>,
        found: Option<Assignment>,
    ) -> Difference {
        let name = "a function".to_owned();
        Difference { function, name, recorded, recorded_name: None, left_by: None, found, found_name: None }
    }

    #[test]
    fn an_adoption_of_what_has_moved_once_more_is_news() {
        let mut t = fixture::topology();
        let at = |port| Some(Assignment { host: HOST_A, logical_port: LogicalPort(port), number: 0 });
        let found = |recorded, found| Event::BindingsFound {
            switch: SWITCH,
            differences: vec![difference(NIC_VF1, recorded, found)],
        };
        t.apply(&fixture::entry(1, found(at(0), at(3))));
        let mut draft = Draft::new(&t, Intent::adopting([NIC_VF1]));
        Watched::new(&t).hears(&mut draft, found(at(3), None));
        assert_eq!(
            draft.news,
            [
                "eth16v1 is in the pool now, no longer on web-01, logical port 3.",
                "Since you opened this, eth16v1 was changed at the switch, past Patchbay."
            ]
        );
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
        let by = Toucher::Change { change: ChangeId::new(12), who: "ana".to_owned() };
        let moved = Moved { what: "eth16v1".to_owned(), by, generation: Generation::new(8) };
        draft.stale(&now.topology, vec![moved]);
        assert_eq!(
            draft.news,
            [
                "eth16v1 is on tiny-04, logical port 3 now, no longer on web-01, logical port 0.",
                "Since you opened this, eth16v1 was changed by ana with change 12."
            ]
        );
        assert_eq!(draft.plan, plan(&t, &draft.intent), "as on the whole rack");
        assert!(!draft.may_differ(board.generation, true), "the board is behind");
        assert!(!draft.may_differ(t.generation, false) && draft.may_differ(t.generation, true));
        assert!(draft.may_differ(t.generation.next(), false));
    }

    #[test]
    fn a_stale_answer_is_always_said() {
        let (t, mut draft) = draft();
        draft.stale(&t, Vec::new());
        assert_eq!(draft.news.len(), 1);
    }
}
