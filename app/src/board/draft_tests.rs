//! Tests of the plan on the sheet.

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
            "eth16v1 is on web-01, logical port 3 now, no longer on web-01, logical port 0. eth16v1 will come to db-02, logical port 1 instead of db-02, logical port 0.",
            "Since you opened this, eth16v1 was changed by ana with change 2, and logical port 0 of db-02 was changed by ana with change 1."
        ]
    );
    board.sees(&mut draft, 3, &Intent::single(NIC_VF1, None));
    assert_eq!(
        draft.news[0],
        "eth16v1 is in the pool now, no longer on web-01, logical port 0. eth16v1 will come to db-02, logical port 1 instead of db-02, logical port 0."
    );
    assert_eq!(draft.news.len(), 2, "where it was in between is said no longer");
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
fn where_it_comes_from_and_where_it_goes_are_both_told() {
    let (t, mut draft) = draft();
    let mut board = Watched::new(&t);
    board.sees(&mut draft, 1, &Intent::single(NIC_VF1, None));
    board.sees(&mut draft, 2, &Intent::single(NIC_VF2, Some(HOST_B)));
    assert_eq!(
        draft.news[0],
        "eth16v1 is in the pool now, no longer on web-01, logical port 0. eth16v1 will come to db-02, logical port 1 instead of db-02, logical port 0."
    );
    board.sees(&mut draft, 3, &Intent::single(NIC_VF2, None));
    assert_eq!(draft.news[0], "eth16v1 is in the pool now, no longer on web-01, logical port 0.");
    assert_eq!(
        draft.news[1],
        "Since you opened this, eth16v1 was changed by ana with change 1, and logical port 0 of db-02 was changed by ana with change 3."
    );
}

#[test]
fn a_function_that_is_gone_keeps_its_name_on_the_sheet() {
    let (t, mut draft) = draft();
    let mut board = Watched::new(&t);
    board.topology.functions.remove(&NIC_VF1);
    draft.renew(&board.topology, &board.touches);
    let words = draft.plan_or_words().expect_err("it is gone");
    assert_eq!(words, "eth16v1 is no longer there: its card is not in its slot any more.");
}

#[test]
fn what_changes_beside_a_restore_is_said() {
    let t = fixture::topology();
    let restore = Intent::single(NIC_VF1, None).made_from(Origin::Restore(Seq::new(1)));
    let mut draft = Draft::new(&t, restore);
    let mut board = Watched::new(&t);
    board.sees(&mut draft, 1, &Intent::single(HBA_VF1, None));
    assert!(draft.news[0].starts_with("fc20v1 changed too since this was worked out"), "{:?}", draft.news);
}

#[test]
fn many_sentences_are_counted() {
    let many: Vec<_> = (1..=5).map(|n| format!("{n} stays.")).collect();
    assert_eq!(in_short(&many), "1 stays. 2 stays. 3 stays. The same goes for 2 more.");
    assert_eq!(in_short(&many[..1]), "1 stays.");
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

fn difference(function: FunctionId, recorded: Option<Assignment>, found: Option<Assignment>) -> Difference {
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
            "eth16v1 is on tiny-04, logical port 3 now, no longer on web-01, logical port 0. eth16v1 will come to db-02, logical port 1 instead of db-02, logical port 0.",
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
