//! What changed since somebody looked, and who left what.

use super::*;
use crate::HostId;
use crate::fixture::{self, *};
use crate::intent::Reason;
use crate::ledger::{Actor, Door};
use crate::plan::plan;

/// Notes an entry and folds it in.
fn follow(t: &mut Topology, touches: &mut Touches, entry: &Entry) {
    touches.note(t, entry);
    t.apply(entry);
}

/// Opens and closes a change by ana.
fn apply(t: &mut Topology, touches: &mut Touches, function: FunctionId, to: Option<HostId>) -> [Entry; 2] {
    let intent = Intent::single(function, to);
    let made = plan(t, &intent).expect("allowed");
    let change = ChangeId::new(12);
    let (moves, seen) = (made.recorded_moves(), t.generation);
    let reason = Reason::new("a test").expect("a reason");
    let mut opened = entry(Event::ChangeOpened { change, intent, plan: made.into(), reason, seen });
    opened.actor = Actor::Person { name: "ana".to_owned(), door: Door::Api, from: None };
    let (outcome, reports) = (Outcome::Applied, [].into());
    let closed = entry(Event::ChangeClosed { change, outcome, why: None, reports, moves });
    let entries = [opened, closed];
    entries.iter().for_each(|entry| follow(t, touches, entry));
    entries
}

#[test]
fn only_what_the_intent_touches_makes_it_stale() {
    let mut t = fixture::topology();
    let seen = t.generation;
    let mut touches = Touches::since(seen);
    apply(&mut t, &mut touches, NIC_VF2, Some(HOST_B));
    assert!(t.generation > seen);

    let elsewhere = plan(&t, &Intent::single(NIC_VF3, Some(HOST_A))).expect("allowed");
    assert_eq!(touches.stale(&t, &elsewhere, seen), []);
    let same_host = plan(&t, &Intent::single(NIC_VF3, Some(HOST_B))).expect("allowed");
    assert_eq!(touches.stale(&t, &same_host, seen), [], "another logical port of the same host");

    let same_function = plan(&t, &Intent::single(NIC_VF2, Some(HOST_A))).expect("allowed");
    let moved = touches.stale(&t, &same_function, seen);
    assert_eq!(in_a_sentence(&moved), "eth16v2 was changed by ana with change 12");
    assert_eq!(touches.stale(&t, &same_function, t.generation), [], "seen as it is now");
}

#[test]
fn a_place_that_was_filled_and_emptied_again_has_changed() {
    let mut t = fixture::topology();
    let seen = t.generation;
    let mut touches = Touches::since(seen);
    apply(&mut t, &mut touches, NIC_VF2, Some(HOST_B));
    apply(&mut t, &mut touches, NIC_VF2, None);
    let made = plan(&t, &Intent::single(NIC_VF3, Some(HOST_B))).expect("allowed");
    let moved = touches.stale(&t, &made, seen);
    assert_eq!(moved.iter().map(|m| m.what.as_str()).collect::<Vec<_>>(), ["logical port 0 of db-02"]);
}

#[test]
fn a_place_that_is_free_because_another_card_took_the_slot_has_changed() {
    let mut t = fixture::topology();
    let seen = t.generation;
    let mut touches = Touches::since(seen);
    let wanted = plan(&t, &Intent::single(NIC_VF2, Some(HOST_A))).expect("allowed");
    let holder = t.functions_of_host(HOST_A)[0].id;
    let (of, place) =
        (t.functions[&holder].adapter, t.functions[&holder].assigned.expect("assigned").place());
    let mut picture = fixture::picture(&t);
    picture.adapters.retain(|a| a.id != of);
    picture.functions.retain(|f| f.adapter != of);
    follow(&mut t, &mut touches, &entry(Event::Discovered { switch: SWITCH, picture }));
    let moved = touches.find(&t, [holder].into_iter(), |id| t.label(id), [place].into_iter(), seen);
    assert_eq!(moved.len(), 2, "the function and its logical port: {moved:?}");
    assert!(moved.iter().all(|m| m.by == Toucher::Discovery), "{moved:?}");
    assert!(!touches.stale(&t, &wanted, seen).is_empty(), "its function has left");
}

#[test]
fn a_generation_that_never_was_is_stale() {
    let mut t = fixture::topology();
    t.generation = Generation::new(4);
    let made = plan(&t, &Intent::single(NIC_VF1, Some(HOST_B))).expect("allowed");
    let touches = Touches::since(t.generation);
    let moved = |seen| touches.stale(&t, &made, Generation::new(seen)).len();
    assert_eq!((moved(4), moved(5), moved(u64::MAX)), (0, 1, 1));
}

/// A function found somewhere.
fn found(function: FunctionId, at: Option<Assignment>) -> Difference {
    let (name, recorded_name, found_name) = ("a function".to_owned(), None, None);
    Difference { function, name, recorded: None, recorded_name, found: at, found_name, left_by: None }
}

/// Opens a change of NIC VF 1, has something happen, and ends it without having moved anything.
fn ended(outcome: Outcome, meanwhile: impl FnOnce(&mut Touches, &mut Topology)) -> (Touches, Topology) {
    ended_with(Intent::single(NIC_VF1, Some(HOST_B)), outcome, &[], meanwhile)
}

/// Opens a change, has something happen, and ends it with these reports and without having moved anything.
fn ended_with(
    intent: Intent,
    outcome: Outcome,
    reports: &[StepReport],
    meanwhile: impl FnOnce(&mut Touches, &mut Topology),
) -> (Touches, Topology) {
    let mut t = fixture::topology();
    let (mut touches, change) = (Touches::since(t.generation), ChangeId::new(12));
    let (plan, reason) = (plan(&t, &intent).expect("allowed"), Reason::new("a test").expect("a reason"));
    let seen = t.generation;
    let opened = entry(Event::ChangeOpened { change, intent, plan: plan.into(), reason, seen });
    follow(&mut t, &mut touches, &opened);
    meanwhile(&mut touches, &mut t);
    let (why, reports, moves) = (None, reports.into(), [].into());
    let closed = entry(Event::ChangeClosed { change, outcome, why, reports, moves });
    follow(&mut t, &mut touches, &closed);
    (touches, t)
}

#[test]
fn what_a_change_left_is_its_own_where_it_can_have_left_it_and_until_a_reading_is_recorded() {
    let who = |touches: &Touches, function, at| {
        let mut found = [found(function, at)];
        touches.attribute(&mut found, DateTime::UNIX_EPOCH);
        found[0].left_by.map(ChangeId::get)
    };
    let (mut touches, t) = ended(Outcome::Stuck, |_, _| ());
    let home = t.functions[&NIC_VF1].assigned;
    let elsewhere = home.map(|at| Assignment { logical_port: crate::LogicalPort(6), ..at });
    assert_eq!((who(&touches, NIC_VF1, None), who(&touches, NIC_VF1, home)), (Some(12), Some(12)));
    assert_eq!(who(&touches, NIC_VF1, elsewhere), None, "the change never meant to put it there");
    assert_eq!(who(&touches, NIC_VF2, None), None, "nor had it to do with that one");
    touches.read(&t, crate::SwitchId::new(9));
    assert_eq!(who(&touches, NIC_VF1, None), Some(12), "another switch was read");
    touches.read(&t, SWITCH);
    assert_eq!(who(&touches, NIC_VF1, None), None);

    let (touches, _) = ended(Outcome::RolledBack, |_, _| ());
    assert_eq!(who(&touches, NIC_VF1, home), None, "it is where it was, as the picture says");
    let (touches, _) = ended(Outcome::RolledBack, |touches, t| {
        let mut picture = fixture::picture(t);
        picture.functions.iter_mut().for_each(|function| function.assigned = None);
        follow(t, touches, &entry(Event::Discovered { switch: SWITCH, picture }));
    });
    assert_eq!(who(&touches, NIC_VF1, home), Some(12), "the discovery saw it in the middle of the change");
}

#[test]
fn the_newest_entries_recall_who_changed_what() {
    let (mut t, mut entries) = (fixture::topology(), Vec::new());
    let start = t.generation;
    let live = &mut Touches::since(start);
    for (function, host) in [(NIC_VF2, HOST_B), (NIC_VF3, HOST_A)] {
        entries.extend(apply(&mut t, live, function, Some(host)));
    }
    let made = |function| plan(&t, &Intent::single(function, None)).expect("allowed");
    let recalled = Touches::recalled(&t, &entries);
    for seen in (start.get()..=t.generation.get()).map(Generation::new) {
        for function in [NIC_VF2, NIC_VF3] {
            let (told, known) =
                (recalled.stale(&t, &made(function), seen), live.stale(&t, &made(function), seen));
            assert_eq!(told, known, "{function} as of {seen}");
        }
    }
    assert_eq!(live.stale(&t, &made(NIC_VF2), start)[0].by.to_string(), "changed by ana with change 12");
    let half = Touches::recalled(&t, &entries[2..]);
    assert_eq!(half.stale(&t, &made(NIC_VF2), start)[0].by, Toucher::Unknown, "older than what is recalled");
    assert_eq!(half.stale(&t, &made(NIC_VF2), start.next()), []);
}

#[test]
fn what_was_before_the_start_is_stale_because_nobody_can_tell() {
    let t = fixture::topology();
    let touches = Touches::since(t.generation);
    let made = plan(&t, &Intent::single(NIC_VF2, Some(HOST_B))).expect("allowed");
    let moved = touches.stale(&t, &made, Generation::new(0));
    assert!(moved.iter().all(|m| m.by == Toucher::Unknown) && !moved.is_empty(), "{moved:?}");
}

#[test]
fn a_change_that_has_done_nothing_when_a_switch_is_discovered_leaves_nothing() {
    let (touches, _) = ended(Outcome::RolledBack, |touches, t| {
        let picture = fixture::picture(t);
        follow(t, touches, &entry(Event::Discovered { switch: SWITCH, picture }));
    });
    let mut one = [found(NIC_VF1, None)];
    touches.attribute(&mut one, DateTime::UNIX_EPOCH);
    assert_eq!(one[0].left_by, None, "somebody else unbound it");
}

#[test]
fn what_one_change_did_stands_together() {
    let one = |what: &str, by: &Toucher| Moved {
        what: what.to_owned(),
        by: by.clone(),
        generation: Generation::new(4),
    };
    let ana = Toucher::Change { change: ChangeId::new(12), who: "ana".to_owned() };
    let two =
        [one("eth16v5", &ana), one("eth16v7", &Toucher::Outside), one("logical port 2 of web-03", &ana)];
    assert_eq!(
        in_a_sentence(&two),
        "eth16v5 and logical port 2 of web-03 were changed by ana with change 12, and eth16v7 was changed at the switch, past Patchbay"
    );
    let many: Vec<_> = (1..=512).map(|index| one(&format!("eth16v{index}"), &ana)).collect();
    assert_eq!(
        in_a_sentence(&many),
        "eth16v1, eth16v2, eth16v3 and 509 more were changed by ana with change 12"
    );
}

/// What is said of NIC VF 2 after a change that would bind it to host B, whose step got an answer or none.
fn bound_late(unanswered: bool) -> (Touches, Topology, Assignment) {
    let intent = Intent::single(NIC_VF2, Some(HOST_B));
    let made = plan(&fixture::topology(), &intent).expect("allowed");
    let error = Some("No answer.".to_owned());
    let report = StepReport { step: 0, phase: StepPhase::Apply, elapsed_us: 1, error, unanswered };
    let (touches, t) = ended_with(intent, Outcome::RolledBack, &[report], |_, _| ());
    (touches, t, made.moves[0].to.expect("it goes to a host"))
}

/// The change that a reading so many minutes later blames for a function.
fn blamed(touches: &Touches, function: FunctionId, at: Option<Assignment>, minutes: i64) -> Option<u64> {
    let mut one = [found(function, at)];
    touches.attribute(&mut one, DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes));
    one[0].left_by.map(ChangeId::get)
}

#[test]
fn a_step_that_got_no_answer_and_is_done_late_is_its_changes() {
    let (mut touches, t, there) = bound_late(true);
    let elsewhere = Assignment { logical_port: crate::LogicalPort(6), ..there };
    touches.read(&t, SWITCH);
    assert_eq!(blamed(&touches, NIC_VF2, Some(there), 9), Some(12), "although the switch was read since");
    assert_eq!(blamed(&touches, NIC_VF2, Some(elsewhere), 9), None, "the step would not put it there");
    assert_eq!(blamed(&touches, NIC_VF3, Some(there), 9), None, "nor had it to do with that one");
    assert_eq!(blamed(&touches, NIC_VF2, Some(there), 10), None, "by then nobody can tell");
    let (touches, ..) = bound_late(false);
    assert_eq!(blamed(&touches, NIC_VF2, Some(there), 0), None, "the switch had said no");
}

#[test]
fn what_was_decided_or_found_since_a_step_got_no_answer_is_not_blamed_on_it() {
    let (mut touches, mut t, there) = bound_late(true);
    apply(&mut t, &mut touches, NIC_VF2, Some(HOST_A));
    assert_eq!(blamed(&touches, NIC_VF2, Some(there), 1), None, "a later change moved it");
    let (mut touches, mut t, there) = bound_late(true);
    let differences = vec![found(NIC_VF2, Some(there))];
    follow(&mut t, &mut touches, &entry(Event::BindingsFound { switch: SWITCH, differences }));
    assert_eq!(blamed(&touches, NIC_VF2, Some(there), 1), None, "it was done once, and not again");
}

#[test]
fn an_unbinding_that_got_no_answer_leaves_its_function_nowhere_and_one_taken_back_where_it_was() {
    let t = fixture::topology();
    let home = t.functions[&NIC_VF1].assigned;
    let told = |phase| {
        let report = StepReport { step: 0, phase, elapsed_us: 1, error: None, unanswered: true };
        let intent = Intent::single(NIC_VF1, None);
        let (mut touches, t) = ended_with(intent, Outcome::RolledBack, &[report], |_, _| ());
        touches.read(&t, SWITCH);
        [None, home].map(|at| blamed(&touches, NIC_VF1, at, 1))
    };
    assert_eq!(told(StepPhase::Apply), [Some(12), None]);
    assert_eq!(told(StepPhase::Undo), [None, Some(12)], "taking it back binds it again");
}
