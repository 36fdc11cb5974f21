//! The plan sheet of a change on its way: steps that tick, and how it ended.

use leptos::either::Either;
use leptos::html;
use leptos::prelude::*;
use patchbay_api::WayBack;
use patchbay_domain::{ChangeId, Outcome, Step};

use crate::board::attention::is_behind;
use crate::board::dom;
use crate::board::facts::step_detail;
use crate::board::run::{Ending, Mark, Run};
use crate::board::scene::scene;
use crate::live::LiveState;
use crate::ui::ACCEPTED;

/// A change that this page's person applied.
#[component]
pub fn RunSheet(
    /// Which one.
    change: ChangeId,
) -> impl IntoView {
    let scene = scene();
    // One that has ended and was forgotten since is still shown as it ended.
    let run = Memo::new(move |last: Option<&Option<Run>>| {
        scene.state.runs.with(|runs| runs.get(change).cloned()).or_else(|| last.cloned().flatten())
    });
    let title = move || run.get().map(|run| run.plan.title);
    let steps = move || run.get().map(|run| view! { <Steps run/> });
    let ending = Memo::new(move |_| run.get().and_then(|run| run.ending));
    let settled = Memo::new(move |_| run.get().and_then(|run| run.settled));
    let lost = Memo::new(move |_| run.get().is_some_and(|run| run.lost));
    let adopts = Memo::new(move |_| run.get().is_some_and(|run| run.plan.only_adopts()));
    Effect::new(move || {
        run.track();
        request_animation_frame(dom::follow_running_step);
    });
    view! {
        <section class="sheet" role="dialog" aria-labelledby="sheet-title" data-testid="sheet">
            <h2 id="sheet-title">{title}</h2>
            <p class="muted"><a href=format!("/history/{change}")>{format!("Change {change}")}</a></p>
            {steps}
            <Waits change/>
            {move || lost.get().then(|| view! { <Lost change/> })}
            <div role="status">{move || ending.get().map(|ending| view! { <End ending adopts=adopts.get() settled=settled.get()/> })}</div>
            <Buttons change ending settled/>
        </section>
    }
}

#[component]
fn Steps(run: Run) -> impl IntoView {
    let Run { plan, marks, undo, .. } = run;
    let read_back = ("Read the switch back".to_owned(), "It must show exactly this.".to_owned());
    let detail = |step: &Step| scene().state.with(|t| step_detail(t, &plan, step));
    let told = plan.steps.iter().map(|step| (step.to_string(), detail(step)));
    let steps = told.chain(std::iter::once(read_back)).zip(marks);
    let steps = steps.map(|((what, detail), mark)| view! { <StepLine what detail mark/> }).collect_view();
    let undone = undo.into_iter().map(|(index, mark)| {
        let (what, detail) = match plan.steps.get(index).map(Step::inverse) {
            Some(step) => (step.to_string(), detail(&step)),
            None => ("Read the switch back".to_owned(), "It must be as before.".to_owned()),
        };
        view! { <StepLine what detail mark/> }
    });
    let undone: Vec<_> = undone.collect();
    let undone = (!undone.is_empty()).then(|| {
        view! { <h3>"Taken back"</h3><ol class="steps" data-testid="undo-steps" tabindex="0">{undone}</ol> }
    });
    view! {
        {(!plan.only_adopts()).then(|| view! { <ol class="steps" data-testid="steps" tabindex="0">{steps}</ol> })}
        {undone}
    }
}

#[component]
fn StepLine(what: String, detail: String, mark: Mark) -> impl IntoView {
    let why = match &mark {
        Mark::Failed(why) => Some(view! { <small class="why">{why.clone()}</small> }),
        Mark::Waiting | Mark::Running | Mark::Done(_) | Mark::Unseen | Mark::NotReached | Mark::Unknown => {
            None
        }
    };
    view! {
        <li data-mark=mark.word()>
            <span>
                {what}
                <span class="visually-hidden">{format!(", {}", mark.word())}</span>
                <small>{detail}</small>
                {why}
            </span>
            <span class="took">{mark.took()}</span>
        </li>
    }
}

/// Whether others are before it, and its turn has not come; nobody knows while Patchbay does not answer.
fn waits(change: ChangeId) -> Memo<bool> {
    let scene = scene();
    Memo::new(move |_| {
        scene.state.drawn.track();
        let begun = scene.state.begun.get();
        scene.live.get() != LiveState::Away && scene.state.with(|t| is_behind(t, change, &begun))
    })
}

/// What a change is told that others are before, and the way out of that.
#[component]
fn Waits(change: ChangeId) -> impl IntoView {
    let scene = scene();
    let waits = waits(change);
    Effect::new(move || {
        waits.track();
        request_animation_frame(dom::keep_focus_in_sheet);
    });
    move || {
        waits.get().then(|| {
            view! {
                <p class="note" data-testid="waits">"Waits for its turn. Nothing was sent."</p>
                <div class="buttons">
                    <button type="button" class="button" on:click=move |_| scene.cancel(change)>
                        {format!("Cancel change {change}")}
                    </button>
                </div>
            }
        })
    }
}

/// It ended while this page was not told.
#[component]
fn Lost(change: ChangeId) -> impl IntoView {
    view! {
        <p class="note" data-tone="warn">
            "This change ended while this page could not follow it. "
            <a href=format!("/history/{change}")>"See how it went"</a>"."
        </p>
    }
}

/// One of three sentences.
#[component]
fn End(ending: Ending, adopts: bool, settled: Option<ChangeId>) -> impl IntoView {
    let why = ending.why.map(|why| format!(" {why}")).unwrap_or_default();
    let (tone, words) = match ending.outcome {
        Outcome::Applied if adopts => ("ok", ACCEPTED.to_owned()),
        Outcome::Applied => ("ok", "Applied. The switch was read back and shows it.".to_owned()),
        Outcome::RolledBack => ("warn", format!("Rolled back: everything is as it was before.{why}")),
        Outcome::Stuck => match settled {
            Some(later) => ("warn", format!("This needed somebody. Change {later} settled it.")),
            None => ("bad", format!("Needs you: the switch is in neither state.{why}")),
        },
    };
    view! { <p class="note" data-tone=tone data-testid="ending">{words}</p> }
}

#[component]
fn Buttons(change: ChangeId, ending: Memo<Option<Ending>>, settled: Memo<Option<ChangeId>>) -> impl IntoView {
    let scene = scene();
    let close = NodeRef::<html::Button>::new();
    Effect::new(move || {
        if let Some(close) = close.get() {
            // A button can always take the focus.
            let _ = close.focus();
        }
    });
    let outcome = Memo::new(move |_| ending.get().map(|e| e.outcome));
    let go = move |words: &'static str, way: WayBack| {
        view! { <button type="button" class="button" on:click=move |_| scene.go_back(way)>{words}</button> }
    };
    let ways = move || match outcome.get() {
        Some(Outcome::Applied) => Some(Either::Left(view! {
            <button type="button" class="button" on:click=move |_| scene.undo(change)>"Undo"</button>
        })),
        Some(Outcome::Stuck) if settled.get().is_none() => Some(Either::Right((
            go("Try again…", WayBack::Retry(change)),
            go("Accept what the switch says…", WayBack::Accept(change)),
        ))),
        Some(Outcome::Stuck | Outcome::RolledBack) | None => None,
    };
    view! {
        <div class="buttons">
            {ways}
            <button node_ref=close type="button" class="button" data-close on:click=move |_| scene.close_sheet()>"Close"</button>
        </div>
    }
}
