//! What wants a person's attention, under the head of the board.

use leptos::prelude::*;
use std::collections::BTreeSet;

use crate::board::attention::{Answer, DriftLine, WaitingLine, drift_lines, waiting_lines};
use crate::board::scene::{Scene, scene};

/// How many differences are listed before the rest is only counted: a switch that came up empty has hundreds.
const LINES_SHOWN_MAX: usize = 5;

/// Trouble with the database, drift, and changes that wait.
#[component]
pub fn Attention() -> impl IntoView {
    view! { <TroubleBanner/><DriftNote/><WaitingNote/> }
}

#[component]
fn TroubleBanner() -> impl IntoView {
    let trouble = scene().state.trouble;
    move || {
        trouble.get().map(|why| {
            view! {
                <p class="note" data-tone="bad" role="alert" data-testid="trouble">
                    <b>"Nothing can be written down right now, so nothing can be moved. "</b>
                    {why}
                </p>
            }
        })
    }
}

#[component]
fn DriftNote() -> impl IntoView {
    let scene = scene();
    let lines = Memo::new(move |_| {
        scene.state.drawn.track();
        scene.state.switch().map(|id| scene.state.with(|t| drift_lines(t, id))).unwrap_or_default()
    });
    move || {
        let lines = lines.get();
        (!lines.is_empty()).then(|| drift_note(scene, lines))
    }
}

fn drift_note(scene: Scene, lines: Vec<DriftLine>) -> impl IntoView {
    let count = lines.len();
    let all = StoredValue::new(lines.iter().map(|line| line.function).collect::<BTreeSet<_>>());
    let more = count.checked_sub(LINES_SHOWN_MAX).filter(|more| *more > 0);
    let shown =
        lines.into_iter().take(LINES_SHOWN_MAX).map(|line| drift_line(scene, line)).collect::<Vec<_>>();
    let said = match count {
        1 => "One function is not where the history has it.".to_owned(),
        n => format!("{n} functions are not where the history has them."),
    };
    let for_all = (count > 1).then(|| {
        view! {
            <div class="buttons">
                {answer_button(scene, Answer::Accept, "Accept all", "Accept all".to_owned(), all)}
                {answer_button(scene, Answer::Revert, "Revert all", "Revert all".to_owned(), all)}
            </div>
        }
    });
    view! {
        <section class="note attention" data-tone="warn" aria-label="Drift" data-testid="drift">
            <h2>{said}</h2>
            <ul>{shown}{more.map(|more| view! { <li>{format!("and {more} more")}</li> })}</ul>
            {for_all}
        </section>
    }
}

fn drift_line(scene: Scene, line: DriftLine) -> impl IntoView {
    let only = StoredValue::new(BTreeSet::from([line.function]));
    view! {
        <li>
            <span>{line.words}</span>
            {answer_button(scene, Answer::Accept, "Accept", format!("Accept {}", line.name), only)}
            {answer_button(scene, Answer::Revert, "Revert", format!("Revert {}", line.name), only)}
        </li>
    }
}

fn answer_button(
    scene: Scene,
    answer: Answer,
    words: &'static str,
    label: String,
    functions: StoredValue<BTreeSet<patchbay_domain::FunctionId>>,
) -> impl IntoView {
    let ask = move |_| {
        let intent = functions.with_value(|functions| scene.state.with(|t| answer.intent(t, functions)));
        scene.propose(intent, answer.reason().to_owned());
    };
    view! { <button type="button" class="button" aria-label=label on:click=ask>{words}</button> }
}

#[component]
fn WaitingNote() -> impl IntoView {
    let scene = scene();
    let lines = Memo::new(move |_| {
        scene.state.drawn.track();
        let begun = scene.state.begun.get();
        scene.state.with(|t| waiting_lines(t, &begun))
    });
    move || {
        let lines = lines.get();
        (!lines.is_empty()).then(|| {
            let lines = lines.into_iter().map(|line| waiting_line(scene, line)).collect::<Vec<_>>();
            view! {
                <section class="note attention" data-tone="ok" aria-label="Waiting changes" data-testid="waiting">
                    <h2>"Waiting for their turn"</h2>
                    <ul>{lines}</ul>
                </section>
            }
        })
    }
}

fn waiting_line(scene: Scene, line: WaitingLine) -> impl IntoView {
    let WaitingLine { change, title, who } = line;
    let label = format!("Cancel change {change}");
    view! {
        <li>
            <span><a href=format!("/history/{change}")>{title}</a>" by "{who}</span>
            <button type="button" class="button" aria-label=label on:click=move |_| scene.cancel(change)>"Cancel"</button>
        </li>
    }
}
