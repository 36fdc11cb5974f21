//! The plan sheet before it is sent: what would happen, why the person wants it, Apply and Cancel.

use leptos::either::Either;
use leptos::html;
use leptos::prelude::*;
use leptos::web_sys::KeyboardEvent;
use patchbay_domain::Plan;
use patchbay_domain::intent::REASON_MAX_CHARS;

use crate::board::draft::{Draft, in_short};
use crate::board::facts::{Fact, facts, step_detail};
use crate::board::scene::{Scene, scene};
use crate::board::sheet::{Problem, Sheet};
use crate::live::LiveState;

/// The plan that waits for its reason.
#[component]
pub fn PlanSheet() -> impl IntoView {
    let scene = scene();
    let title =
        Memo::new(move |_| scene.sheet.with(|s| s.draft().map(|d| d.title.clone())).unwrap_or_default());
    view! {
        <section class="sheet" role="dialog" aria-labelledby="sheet-title" data-testid="sheet">
            <h2 id="sheet-title" tabindex="-1">{title}</h2>
            <LeftOut/>
            <News/>
            <Contents/>
            <Decision/>
        </section>
    }
}

/// What a way back leaves out.
#[component]
fn LeftOut() -> impl IntoView {
    let scene = scene();
    let words = Memo::new(move |_| scene.sheet.with(|s| s.draft().map(|d| in_short(&d.left_out))));
    move || {
        words
            .get()
            .filter(|words| !words.is_empty())
            .map(|words| view! { <p class="note" data-tone="warn">{words}</p> })
    }
}

/// What changed in the rack since the sheet was opened.
#[component]
fn News() -> impl IntoView {
    let scene = scene();
    let news =
        Memo::new(move |_| scene.sheet.with(|s| s.draft().map(|d| d.news.clone())).unwrap_or_default());
    let note = move || {
        let news = news.get();
        (!news.is_empty()).then(|| view! { <p class="note" data-tone="warn">{news.join(" ")}</p> })
    };
    view! { <div role="status" class="news">{note}</div> }
}

#[component]
fn Contents() -> impl IntoView {
    let scene = scene();
    let plan = Memo::new(move |_| scene.sheet.with(|s| s.draft().map(Draft::plan_or_words)));
    move || {
        plan.get().map(|plan| match plan {
            Ok(plan) => Either::Left(view! { <Planned plan/> }),
            Err(refusal) => {
                Either::Right(view! { <p class="note" data-tone="bad" role="alert">{refusal}</p> })
            }
        })
    }
}

#[component]
fn Planned(plan: Plan) -> impl IntoView {
    let facts = scene().state.with(|t| facts(t, &plan));
    let facts = facts.into_iter().map(|Fact { name, value }| view! { <dt>{name}</dt><dd>{value}</dd> });
    let warnings: Vec<_> =
        plan.warnings.iter().map(|warning| view! { <li class="note">{warning.clone()}</li> }).collect();
    let warnings = (!warnings.is_empty())
        .then(|| view! { <ul class="warnings" aria-label="What it disrupts" tabindex="0">{warnings}</ul> });
    let details =
        scene().state.with(|t| plan.steps.iter().map(|s| step_detail(t, &plan, s)).collect::<Vec<_>>());
    let steps = plan.steps.iter().zip(details).map(|(step, detail)| {
        view! { <li><span>{step.to_string()}<small>{detail}</small></span></li> }
    });
    let course = (!plan.steps.is_empty()).then(|| {
        view! {
            <h3>"Plan"</h3>
            <ol class="steps" aria-label="Steps" tabindex="0">
                {steps.collect_view()}
                <li><span>"Read the switch back"<small>"It must show exactly this."</small></span></li>
            </ol>
        }
    });
    view! {
        <dl class="facts" tabindex="0">{facts.collect_view()}</dl>
        {warnings}
        {course}
    }
}

/// The reason, Apply and Cancel.
#[component]
fn Decision() -> impl IntoView {
    let scene = scene();
    let field = NodeRef::<html::Textarea>::new();
    focus_when_drawn(field);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        apply(scene, field);
    };
    let on_key = move |event: KeyboardEvent| {
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
            event.prevent_default();
            apply(scene, field);
        }
    };
    let problem = Memo::new(move |_| scene.sheet.with(|s| s.problem().cloned()));
    let wrong_reason = move || match problem.get() {
        Some(Problem::Reason(why)) => Some(why),
        Some(Problem::Rule(_) | Problem::Server(_)) | None => None,
    };
    let server = move || match problem.get() {
        Some(Problem::Rule(why) | Problem::Server(why)) => {
            Some(view! { <p class="note" data-tone="bad">{why}</p> })
        }
        Some(Problem::Reason(_)) | None => None,
    };
    let sending = Memo::new(move |_| scene.sheet.with(Sheet::is_sending));
    view! {
        <form class="decision" novalidate on:submit=submit>
            <label for="reason">"Reason or ticket, kept in the history"</label>
            <textarea
                node_ref=field
                id="reason"
                class="input"
                rows="2"
                maxlength=REASON_MAX_CHARS
                aria-required="true"
                aria-invalid=move || wrong_reason().is_some().then_some("true")
                aria-describedby="reason-problem"
                prop:value=move || scene.reason.get()
                prop:readOnly=move || sending.get()
                on:input=move |event| scene.reason.set(event_target_value(&event))
                on:keydown=on_key
            ></textarea>
            <p id="reason-problem" class="problem" role="alert">{wrong_reason}</p>
            <div role="alert">{server}</div>
            <div class="buttons">
                <button type="button" class="button" on:click=move |_| scene.close_sheet()>"Cancel"</button>
                <button type="submit" class="button" data-primary disabled=move || !can_apply(scene)>
                    {move || if sending.get() { "Applying…" } else { "Apply" }}
                </button>
            </div>
        </form>
    }
}

fn can_apply(scene: Scene) -> bool {
    let ready =
        scene.sheet.with(|sheet| sheet.draft().is_some_and(|d| d.plan.is_ok()) && !sheet.is_sending());
    ready && scene.live.get() != LiveState::Away
}

fn apply(scene: Scene, field: NodeRef<html::Textarea>) {
    if untrack(|| can_apply(scene)) {
        scene.apply();
    }
    let wrong = scene.sheet.with_untracked(|s| matches!(s.problem(), Some(Problem::Reason(_))));
    if let Some(field) = field.get_untracked().filter(|_| wrong) {
        // A text field can always take the focus.
        let _ = field.focus();
    }
}

fn focus_when_drawn(field: NodeRef<html::Textarea>) {
    Effect::new(move || {
        if let Some(field) = field.get() {
            request_animation_frame(move || {
                let _ = field.focus();
            });
        }
    });
}
