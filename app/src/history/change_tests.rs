//! Tests of the page of a change.

use super::{ChangeHead, Course, Facts, Later, Moves, Stage, Standing, Verdict};
use crate::history::fixture::{accepted, applied, html, line, record, rolled_back, stuck};
use leptos::prelude::*;
use patchbay_domain::{ChangeId, ChangeRecord, HistoryItem, HistoryPage, Outcome, Seq};
use std::sync::Arc;

fn standing() -> Standing {
    Standing { stage: Stage::Running, settled: None }
}

fn page(record: ChangeRecord) -> String {
    page_at(record, standing())
}

fn page_at(record: ChangeRecord, standing: Standing) -> String {
    let stage = standing.stage;
    html(move || {
        view! {
            <ChangeHead record=record.clone() standing=standing.clone()/>
            <Verdict closed=record.closed.clone() adopts=record.plan.only_adopts() standing/>
            <Moves plan=Arc::clone(&record.plan)/>
            <Facts record=record.clone() switch="rack-12-pax".to_owned()/>
            <Course record stage/>
        }
    })
}

fn assert_says(drawn: &str, wanted: &[&str]) {
    for said in wanted {
        assert!(drawn.contains(said), "{said} in {drawn}");
    }
}

#[test]
fn an_applied_change_can_be_undone() {
    let drawn = page(applied());
    assert_says(&drawn, &["applied", "Applied in 39 ms", r#"href="/?undo=12""#, "INC-4411", "operator"]);
    assert_says(&drawn, &["the board in a browser, address 10.0.0.9", "38 ms", "Unbind eth16v5 from db-02"]);
}

#[test]
fn a_rolled_back_change_says_why_and_shows_the_way_back() {
    let drawn = page(rolled_back());
    assert_says(&drawn, &["rolled back", "as it was before", "The switch refused to bind.", "Taken back"]);
    assert_says(&drawn, &["The logical port is taken.", "not reached"]);
    assert!(!drawn.contains("Undo"), "{drawn}");
}

#[test]
fn a_change_of_which_a_step_got_no_answer_says_that_it_may_still_be_done() {
    let mut unanswered = rolled_back();
    let closing = unanswered.closed.as_mut().expect("it has ended");
    let mut reports = closing.reports.to_vec();
    reports[0].unanswered = true;
    closing.reports = reports.into();
    let said = "A step got no answer, so the switch may have done it later.";
    assert_says(&page(unanswered), &[said]);
    assert!(!page(rolled_back()).contains(said));
}

#[test]
fn a_stuck_change_asks_for_a_person() {
    let drawn = page(stuck());
    assert_says(&drawn, &["needs you", r#"data-tone="bad""#, "Port 8 is gone."]);
    assert_says(&drawn, &["/?retry=12", "/?accept=12"]);
}

#[test]
fn a_stuck_change_that_was_settled_asks_for_nobody() {
    let standing = |changes: &[u64]| Standing {
        settled: Some(changes.iter().map(|change| ChangeId::new(*change)).collect()),
        ..standing()
    };
    assert_says(&page_at(stuck(), standing(&[14, 15])), &["Changes 14 and 15 settled it."]);
    let settled = page_at(stuck(), standing(&[14]));
    assert_says(&settled, &["Change 14 settled it.", ">settled<"]);
    assert_says(&page_at(stuck(), standing(&[])), &["What it was about is no longer there."]);
    for gone in ["/?accept=", "/?retry=", "Needs you", r#"note" data-tone="bad""#] {
        assert!(!settled.contains(gone), "{gone} in {settled}");
    }
}

#[test]
fn what_was_made_from_a_change_leads_to_its_page() {
    let item = HistoryItem {
        title: "Finish change 12: move eth16v5 to web-03".to_owned(),
        change: Some(ChangeId::new(14)),
        outcome: Some(Outcome::Applied),
        ..line(22, 0)
    };
    let drawn = html(move || {
        let later = HistoryPage { items: vec![item], next: Some(Seq::new(20)) };
        view! { <Later of=ChangeId::new(12) later/> }
    });
    assert_says(
        &drawn,
        &[
            "What was made from it",
            r#"href="/history/14""#,
            "Finish change 12",
            "applied",
            "/history?made_from=12",
        ],
    );
}

#[test]
fn an_accepted_difference_claims_no_reading_and_shows_what_the_history_follows() {
    let drawn = page(accepted());
    assert_says(&drawn, &["Accepted", "No switch was touched.", "None: no switch is touched."]);
    assert_says(&drawn, &["eth16v5", "/history?host=2", "/history?host=3", "wished"]);
    for wrong in ["read back", "Read the switch back", "Before and after"] {
        assert!(!drawn.contains(wrong), "{wrong} in {drawn}");
    }
}

#[test]
fn a_running_change_has_no_outcome_yet() {
    let drawn = page(record(None));
    assert_says(&drawn, &["running", "on its way"]);
    assert!(!drawn.contains("Ended"), "{drawn}");
    assert_says(
        &page_at(record(None), Standing { stage: Stage::Waiting, ..standing() }),
        &["waiting", "waits for its turn", "cancelled"],
    );
}
