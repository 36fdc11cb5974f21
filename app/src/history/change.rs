//! The page of one change: who, when, why, from where; the plan, what became of it, and its place in the ledger.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use patchbay_api::{ApiError, Desk, Picture};
use patchbay_domain::words::list;
use patchbay_domain::{
    Actor, ChangeClosing, ChangeId, ChangeRecord, Door, Ending, FunctionId, HistoryPage, HistoryQuery,
    ItemKind, Outcome, Seq, SwitchId, Topology,
};
use std::collections::BTreeSet;
use std::sync::Arc;

use super::HISTORY_PATH;
use super::address;
use super::evidence::Evidence;
use super::line::Line;
use super::moves::Moves;
use super::steps::{Steps, back, duration, forward};
use super::watch::Watch;
use crate::desk::desk;
use crate::ui::badge::outcome_tone;
use crate::ui::{
    ACCEPTED, Failed, Glyph, Icon, Layout, OutcomeBadge, Precision, Section, Stage, Surroundings, When,
};

/// One change, with its plan, its steps and its outcome.
#[component]
pub fn ChangePage() -> impl IntoView {
    let desk = desk();
    let id = use_params_map().read_untracked().get("id").unwrap_or_default();
    Suspend::new(async move {
        match find(&*desk, &id).await {
            Ok(found) => Either::Left(view! { <FoundPage found/> }),
            Err(error) => Either::Right(view! { <Failed error section=Section::History/> }),
        }
    })
}

/// A change, and what the rack and the history say of it.
struct Found {
    picture: Picture,
    record: ChangeRecord,
    /// What was made from it, newest first.
    later: HistoryPage,
    settled: Option<Vec<ChangeId>>,
}

async fn find(desk: &dyn Desk, id: &str) -> Result<Found, ApiError> {
    let change: ChangeId = id.parse().map_err(|_| ApiError::NotFound { what: format!("change {id}") })?;
    // First the picture: whoever watches the change resumes after its last entry.
    let picture = desk.rack();
    let record = desk.change(change).await?;
    let later = HistoryQuery { made_from: Some(change), ..HistoryQuery::default() };
    let later = desk.history(&later).await?;
    Ok(Found { settled: settled(desk, &record, &picture.topology).await?, picture, record, later })
}

/// The later changes that decided about every function of a stuck one, in whichever way: it needs nobody then. None while
/// about one of them that is still there nothing was decided.
async fn settled(
    desk: &dyn Desk,
    record: &ChangeRecord,
    topology: &Topology,
) -> Result<Option<Vec<ChangeId>>, ApiError> {
    let stuck = record.closed.as_ref().filter(|closing| closing.outcome == Outcome::Stuck);
    let Some(ended) = stuck.map(|closing| closing.entry.seq) else { return Ok(None) };
    let mut settled = BTreeSet::new();
    for function in record.plan.functions().filter(|id| topology.functions.contains_key(id)) {
        let query = HistoryQuery {
            function: Some(function),
            kind: Some(ItemKind::Change),
            outcome: Some(Ending::Applied),
            limit: Some(1),
            ..HistoryQuery::default()
        };
        let newest = desk.history(&query).await?.items.into_iter().next().filter(|item| item.seq > ended);
        match newest.and_then(|item| item.change) {
            Some(change) => settled.insert(change),
            None => return Ok(None),
        };
    }
    Ok(Some(settled.into_iter().collect()))
}

/// What may still be made from a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// How far it is, while it has not ended.
    stage: Stage,
    /// The changes that settled a stuck one; none while it needs somebody.
    settled: Option<Vec<ChangeId>>,
}

#[component]
fn FoundPage(found: Found) -> impl IntoView {
    let Found { picture, record, later, settled } = found;
    let standing = Standing { stage: Stage::of(picture.begun.contains(&record.id)), settled };
    let around = Surroundings::from(&picture);
    let title = format!("{} · Change {}", record.plan.title, record.id);
    let name = |id: &SwitchId| {
        let switch = picture.topology.switches.get(id);
        switch.map_or_else(|| format!("switch {id}"), |switch| switch.name.clone())
    };
    let switch = list(&record.plan.switches.iter().map(name).collect::<Vec<_>>());
    let stage = standing.stage;
    let watch = watch(&record, &later, &standing, picture.seq);
    view! {
        <Layout title section=Section::History around>
            <main id="main" class="frame-main change">
                <p class="crumb"><a href=HISTORY_PATH>"History"</a></p>
                <ChangeHead record=record.clone() standing=standing.clone()/>
                <Verdict closed=record.closed.clone() adopts=record.plan.only_adopts() standing/>
                <Later of=record.id later/>
                <div class="change-grid">
                    <div class="change-column">
                        <Moves plan=Arc::clone(&record.plan)/>
                        <Facts record=record.clone() switch/>
                    </div>
                    <Course record=record.clone() stage/>
                    <Evidence opened=record.opened closed=record.closed.map(|closing| closing.entry)/>
                </div>
            </main>
            {watch}
        </Layout>
    }
    .into_any()
}

/// Shows the page anew when something happens that it tells of.
fn watch(
    record: &ChangeRecord,
    later: &HistoryPage,
    standing: &Standing,
    seen: Seq,
) -> impl IntoView + use<> {
    let open = later.items.iter().filter(|item| item.outcome.is_none()).filter_map(|item| item.change);
    let this = Some(record.id).filter(|_| record.closed.is_none());
    let changes: Vec<_> = this.into_iter().chain(open).map(ChangeId::get).collect();
    let stuck = record.closed.as_ref().is_some_and(|closing| closing.outcome == Outcome::Stuck);
    let unsettled = stuck && standing.settled.is_none();
    let functions: Vec<_> = record.plan.functions().filter(|_| unsettled).map(FunctionId::get).collect();
    let waits = this.is_some() && standing.stage == Stage::Waiting;
    view! { <Watch change=record.id.get() changes functions after=seen.get() waits/> }
}

/// The title, the outcome, and the way back.
#[component]
pub(super) fn ChangeHead(record: ChangeRecord, standing: Standing) -> impl IntoView {
    let outcome = record.closed.as_ref().map(|closing| closing.outcome);
    let undo = (outcome == Some(Outcome::Applied)).then(|| {
        view! { <a class="button" href=format!("/?undo={}", record.id)><Icon glyph=Glyph::Undo/>"Undo…"</a> }
    });
    let needs_you = outcome == Some(Outcome::Stuck) && standing.settled.is_none();
    let retry = needs_you.then(|| {
        view! { <a class="button" href=format!("/?retry={}", record.id)>"Try again…"</a> }
    });
    let accept = needs_you.then(|| {
        view! { <a class="button" href=format!("/?accept={}", record.id)>"Accept what the switch says…"</a> }
    });
    let before = record.opened.seq.get().saturating_sub(1);
    let restore = (before > 0).then(|| {
        view! { <a class="button" href=format!("/?restore={before}")>"Restore to before this…"</a> }
    });
    view! {
        <div class="head">
            <h1>{record.plan.title.clone()}</h1>
            <OutcomeBadge outcome stage=standing.stage settled=standing.settled.is_some()/>
            <p class="muted">"Change "{record.id.get()}</p>
            <div class="head-actions">{undo}{retry}{accept}{restore}</div>
        </div>
    }
}

/// How it went, in a sentence.
#[component]
pub(super) fn Verdict(closed: Option<ChangeClosing>, adopts: bool, standing: Standing) -> impl IntoView {
    let outcome = closed.as_ref().map(|closing| closing.outcome);
    let took_us: u64 =
        closed.iter().flat_map(|closing| closing.reports.iter()).map(|report| report.elapsed_us).sum();
    let said = match outcome {
        None if standing.stage == Stage::Waiting => {
            "This change waits for its turn, and nothing was sent. It can be cancelled on the board until its first step is sent.".to_owned()
        }
        None => "This change is on its way. The page shows its outcome as soon as it has ended.".to_owned(),
        Some(Outcome::Applied) if adopts => ACCEPTED.to_owned(),
        Some(Outcome::Applied) if took_us > 0 => {
            format!("Applied in {}: every step is done and was read back from the switch.", duration(took_us))
        }
        Some(Outcome::Applied) => "Applied: the switch shows every step done.".to_owned(),
        Some(Outcome::RolledBack) => "Rolled back: the switch is as it was before.".to_owned(),
        Some(Outcome::Stuck) => stuck(&standing),
    };
    let tone = outcome_tone(outcome, standing.settled.is_some());
    let unanswered = closed.iter().flat_map(|closing| closing.reports.iter()).any(|report| report.unanswered);
    let late = unanswered.then(|| view! { <p>{MAY_BE_LATE}</p> });
    let why = closed.and_then(|closing| closing.why);
    view! {
        <div class="note" data-tone=tone.word()>
            <p><b>{said}</b></p>
            {why.map(|why| view! { <p>{why}</p> })}
            {late}
        </div>
    }
}

/// What is said of a change of which a step got no answer.
const MAY_BE_LATE: &str = "A step got no answer, so the switch may have done it later. If it did, that was found, and the history says so.";

/// What a change that could not be finished asks for.
fn stuck(standing: &Standing) -> String {
    const WHY: &str = "the switch was neither as before nor as planned, or it could not be asked";
    let Some(settled) = &standing.settled else {
        return format!(
            "Needs you: {WHY}. Try again, or accept what the switch says; each is a change of its own."
        );
    };
    let by: Vec<_> = settled.iter().map(ToString::to_string).collect();
    match by.as_slice() {
        [] => format!("This needed somebody: {WHY}. What it was about is no longer there."),
        [one] => format!("This needed somebody: {WHY}. Change {one} settled it."),
        all => format!("This needed somebody: {WHY}. Changes {} settled it.", list(all)),
    }
}

/// What was made from it since: an undo, another try.
#[component]
pub(super) fn Later(of: ChangeId, later: HistoryPage) -> impl IntoView {
    let HistoryPage { items, next } = later;
    (!items.is_empty()).then(|| {
        let lines = items.into_iter().map(|item| view! { <Line item/> }).collect_view();
        let all = address::href([("made_from", of.to_string().as_str())]);
        let more = next.map(|_| view! { <p><a href=all>"All of it"</a></p> });
        view! {
            <section class="card part" aria-labelledby="later">
                <h2 id="later">"What was made from it"</h2>
                <ol class="lines">{lines}</ol>
                {more}
            </section>
        }
        .into_any()
    })
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
pub(super) fn Course(record: ChangeRecord, stage: Stage) -> impl IntoView {
    let ahead = forward(&record.plan, record.closed.as_ref(), stage);
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
#[path = "change_tests.rs"]
mod tests;
