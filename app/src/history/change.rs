//! The page of one change: who, when, why, from where; the plan, what became of it, and its place in the ledger.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use patchbay_api::{ApiError, Desk, Picture};
use patchbay_domain::words::list;
use patchbay_domain::{Actor, ChangeClosing, ChangeId, ChangeRecord, Door, Outcome, SwitchId};
use std::sync::Arc;

use super::HISTORY_PATH;
use super::address;
use super::evidence::Evidence;
use super::moves::Moves;
use super::steps::{Steps, back, duration, forward};
use super::watch::Watch;
use crate::desk::desk;
use crate::ui::badge::outcome_tone;
use crate::ui::{
    ACCEPTED, Failed, Glyph, Icon, Layout, OutcomeBadge, Precision, Section, Surroundings, When,
};

/// One change, with its plan, its steps and its outcome.
#[component]
pub fn ChangePage() -> impl IntoView {
    let desk = desk();
    let id = use_params_map().read_untracked().get("id").unwrap_or_default();
    Suspend::new(async move {
        match find(&*desk, &id).await {
            Ok((picture, record)) => Either::Left(view! { <FoundPage picture record/> }),
            Err(error) => Either::Right(view! { <Failed error section=Section::History/> }),
        }
    })
}

async fn find(desk: &dyn Desk, id: &str) -> Result<(Picture, ChangeRecord), ApiError> {
    let change: ChangeId = id.parse().map_err(|_| ApiError::NotFound { what: format!("change {id}") })?;
    // First the picture: whoever watches the change resumes after its last entry.
    let picture = desk.rack();
    Ok((picture, desk.change(change).await?))
}

#[component]
fn FoundPage(picture: Picture, record: ChangeRecord) -> impl IntoView {
    let around = Surroundings::from(&picture);
    let title = format!("{} · Change {}", record.plan.title, record.id);
    let name = |id: &SwitchId| {
        let switch = picture.topology.switches.get(id);
        switch.map_or_else(|| format!("switch {id}"), |switch| switch.name.clone())
    };
    let switch = list(&record.plan.switches.iter().map(name).collect::<Vec<_>>());
    let running = record.closed.is_none();
    view! {
        <Layout title section=Section::History around>
            <main id="main" class="frame-main change">
                <p class="crumb"><a href=HISTORY_PATH>"History"</a></p>
                <ChangeHead record=record.clone()/>
                <Verdict closed=record.closed.clone() adopts=record.plan.only_adopts()/>
                <div class="change-grid">
                    <div class="change-column">
                        <Moves plan=Arc::clone(&record.plan)/>
                        <Facts record=record.clone() switch/>
                    </div>
                    <Course record=record.clone()/>
                    <Evidence opened=record.opened closed=record.closed.map(|closing| closing.entry)/>
                </div>
            </main>
            {running.then(|| view! { <Watch change=record.id.get() after=picture.seq.get()/> })}
        </Layout>
    }
    .into_any()
}

/// The title, the outcome, and the way back.
#[component]
pub(super) fn ChangeHead(record: ChangeRecord) -> impl IntoView {
    let outcome = record.closed.as_ref().map(|closing| closing.outcome);
    let undo = (outcome == Some(Outcome::Applied)).then(|| {
        view! { <a class="button" href=format!("/?undo={}", record.id)><Icon glyph=Glyph::Undo/>"Undo…"</a> }
    });
    let decide = (outcome == Some(Outcome::Stuck)).then(|| {
        view! {
            <a class="button" href=format!("/?retry={}", record.id)>"Try again…"</a>
            <a class="button" href=format!("/?accept={}", record.id)>"Accept what the switch says…"</a>
        }
    });
    let before = record.opened.seq.get().saturating_sub(1);
    let restore = (before > 0).then(|| {
        view! { <a class="button" href=format!("/?restore={before}")>"Restore to before this…"</a> }
    });
    view! {
        <div class="head">
            <h1>{record.plan.title.clone()}</h1>
            <OutcomeBadge outcome/>
            <p class="muted">"Change "{record.id.get()}</p>
            <div class="head-actions">{undo}{decide}{restore}</div>
        </div>
    }
}

/// How it went, in a sentence.
#[component]
pub(super) fn Verdict(closed: Option<ChangeClosing>, adopts: bool) -> impl IntoView {
    let outcome = closed.as_ref().map(|closing| closing.outcome);
    let took_us: u64 =
        closed.iter().flat_map(|closing| closing.reports.iter()).map(|report| report.elapsed_us).sum();
    let said = match outcome {
        None => "This change is on its way. The page shows its outcome as soon as it has ended.".to_owned(),
        Some(Outcome::Applied) if adopts => ACCEPTED.to_owned(),
        Some(Outcome::Applied) if took_us > 0 => {
            format!("Applied in {}: every step is done and was read back from the switch.", duration(took_us))
        }
        Some(Outcome::Applied) => "Applied: the switch shows every step done.".to_owned(),
        Some(Outcome::RolledBack) => "Rolled back: the switch is as it was before.".to_owned(),
        Some(Outcome::Stuck) => {
            "Needs you: the switch is neither as before nor as planned, or it could not be asked. Try again, or accept what the switch says; each is a change of its own.".to_owned()
        }
    };
    let why = closed.and_then(|closing| closing.why);
    view! {
        <div class="note" data-tone=outcome_tone(outcome).word()>
            <p><b>{said}</b></p>
            {why.map(|why| view! { <p>{why}</p> })}
        </div>
    }
}

/// Who, when, why, from where.
#[component]
pub(super) fn Facts(record: ChangeRecord, switch: String) -> impl IntoView {
    let who = record.actor.to_string();
    let by_them = address::href([("person", who.as_str())]);
    let who = match record.actor {
        Actor::Person { .. } => Either::Left(view! { <a href=by_them>{who}</a> }),
        Actor::Engine => Either::Right(who),
    };
    let ended = record.closed.as_ref().map(|closing| closing.entry.at);
    view! {
        <section class="card part" aria-labelledby="facts">
            <h2 id="facts">"Who, when and why"</h2>
            <dl class="facts">
                <dt>"Who"</dt><dd>{who}</dd>
                <dt>"From"</dt><dd>{door(&record.actor)}</dd>
                <dt>"Why"</dt><dd class="reason">{record.reason.to_string()}</dd>
                <dt>"Asked"</dt><dd><When at=record.opened.at precision=Precision::Exact/></dd>
                {ended.map(|at| view! { <dt>"Ended"</dt><dd><When at precision=Precision::Exact/></dd> })}
                <dt>"Switch"</dt><dd>{switch}</dd>
                <dt>"Based on"</dt><dd>"generation "{record.seen.get()}</dd>
            </dl>
        </section>
    }
    .into_any()
}

/// The way by which somebody came.
fn door(actor: &Actor) -> String {
    match actor {
        Actor::Engine => "Patchbay itself".to_owned(),
        Actor::Person { door, from, .. } => {
            let door = match door {
                Door::Browser => "the board in a browser",
                Door::Api => "the door for programs",
            };
            from.as_ref().map_or_else(|| door.to_owned(), |from| format!("{door}, address {from}"))
        }
    }
}

/// The steps, and how they were taken back where they were.
#[component]
pub(super) fn Course(record: ChangeRecord) -> impl IntoView {
    let ahead = forward(&record.plan, record.closed.as_ref());
    let undone = record.closed.map(|closing| back(&record.plan, &closing.reports)).unwrap_or_default();
    view! {
        <section class="card part" aria-labelledby="steps">
            <h2 id="steps">"Steps"</h2>
            {ahead.is_empty().then(|| view! { <p class="muted">"None: no switch is touched."</p> })}
            <Steps lines=ahead/>
            {(!undone.is_empty()).then(|| view! { <h3>"Taken back"</h3><Steps lines=undone/> })}
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::{ChangeHead, Course, Facts, Moves, Verdict};
    use crate::history::fixture::{accepted, applied, html, record, rolled_back, stuck};
    use leptos::prelude::*;
    use patchbay_domain::ChangeRecord;
    use std::sync::Arc;

    fn page(record: ChangeRecord) -> String {
        html(move || {
            view! {
                <ChangeHead record=record.clone()/>
                <Verdict closed=record.closed.clone() adopts=record.plan.only_adopts()/>
                <Moves plan=Arc::clone(&record.plan)/>
                <Facts record=record.clone() switch="rack-12-pax".to_owned()/>
                <Course record/>
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
        assert_says(
            &drawn,
            &["the board in a browser, address 10.0.0.9", "38 ms", "Unbind eth16v5 from db-02"],
        );
    }

    #[test]
    fn a_rolled_back_change_says_why_and_shows_the_way_back() {
        let drawn = page(rolled_back());
        assert_says(
            &drawn,
            &["rolled back", "as it was before", "The switch refused to bind.", "Taken back"],
        );
        assert_says(&drawn, &["The logical port is taken.", "not reached"]);
        assert!(!drawn.contains("Undo"), "{drawn}");
    }

    #[test]
    fn a_stuck_change_asks_for_a_person() {
        let drawn = page(stuck());
        assert_says(&drawn, &["needs you", r#"data-tone="bad""#, "Port 8 is gone."]);
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
    }
}
