//! The footer: how much there is, what happened last, and which keys do what.

use leptos::prelude::*;

use crate::board::scene::scene;
use crate::ui::{Precision, When};

/// The board's footer.
#[component]
pub fn Footer() -> impl IntoView {
    let state = scene().state;
    let counts = state.counts;
    let last = move || {
        let last = state.recent.with(|r| r.items.iter().find_map(|item| Some((item.change?, item.at))));
        last.map(|(change, at)| {
            view! {
                <span>
                    "last change "<a href=format!("/history/{change}")>{change.get()}</a>" at "
                    <When at precision=Precision::Exact/>
                </span>
            }
        })
    };
    view! {
        <footer class="frame-footer">
            <span>
                <b>{move || counts.get().functions}</b>" functions, "
                <b>{move || counts.get().assigned}</b>" assigned"
            </span>
            <span>
                <b>{move || counts.get().cables_up}</b>" of "{move || counts.get().cables}" cables up"
            </span>
            {last}
            <span class="keys" id="board-keys">
                <kbd>"Space"</kbd>" picks up, "<kbd>"↑↓"</kbd>" choose a host, "<kbd>"→"</kbd>" a swap, "
                <kbd>"Enter"</kbd>" drops, "<kbd>"Esc"</kbd>" lets go, "<kbd>"M"</kbd>" Move to…"
            </span>
        </footer>
    }
}
