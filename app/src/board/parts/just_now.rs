//! What happened just now, beside the board.

use leptos::either::Either;
use leptos::prelude::*;
use patchbay_domain::{HistoryItem, ItemKind, Outcome};

use crate::board::scene::scene;
use crate::ui::{OutcomeBadge, Stage, When};

/// The newest lines of the history, live.
#[component]
pub fn JustNow() -> impl IntoView {
    let recent = scene().state.recent;
    let none = Memo::new(move |_| recent.with(|recent| recent.items.is_empty()));
    let lines = move || {
        if none.get() {
            return Either::Left(
                view! { <p class="muted">"Nothing has happened yet. Drag a function to a host to begin."</p> },
            );
        }
        Either::Right(view! {
            <ol class="latest">
                // Each line stays with its change: what is pressed is never another one's button.
                <For each=move || recent.get().items key=|item| (item.seq, item.outcome, item.settled) let(item)>
                    <Line item/>
                </For>
            </ol>
        })
    };
    view! {
        <section class="just-now" aria-labelledby="just-now-title">
            <h2 id="just-now-title">"Just now"</h2>
            {lines}
        </section>
    }
}

#[component]
fn Line(item: HistoryItem) -> impl IntoView {
    let scene = scene();
    let HistoryItem { at, actor, kind, title, change, outcome, reason, settled, .. } = item;
    let title = match change {
        Some(change) => Either::Left(view! { <a href=format!("/history/{change}")>{title.clone()}</a> }),
        None => Either::Right(title.clone()),
    };
    let begun = move || change.is_some_and(|change| scene.state.begun.with(|begun| begun.contains(&change)));
    let badge = (kind == ItemKind::Change)
        .then_some(move || view! { <OutcomeBadge outcome stage=Stage::of(begun()) settled/> });
    let undo = change.filter(|_| outcome == Some(Outcome::Applied)).map(|change| {
        let label = format!("Undo change {change}");
        view! {
            <button type="button" class="link" aria-label=label on:click=move |_| scene.undo(change)>"Undo"</button>
        }
    });
    let reason = reason.map(|reason| view! { <span class="reason">{reason}</span> });
    view! {
        <li>
            <p><b>{actor.to_string()}</b>" "{title}" "{badge}</p>
            <p class="muted"><When at/>" "{reason}" "{undo}</p>
        </li>
    }
}
