//! What wants a person's attention, under the head of the board.

use leptos::prelude::*;
use patchbay_domain::FunctionId;
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
    let count = Memo::new(move |_| lines.with(Vec::len));
    // Each line stays with its function: what is pressed is never another one's button.
    let shown = move || lines.get().into_iter().take(LINES_SHOWN_MAX);
    move || {
        (count.get() > 0).then(|| {
            view! {
                <section class="note attention" data-tone="warn" aria-label="Drift" data-testid="drift">
                    <h2>{drifted_in_words(count.get())}</h2>
                    <ul>
                        <For each=shown key=DriftLine::clone children=move |line| drift_line(scene, line)/>
                        {count.get().checked_sub(LINES_SHOWN_MAX).filter(|more| *more > 0).map(|more| view! { <li>{format!("and {more} more")}</li> })}
                    </ul>
                    {(count.get() > 1).then(|| for_all(scene, lines))}
                </section>
            }
        })
    }
}

fn drifted_in_words(count: usize) -> String {
    match count {
        1 => "One function is not where the history has it.".to_owned(),
        n => format!("{n} functions are not where the history has them."),
    }
}

fn for_all(scene: Scene, lines: Memo<Vec<DriftLine>>) -> impl IntoView {
    let all = Signal::derive(move || lines.with(|lines| lines.iter().map(|line| line.function).collect()));
    view! {
        <div class="buttons">
            {answer_button(scene, Answer::Accept, "Accept all", "Accept all".to_owned(), all)}
            {answer_button(scene, Answer::Revert, "Revert all", "Revert all".to_owned(), all)}
        </div>
    }
}

fn drift_line(scene: Scene, line: DriftLine) -> impl IntoView {
    let only = Signal::stored(BTreeSet::from([line.function]));
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
    functions: Signal<BTreeSet<FunctionId>>,
) -> impl IntoView {
    let ask = move |_| {
        let intent = functions.with_untracked(|functions| scene.state.with(|t| answer.intent(t, functions)));
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
    let any = Memo::new(move |_| lines.with(|lines| !lines.is_empty()));
    move || {
        any.get().then(|| {
            view! {
                <section class="note attention" data-tone="ok" aria-label="Waiting changes" data-testid="waiting">
                    <h2>"Waiting for their turn"</h2>
                    <ul>
                        // Each line stays with its change: what is pressed is never another one's button.
                        <For each=move || lines.get() key=|line| line.change children=move |line| waiting_line(scene, line)/>
                    </ul>
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
