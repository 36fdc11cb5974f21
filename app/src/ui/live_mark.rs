//! The live indicator at the right of the header.

use leptos::prelude::*;

use crate::live::LiveState;

/// Says whether what is on screen is what is.
#[component]
pub fn LiveMark(
    /// How the live stream is.
    #[prop(into)]
    state: Signal<LiveState>,
) -> impl IntoView {
    let said = move || match state.get() {
        LiveState::Connecting => "Connecting",
        LiveState::On => "Live",
        LiveState::Asleep => "Asleep",
        LiveState::Away => "Away",
    };
    view! {
        <div class="frame-live" role="status" data-live=move || state.get().word()>
            <span class="live-dot" aria-hidden="true"></span>
            {said}
        </div>
    }
}
